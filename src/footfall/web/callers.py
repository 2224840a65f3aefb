"""Who calls: the key that a request shows, and whether it opens what is asked for."""

from collections.abc import Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import parse_qsl

from footfall.auth import KeyOwner
from footfall.errors import NotAccepted

_HOW = "send it as X-Footfall-Key, as Authorization: Bearer, or as ?key="


def shown_key(scope: MutableMapping[str, Any], headers: Mapping[bytes, bytes]) -> str:
    """The key that a request shows, wherever it shows it; empty without one."""
    if key := headers.get(b"x-footfall-key", b""):
        return key.decode("latin-1").strip()
    if (authorization := headers.get(b"authorization", b"")).lower().startswith(b"bearer "):
        return authorization[7:].decode("latin-1").strip()
    query: bytes = scope.get("query_string", b"")
    return dict(parse_qsl(query.decode("latin-1"))).get("key", "")


def admitted(key: str, owner: KeyOwner | None, wish: Literal["write", "read"]) -> KeyOwner:
    """The key's owner, if the key opens what is wished for.

    Raises NotAccepted: ``key_missing``, ``key_unknown``, ``key_may_not_write``, ``key_may_not_read``.
    """
    if not key:
        raise NotAccepted("key_missing", f"a {wish} key is needed: {_HOW}", HTTPStatus.UNAUTHORIZED)
    if owner is None:
        raise NotAccepted("key_unknown", "this key opens nothing: mistyped or revoked?", HTTPStatus.UNAUTHORIZED)
    if not (owner.may_write if wish == "write" else owner.may_read):
        raise NotAccepted(f"key_may_not_{wish}", f"a {owner.kind} key cannot {wish}", HTTPStatus.FORBIDDEN)
    return owner
