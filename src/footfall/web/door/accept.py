"""What becomes of each event of a request: a pure function of bytes, sender and time.

An event's own bytes go to raw untouched, unless something in them must not be stored. What breaks a rule of validation is
accepted here all the same: it is staged as INVALID, where it can be counted and reprocessed. Only what cannot be stored is
rejected.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Literal

import msgspec

from footfall.auth import (
    PERSONAL_KEYS,
    Address,
    KeyOwner,
    address_of,
    day_of,
    folded,
    own_network_of,
    truncated,
    visitor_key,
)
from footfall.errors import NotAccepted
from footfall.judgement import is_program
from footfall.raw import IncomingEvent, without_swelling_numbers
from footfall.settings import Settings
from footfall.staging import CUTS
from footfall.web.door.body import Request
from footfall.web.wire import TrackingEvent

Status = Literal["accepted", "duplicate-in-request", "rejected"]
_SENDER_KEYS = frozenset({"client_ip", "user_agent"})


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, as the connection and its headers tell."""

    owner: KeyOwner
    received: datetime
    address: Address | None
    user_agent: str | None
    client_hints: str | None
    asks_not_to_be_tracked: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one event; `incoming` is what is to be landed of an accepted one.

    An accepted event has a reason when its sender should look at it: it will not count as it is (``evt_type_missing``,
    ``evt_type_unknown``), or counts as something else than it says (``evt_type_respelled``, as `read_as`). `note`: that it
    does not count as a person's, for it came with a page's key and the agent of a program (``agent_is_program``).
    """

    status: Status
    reason: str | None = None
    event_id: str | None = None
    session_id: str | None = None
    incoming: IncomingEvent | None = None
    had_nul: bool = False
    read_as: str | None = None
    note: str | None = None


_LATE = timedelta(days=1)


class SecretNotInMemory(Exception):
    """The visitor secret of this day must be fetched first; then everything can be asked again."""

    def __init__(self, day: date) -> None:
        super().__init__(day)
        self.day = day


class _Sent(msgspec.Struct):
    """What the edge looks at in an event; all else stays bytes."""

    evt_type: Any = None
    event_id: Any = None
    event_timestamp: Any = None
    sent_at: Any = None
    session_id: Any = None
    tenantId: Any = None  # noqa: N815  the plan's key
    tenant_id: Any = None
    client_ip: Any = msgspec.UNSET
    user_agent: Any = msgspec.UNSET
    do_not_track: Any = None


_decode_sent = msgspec.json.Decoder(_Sent).decode
# numbers keep their digits: what is rewritten must say what was sent
_decode_exactly = msgspec.json.Decoder(float_hook=Decimal).decode
_encode_exactly = msgspec.json.Encoder(decimal_format="number").encode


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
    event = without_swelling_numbers(event)
    if len(event) > settings.max_event_bytes:
        event = _with_shorter_texts(event, settings.max_event_depth)
    sent = _looked_at(event, settings)
    if isinstance(sent, str):
        return Verdict("rejected", sent)
    text = event.decode()
    _require_tenant(sent.tenantId or sent.tenant_id, sender.owner)
    event_id = sent.event_id if isinstance(sent.event_id, str) else None
    session_id = sent.session_id if isinstance(sent.session_id, str) else None
    if event_id:
        if (event_id, event) in seen:
            return Verdict("duplicate-in-request", None, event_id, session_id)
        seen.add((event_id, event))
    had_nul = "\\u0000" in text
    no_track = sender.owner.honour_do_not_track and (sender.asks_not_to_be_tracked or _is_true(sent.do_not_track))
    if no_track or had_nul or sent.client_ip is not msgspec.UNSET or sent.user_agent is not msgspec.UNSET:
        text = _rewrite(event, is_anonymous=no_track)
    reason, read_as = _note_on_type(sent.evt_type, sender.owner)
    incoming = _anonymous(text, sender) if no_track else _identified(text, sent, sender, secret_of)
    # with the key of a server or an app it would count: there a library's name says nothing of who is behind it
    is_nobody = not incoming.is_trusted and incoming.user_agent is not None and is_program(incoming.user_agent)
    note = "agent_is_program" if is_nobody else None
    return Verdict("accepted", reason, event_id, session_id, incoming, had_nul, read_as, note)


def _looked_at(event: bytes, settings: Settings) -> _Sent | str:
    """What the edge looks at in an event, or why the event cannot be taken."""
    if len(event) > settings.max_event_bytes:
        return "event_too_large"
    if _is_deeper(event, settings.max_event_depth):
        return "too_deep"
    try:
        event.decode()
        return _decode_sent(event)
    except UnicodeDecodeError:
        return "not_utf8"
    except msgspec.ValidationError:
        return "not_an_object"
    except msgspec.DecodeError:
        return "number_not_finite" if _NOT_FINITE.search(event) else "not_json"


def _note_on_type(evt_type: Any, owner: KeyOwner) -> tuple[str | None, str | None]:
    """What the sender should know about the type, and as which one it counts. Staging decides; here it is only told."""
    if not isinstance(evt_type, str) or not evt_type.strip():
        return "evt_type_missing", None
    if evt_type.strip() in owner.event_types:
        return None, None
    spelled = folded(evt_type)
    read_as = next((known for known in owner.event_types if folded(known) == spelled), None)
    return ("evt_type_respelled", read_as) if read_as else ("evt_type_unknown", None)


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
    address, user_agent, hints, day_moment = sender.address, sender.user_agent, sender.client_hints, sender.received
    if owner.is_trusted:
        # a server speaks of its visitors, or of nobody: its own address and user agent are no visitor's
        address = address_of(sent.client_ip) if isinstance(sent.client_ip, str) else None
        user_agent = _storable(sent.user_agent) if isinstance(sent.user_agent, str) else None
        hints = None
        day_moment = _occurred(sent, sender.received)
    visitor_id = None
    if address is not None:
        try:
            day = day_of(day_moment, owner.time_zone)
        except OverflowError:  # the first or the last day there is: staging will say that it is out of range
            day = day_of(sender.received, owner.time_zone)
        secret = secret_of(day)
        if secret is None:
            raise SecretNotInMemory(day)
        visitor_id = visitor_key(secret, address, user_agent)
    return IncomingEvent(
        tenant_id=owner.tenant_id,
        received=sender.received,
        payload=payload,
        record_source=_record_source(owner),
        user_agent=user_agent,
        client_hints=hints,
        visitor_id=visitor_id,
        own_network=own_network_of(address, owner.networks),
        client_ip=truncated(address) if address is not None and owner.keep_truncated_ip else None,
        is_trusted=owner.is_trusted,
        is_late=owner.is_trusted and sender.received - day_moment > _LATE,
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


# what JavaScript and Python write for numbers that are none; not within a text
_NOT_FINITE = re.compile(rb"(?:^|[\[,:])\s*-?(?:NaN|Infinity)\b")
# strings are read over, so that brackets in a text are none
_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|(?P<opens>[{[])|(?P<closes>[}\]])', re.DOTALL)


def _require_tenant(named: Any, owner: KeyOwner) -> None:
    if named and not owner.is_called(named):
        raise NotAccepted("tenant_mismatch", "the key belongs to another tenant than the request names", HTTPStatus.FORBIDDEN)


# of an event of nobody: what says what happened, and not to whom. A key that nobody knows may say that
_OF_NOBODY = frozenset(TrackingEvent.__struct_fields__) - PERSONAL_KEYS - _SENDER_KEYS


def _rewrite(event: bytes, *, is_anonymous: bool) -> str:
    """The event without what is the sender's, or anybody's, and without NUL characters, which PostgreSQL cannot store."""
    payload = {
        key: value
        for key, value in _decode_exactly(event).items()
        if (key in _OF_NOBODY if is_anonymous else key not in _SENDER_KEYS)
    }
    return _encode_exactly(_without_nul(payload)).decode()


# the texts that staging cuts, and more characters than it keeps of any: what is cut here, it notes as cut
_TEXTS = frozenset(cut.key for cut in CUTS)
_LONGEST_TEXT = 4096


def _with_shorter_texts(event: bytes, most_deep: int) -> bytes:
    """An event that is too large, with its long texts cut: an address with half a form in its query, a title that is a page."""
    try:
        payload = None if _is_deeper(event, most_deep) else _decode_exactly(event)
    except msgspec.DecodeError:
        return event
    if not isinstance(payload, dict):
        return event
    return _encode_exactly({key: v[:_LONGEST_TEXT] if key in _TEXTS and isinstance(v, str) else v for key, v in payload.items()})


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


# what a clock may differ by before it is taken for wrong: until then it is the way that took so long; as staging.clock_error
_SLOW_WAY = timedelta(seconds=10)


def _occurred(sent: _Sent, received: datetime) -> datetime:
    """When a trusted sender says that it was, for the day's secret: its clock is set right by when it says that it sent this."""
    moment, sent_at = _moment(sent.event_timestamp), _moment(sent.sent_at)
    if moment is None:
        return received
    try:
        return moment + (received - sent_at) if sent_at and abs(received - sent_at) > _SLOW_WAY else moment
    except OverflowError:
        return received


def _moment(sent: Any) -> datetime | None:
    """A moment as sent; what is unreadable here, validation judges later. Twin of util.moment_of."""
    try:
        if isinstance(sent, str) and not sent.replace(".", "", 1).isdigit():
            moment = datetime.fromisoformat(sent)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if isinstance(sent, int | float | str):
            number = float(sent)
            return datetime.fromtimestamp(number / next(per for most, per in _UNITS if number < most), UTC)
    except (ValueError, OverflowError, OSError, StopIteration):
        pass
    return None


# by their size: seconds, milliseconds, microseconds, nanoseconds since 1970
_UNITS = ((1e11, 1), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))


def _record_source(owner: KeyOwner) -> str:
    return f"{'server' if owner.is_trusted else 'web'}:{owner.access_key_id}"


def _is_true(sent: Any) -> bool:
    return sent in (True, 1, "true", "1")
