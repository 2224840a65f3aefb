"""Numbers that JSON says in a few characters and PostgreSQL writes out: `1e131071` has 131,072 digits.

Nobody measures anything like that. They are kept, as texts.
"""

import re

_MOST = 100  # the greatest exponent that stays a number: more digits than any money or measure needs

# a cheap look: a digit, an e, and three digits more. Many ids have that, too: those are looked at once more
_DIGITS_AND_E = bytes(
    ord("0") if byte in b"0123456789" else ord("e") if byte in b"eE" else byte if byte in b"-" else ord(".")
    for byte in range(256)
)
_MAY_SWELL = re.compile(rb"[\[:,\s]-?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{3}")
# texts are read over, so that numbers within them are none
_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?[eE]([+-]?[0-9]+)', re.DOTALL)


def without_swelling_numbers(payload: bytes) -> bytes:
    """The payload, JSON text; numbers with an exponent beyond a hundred are texts in it."""
    seen = payload.translate(_DIGITS_AND_E, b"+")
    if (b"0e000" in seen or b"0e-000" in seen) and _MAY_SWELL.search(payload):
        return _NUMBER.sub(_as_text, payload)
    return payload


def _as_text(match: re.Match[bytes]) -> bytes:
    exponent = match[1]
    # a text, or a number of a usual size; nobody asks for the value of a thousand digits of exponent
    if exponent is None or (len(exponent.lstrip(b"+-0")) <= len(str(_MOST)) and abs(int(exponent)) <= _MOST):
        return match[0]
    return b'"%b"' % match[0]
