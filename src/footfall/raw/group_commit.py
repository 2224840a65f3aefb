"""The group commit of the door: whoever arrives while a commit is under way shares the next one."""

import logging
import threading
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import UTC, datetime

import psycopg

from footfall.database import Connection, connect
from footfall.errors import StoreUnavailable
from footfall.raw.landing import IncomingEvent, land

logger = logging.getLogger(__name__)

Landed = list[bool]
Group = list[tuple[Sequence[IncomingEvent], Future[Landed]]]
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
            except psycopg.Error as error:
                # away, or without a partition for this month: either way nothing is acknowledged until it is mended
                logger.warning("the store does not take events: %s", error)
                # nobody waits for a store that is away: they are told, and may try again
                _refuse(self._take(most=None))
                if self._closing:
                    return
                threading.Event().wait(_RETRY_SECONDS)
            else:
                return

    def _land_until_closed(self, connection: Connection) -> None:
        while True:
            with self._changed:
                if not self._waiting and not self._closing:
                    self._changed.wait(_FLUSH_SECONDS)
            group = self._take(most=_MOST_AT_ONCE)
            if group:
                _land(connection, group)
            self._write_refusals(connection)
            if not group and self._closing:
                return

    def _take(self, most: int | None) -> Group:
        """What waits, as many events as may go into one commit; without those whose sender has gone away meanwhile."""
        group: Group = []
        with self._changed:
            size = 0
            while self._waiting and (not group or most is None or size + len(self._waiting[0][0]) <= most):
                events, future = self._waiting.popleft()
                self._events_waiting -= len(events)
                if future.set_running_or_notify_cancel():
                    group.append((events, future))
                    size += len(events)
        return group

    def _write_refusals(self, connection: Connection) -> None:
        with self._changed:
            refusals, self._refusals = self._refusals, Counter()
        if not refusals:
            return
        try:
            connection.execute(
                "/* raw.group_commit */ SELECT raw.count_refusals(%s::bytea[], %s::text[], %s::bigint[], %s)",
                (
                    [tenant_hk for tenant_hk, _ in refusals],
                    [reason for _, reason in refusals],
                    list(refusals.values()),
                    datetime.now(UTC),
                ),
            )
        except psycopg.Error:
            with self._changed:
                self._refusals.update(refusals)
            raise


def _land(connection: Connection, group: Group) -> None:
    try:
        landed = land(connection, [event for events, _ in group for event in events])
    except BaseException:
        _refuse(group)
        raise
    position = 0
    for events, future in group:
        future.set_result(landed[position : position + len(events)])
        position += len(events)


def _refuse(group: Group) -> None:
    """Tell everybody that waits: it is not known to be stored, send it again."""
    for _, future in group:
        future.set_exception(StoreUnavailable("the store cannot be reached"))
