"""A group commit a cell: which of them takes a tenant's events, and what none of them is asked for."""

import asyncio

from footfall.database import Cells
from footfall.errors import StoreUnavailable
from footfall.raw.group_commit import GroupCommit
from footfall.settings import HOME


class Commits:
    """The group commits of a store, or of several cells. Each has a thread and a connection: none waits for another."""

    def __init__(self, cells: Cells, max_waiting: int) -> None:
        self._cells = cells
        self._of = {cell.name: GroupCommit(cell.url, max_waiting, cell.name if cells.are_several else None) for cell in cells.all}

    def start(self) -> None:
        """Begin to land, for the event loop that runs here."""
        for commit in self._of.values():
            commit.start()

    async def close(self) -> None:
        """Land what waits, then end."""
        await asyncio.gather(*(commit.close() for commit in self._of.values()))

    @property
    def events_waiting(self) -> int:
        """How many events wait for their commit."""
        return sum(commit.events_waiting for commit in self._of.values())

    def of(self, cell: str) -> GroupCommit:
        """Where the events of a cell's tenants are landed."""
        return self._of[cell]

    def require_open(self) -> None:
        """Raises StoreUnavailable when no cell takes events."""
        closed = None
        for commit in self._of.values():
            try:
                return commit.require_open()
            except StoreUnavailable as error:
                closed = closed or error
        assert closed is not None  # noqa: S101  there is home at least
        raise closed

    def count_refusal(self, tenant_hk: bytes, reason: str, count: int = 1, cell: str = HOME) -> None:
        """Count what the door did not take, where its tenant lives."""
        self._of[cell].count_refusal(tenant_hk, reason, count)

    def moved(self) -> None:
        """Find out before long where tenants are."""
        self._cells.forget()
