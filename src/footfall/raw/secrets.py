"""Which payloads may hold something secret: a cheap look, so that only those are searched.

The search (raw.scrubbed) costs ten times what landing does. This errs on the side of looking: `author=` has `auth` in it. What it
lets pass holds none of the words and shapes that the search knows.
"""

import re

_NAME = 48  # characters before a `=` that are looked at: a parameter's name

_ASCII = 128
_LETTERS_AND_DIGITS = bytes(ord("0") if byte < _ASCII and chr(byte).isalnum() else ord(".") for byte in range(256))
_DIGITS = bytes(ord("0") if byte < _ASCII and chr(byte).isdigit() else ord(".") for byte in range(256))
# keys and tokens have at least one run of so many letters and digits
_TOKEN = b"0" * 16
# a card's number has no fewer digits nowadays; milliseconds since 1970 have 13
_CARD = b"0" * 14
# one in forty UUIDs has so many digits side by side: what stands before and after them tells, as in raw.scrubbed
_CARD_ALONE = re.compile(r"(?<![0-9a-z.-])[2-6](?:[ -]?[0-9]){12,15}(?![0-9a-z-])", re.ASCII | re.IGNORECASE)


def may_hold_secret(payload: str) -> bool:
    """Whether a payload, JSON text, has a word or a shape that something secret may have."""
    # an address of somebody; what is escaped may be anything
    if "@" in payload or "%" in payload or "\\u00" in payload:
        return True
    text = payload.encode()
    if _TOKEN in text.translate(_LETTERS_AND_DIGITS) or "earer " in payload or "asic " in payload:
        return True
    if _CARD in text.translate(_DIGITS, b" -") and _CARD_ALONE.search(payload):
        return True
    if "=" in payload:
        parameters = "=".join([part[-_NAME:] for part in payload.split("=")[:-1]]).lower()
        if _is_telling(parameters) or "sess" in parameters or ("code" in parameters and "state" in parameters):
            return True
    # all of an object within: its keys are the sender's own
    within = payload.find("{", 1)
    return within > 0 and _is_telling(payload[within:].lower())


def _is_telling(names: str) -> bool:
    """Whether values under one of these names are nobody's business: password, token, api_key, …"""
    # written out: a loop would take twice as long
    return (
        "pass" in names
        or "pwd" in names
        or "token" in names
        or "secret" in names
        or "auth" in names
        or "signature" in names
        or "credential" in names
        or "key" in names
    )
