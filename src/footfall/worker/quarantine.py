"""A batch that cannot be loaded is searched by halves for the events to blame; those are set aside, the others are loaded.

Whatever the store says of an event that it cannot take, or that takes it too long, while it takes others: the event is to blame.
"""

import logging
from collections.abc import Iterator, Sequence

import psycopg

from footfall.database import Connection, limit_statements

logger = logging.getLogger(__name__)

# What PostgreSQL says of data that it does not take: more rows than there may be, data exceptions, violated constraints, limits
# exceeded. Anything else may be the store's trouble, not the events': that others are loaded meanwhile tells.
_CLASSES_OF_POISON = ("21", "22", "23", "54")
_LONGEST_TRY_SECONDS = 5.0  # an event takes milliseconds


def is_of_the_data(error: psycopg.Error) -> bool:
    """Whether the events are to blame, and would fail again."""
    return (error.sqlstate or "").startswith(_CLASSES_OF_POISON)


def quarantine_poison(connection: Connection, batch_id: int) -> int:
    """Stage the events of this batch that cannot be loaded as INVALID, each with its reason; returns how many those are.

    The batch is locked meanwhile: no other worker tries it again. Nothing is done when another one holds it.
    """
    with connection.transaction():
        held = connection.execute(
            "SELECT FROM raw.ingest_batch WHERE batch_id = %s AND processing_status = 'PENDING' FOR UPDATE SKIP LOCKED",
            (batch_id,),
        )
        if held.rowcount == 0:
            return 0
        cursor = connection.execute("SELECT raw_event_id FROM raw.events_of(%s) ORDER BY raw_event_id", ([batch_id],))
        poison = list(_search(connection, batch_id, [row[0] for row in cursor]))
        for raw_event_id, reason in poison:
            logger.warning("raw event %d cannot be loaded and is set aside: %s", raw_event_id, reason)
            connection.execute("SELECT staging.quarantine_event(%s, %s)", (raw_event_id, reason))
    return len(poison)


def _search(connection: Connection, batch_id: int, raw_event_ids: Sequence[int]) -> Iterator[tuple[int, str]]:
    reason = _refusal(connection, batch_id, raw_event_ids)
    if reason is None:
        return
    if len(raw_event_ids) == 1:
        yield raw_event_ids[0], reason
        return
    middle = len(raw_event_ids) // 2
    yield from _search(connection, batch_id, raw_event_ids[:middle])
    yield from _search(connection, batch_id, raw_event_ids[middle:])


def _refusal(connection: Connection, batch_id: int, raw_event_ids: Sequence[int]) -> str | None:
    """Why these events, of this batch alone, cannot be loaded; None when they can be."""
    try:
        with connection.transaction(force_rollback=True):
            # loads run one at a time: what waits for another one is not to blame
            connection.execute("SELECT util.take_turn('load')")
            limit_statements(connection, _LONGEST_TRY_SECONDS)
            connection.execute("SELECT business.try_events(%s, %s)", (batch_id, list(raw_event_ids)))
    except psycopg.errors.DeadlockDetected:
        return None
    except psycopg.Error as error:
        if connection.closed:
            raise
        return error.diag.message_primary or str(error)
    return None
