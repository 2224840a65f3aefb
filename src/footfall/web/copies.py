"""Copies of the archive's files, which this process reads, looked after as long as it runs."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import anyio.to_thread
import psycopg
from psycopg_pool import PoolTimeout

from footfall.archive.copies import Copies
from footfall.database import Pool, Pools
from footfall.errors import CellAway

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 2.0  # for which what is erased may stay on this disk


@contextlib.asynccontextmanager
async def looked_after(copies: Copies | None, readers: Pools) -> AsyncIterator[None]:
    """Have the copies go that may not be any more, and those come that are wanted; of each store beside the others."""
    if copies is None:
        yield
        return
    threads = anyio.CapacityLimiter(len(readers.each()))
    tasks = [asyncio.create_task(_look_after(copies, one, threads)) for one in readers.each()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.to_thread(copies.close)


async def _look_after(copies: Copies, store: Pool, threads: anyio.CapacityLimiter) -> None:
    while True:
        await anyio.to_thread.run_sync(_once, copies, store, limiter=threads, abandon_on_cancel=True)
        await asyncio.sleep(_PAUSE_SECONDS)


def _once(copies: Copies, store: Pool) -> None:
    try:
        with store.connection() as connection:
            copies.look_after(connection)
    except (psycopg.Error, PoolTimeout, CellAway):
        pass  # /health/ready says so
    except Exception:  # whatever it is: who stops here keeps what is erased
        logger.exception("the folder that FOOTFALL_ARCHIVE_CACHE names cannot be looked after")
