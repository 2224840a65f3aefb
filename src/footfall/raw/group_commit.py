"""The group commit of the door: whoever arrives while a commit is under way shares the next one."""

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime

import psycopg

from footfall.database import Connection, connect
from footfall.errors import StoreUnavailable
from footfall.raw.landing import IncomingEvent, land

logger = logging.getLogger(__name__)

Landed = list[bool]
_MOST_AT_ONCE = 2000  # events in one commit
_FLUSH_SECONDS = 1.0  # refusals are counted at least this often
_RETRY_SECONDS = 0.5  # between attempts to reach a store that is away


class GroupCommit:
    """One thread with one connection that lands what waits, commit after commit.

    No timer gathers events: under load a commit takes long enough for the next group to gather by itself, and a lone event does
    not wait at all.
    """

    def __init__(self, url: str, max_waiting: int) -> None:
        self._url = url
        self._max_waiting = max_waiting
        self._waiting: deque[tuple[Sequence[IncomingEvent], Future[Landed]]] = deque()
        self._events_waiting = 0
        self._refusals: Counter[tuple[bytes, str]] = Counter()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)

    def start(self) -> None:
        """Begin to land."""
        self._thread.start()

    def close(self) -> None:
        """Land what waits, then end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def submit(self, events: Sequence[IncomingEvent]) -> Future[Landed]:
        """Ask for events to be landed; the future tells, after the commit, for each whether it was stored.

        Raises StoreUnavailable when too many events wait already; the future raises it when the store cannot be reached.
        """
        future: Future[Landed] = Future()
        with self._changed:
            if self._closing or self._events_waiting + len(events) > self._max_waiting:
                raise StoreUnavailable("too many events wait to be stored")
            self._waiting.append((events, future))
            self._events_waiting += len(events)
            self._changed.notify()
        return future

    def count_refusal(self, tenant_hk: bytes, reason: str, count: int = 1) -> None:
        """Count what the door did not take; written with the next commit, or within a second."""
        with self._changed:
            self._refusals[tenant_hk, reason] += count

    def _run(self) -> None:
        while True:
            try:
                with connect(self._url, "footfall_ingest") as connection:
                    self._land_until_closed(connection)
                return
            except psycopg.Error as error:
                # away, or without a partition for this month: either way nothing is acknowledged until it is mended
                logger.warning("the store does not take events: %s", error)
                if self._refuse_waiting():
                    return
                threading.Event().wait(_RETRY_SECONDS)

    def _land_until_closed(self, connection: Connection) -> None:
        while True:
            group, refusals = self._next_group()
            if group:
                self._land(connection, group)
            if refusals:
                _write_refusals(connection, refusals)
            if not group and self._closing:
                return

    def _next_group(self) -> tuple[list[tuple[Sequence[IncomingEvent], Future[Landed]]], Counter[tuple[bytes, str]]]:
        """Wait for events, or for the time to write refusals; take what may go into one commit."""
        with self._changed:
            if not self._waiting and not self._closing:
                self._changed.wait(_FLUSH_SECONDS)
            group, size = [], 0
            while self._waiting and (not group or size + len(self._waiting[0][0]) <= _MOST_AT_ONCE):
                group.append(self._waiting.popleft())
                size += len(group[-1][0])
            self._events_waiting -= size
            refusals, self._refusals = self._refusals, Counter()
        return group, refusals

    def _land(self, connection: Connection, group: list[tuple[Sequence[IncomingEvent], Future[Landed]]]) -> None:
        try:
            landed = land(connection, [event for events, _ in group for event in events])
        except BaseException as error:
            _resolve(group, lambda future: future.set_exception(StoreUnavailable(f"not stored: {error}")))
            raise
        position = 0
        for events, future in group:
            future.set_result(landed[position : position + len(events)])
            position += len(events)

    def _refuse_waiting(self) -> bool:
        """Nobody waits for a store that is away: they are told, and may try again. True when closing."""
        with self._changed:
            group = list(self._waiting)
            self._waiting.clear()
            self._events_waiting = 0
        _resolve(group, lambda future: future.set_exception(StoreUnavailable("the store cannot be reached")))
        return self._closing


def _resolve(
    group: list[tuple[Sequence[IncomingEvent], Future[Landed]]], resolve: Callable[[Future[Landed]], None]
) -> None:
    for _, future in group:
        resolve(future)


def _write_refusals(connection: Connection, refusals: Counter[tuple[bytes, str]]) -> None:
    connection.execute(
        "/* raw.group_commit */ SELECT raw.count_refusals(%s::bytea[], %s::text[], %s::bigint[], %s)",
        (
            [tenant_hk for tenant_hk, _ in refusals],
            [reason for _, reason in refusals],
            list(refusals.values()),
            datetime.now(UTC),
        ),
    )
