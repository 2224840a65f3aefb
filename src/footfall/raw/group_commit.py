"""The group commit of the door: whoever arrives while a commit is under way shares the next one."""

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from queue import Empty, SimpleQueue

import psycopg

from footfall.database import Connection, connect
from footfall.errors import NotAccepted, StoreUnavailable
from footfall.raw.landing import IncomingEvent, land

logger = logging.getLogger(__name__)

Landed = list[bool]
_MOST_AT_ONCE = 2000  # events in one commit; the last request in may exceed it
_FLUSH_SECONDS = 1.0  # refusals are counted at least this often
_RETRY_SECONDS = 0.5  # between attempts to reach a store that is away


@dataclass(frozen=True, slots=True)
class _Waiting:
    events: Sequence[IncomingEvent]
    landed: "asyncio.Future[Landed]"


@dataclass(frozen=True, slots=True)
class _Close:
    pass


class GroupCommit:
    """One thread with one connection that lands what waits, commit after commit; its senders live in an event loop.

    No timer gathers events: under load a commit takes long enough for the next group to gather by itself, and a lone event does
    not wait at all. Events go through a queue and, a whole group in one step, their fates come back into the loop: it is woken
    once for a commit, not once for a sender.
    """

    def __init__(self, url: str, max_waiting: int) -> None:
        self._url = url
        self._max_waiting = max_waiting
        self._queue: SimpleQueue[_Waiting | _Close] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)
        # of the event loop
        self._events_waiting = 0
        self._is_closing = False
        # of the thread
        self._is_last = False
        # of both
        self._refusals: Counter[tuple[bytes, str]] = Counter()
        self._refusals_lock = threading.Lock()
        # told by the thread, read by the loop
        self._is_away = False

    def start(self) -> None:
        """Begin to land, for the event loop that runs here."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def close(self) -> None:
        """Land what waits, then end."""
        self._is_closing = True
        self._queue.put(_Close())
        await asyncio.to_thread(self._thread.join)

    def require_open(self) -> None:
        """Raises StoreUnavailable at once when the store is known to be away, or this is closing."""
        if self._is_away or self._is_closing or (self._thread.ident and not self._thread.is_alive()):
            raise StoreUnavailable("the store cannot be reached")

    async def submit(self, events: Sequence[IncomingEvent]) -> Landed:
        """Have events landed; tells, after the commit, for each whether it was stored.

        Raises NotAccepted: ``overloaded`` (503) when too many events wait already, StoreUnavailable when the store cannot be
        reached: then it is not known whether the events were stored.
        """
        self.require_open()
        if self._events_waiting + len(events) > self._max_waiting:
            raise NotAccepted(
                "overloaded", "too many events wait to be stored: send it again", HTTPStatus.SERVICE_UNAVAILABLE, retry_after=1
            )
        landed: asyncio.Future[Landed] = asyncio.get_running_loop().create_future()
        self._events_waiting += len(events)
        self._queue.put(_Waiting(events, landed))
        return await landed

    def count_refusal(self, tenant_hk: bytes, reason: str, count: int = 1) -> None:
        """Count what the door did not take; written with the next commit, or within a second."""
        with self._refusals_lock:
            self._refusals[tenant_hk, reason] += count

    # --- the thread ----------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._is_last:
            try:
                with connect(self._url, "footfall_ingest") as connection:
                    self._is_away = False
                    self._land_until_closed(connection)
            except Exception as error:
                # away, or without a partition for this month: either way nothing is acknowledged until it is mended
                logger.warning("the store does not take events: %s", error, exc_info=not isinstance(error, psycopg.Error))
                self._is_away = True
                # nobody waits for a store that is away: they are told, and may try again
                self._settle(self._take(wait=0, most=None), None)
                if not self._is_last:
                    time.sleep(_RETRY_SECONDS)
        self._settle(self._take(wait=0, most=None), None)

    def _land_until_closed(self, connection: Connection) -> None:
        while not self._is_last:
            group = self._take(wait=_FLUSH_SECONDS, most=_MOST_AT_ONCE)
            if group:
                try:
                    landed = land(connection, [event for waiting in group for event in waiting.events])
                except BaseException:
                    self._settle(group, None)
                    raise
                self._settle(group, landed)
            self._write_refusals(connection)

    def _take(self, wait: float, most: int | None) -> list[_Waiting]:
        """What waits, as many events as may go into one commit."""
        group: list[_Waiting] = []
        size = 0
        try:
            message = self._queue.get(timeout=wait) if wait else self._queue.get_nowait()
            while True:
                if isinstance(message, _Close):
                    self._is_last = True
                else:
                    group.append(message)
                    size += len(message.events)
                    if most is not None and size >= most:
                        break
                message = self._queue.get_nowait()
        except Empty:
            pass
        return group

    def _settle(self, group: list[_Waiting], landed: Landed | None) -> None:
        """Tell everybody in the group what became of their events; None: not known to be stored, send it again."""
        if group:
            self._loop.call_soon_threadsafe(self._tell, group, landed)

    def _write_refusals(self, connection: Connection) -> None:
        if not self._refusals:
            return
        with self._refusals_lock:
            refusals, self._refusals = self._refusals, Counter()
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
            with self._refusals_lock:
                self._refusals += refusals
            raise

    # --- the event loop ------------------------------------------------------------------------------------------------------

    def _tell(self, group: list[_Waiting], landed: Landed | None) -> None:
        position = 0
        for waiting in group:
            size = len(waiting.events)
            self._events_waiting -= size
            if waiting.landed.done():
                pass  # its sender has gone away; what was stored is stored, and a retry counts once
            elif landed is None:
                waiting.landed.set_exception(StoreUnavailable("the store cannot be reached"))
            else:
                waiting.landed.set_result(landed[position : position + size])
            position += size
