"""All checks of the stored data in the course of a night, one after the other: what an operator reads in the morning."""

import logging
import threading
import time
from datetime import UTC, datetime, timedelta

from footfall.business import Finding, all_checks, run_check
from footfall.database import Connection

logger = logging.getLogger(__name__)

_NIGHT = range(1, 5)  # hours, UTC, in which a check may begin
_LEAST_PAUSE = timedelta(hours=20)  # until a check is run again
_LOOK_SECONDS = 60.0

_LAST = "/* worker.nightly */ SELECT code, checked_at FROM util.check_result"
_KEEP = """
/* worker.nightly */ INSERT INTO util.check_result (code, checked_at, seconds, violations, examples)
VALUES (%s, util.current_load_date(), %s, %s, %s)
ON CONFLICT (code) DO UPDATE SET
    checked_at = excluded.checked_at, seconds = excluded.seconds, violations = excluded.violations, examples = excluded.examples
"""


def check_nightly(connection: Connection, stop: threading.Event) -> None:
    """Run checks at night until told to stop, for as long as some are due."""
    while not stop.wait(_LOOK_SECONDS):
        while not stop.is_set() and datetime.now(UTC).hour in _NIGHT and check_next(connection):
            pass


def check_next(connection: Connection) -> bool:
    """Run the check that was not run for longest, and keep what it found; whether one was due that no other worker runs."""
    with connection.transaction():
        if connection.execute("/* worker.nightly */ SELECT util.try_turn('checks')").fetchone() != (True,):
            return False
        last = dict(connection.execute(_LAST).fetchall())
        now = connection.execute("SELECT util.current_load_date()").fetchone()
        assert now is not None  # noqa: S101  it always has a row
        never = datetime.min.replace(tzinfo=UTC)
        check = min(all_checks(), key=lambda one: last.get(one.code, never))
        if now[0] - last.get(check.code, never) < _LEAST_PAUSE:
            return False
        begun = time.monotonic()
        finding = run_check(connection, check)
        _keep(connection, check.code, time.monotonic() - begun, finding)
        return True


def _keep(connection: Connection, code: str, seconds: float, finding: Finding | None) -> None:
    count, examples = (finding.count, list(finding.rows)) if finding else (0, [])
    connection.execute(_KEEP, (code, seconds, count, examples))
    if finding:
        logger.error("check %s: %d rows contradict that %s", code, count, finding.check.claim)
