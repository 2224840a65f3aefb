"""The event door: a plain ASGI callable in front of the application, from raw bytes to a durable answer.

The steps of a request are the lines of `_answer`: who sends, what, what becomes of each event, landed, answered. The answer goes
out after the commit.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, date, datetime
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec

from footfall import measures
from footfall.auth import KeyOwner, KeyRing, Secrets
from footfall.errors import NotAccepted
from footfall.judgement import hints_of
from footfall.raw import Commits
from footfall.settings import Settings
from footfall.web.callers import admitted, shown_key
from footfall.web.door.accept import SecretNotInMemory, Sender, Verdict, accept
from footfall.web.door.body import ENCODINGS, Request, read_request
from footfall.web.headers import headers_of
from footfall.web.problems import problem
from footfall.web.proxies import Proxies, network_of
from footfall.web.rate import RateLimit
from footfall.web.watched import Watcher, seconds_of

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# with and without a slash at the end: a redirect would lose the events
PATHS = frozenset(f"/api/tracking/events{ending}" for ending in ("", ".js", "/", ".js/"))
ERROR_CODE = "TRACKING_ERROR"
_NO_TENANT = b""
# keys of one address that are looked up in the store: those of sites are in memory
_LOOKUPS_A_SECOND = 2
_LOOKUPS_BURST_SECONDS = 30

# Of every answer. Any site may post, and read it: a write key is public, and no cookie counts here.
_SAID = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"x-footfall-reason, x-request-id, retry-after"),
]
_PREFLIGHT = [
    (b"access-control-allow-methods", b"POST, OPTIONS"),
    (b"access-control-allow-headers", b"content-type, content-encoding, authorization, x-footfall-key"),
    (b"access-control-max-age", b"86400"),
    (b"allow", b"POST, OPTIONS"),
]
_encode = msgspec.json.Encoder().encode


class Disconnected(Exception):
    """The client went away before its request was complete."""


class Door:
    """Takes events. Everything it needs is given to it; it opens nothing by itself."""

    def __init__(
        self,
        settings: Settings,
        keys: KeyRing,
        secrets: Secrets,
        commits: Commits,
        proxies: Proxies,
        watcher: Watcher,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._secrets = secrets
        self._commits = commits
        self._rate = RateLimit(settings.key_events_per_second)
        self._lookups = RateLimit(_LOOKUPS_A_SECOND, burst_seconds=_LOOKUPS_BURST_SECONDS, what="unknown key")
        self._proxies = proxies
        self._watcher = watcher
        self._said = [*headers_of(settings), *_SAID]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for one of `PATHS`."""
        began, asked = time.perf_counter(), self._watcher.begin(scope["headers"])
        match scope["method"]:
            case "POST":
                try:
                    status, body, headers = await self._answer(scope, receive)
                except Disconnected:
                    return
                seconds_of("door", status // 100).observe(time.perf_counter() - began)
                await _send(send, status, _encode(body), [*self._said, *headers, asked])
            case "OPTIONS":
                await _send(send, HTTPStatus.NO_CONTENT, b"", [*self._said, *_PREFLIGHT, asked])
            case _:
                refusal = problem(
                    NotAccepted("method_not_allowed", "events are posted", HTTPStatus.METHOD_NOT_ALLOWED), ERROR_CODE
                )
                await _send(send, refusal.status, _encode(refusal.body), [*self._said, (b"allow", b"POST, OPTIONS"), asked])

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[HTTPStatus, dict[str, Any], list[tuple[bytes, bytes]]]:
        owner: KeyOwner | None = None
        attempted = 0
        try:
            headers = dict(scope["headers"])
            body = await self._read_body(receive, headers)
            self._commits.require_open()
            owner = await self._owner(scope, headers)
            self._commits.of(owner.cell).require_open()
            request = read_request(body, headers.get(b"content-encoding", b"").decode("latin-1"), self._settings)
            attempted = len(request.events)
            owner.require_active()
            owner.require_room()
            self._rate.admit(owner.access_key_id, attempted)
            if owner.events_per_second is not None:
                self._rate.admit(owner.tenant_hk, attempted, owner.events_per_second)
            verdicts = await self._judge(request, self._sender(scope, headers, owner))
            verdicts = await self._land(owner, verdicts)
            self._count(owner, verdicts)
            return _reply(request, owner, verdicts)
        except Disconnected:
            raise
        except Exception as error:  # noqa: BLE001  whatever happens, the sender gets an answer
            tenant_id = owner.shown_id if owner else None
            refusal = problem(error, ERROR_CODE, {"tenant_id": tenant_id, "events_attempted": attempted})
            if refusal.code == "tenant_moving" and owner:
                self._keys.forget(owner.tenant_hk)
                self._commits.moved()
            elif owner:
                self._commits.count_refusal(owner.tenant_hk, refusal.code, max(attempted, 1), owner.cell)
            else:
                self._commits.count_refusal(_NO_TENANT, refusal.code, max(attempted, 1))
            measures.EVENTS.labels("refused", refusal.code).inc(max(attempted, 1))
            said = [(k.lower().encode(), v.encode()) for k, v in refusal.headers.items()]
            if refusal.status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
                said.append((b"accept-encoding", ", ".join(ENCODINGS).encode()))
            return refusal.status, refusal.body, said

    async def _read_body(self, receive: Receive, headers: dict[bytes, bytes]) -> bytes:
        most = self._settings.max_body_bytes
        too_large = NotAccepted("body_too_large", f"at most {most} bytes in a request", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if headers.get(b"content-length", b"").isdigit() and int(headers[b"content-length"]) > most:
            raise too_large
        chunks, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > most:
                raise too_large
            more = message.get("more_body", False)
        return b"".join(chunks)

    async def _owner(self, scope: Scope, headers: dict[bytes, bytes]) -> KeyOwner:
        key = shown_key(scope, headers)
        is_known, owner = self._keys.known(key)
        if key and not is_known:
            self._lookups.admit(network_of(self._proxies.client_of(scope)))
            owner = await asyncio.to_thread(self._keys.look_up, key)
        return admitted(key, owner, "write")

    def _sender(self, scope: Scope, headers: dict[bytes, bytes], owner: KeyOwner) -> Sender:
        return Sender(
            owner=owner,
            received=datetime.now(UTC),
            address=self._proxies.client_of(scope),
            # browsers always name themselves: an empty user agent is a program's, which with a page's key is nobody
            user_agent=headers.get(b"user-agent", b"").decode("latin-1"),
            client_hints=hints_of(headers),
            asks_not_to_be_tracked=not owner.is_trusted and (headers.get(b"dnt") == b"1" or headers.get(b"sec-gpc") == b"1"),
        )

    async def _judge(self, request: Request, sender: Sender) -> list[Verdict]:
        tenant_hk = sender.owner.tenant_hk
        secret_of: Callable[[date], bytes | None] = partial(self._secrets.known, tenant_hk)
        while True:
            try:
                return accept(request, sender, secret_of, self._settings)
            except SecretNotInMemory as missing:
                await asyncio.to_thread(self._secrets.fetch, tenant_hk, missing.day)

    async def _land(self, owner: KeyOwner, verdicts: list[Verdict]) -> list[Verdict]:
        """Store what was accepted; what PostgreSQL could not store after all is rejected."""
        incoming = [verdict.incoming for verdict in verdicts if verdict.incoming]
        if not incoming:
            return verdicts
        landed = await self._commits.of(owner.cell).submit(incoming)
        stored = iter(landed)
        return [
            verdict
            if not verdict.incoming or next(stored)
            else Verdict("rejected", "not_storable", verdict.event_id, verdict.session_id)
            for verdict in verdicts
        ]

    def _count(self, owner: KeyOwner, verdicts: list[Verdict]) -> None:
        if all(verdict.status == "accepted" and not verdict.had_nul for verdict in verdicts):
            return
        # the accepted ones are counted when they are committed
        for fate, reason in ((verdict.status, verdict.reason or "") for verdict in verdicts if verdict.status != "accepted"):
            measures.EVENTS.labels(fate.removesuffix("-in-request"), reason).inc()
        counts = Counter(verdict.reason or verdict.status for verdict in verdicts if verdict.status != "accepted")
        counts["nul_character_removed"] = sum(verdict.had_nul for verdict in verdicts)
        for reason, count in counts.items():
            if count:
                self._commits.count_refusal(owner.tenant_hk, reason, count, owner.cell)


def _reply(
    request: Request, owner: KeyOwner, verdicts: list[Verdict]
) -> tuple[HTTPStatus, dict[str, Any], list[tuple[bytes, bytes]]]:
    fates = [_fate(index, verdict) for index, verdict in enumerate(verdicts)]
    accepted = sum(verdict.status == "accepted" for verdict in verdicts)
    rejected = sum(verdict.status == "rejected" for verdict in verdicts)
    if not accepted:
        reason = next((verdict.reason for verdict in verdicts if verdict.reason), None) or "no_event_accepted"
        refusal = problem(
            NotAccepted("no_event_accepted", "no event was accepted"),
            ERROR_CODE,
            {"tenant_id": owner.shown_id, "events_attempted": len(verdicts), "events": fates},
        )
        return refusal.status, refusal.body, [(b"x-footfall-reason", reason.encode())]
    reasons = [verdict.reason for verdict in verdicts if verdict.reason]
    body = {
        "success": True,
        "message": "Some tracking events accepted" if rejected else "Tracking events accepted",
        "data": {
            "session_id": next((verdict.session_id for verdict in verdicts if verdict.session_id), None),
            "events_processed": accepted,
            "events_failed": rejected,
            "tenant_id": owner.shown_id,
            "timestamp": datetime.now(UTC),
            "processing_mode": "single" if request.is_single else "batch",
            "events": fates,
        },
    }
    if not reasons:
        return HTTPStatus.ACCEPTED, body, []
    return HTTPStatus.MULTI_STATUS, body, [(b"x-footfall-reason", reasons[0].encode())]


def _fate(index: int, verdict: Verdict) -> dict[str, Any]:
    fate: dict[str, Any] = {"index": index, "status": verdict.status}
    if verdict.event_id is not None:
        fate["event_id"] = verdict.event_id
    if verdict.reason is not None:
        fate["reason"] = verdict.reason
    if verdict.read_as is not None:
        fate["read_as"] = verdict.read_as
    if verdict.note is not None:
        fate["note"] = verdict.note
    return fate


async def _send(send: Send, status: HTTPStatus, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    content = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())] if body else []
    await send({"type": "http.response.start", "status": int(status), "headers": [*content, *headers]})
    await send({"type": "http.response.body", "body": body})
