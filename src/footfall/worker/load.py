"""Loads, from the queue into the vault: claim, judge what is new, stage, load; one transaction each.

What goes wrong is searched for at once, by halves: one batch that cannot be loaded, for whatever reason, holds up no other.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from footfall.database import Connection, limit_statements
from footfall.judgement import judge_new
from footfall.judgement.rules import judge_by_own_rules
from footfall.traces import tracer
from footfall.worker.quarantine import is_of_the_data, quarantine_poison
from footfall.worker.traced import tell_load

logger = logging.getLogger(__name__)

_FAILURES_BEFORE_SEARCH = 3
_LONGEST_LOAD_SECONDS = 30.0  # a load of ten thousand events takes one or two
# After so many attempts in a row of which none succeeded it is the store that is in trouble: halves of ten thousand batches come
# down to one in fifteen.
_MOST_FRUITLESS = 18


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loads did."""

    events: int = 0
    loaded: int = 0
    duplicate: int = 0
    invalid: int = 0
    seconds: float = 0

    def __add__(self, other: "Loaded") -> "Loaded":
        return Loaded(
            self.events + other.events,
            self.loaded + other.loaded,
            self.duplicate + other.duplicate,
            self.invalid + other.invalid,
            self.seconds + other.seconds,
        )


@dataclass(frozen=True, slots=True)
class _Failed:
    batch_ids: Sequence[int]
    error: psycopg.Error


def load_pending(connection: Connection, batch_size: int) -> Loaded | None:
    """Load up to about `batch_size` pending events, and one batch that failed before; None when nothing is pending.

    When a load fails, nothing of it remains; its halves are tried, until it is known which batches cannot be loaded. Those are
    tried again later, each alone, and searched for the events that cannot be loaded. Raises psycopg.OperationalError when the
    store cannot be reached.
    """
    started = time.perf_counter()
    fresh = _claim_and_load(connection, "SELECT business.claim_batches(%s)", batch_size)
    failed = _claim_and_load(connection, "SELECT business.claim_failed()")
    if fresh is None and failed is None:
        return None
    loaded = Loaded()
    failures: list[_Failed] = []
    for outcome in (fresh, failed):
        if isinstance(outcome, Loaded):
            loaded += outcome
        elif outcome:
            more, left = _load_parts(connection, outcome)
            loaded += more
            failures += left
    for failure in failures:
        _note(connection, failure, is_store_well=loaded.events > 0)
    return replace(loaded, seconds=time.perf_counter() - started)


def _claim_and_load(connection: Connection, claim: str, *parameters: object) -> Loaded | _Failed | None:
    """One transaction; None: there was nothing to claim."""
    batch_ids: list[int] = []
    began = time.time()
    try:
        with connection.transaction():
            limit_statements(connection, _LONGEST_LOAD_SECONDS)
            batch_ids = _value(connection, f"/* worker.load */ {claim}", *parameters)
            if not batch_ids:
                return None
            judge_new(connection, batch_ids)
            connection.execute("/* worker.load */ SELECT business.prepare_load(%s)", (batch_ids,))
            judge_by_own_rules(connection)
            connection.execute("/* worker.load */ SELECT count(*) FROM business.load_prepared(%s)", (batch_ids,))
            row = connection.execute(
                "SELECT sum(event_count)::bigint, sum(loaded_count)::bigint, sum(duplicate_count)::bigint,"
                " sum(invalid_count)::bigint FROM raw.ingest_batch WHERE batch_id = ANY (%s)",
                (batch_ids,),
            ).fetchone()
    except psycopg.Error as error:
        if connection.closed:
            raise
        return _Failed(batch_ids, error)
    assert row is not None  # noqa: S101  an aggregate returns one row
    if telling := tracer():
        tell_load(telling, connection, batch_ids, began, time.time())
    return Loaded(*row)


def _load_parts(connection: Connection, failed: _Failed) -> tuple[Loaded, list[_Failed]]:
    """Load what can be loaded of batches that cannot be loaded together; and what is left, told apart as far as it could be."""
    loaded = Loaded()
    left: list[_Failed] = []
    waiting = [failed]
    fruitless = 1
    while waiting:
        part = waiting.pop()
        if len(part.batch_ids) <= 1 or isinstance(part.error, psycopg.errors.DeadlockDetected) or fruitless > _MOST_FRUITLESS:
            left.append(part)
            continue
        middle = len(part.batch_ids) // 2
        for half in (part.batch_ids[:middle], part.batch_ids[middle:]):
            outcome = _claim_and_load(connection, "SELECT business.claim_these(%s)", list(half))
            if isinstance(outcome, _Failed):
                waiting.append(outcome)
                fruitless += 1
            elif outcome:
                loaded += outcome
                fruitless = 0
    return loaded, left


def _note(connection: Connection, failed: _Failed, *, is_store_well: bool) -> None:
    batch_ids, error = list(failed.batch_ids), failed.error
    if isinstance(error, psycopg.errors.DeadlockDetected):
        logger.info("met another worker, and will try again: %s", error.diag.message_detail)
    elif not is_of_the_data(error) and not (is_store_well and len(batch_ids) == 1):
        logger.error("the store could not take a load of %d batches; they will be tried again", len(batch_ids), exc_info=error)
        connection.execute("SELECT business.postpone_batches(%s, %s)", (batch_ids, str(error)))
    else:
        logger.error("a load of %d batches failed", len(batch_ids), exc_info=error)
        failures = _value(connection, "SELECT business.fail_batches(%s, %s)", batch_ids, str(error))
        if len(batch_ids) == 1 and failures >= _FAILURES_BEFORE_SEARCH:
            quarantine_poison(connection, batch_ids[0])


def _value(connection: Connection, query: str, *parameters: object) -> Any:
    row = connection.execute(query, parameters).fetchone()
    return None if row is None else row[0]
