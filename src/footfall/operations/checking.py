"""All checks of one snapshot, side by side, within a time if need be."""

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import psycopg

from footfall.business import Check, Finding, Scope, run_check
from footfall.database import connect, limit_statements


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
    deadline = None if seconds is None else time.monotonic() + seconds
    with connect(url, "footfall_worker") as first, _snapshot(first) as snapshot:

        def run(check: Check) -> Checked:
            begun = time.monotonic()
            if deadline and begun >= deadline:
                return Checked(check, None, 0.0, is_finished=False)
            with connect(url, "footfall_worker") as connection, _snapshot(connection, snapshot):
                if deadline:
                    limit_statements(connection, deadline - begun)
                try:
                    finding = run_check(connection, check, scope)
                except psycopg.errors.QueryCanceled:
                    return Checked(check, None, time.monotonic() - begun, is_finished=False)
            return Checked(check, finding, time.monotonic() - begun)

        with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
            for done in as_completed([threads.submit(run, check) for check in checks]):
                yield done.result()


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
