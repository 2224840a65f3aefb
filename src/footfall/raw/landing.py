"""Landing: many events, one statement, one commit. The way into raw for the HTTP door and for imports alike."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

import psycopg
from psycopg.pq import TransactionStatus

from footfall.database import Connection
from footfall.errors import NotAccepted
from footfall.raw.secrets import may_hold_secret

MOVING = "FF503"  # SQLSTATE of auth.is_move: something of a tenant was to be changed while it moves
_COST_OF_SEARCH = 16  # as many times as long as landing takes the search for secrets


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """An event on its way into raw: what the edge knows of it, and its JSON text without what privacy forbids to keep.

    `may_hold_secret` and `cost` (about what landing it costs, in characters of a usual payload) come of the payload.
    """

    tenant_id: str
    received: datetime
    payload: str
    record_source: str
    user_agent: str | None = None
    client_hints: str | None = None  # as footfall.judgement.hints_of writes them
    visitor_id: str | None = None
    client_ip: str | None = None  # truncated, for tenants that keep it
    do_not_track: bool = False
    is_trusted: bool = False
    own_network: str | None = None  # the name of the tenant's own network that it came from, by its rules
    is_late: bool = False  # of long ago: it may wait for those of today
    may_hold_secret: bool = field(init=False)
    cost: int = field(init=False)

    def __post_init__(self) -> None:
        is_suspect = may_hold_secret(self.payload)
        object.__setattr__(self, "may_hold_secret", is_suspect)
        object.__setattr__(self, "cost", len(self.payload) * (_COST_OF_SEARCH if is_suspect else 1))


def tenant_moving() -> NotAccepted:
    """What whoever writes to a tenant on its way to another cell is told: nothing was stored, send it again."""
    return NotAccepted(
        "tenant_moving",
        "this tenant is being moved to another cell: nothing was stored, try again in some seconds",
        HTTPStatus.SERVICE_UNAVAILABLE,
        retry_after=2,
    )


def moving(connection: Connection, events: Sequence[IncomingEvent]) -> set[str]:
    """The tenants of these events that are on their way to another cell; asked in the transaction in which others' are landed."""
    row = connection.execute("SELECT auth.tenants_moving(%s)", (list({event.tenant_id for event in events}),)).fetchone()
    return set(row[0]) if row else set()


_LAND = """
/* raw.landing */ SELECT count(*) FROM raw.land_tracking_events(
    %b::text[], %b::timestamptz[], %b::text[], %b::text[], %b::text[], %s::inet[], %b::boolean[], %b::boolean[],
    %b::text[], %b::boolean[], %b::boolean[], %b::text[], %b::text[])
"""


def land(connection: Connection, events: Sequence[IncomingEvent]) -> list[bool]:
    """Store the events durably; tells for each whether it was stored.

    All are stored in one statement. Only when PostgreSQL cannot read one of them as JSON (a number beyond its range, half a
    surrogate pair) are those sorted out, and the others stored in another one.

    In a transaction of the caller's each attempt has a savepoint: what cannot be read does not end the transaction.

    Raises psycopg.OperationalError when the store cannot be reached: then it is not known what was stored of what had not been
    committed, and nothing may be acknowledged.
    """
    if not events:
        return []
    try:
        with _attempt(connection):
            connection.execute(
                _LAND,
                (
                    [event.tenant_id for event in events],
                    [event.received for event in events],
                    [event.payload for event in events],
                    [event.user_agent for event in events],
                    [event.visitor_id for event in events],
                    [event.client_ip for event in events],
                    [event.do_not_track for event in events],
                    [event.is_trusted for event in events],
                    [event.record_source for event in events],
                    [event.may_hold_secret for event in events],
                    [event.is_late for event in events],
                    [event.client_hints for event in events],
                    [event.own_network for event in events],
                ),
            )
    except (psycopg.DataError, psycopg.errors.StatementTooComplex):
        if len(events) == 1:
            return [False]
        storable = _storable(connection, events)
        if not all(storable):
            stored = iter(land(connection, [event for event, can in zip(events, storable, strict=True) if can]))
            return [can and next(stored) for can in storable]
        # it is something else in one of them: ever smaller parts find it
        middle = len(events) // 2
        return land(connection, events[:middle]) + land(connection, events[middle:])
    return [True] * len(events)


def _attempt(connection: Connection) -> contextlib.AbstractContextManager[object]:
    is_within = connection.info.transaction_status is TransactionStatus.INTRANS
    return connection.transaction() if is_within else contextlib.nullcontext()


def _storable(connection: Connection, events: Sequence[IncomingEvent]) -> list[bool]:
    try:
        with _attempt(connection):
            row = connection.execute("SELECT raw.are_storable(%b::text[])", ([event.payload for event in events],)).fetchone()
    except psycopg.errors.StatementTooComplex:
        return [True] * len(events)
    return row[0] if row else []
