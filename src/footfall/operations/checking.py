"""All checks of one snapshot, side by side, within a time if need be."""

import contextlib
import math
import os
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import psycopg

from footfall.business import Check, Finding, Scope, run_check
from footfall.database import Connection, connect, limit_statements

_LONGEST = ("marts.", "sessions.")  # codes begin so


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a check: clean without a finding; not finished when its time was over."""

    check: Check
    finding: Finding | None
    seconds: float
    is_finished: bool = True


def run_checks(url: str, checks: Iterable[Check], scope: Scope, seconds: float | None = None) -> Iterator[Checked]:
    """Run the checks on the store at `url`, one on each processor at a time, as they are done.

    All look at one snapshot: what is loaded meanwhile is in none of them. After `seconds` those that are left are given up.
    """
    deadline = math.inf if seconds is None else time.monotonic() + seconds
    mine = threading.local()
    with contextlib.ExitStack() as opened:
        snapshot = opened.enter_context(_snapshot(opened.enter_context(connect(url, "footfall_worker"))))

        def begin() -> None:
            mine.connection = opened.enter_context(connect(url, "footfall_worker"))
            opened.enter_context(_snapshot(mine.connection, snapshot))

        def run(check: Check) -> Checked:
            return _checked(mine.connection, check, scope, deadline)

        with ThreadPoolExecutor(os.cpu_count() or 1, initializer=begin) as threads:
            # those that take longest first: nobody waits for one that was begun last
            ordered = sorted(checks, key=lambda check: not check.code.startswith(_LONGEST))
            for done in as_completed([threads.submit(run, check) for check in ordered]):
                yield done.result()


def _checked(connection: Connection, check: Check, scope: Scope, deadline: float) -> Checked:
    begun = time.monotonic()
    if begun >= deadline:
        return Checked(check, None, 0.0, is_finished=False)
    try:
        with connection.transaction():
            if deadline < math.inf:
                limit_statements(connection, deadline - begun)
            finding = run_check(connection, check, scope)
    except psycopg.errors.QueryCanceled:
        return Checked(check, None, time.monotonic() - begun, is_finished=False)
    return Checked(check, finding, time.monotonic() - begun)


@contextlib.contextmanager
def _snapshot(connection: psycopg.Connection, of: str | None = None) -> Iterator[str]:
    """A transaction that only reads, as of one moment: of another's snapshot, or of now; gives the snapshot's name."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        if of:
            connection.execute(psycopg.sql.SQL("SET TRANSACTION SNAPSHOT {}").format(psycopg.sql.Literal(of)))
            yield of
        else:
            row = connection.execute("SELECT pg_export_snapshot()").fetchone()
            yield str(row[0]) if row else ""
