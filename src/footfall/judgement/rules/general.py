"""The general rules, which come with Footfall: lists and the code that reads them, told apart by their digest."""

import hashlib
from functools import cache
from importlib import resources
from importlib.metadata import version


@cache
def general_digest() -> str:
    """SHA-256 of the general rules, in hexadecimal digits: another one after an update that judges otherwise."""
    told = hashlib.sha256(version("ua-parser-builtins").encode())
    for folder in ("agents", "lists", "origins"):
        for file in sorted((resources.files("footfall.judgement") / folder).iterdir(), key=lambda file: file.name):
            if file.is_file() and not file.name.endswith(".pyc"):
                told.update(file.name.encode() + b"\0" + file.read_bytes())
    return told.hexdigest()
