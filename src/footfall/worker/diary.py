"""What a worker tells of itself: that it runs, what it did, how long that took. Written now and then, which holds up no work."""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from footfall.database import Connection

_SECONDS = 10.0  # between two pages; a worker that was not seen for thirty is gone

_SEEN = """
/* worker.diary */ INSERT INTO util.worker AS w (worker, seen_at) VALUES (%s, util.current_load_date())
ON CONFLICT (worker) DO UPDATE SET seen_at = excluded.seen_at
"""
_GONE = (
    "/* worker.diary */ DELETE FROM util.worker w WHERE w.worker = %s OR w.seen_at < util.current_load_date() - interval '1 day'"
)
_DONE = """
/* worker.diary */ INSERT INTO util.work_done AS d (work, runs, failures, seconds, last_done_at)
SELECT n.* FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::double precision[], %s::timestamptz[])
    AS n(work, runs, failures, seconds, last_done_at) ORDER BY n.work
ON CONFLICT (work) DO UPDATE SET
    runs = d.runs + excluded.runs, failures = d.failures + excluded.failures, seconds = d.seconds + excluded.seconds,
    last_done_at = greatest(d.last_done_at, excluded.last_done_at)
"""


@dataclass(slots=True)
class _Entry:
    last_done_at: datetime
    runs: int = 0
    failures: int = 0
    seconds: float = 0.0


class Diary:
    """Of one worker. Its threads make entries; one of them writes them into the store, a page at a time."""

    def __init__(self) -> None:
        self._worker = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._due = 0.0

    @contextmanager
    def entry(self, work: str) -> Iterator[None]:
        """Time a run of this work; one that raises has failed."""
        began, has_failed = time.perf_counter(), True
        try:
            yield
            has_failed = False
        finally:
            self.note(work, time.perf_counter() - began, has_failed=has_failed)

    def note(self, work: str, seconds: float, *, has_failed: bool = False) -> None:
        """Remember a run that took so long."""
        with self._lock:
            entry = self._entries.setdefault(work, _Entry(datetime.now(UTC)))
            entry.runs += 1
            entry.failures += has_failed
            entry.seconds += seconds
            entry.last_done_at = datetime.now(UTC)

    def write_if_due(self, connection: Connection) -> None:
        """Write a page if the last one was written some seconds ago."""
        if time.monotonic() >= self._due:
            self.write(connection)
            self._due = time.monotonic() + _SECONDS

    def write(self, connection: Connection) -> None:
        """Say that this worker runs, and what it did. What cannot be written is lost: nothing counts on it."""
        connection.execute(_SEEN, (self._worker,))
        self._write_entries(connection)

    def close(self, connection: Connection) -> None:
        """Write the last page: this worker runs no longer. Also for those that could not say so."""
        self._write_entries(connection)
        connection.execute(_GONE, (self._worker,))

    def _write_entries(self, connection: Connection) -> None:
        with self._lock:
            entries, self._entries = self._entries, {}
        if entries:
            said = list(entries.values())
            connection.execute(
                _DONE,
                (
                    list(entries),
                    [entry.runs for entry in said],
                    [entry.failures for entry in said],
                    [entry.seconds for entry in said],
                    [entry.last_done_at for entry in said],
                ),
            )
