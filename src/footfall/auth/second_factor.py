"""The second factor of who signs in: codes of an authenticator (TOTP, RFC 6238), and recovery codes for who has lost it."""

import hashlib
import hmac
import secrets
import time
from base64 import b32encode
from urllib.parse import quote

import pyotp

SECRET_BYTES = 20  # as RFC 4226 recommends
_RECOVERY_CODES = 10
_RECOVERY_BYTES = 10
_STEP_SECONDS = 30
_STEPS = (0, -1, 1)  # this one; clocks differ, and people type slowly


def new_secret() -> bytes:
    """What an authenticator makes codes of."""
    return secrets.token_bytes(SECRET_BYTES)


def shown_secret(secret: bytes) -> str:
    """A secret as people type it into an authenticator."""
    return b32encode(secret).decode()


def uri_of(secret: bytes, email: str) -> str:
    """The address by which an authenticator gets a secret, as Google's key URI format has it."""
    return f"otpauth://totp/Footfall:{quote(email)}?secret={shown_secret(secret)}&issuer=Footfall"


def step_of(secret: bytes, code: str, now: float | None = None) -> int | None:
    """The step of 30 seconds that a code is of, now or beside now; None: it is none."""
    made = pyotp.TOTP(shown_secret(secret))
    current = int((time.time() if now is None else now) // _STEP_SECONDS)
    written = "".join(code.split())
    for step in (current + offset for offset in _STEPS):
        if hmac.compare_digest(made.generate_otp(step).encode(), written.encode()):
            return step
    return None


def new_recovery_codes() -> list[str]:
    """Codes for who has lost the authenticator, each for one sign-in: `abcd-efgh-ijkl-mnop`."""
    codes = [b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower() for _ in range(_RECOVERY_CODES)]
    return ["-".join(code[begin : begin + 4] for begin in range(0, len(code), 4)) for code in codes]


def recovery_hash(code: str) -> bytes:
    """What the store knows of a recovery code, however it is written: 80 random bits, which cannot be searched."""
    return hashlib.sha256("".join(sign for sign in code.lower() if sign.isalnum()).encode()).digest()
