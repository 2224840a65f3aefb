"""Passwords: which are good, their hashes, and whether one is that of a hash."""

import secrets
from functools import cache

import argon2

from footfall.errors import NotAccepted

_LEAST_PASSWORD = 10
# RFC 9106, second recommended option (64 MiB): argon2-cffi's defaults
_hasher = argon2.PasswordHasher()


def new_password() -> tuple[str, str]:
    """A password for somebody new, and its hash."""
    password = secrets.token_urlsafe(12)
    return password, hash_password(password)


def hash_password(password: str) -> str:
    """Argon2id, with its salt and parameters. Raises NotAccepted: ``password_too_short``."""
    require_good(password)
    return _hasher.hash(password)


def is_password(password_hash: str, password: str) -> bool:
    """Whether this is the password of the hash."""
    try:
        return _hasher.verify(password_hash, password)
    except argon2.exceptions.VerificationError:
        return False


def require_good(password: str) -> None:
    """Raises NotAccepted: ``password_too_short``, ``password_common``."""
    if len(password) < _LEAST_PASSWORD:
        raise NotAccepted("password_too_short", f"a password has at least {_LEAST_PASSWORD} characters")
    if password.lower() in _common():
        raise NotAccepted("password_common", "this is one of the passwords that are tried first: choose another")


@cache
def nobodys_hash() -> str:
    """Checked when there is no such account, so that both refusals take as long."""
    return _hasher.hash(secrets.token_hex())


@cache
def _common() -> frozenset[str]:
    """The thirty thousand commonest passwords, as far as they are long enough."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415  a tenth of a second, for who sets a password

    return frozenset(password for password in FREQUENCY_LISTS["passwords"] if len(password) >= _LEAST_PASSWORD)
