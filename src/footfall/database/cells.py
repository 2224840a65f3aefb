"""Cells: tenants over several ordinary PostgreSQL stores, each in one. Everything above asks for a tenant's store.

No question, load or join crosses tenants, so that none crosses cells. Which tenant is where, the cells' own tenants say: there is
no directory that could disagree. A store that is alone is never asked. For dozens of cells, not for a thousand.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import psycopg

from footfall.database.connection import Connection, Pool, Role, connect, pool
from footfall.errors import CellsInvalid, FootfallError, NotAccepted
from footfall.settings import HOME

logger = logging.getLogger(__name__)

_KNOWN_SECONDS = 60.0  # for which it is known where tenants are
_MISSED_SECONDS = 5.0  # after which it is asked again where somebody is who is nowhere: they may have been added since
_PATIENCE_SECONDS = 3  # with a cell that does not answer where tenants are


@dataclass(frozen=True, slots=True)
class Cell:
    """A store among several."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class _Tenant:
    """A tenant as a cell has it; `state`: leaving, arriving, left; None: it lives there."""

    tenant_hk: bytes
    names: tuple[str, ...]
    state: str | None


class Cells:
    """The stores there are, home first, and where each tenant lives."""

    def __init__(self, home_url: str, others: Iterable[tuple[str, str]] = ()) -> None:
        self.all = (Cell(HOME, home_url), *(Cell(name, url) for name, url in others))
        self._lock = threading.Lock()
        self._told: dict[str, list[_Tenant]] = {}  # by each cell, when it was last there
        self._of: dict[bytes, Cell] = {}
        self._named: dict[str, bytes] = {}
        self._read_at = float("-inf")
        self.away: frozenset[str] = frozenset()  # the names of those that did not answer
        self.doubled: dict[bytes, CellsInvalid] = {}

    @property
    def home(self) -> Cell:
        """Where people, their roles and their sign-ins are kept."""
        return self.all[0]

    @property
    def are_several(self) -> bool:
        """Whether there are others than home."""
        return len(self.all) > 1

    def called(self, name: str) -> Cell:
        """The cell of this name. Raises NotAccepted: ``cell_unknown``."""
        for cell in self.all:
            if cell.name == name:
                return cell
        raise NotAccepted("cell_unknown", f"there is no cell {name!r}: there are {', '.join(cell.name for cell in self.all)}")

    def of(self, tenant_hk: bytes) -> Cell:
        """Where a tenant lives; home for one that is nowhere: it says so itself."""
        return self.known(tenant_hk) or self.home

    def known(self, tenant_hk: bytes) -> Cell | None:
        """Where a tenant lives; None: nowhere, as far as the cells that answered tell.

        Raises CellsInvalid for one that lives in two: neither half is read or written before somebody has looked.
        """
        if not self.are_several:
            return self.home
        if tenant_hk not in self._of:
            self._read(_MISSED_SECONDS)
        if tenant_hk in self.doubled:
            raise self.doubled[tenant_hk]
        return self._of.get(tenant_hk)

    def shows(self, tenant_id: str, cell: str) -> bool:
        """Whether a list of all has the tenant of this cell that is called so: one that two cells have, it has once."""
        tenant_hk = self.key_of(tenant_id)
        return tenant_hk is None or tenant_hk not in self._of or self._of[tenant_hk].name == cell

    def learn(self, tenant_hk: bytes, name: str) -> None:
        """Somebody has found a tenant in the cell of this name, whom none had when they were asked last."""
        self._of.setdefault(tenant_hk, self.called(name))

    def key_of(self, tenant_id: str) -> bytes | None:
        """The hash key of the tenant that is called so, now or before; None: it is in no cell."""
        if not self.are_several:
            return None
        if tenant_id not in self._named:
            self._read(_MISSED_SECONDS)
        return self._named.get(tenant_id)

    def require_unknown(self, tenant_id: str, unless: str = "") -> None:
        """Raises NotAccepted: ``tenant_exists`` for an id that another tenant, not `unless`, has in any cell."""
        tenant_hk = self.key_of(tenant_id)
        if tenant_hk is not None and tenant_hk != self.key_of(unless):
            raise NotAccepted("tenant_exists", f"there is a tenant {tenant_id!r} already, in cell {self.of(tenant_hk).name}")

    def of_id(self, tenant_id: str) -> Cell:
        """Where the tenant that is called so lives; home for one that is nowhere."""
        if not self.are_several:
            return self.home
        tenant_hk = self.key_of(tenant_id)
        return self.home if tenant_hk is None else self.of(tenant_hk)

    @property
    def names(self) -> dict[bytes, str]:
        """What tenants were called first, by their hash keys."""
        self._read(_KNOWN_SECONDS)
        return {tenant.tenant_hk: tenant.names[0] for told in self._told.values() for tenant in told}

    def refresh(self) -> None:
        """Ask the cells where tenants are, unless that is known of the last minute."""
        if self.are_several:
            self._read(_KNOWN_SECONDS)

    def forget(self) -> None:
        """Ask them again before long: somebody has moved."""
        self._read_at = min(self._read_at, time.monotonic() - _KNOWN_SECONDS + _MISSED_SECONDS)

    def _read(self, seconds: float) -> None:
        # who knows something waits for nobody else's asking: a cell may hang
        if not self._lock.acquire(blocking=not self._told):
            return
        try:
            asked_at = time.monotonic()
            if asked_at < self._read_at + seconds:
                return
            with ThreadPoolExecutor(len(self.all)) as threads:
                told = dict(zip((cell.name for cell in self.all), threads.map(_tenants_of, self.all), strict=True))
            self.away = frozenset(name for name, tenants in told.items() if tenants is None)
            self._told |= {name: tenants for name, tenants in told.items() if tenants is not None}
            self._read_at = asked_at  # what was told is as old as that
            self._place()
        finally:
            self._lock.release()

    def _place(self) -> None:
        """Take what cells told together: who has settled somewhere is there; who leaves, is where they leave until then."""
        settled: dict[bytes, Cell] = {}
        leaving: dict[bytes, Cell] = {}
        names: dict[str, bytes] = {}
        doubled: dict[bytes, CellsInvalid] = {}
        for cell in self.all:
            for tenant in self._told.get(cell.name, ()):
                if tenant.state is None and (other := settled.setdefault(tenant.tenant_hk, cell)) is not cell:
                    both = f"in cell {other.name} and in cell {cell.name}"
                    message = f"tenant {tenant.names[0]} is {both}: delete it in one of them"
                    logger.error("%s", message)
                    doubled[tenant.tenant_hk] = CellsInvalid("tenant_in_two_cells", message)
                if tenant.state == "leaving":
                    leaving[tenant.tenant_hk] = cell
                if tenant.state in (None, "leaving"):
                    names |= dict.fromkeys(tenant.names, tenant.tenant_hk)
        self._of, self._named, self.doubled = leaving | settled, names, doubled


def _tenants_of(cell: Cell) -> list[_Tenant] | None:
    """A cell's own tenants; None: it does not answer."""
    try:
        with connect(cell.url, "footfall_ingest", _PATIENCE_SECONDS) as connection:
            rows = connection.execute("/* database.cells */ SELECT * FROM auth.cell_tenants()").fetchall()
    except (psycopg.Error, FootfallError) as error:
        logger.warning("cell %s does not tell its tenants: %s", cell.name, error)
        return None
    return [_Tenant(bytes(tenant_hk), tuple(names), state) for tenant_hk, names, state, _ in rows]


class CellPools:
    """A pool a cell, in one role: `Pools`, to be opened with `with`."""

    def __init__(self, cells: Cells, role: Role, size: int) -> None:
        self._cells = cells
        self._pools = {cell.name: _one_of_several(cells, cell, role, size) for cell in cells.all}

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opened:
            for one in self._pools.values():
                opened.enter_context(one)
            self._opened = opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._opened.close()

    def of(self, tenant_hk: bytes) -> Pool:
        """Where this tenant lives."""
        return self._pools[self._cells.of(tenant_hk).name]

    def each(self) -> tuple[Pool, ...]:
        """All there are, home first."""
        return tuple(self._pools.values())

    def named(self, tenant_id: str) -> tuple[Pool, bytes | None]:
        """Where the tenant that is called so lives, and its hash key; home and None: it is nowhere."""
        tenant_hk = self.key_of(tenant_id) if tenant_id else None
        return self._pools[HOME] if tenant_hk is None else self.of(tenant_hk), tenant_hk

    def key_of(self, tenant_id: str) -> bytes | None:
        """The hash key of the tenant that is called so; None: it is in no cell."""
        return self._cells.key_of(tenant_id)

    def shows(self, tenant_id: str, cell: str) -> bool:
        """Whether a list of all has this cell's tenant of this name."""
        return self._cells.shows(tenant_id, cell)


class _CellPool(Pool):
    is_one_of_several = True
    cells: Cells

    def lives(self, tenant_hk: bytes) -> bool:
        cell = self.cells.known(tenant_hk)
        if cell is None:
            self.cells.learn(tenant_hk, self.cell)
        return cell is None or cell.name == self.cell


def pools(cells: Cells, role: Role, size: int) -> Pool | CellPools:
    """Pools of so many connections to each cell; of a store that is alone, its pool."""
    return CellPools(cells, role, size) if cells.are_several else pool(cells.home.url, role, size)


def _one_of_several(cells: Cells, cell: Cell, role: Role, size: int) -> Pool:
    made = pool(cell.url, role, size, _CellPool)
    assert isinstance(made, _CellPool)  # noqa: S101  that is what was asked for
    made.cell, made.cells = cell.name, cells
    return made


def number_cells(cells: Cells) -> None:
    """Have each cell know its name and its number, from which on its sequences begin: once, with all of them there.

    What a tenant brings along then meets no number that is given where it comes. As the schemas' owner. Raises CellsInvalid:
    ``cells_same_database``, ``cells_misplaced``; psycopg.OperationalError when one is away and another has no number yet.
    """
    if not cells.are_several:
        return
    with contextlib.ExitStack() as opened:
        stores = {cell: opened.enter_context(connect(cell.url)) for cell in cells.all}
        _require_apart(stores)
        known = {cell: _marked(store) for cell, store in stores.items()}
        for cell, mark in known.items():
            if mark and mark[0] != cell.name:
                message = f"the store that FOOTFALL_CELLS calls {cell.name} calls itself {mark[0]}: its URL is another's"
                raise CellsInvalid("cells_misplaced", message)
        given = {mark[1] for mark in known.values() if mark}
        for cell, store in stores.items():
            mark = known[cell]
            number = mark[1] if mark else 0 if cell is cells.home else max(given | {0}) + 1
            given.add(number)
            with store.transaction():
                store.execute("INSERT INTO util.cell VALUES (%s, %s) ON CONFLICT DO NOTHING", (cell.name, number))
                store.execute("SELECT util.begin_sequences(%s)", (number,))


def require_numbered(cells: Cells, store: Connection, name: str) -> None:
    """What a cell gives before it has its number, another may give too. Raises NotAccepted: ``not_numbered``."""
    if cells.are_several and _marked(store) is None:
        message = f"cell {name} has no number yet: `footfall migrate` gives it one, when all cells answer"
        raise NotAccepted("not_numbered", message)


def _require_apart(stores: dict[Cell, Connection]) -> None:
    seen: dict[object, Cell] = {}
    for cell, store in stores.items():
        where = store.execute("SELECT c.system_identifier, current_database() FROM pg_control_system() c").fetchone()
        if (other := seen.setdefault(where, cell)) is not cell:
            raise CellsInvalid("cells_same_database", f"cells {other.name} and {cell.name} are the same database")


def _marked(store: Connection) -> tuple[str, int] | None:
    row = store.execute("SELECT cell_name, cell_number FROM util.cell").fetchone()
    return None if row is None else (str(row[0]), int(row[1]))
