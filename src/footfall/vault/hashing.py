"""The hash recipe, said twice and proved equal: once as SQL text for the database, once in Python for tests and tools.

Every part of a key is written as a netstring: its length in UTF-8 bytes, a colon, the text. NULL is a lone ``-``. The parts are
put one after the other, the tenant first, and digested with SHA-256. No part can imitate a delimiter, so different parts never
give the same input (``data-vault.md`` 4.2).

* a hash key is the first 20 bytes of the digest;
* a *time-ordered* key, for tables at event grain, is 6 bytes of big-endian milliseconds followed by the first 14 bytes of the
  digest: still a pure function of the business key, but inserts go to the right edge of the index and partitions range on it;
* a ``hash_diff`` is the whole digest over the attributes in alphabetical order of their names.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

RECIPE_VERSION = 1  # stored with every load batch: a vault hashed by another recipe must not be loaded into
KEY_BYTES = 20
TIME_PREFIX_BYTES = 6
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# --- in Python ---------------------------------------------------------------------------------------------------------------


def netstring(part: str | None) -> bytes:
    """Write one part of a hash input so that it cannot be confused with its neighbours."""
    if part is None:
        return b"-"
    data = part.encode()
    return b"%d:%s" % (len(data), data)


def digest(*parts: str | None) -> bytes:
    """SHA-256 (32 bytes) over the parts' netstrings."""
    return hashlib.sha256(b"".join(netstring(part) for part in parts)).digest()


def hash_key(*parts: str | None) -> bytes:
    """Hash key of a business key; the tenant's public id is the first part."""
    return digest(*parts)[:KEY_BYTES]


def milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970 in UTC, rounded down."""
    return (moment - _EPOCH) // (datetime.resolution * 1000)


def time_prefix(moment: datetime) -> bytes:
    """The 6 bytes with which time-ordered keys of this millisecond begin."""
    return milliseconds(moment).to_bytes(TIME_PREFIX_BYTES, "big")


def time_ordered_key(prefix: bytes, *parts: str | None) -> bytes:
    """Hash key at event grain: `prefix` is `time_prefix` of the moment that the business key itself names."""
    return prefix + digest(*parts)[: KEY_BYTES - TIME_PREFIX_BYTES]


def hash_diff(attributes: Mapping[str, tuple[str, Any]]) -> bytes:
    """Digest of a satellite's attributes, given as ``{name: (SQL type, value)}``."""
    return digest(*(canonical_text(*attributes[name]) for name in sorted(attributes)))


def canonical_text(sql_type: str, value: Any) -> str | None:  # noqa: PLR0911  one for each type
    """The one text of a value, whatever the session's TimeZone, DateStyle or bytea_output."""
    if value is None:
        return None
    match _family(sql_type):
        case "timestamptz":
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
        case "numeric":
            return _trim_scale(Decimal(value))
        case "boolean":
            return "true" if value else "false"
        case "text[]":
            return b"".join(netstring(item) for item in value).decode()
        case "jsonb":
            return jsonb_text(value)
        case "bytea":
            return bytes(value).hex()
        case _:
            return str(value)


def jsonb_text(value: Any) -> str:
    """A JSON value as PostgreSQL prints `jsonb`: keys by length, then by bytes; numbers without exponents, scale kept."""
    match value:
        case bool() | None:
            return json.dumps(value)
        case str():
            return json.dumps(value, ensure_ascii=False)
        case int():
            return str(value)
        case Decimal():
            return f"{abs(value):f}" if value == 0 else f"{value:f}"  # a numeric has no negative zero
        case Mapping():
            by_length = sorted(value.items(), key=lambda item: (len(item[0].encode()), item[0].encode()))
            return "{" + ", ".join(f"{jsonb_text(key)}: {jsonb_text(item)}" for key, item in by_length) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(jsonb_text, value)) + "]"
    raise TypeError(f"parse JSON numbers as int or Decimal: {type(value).__name__} has no exact text")


def _trim_scale(number: Decimal) -> str:
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


# --- in SQL ------------------------------------------------------------------------------------------------------------------
# The planner inlines the util functions, and so computes what is no column twice: once for its length, once for itself. Where it
# matters, canonical texts are given names first.


def netstring_sql(text: str) -> str:
    """SQL twin of `netstring`, of an expression of type text."""
    return f"util.netstring({text})"


def key_netstring_sql(key: str) -> str:
    """The netstring of a hash key's hexadecimal digits, whose number is known; NULL when the key is."""
    return f"'{2 * KEY_BYTES}:' || encode({key}, 'hex')"


def digest_sql(netstrings: Sequence[str]) -> str:
    """SQL twin of `digest`, from the netstrings of its parts."""
    return f"util.hash_binary({' || '.join(netstrings)})"


def hash_key_sql(netstrings: Sequence[str]) -> str:
    """SQL twin of `hash_key`, from the netstrings of its parts."""
    return f"substr({digest_sql(netstrings)}, 1, {KEY_BYTES})"


def time_ordered_key_sql(prefix: str, netstrings: Sequence[str]) -> str:
    """SQL twin of `time_ordered_key`; `prefix` is an expression of type bytea."""
    return f"{prefix} || substr({digest_sql(netstrings)}, 1, {KEY_BYTES - TIME_PREFIX_BYTES})"


def hash_diff_sql(texts: Mapping[str, str]) -> str:
    """SQL twin of `hash_diff`: ``{name: expression of the canonical text}``."""
    return digest_sql([netstring_sql(texts[name]) for name in sorted(texts)])


def canonical_texts_sql(attributes: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """The canonical texts of attributes ``{name: (SQL type, expression)}``."""
    return {name: canonical_sql(sql_type, expression) for name, (sql_type, expression) in attributes.items()}


def canonical_sql(sql_type: str, expression: str) -> str:
    """SQL twin of `canonical_text`."""
    match _family(sql_type):
        case "timestamptz":
            return f"util.canonical({expression})"
        case "numeric":
            return f"trim_scale({expression})::text"
        case "text[]":
            return f"util.canonical({expression})"
        case "bytea":
            return f"encode({expression}, 'hex')"
        case "text":
            return expression
        case _:
            return f"({expression})::text"


def _family(sql_type: str) -> str:
    bare = sql_type.split("(", maxsplit=1)[0].lower()
    return {"varchar": "text", "decimal": "numeric"}.get(bare, bare)
