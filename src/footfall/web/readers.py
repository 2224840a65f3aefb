"""The store's readers, shared: whoever asks has a share of them, and who asks too much waits, for nobody's sake but their own.

Of several stores each has readers, turns and threads of its own: one that hangs has its own tenants wait, and no others.
"""

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import TypeVar

import anyio.to_thread
from starlette.concurrency import run_in_threadpool

from footfall.database import Connection, Pool, Pools, reading
from footfall.errors import NotAccepted
from footfall.vault.hashing import hash_key
from footfall.web.callers import Reader

Answer = TypeVar("Answer")

READERS = 8  # connections of a server process, to one store, that answer questions
_SPARE = 2  # of these for what is short: health, live events
_SHARE = 3  # of a tenant
_SHARE_OF_GUESTS = 2  # of all guests of a tenant together
_QUEUE = 40  # questions of an asker that may wait: a page asks for a dozen
_PATIENCE = 15.0  # seconds
_HALF_LIFE = 60.0  # seconds after which half of what somebody used is forgotten
_IDLE = 0.001  # seconds used, below which nothing is remembered of somebody


class Readers:
    """Answers what tenants ask, in turns."""

    def __init__(self, connections: Pools, seconds: float) -> None:
        self._connections = connections
        self._seconds = seconds
        self._turns = {one.cell: Turns(READERS - _SPARE, _QUEUE, _PATIENCE) for one in connections.each()}
        # apart from the threads of all other requests: as many as have turns
        self._threads = anyio.CapacityLimiter(len(self._turns) * (READERS - _SPARE))

    async def answer(self, reader: Reader, work: Callable[[Connection], Answer]) -> Answer:
        """What `work` makes of a read-only transaction of the reader's tenant, on a thread.

        Raises NotAccepted: ``too_many_questions``; psycopg.errors.QueryCanceled when a statement takes too long.
        """
        tenant_hk = hash_key(reader.tenant_id)
        where = await run_in_threadpool(self._connections.of, tenant_hk)
        async with self._turns[where.cell].turn(reader, _SHARE_OF_GUESTS if reader.is_guest else _SHARE):
            answering = partial(self._at_once, where, tenant_hk, work)
            return await anyio.to_thread.run_sync(answering, limiter=self._threads)

    def _at_once(self, where: Pool, tenant_hk: bytes, work: Callable[[Connection], Answer]) -> Answer:
        with reading(where, tenant_hk, self._seconds) as connection:
            return work(connection)


@dataclass(slots=True)
class _Asker:
    share: int
    at_work: int = 0
    used: float = 0.0  # seconds of readers, of late
    used_at: float = 0.0
    waiting: deque["asyncio.Future[None]"] = field(default_factory=deque)

    def used_by(self, now: float) -> float:
        """What is still remembered of the seconds used."""
        return self.used * math.exp2((self.used_at - now) / _HALF_LIFE)


class Turns:
    """`slots` questions are answered at a time; of those who wait, who has fewest at work, then who used least of late, is next.

    An asker has at most `queue` questions waiting, each no longer than `patience` seconds. For one event loop.
    """

    def __init__(self, slots: int, queue: int, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._free = slots
        self._queue = queue
        self._patience = patience
        self._clock = clock
        self._askers: dict[Hashable, _Asker] = {}

    @contextlib.asynccontextmanager
    async def turn(self, asker: Hashable, share: int) -> AsyncIterator[None]:
        """Wait for a turn and have it; of an asker `share` at most. Raises NotAccepted: ``too_many_questions`` (503)."""
        await self._take(asker, share)
        began = self._clock()
        try:
            yield
        finally:
            self._give_back(asker, self._clock() - began)

    async def _take(self, asker: Hashable, share: int) -> None:
        state = self._askers.setdefault(asker, _Asker(share))
        if self._free and state.at_work < share and not state.waiting:
            self._begin(state)
            return
        if len(state.waiting) >= self._queue:
            raise _too_many()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        state.waiting.append(turn)
        try:
            await asyncio.wait_for(asyncio.shield(turn), self._patience)
        except BaseException as error:
            if turn.done():  # it came in the same moment
                self._give_back(asker, 0.0)
            else:
                state.waiting.remove(turn)
                self._forget_idle(asker)
            if isinstance(error, TimeoutError):
                raise _too_many() from None
            raise

    def _begin(self, state: _Asker) -> None:
        self._free -= 1
        state.at_work += 1

    def _give_back(self, asker: Hashable, seconds: float) -> None:
        state, now = self._askers[asker], self._clock()
        state.used, state.used_at = state.used_by(now) + seconds, now
        state.at_work -= 1
        self._free += 1
        self._forget_idle(asker)
        while self._free and (waiting := [one for one in self._askers.values() if one.waiting and one.at_work < one.share]):
            following = min(waiting, key=lambda one: (one.at_work, one.used_by(now)))
            self._begin(following)
            following.waiting.popleft().set_result(None)

    def _forget_idle(self, asker: Hashable) -> None:
        """Forget this one when there is nothing to remember, and now and then all others of whom that is so."""
        now = self._clock()
        of_interest = self._askers if len(self._askers) > 1000 else [asker]  # noqa: PLR2004  scanned seldom, and never long
        for one in list(of_interest):
            state = self._askers[one]
            if not state.at_work and not state.waiting and state.used_by(now) < _IDLE:
                del self._askers[one]


def _too_many() -> NotAccepted:
    return NotAccepted(
        "too_many_questions",
        "more is asked at once than can be answered: ask again, one after the other",
        HTTPStatus.SERVICE_UNAVAILABLE,
        retry_after=2,
    )
