"""From the bytes of a request to what becomes of each of its events: a pure function of bytes, sender and time.

An event's own bytes go to raw untouched, unless something in them must not be stored. What breaks a rule of validation is
accepted here all the same: it is staged as INVALID, where it can be counted and reprocessed. Only what cannot be stored is
rejected.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Literal

import msgspec

from footfall.auth import (
    PERSONAL_KEYS,
    Address,
    KeyOwner,
    address_hash,
    address_of,
    day_of,
    truncated,
    visitor_key,
)
from footfall.errors import NotAccepted
from footfall.raw import IncomingEvent
from footfall.settings import Settings

Status = Literal["accepted", "duplicate-in-request", "rejected"]
_SENDER_KEYS = frozenset({"client_ip", "user_agent"})


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, as the connection and its headers tell."""

    owner: KeyOwner
    received: datetime
    address: Address | None
    user_agent: str | None
    asks_not_to_be_tracked: bool


@dataclass(frozen=True, slots=True)
class Request:
    """A request taken apart: its events, still as bytes, and the tenant it names."""

    events: Sequence[bytes]
    is_single: bool
    named_tenant: Any


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one event; `incoming` is what is to be landed of an accepted one."""

    status: Status
    reason: str | None = None
    event_id: str | None = None
    session_id: str | None = None
    incoming: IncomingEvent | None = None
    had_nul: bool = False


class SecretNotInMemory(Exception):
    """The visitor secret of this day must be fetched first; then everything can be asked again."""

    def __init__(self, day: date) -> None:
        super().__init__(day)
        self.day = day


class _Sent(msgspec.Struct):
    """What the edge looks at in an event; all else stays bytes."""

    event_id: Any = None
    event_timestamp: Any = None
    session_id: Any = None
    tenantId: Any = None  # noqa: N815  the plan's key
    tenant_id: Any = None
    client_ip: Any = msgspec.UNSET
    user_agent: Any = msgspec.UNSET
    do_not_track: Any = None


class _Envelope(msgspec.Struct):
    events: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    tenantId: Any = None  # noqa: N815  the plan's key
    tenant_id: Any = None


_decode_sent = msgspec.json.Decoder(_Sent).decode
_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
# numbers keep their digits: what is rewritten must say what was sent
_decode_exactly = msgspec.json.Decoder(float_hook=Decimal).decode
_encode_exactly = msgspec.json.Encoder(decimal_format="number").encode


def read_request(body: bytes, settings: Settings) -> Request:
    """Take a body apart: one event (an object), an array of events, or ``{"events": [...]}``.

    Raises NotAccepted: ``body_empty``, ``body_not_json``, ``body_not_events``, ``no_events``, ``too_many_events``.
    """
    body = body.strip()
    try:
        request = _read(body)
    except msgspec.ValidationError as error:
        raise NotAccepted("body_not_events", _SHAPES) from error
    except (msgspec.DecodeError, RecursionError) as error:
        repaired = _without_half_characters(body)
        if repaired == body:
            raise NotAccepted("body_not_json", f"the body is not JSON: {error}") from error
        return read_request(repaired, settings)
    if not request.events:
        raise NotAccepted("no_events", _SHAPES)
    if len(request.events) > settings.max_events:
        raise NotAccepted(
            "too_many_events", f"at most {settings.max_events} events in a request", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        )
    return request


def _without_half_characters(body: bytes) -> bytes:
    """The body with U+FFFD for each half of a surrogate pair: browsers write those for texts cut in the middle of an emoji."""
    return _ESCAPE.sub(lambda match: rb"\ufffd" if match["half"] else match[0], body)


# every escape in turn, so that the backslash of one is never taken for the beginning of another
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_SHAPES = 'send one event (an object), an array of events, or {"events": [...]}'


def _read(body: bytes) -> Request:
    if not body:
        raise NotAccepted("body_empty", _SHAPES)
    if body[:1] == b"[":
        return Request([bytes(event) for event in _decode_list(body)], is_single=False, named_tenant=None)
    envelope = _decode_envelope(body)
    named = envelope.tenantId or envelope.tenant_id
    if isinstance(envelope.events, msgspec.Raw) and bytes(envelope.events)[:1] == b"[":
        return Request([bytes(event) for event in _decode_list(envelope.events)], is_single=False, named_tenant=named)
    return Request([body], is_single=True, named_tenant=named)


def accept(request: Request, sender: Sender, secret_of: Callable[[date], bytes | None], settings: Settings) -> list[Verdict]:
    """Judge each event of a request, and prepare the accepted ones for landing.

    Raises NotAccepted: ``tenant_mismatch`` when request or event name another tenant than the key's; SecretNotInMemory.
    """
    _require_tenant(request.named_tenant, sender.owner)
    seen: set[tuple[str, bytes]] = set()
    return [_judge(event, sender, secret_of, settings, seen) for event in request.events]


def _judge(
    event: bytes,
    sender: Sender,
    secret_of: Callable[[date], bytes | None],
    settings: Settings,
    seen: set[tuple[str, bytes]],
) -> Verdict:
    if len(event) > settings.max_event_bytes:
        return Verdict("rejected", "event_too_large")
    if _is_deeper(event, settings.max_event_depth):
        return Verdict("rejected", "too_deep")
    try:
        sent = _decode_sent(event)
        text = event.decode()
    except msgspec.ValidationError:
        return Verdict("rejected", "not_an_object")
    except UnicodeDecodeError:
        return Verdict("rejected", "not_utf8")
    _require_tenant(sent.tenantId or sent.tenant_id, sender.owner)
    event_id = sent.event_id if isinstance(sent.event_id, str) else None
    session_id = sent.session_id if isinstance(sent.session_id, str) else None
    if event_id:
        if (event_id, event) in seen:
            return Verdict("duplicate-in-request", None, event_id, session_id)
        seen.add((event_id, event))
    had_nul = "\\u0000" in text
    no_track = sender.owner.honour_do_not_track and (sender.asks_not_to_be_tracked or _is_true(sent.do_not_track))
    removed = (PERSONAL_KEYS if no_track else frozenset()) | _SENDER_KEYS
    if no_track or had_nul or sent.client_ip is not msgspec.UNSET or sent.user_agent is not msgspec.UNSET:
        text = _rewrite(event, removed)
    return Verdict(
        "accepted",
        None,
        event_id,
        session_id,
        _anonymous(text, sender) if no_track else _identified(text, sent, sender, secret_of),
        had_nul,
    )


def _anonymous(payload: str, sender: Sender) -> IncomingEvent:
    """Only to be counted: no visitor, no address, no user agent."""
    return IncomingEvent(
        tenant_id=sender.owner.tenant_id,
        received=sender.received,
        payload=payload,
        record_source=_record_source(sender.owner),
        do_not_track=True,
        is_trusted=sender.owner.is_trusted,
    )


def _identified(payload: str, sent: _Sent, sender: Sender, secret_of: Callable[[date], bytes | None]) -> IncomingEvent:
    owner = sender.owner
    address, user_agent, day_moment = sender.address, sender.user_agent, sender.received
    if owner.is_trusted:
        # a server speaks of its visitors, or of nobody: its own address and user agent are no visitor's
        address = address_of(sent.client_ip) if isinstance(sent.client_ip, str) else None
        user_agent = _storable(sent.user_agent) if isinstance(sent.user_agent, str) else None
        day_moment = _moment(sent.event_timestamp) or sender.received
    visitor_id = ip_hash = None
    if address is not None:
        try:
            day = day_of(day_moment, owner.time_zone)
        except OverflowError:  # the first or the last day there is: staging will say that it is out of range
            day = day_of(sender.received, owner.time_zone)
        secret = secret_of(day)
        if secret is None:
            raise SecretNotInMemory(day)
        visitor_id = visitor_key(secret, address, user_agent)
        ip_hash = address_hash(secret, address)
    return IncomingEvent(
        tenant_id=owner.tenant_id,
        received=sender.received,
        payload=payload,
        record_source=_record_source(owner),
        user_agent=user_agent,
        visitor_id=visitor_id,
        visitor_ip_hash=ip_hash,
        client_ip=truncated(address) if address is not None and owner.keep_truncated_ip else None,
        is_trusted=owner.is_trusted,
    )


def _is_deeper(event: bytes, most: int) -> bool:
    """Whether objects and arrays lie deeper in each other than this. Few have so many brackets that one has to look closely."""
    if event.count(b"{") + event.count(b"[") <= most:
        return False
    depth = 0
    for mark in _BRACKET.finditer(event):
        depth += 1 if mark["opens"] else -1 if mark["closes"] else 0
        if depth > most:
            return True
    return False


# strings are read over, so that brackets in a text are none
_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|(?P<opens>[{[])|(?P<closes>[}\]])', re.DOTALL)


def _require_tenant(named: Any, owner: KeyOwner) -> None:
    if named and named != owner.tenant_id:
        raise NotAccepted("tenant_mismatch", "the key belongs to another tenant than the request names", HTTPStatus.FORBIDDEN)


def _rewrite(event: bytes, removed: frozenset[str]) -> str:
    """The event without these keys and without NUL characters, which PostgreSQL cannot store."""
    payload = {key: value for key, value in _decode_exactly(event).items() if key not in removed}
    return _encode_exactly(_without_nul(payload)).decode()


def _without_nul(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\0", "")
        case list():
            return [_without_nul(item) for item in value]
        case dict():
            return {key.replace("\0", ""): _without_nul(item) for key, item in value.items()}
    return value


def _storable(text: str) -> str:
    """A user agent as a text column can hold it."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _moment(sent: Any) -> datetime | None:
    """The day that a trusted sender speaks of; what is unreadable here, validation judges later."""
    try:
        if isinstance(sent, str):
            moment = datetime.fromisoformat(sent)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if isinstance(sent, int | float):
            return datetime.fromtimestamp(sent / 1000 if sent >= 1e11 else sent, UTC)  # noqa: PLR2004  as util.moment_of
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _record_source(owner: KeyOwner) -> str:
    return f"{'server' if owner.is_trusted else 'web'}:{owner.access_key_id}"


def _is_true(sent: Any) -> bool:
    return sent in (True, 1, "true", "1")
