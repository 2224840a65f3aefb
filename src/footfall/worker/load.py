"""One load, from the queue into the vault: claim, parse what is new among user agents, stage, load; one transaction."""

import logging
import time
from dataclasses import dataclass
from typing import Any

import psycopg

from footfall.database import Connection
from footfall.staging import parse_new_user_agents
from footfall.worker.quarantine import is_of_the_data, quarantine_poison

logger = logging.getLogger(__name__)

_FAILURES_BEFORE_SEARCH = 3


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did."""

    events: int
    loaded: int
    duplicate: int
    invalid: int
    seconds: float


def load_pending(connection: Connection, batch_size: int) -> Loaded | None:
    """Load up to about `batch_size` pending events; None when nothing is pending.

    When the load fails, nothing of it remains, and its batches are noted to be tried again, each alone. A batch that goes on
    failing is searched for the events that cannot be loaded. Raises psycopg.OperationalError when the store cannot be reached.
    """
    started = time.perf_counter()
    batch_ids: list[int] = []
    try:
        with connection.transaction():
            batch_ids = _value(connection, "/* worker.load */ SELECT business.claim_batches(%s)", batch_size)
            if not batch_ids:
                return None
            parse_new_user_agents(connection, _new_user_agents(connection, batch_ids))
            connection.execute("/* worker.load */ SELECT count(*) FROM business.load_claimed(%s)", (batch_ids,))
            row = connection.execute(
                "SELECT sum(event_count)::bigint, sum(loaded_count)::bigint, sum(duplicate_count)::bigint,"
                " sum(invalid_count)::bigint FROM raw.ingest_batch WHERE batch_id = ANY (%s)",
                (batch_ids,),
            ).fetchone()
    except psycopg.Error as error:
        if connection.closed:
            raise
        _note_failure(connection, batch_ids, error)
        return Loaded(0, 0, 0, 0, time.perf_counter() - started)
    assert row is not None  # noqa: S101  an aggregate returns one row
    events, loaded, duplicate, invalid = row
    return Loaded(events, loaded, duplicate, invalid, time.perf_counter() - started)


def _note_failure(connection: Connection, batch_ids: list[int], error: psycopg.Error) -> None:
    if isinstance(error, psycopg.errors.DeadlockDetected):
        logger.info("met another worker, and will try again: %s", error.diag.message_detail)
    elif not is_of_the_data(error):
        logger.error("the store could not take a load of %d batches; they will be tried again", len(batch_ids), exc_info=error)
        connection.execute("SELECT business.postpone_batches(%s, %s)", (batch_ids, str(error)))
    else:
        logger.error("a load of %d batches failed", len(batch_ids), exc_info=error)
        failures = _value(connection, "SELECT business.fail_batches(%s, %s)", batch_ids, str(error))
        if len(batch_ids) == 1 and failures >= _FAILURES_BEFORE_SEARCH:
            quarantine_poison(connection, batch_ids[0])


def _new_user_agents(connection: Connection, batch_ids: list[int]) -> list[str]:
    cursor = connection.execute(
        "/* worker.load */ SELECT DISTINCT r.user_agent"
        " FROM raw.events_of(%s) r"
        " WHERE r.user_agent IS NOT NULL"
        "  AND NOT EXISTS (SELECT FROM ref.user_agent a WHERE a.user_agent_hash = util.hash_binary(r.user_agent))",
        (batch_ids,),
    )
    return [row[0] for row in cursor]


def _value(connection: Connection, query: str, *parameters: object) -> Any:
    row = connection.execute(query, parameters).fetchone()
    return None if row is None else row[0]
