"""The group commit of the door: whoever arrives while a commit is under way shares the next one.

Tenants take turns, and a turn is short: however much one of them sends, the others' events are in the next commit.
"""

import asyncio
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from queue import Empty, SimpleQueue

import psycopg

from footfall import measures
from footfall.database import Connection, connect
from footfall.errors import CellAway, FootfallError, NotAccepted, StoreUnavailable
from footfall.logs import request_id
from footfall.raw.landing import IncomingEvent, land, moving, tenant_moving
from footfall.raw.traced import Turn, tell_commit
from footfall.traces import tracer

logger = logging.getLogger(__name__)

Landed = list[bool]
_MOST_AT_ONCE = 1000  # events in one commit; the last turn in may exceed it
_COST_AT_ONCE = 262_144  # of the events in one commit, likewise
_COST_OF_TURN = 65_536  # of those of a tenant that are taken at a time; the last event may exceed it
_TENANTS_SHARE = 4  # all tenants together may have so many times as many events waiting as one
_FLUSH_SECONDS = 1.0  # refusals are counted at least this often
_RETRY_SECONDS = 0.5  # between attempts to reach a store that is away


@dataclass(slots=True, eq=False)
class _Waiting:
    """A request: its events, how many have had their turn, and what became of those that were landed."""

    events: Sequence[IncomingEvent]
    tenant: str
    landed: "asyncio.Future[Landed]"
    request_id: str
    taken: int = 0
    fates: Landed = field(default_factory=list)

    def turn(self) -> Sequence[IncomingEvent]:
        """The next of its events: nearly always all."""
        begin = end = self.taken
        cost = 0
        while end < len(self.events) and cost < _COST_OF_TURN:
            cost += self.events[end].cost
            end += 1
        self.taken = end
        return self.events[begin:end]


_Group = list[tuple[_Waiting, Sequence[IncomingEvent]]]


@dataclass(frozen=True, slots=True)
class _Close:
    pass


class GroupCommit:
    """One thread with one connection that lands what waits, commit after commit; its senders live in an event loop.

    No timer gathers events: under load a commit takes long enough for the next group to gather by itself, and a lone event does
    not wait at all. Events go through a queue and, a whole group in one step, their fates come back into the loop: it is woken
    once for a commit, not once for a sender.
    """

    def __init__(self, url: str, max_waiting: int, cell: str | None = None) -> None:
        """`cell`: as which of several the store is known; None: there are no others."""
        self._url = url
        self._cell = cell
        self._max_waiting = max_waiting
        self._queue: SimpleQueue[_Waiting | _Close] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)
        # of the event loop
        self._events_waiting: Counter[str] = Counter()
        self._is_closing = False
        # of the thread
        self._is_last = False
        self._turns: dict[str, deque[_Waiting]] = {}
        self._landing: _Group = []
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

    @property
    def events_waiting(self) -> int:
        """How many events wait for their commit."""
        return self._events_waiting.total()

    def require_open(self) -> None:
        """Raises StoreUnavailable at once when the store is known to be away, or this is closing."""
        if self._is_away or self._is_closing or (self._thread.ident and not self._thread.is_alive()):
            raise self._away()

    def _away(self) -> StoreUnavailable:
        return CellAway(self._cell) if self._cell else StoreUnavailable("the store cannot be reached")

    async def submit(self, events: Sequence[IncomingEvent]) -> Landed:
        """Have events landed; tells, after the commit, for each whether it was stored.

        They are of one tenant's request. Raises NotAccepted: ``overloaded`` (503) when too many events of the tenant, or of all,
        wait already, ``tenant_moving`` (503) while the tenant moves to another cell; StoreUnavailable when the store cannot be
        reached: then it is not known whether the events were stored.
        """
        self.require_open()
        tenant = events[0].tenant_id
        room = min(
            self._max_waiting - self._events_waiting[tenant], self._max_waiting * _TENANTS_SHARE - self._events_waiting.total()
        )
        if len(events) > room:
            raise NotAccepted(
                "overloaded", "too many events wait to be stored: send it again", HTTPStatus.SERVICE_UNAVAILABLE, retry_after=1
            )
        landed: asyncio.Future[Landed] = asyncio.get_running_loop().create_future()
        self._events_waiting[tenant] += len(events)
        self._queue.put(_Waiting(events, tenant, landed, request_id.get()))
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
                logger.warning(
                    "the store does not take events: %s", error, exc_info=not isinstance(error, (psycopg.Error, FootfallError))
                )
                self._is_away = True
                # nobody waits for a store that is away: they are told, and may try again
                self._give_up()
                if not self._is_last:
                    time.sleep(_RETRY_SECONDS)
        self._give_up()
        if telling := tracer():
            telling.flush()

    def _land_until_closed(self, connection: Connection) -> None:
        while self._turns or not self._is_last:
            self._receive(0 if self._turns or self._is_last else _FLUSH_SECONDS)
            self._landing = self._group()
            if self._landing:
                self._land(connection)
            self._write_refusals(connection)

    def _land(self, connection: Connection) -> None:
        group, began = self._landing, time.time()
        if self._cell is None:
            landed = land(connection, [event for _, turn in group for event in turn])
        else:
            # who asks whether a tenant moves keeps it from going until this is committed
            with connection.transaction():
                if gone := moving(connection, [event for _, turn in group for event in turn]):
                    self._refuse(gone)
                    group = self._landing
                landed = land(connection, [event for _, turn in group for event in turn])
        ended = time.time()
        self._finish(landed)
        measures.COMMIT_SECONDS.observe(ended - began)
        measures.EVENTS.labels("accepted", "").inc(sum(landed))
        if telling := tracer():
            tell_commit(telling, [Turn(one.request_id, turn, turn[0] is one.events[0]) for one, turn in group], began, ended)

    def _refuse(self, tenants: set[str]) -> None:
        """Tell those of these tenants that their tenant moves; the others are landed."""
        refused = [waiting for waiting, _ in self._landing if waiting.tenant in tenants]
        for tenant in tenants:
            refused += self._turns.pop(tenant, ())
        self._landing = [(waiting, turn) for waiting, turn in self._landing if waiting.tenant not in tenants]
        self._settle([(one, tenant_moving()) for one in dict.fromkeys(refused)])

    def _receive(self, wait: float) -> None:
        """Have what was submitted wait for its turn."""
        try:
            message = self._queue.get(timeout=wait) if wait else self._queue.get_nowait()
            while True:
                if isinstance(message, _Close):
                    self._is_last = True
                else:
                    self._turns.setdefault(message.tenant, deque()).append(message)
                message = self._queue.get_nowait()
        except Empty:
            pass

    def _group(self) -> _Group:
        """What goes into the next commit: a turn of each tenant that waits, and of all again, as long as there is room."""
        group: _Group = []
        size = cost = 0
        while self._turns and size < _MOST_AT_ONCE and cost < _COST_AT_ONCE:
            # who has had a turn comes last the next time
            tenant, requests = next(iter(self._turns.items()))
            del self._turns[tenant]
            waiting = requests[0]
            turn = waiting.turn()
            group.append((waiting, turn))
            if waiting.taken == len(waiting.events):
                requests.popleft()
            if requests:
                self._turns[tenant] = requests
            size += len(turn)
            cost += sum([event.cost for event in turn])
        return group

    def _finish(self, landed: Landed) -> None:
        """Tell those whose events have all been landed."""
        fates = iter(landed)
        told: list[tuple[_Waiting, Landed | FootfallError]] = []
        for waiting, turn in self._landing:
            waiting.fates += [next(fates) for _ in turn]
            if len(waiting.fates) == len(waiting.events):
                told.append((waiting, waiting.fates))
        self._landing = []
        self._settle(told)

    def _give_up(self) -> None:
        """Tell everybody who waits that their events are not known to be stored."""
        self._receive(wait=0)
        waiting = [*(waiting for waiting, _ in self._landing), *(one for requests in self._turns.values() for one in requests)]
        self._settle([(one, self._away()) for one in dict.fromkeys(waiting)])
        self._turns.clear()
        self._landing = []

    def _settle(self, told: list[tuple[_Waiting, Landed | FootfallError]]) -> None:
        """Tell what became of their events, or why they are not known to be stored: send them again."""
        if told:
            self._loop.call_soon_threadsafe(self._tell, told)

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

    def _tell(self, told: list[tuple[_Waiting, Landed | FootfallError]]) -> None:
        for waiting, landed in told:
            self._events_waiting[waiting.tenant] -= len(waiting.events)
            if not self._events_waiting[waiting.tenant]:
                del self._events_waiting[waiting.tenant]
            if waiting.landed.done():
                pass  # its sender has gone away; what was stored is stored, and a retry counts once
            elif isinstance(landed, FootfallError):
                waiting.landed.set_exception(landed)
            else:
                waiting.landed.set_result(landed)
