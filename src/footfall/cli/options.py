"""Options that mean the same for every command."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import psycopg
import typer

from footfall.auth import tenant_key
from footfall.database import Cell, Cells, Connection, Store, administering, connect, open_store, pool
from footfall.errors import CellAway, FootfallError, NotAccepted, StoreUnavailable
from footfall.settings import CellUrls, Settings

Found = TypeVar("Found")

Data = Annotated[
    Path | None, typer.Option("--data", help="Folder of the embedded store (setting FOOTFALL_DATA; default: footfall-data).")
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database-url", help="A PostgreSQL server to use instead of the embedded store (setting DATABASE_URL)."),
]
Port = Annotated[int | None, typer.Option("--port", help="Port of the HTTP server (setting FOOTFALL_PORT; default: 8700).")]
CellName = Annotated[
    str | None, typer.Option("--cell", help="Of several cells (setting FOOTFALL_CELLS), this one; home: the store itself.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Say it in JSON, for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Log only what somebody should look at.")]


def settings_of(data: Path | None, database_url: str | None, port: int | None = None) -> Settings:
    """The settings of a command: its options, then the environment, then the defaults.

    Who names a server means that one alone: the cells that the environment names are beside another home.
    """
    alone = CellUrls("") if database_url is not None else None
    return Settings.read().override(data=data, database_url=database_url, port=port, cells=alone)


class _BesideHome(Store):
    """A cell, with home held open: it may be another database of the same embedded server."""

    def __init__(self, url: str, home: Store) -> None:
        super().__init__(url)
        self._home = home

    def close(self) -> None:
        """Let go of both."""
        self._home.close()


def existing_store(data: Path | None, database_url: str | None, tenant: str | None = None, cell: str | None = None) -> Store:
    """The store that a command is about: of several cells that of the tenant, or the one that is named, else home.

    Raises StoreUnavailable when there is none; NotAccepted: ``cell_unknown``; CellsInvalid.
    """
    settings = settings_of(data, database_url)
    home = open_store(settings.database_url, settings.data, user=settings.postgres_user)
    if tenant is None and cell is None:
        return home
    with contextlib.ExitStack() as leaving:
        leaving.enter_context(home)
        cells = Cells(home.url, settings.cells.named)
        found = cells.called(cell) if cell else cell_of(cells, tenant or "")
        if found is cells.home:
            leaving.pop_all()
            return home
        leaving.pop_all()
    return _BesideHome(found.url, home)


@contextlib.contextmanager
def all_cells(data: Path | None, database_url: str | None) -> Iterator[Cells]:
    """All stores there are, home open. Raises StoreUnavailable when that is not there."""
    with existing_store(data, database_url) as home:
        yield Cells(home.url, settings_of(data, database_url).cells.named)


def cell_of(cells: Cells, tenant: str) -> Cell:
    """Where a tenant lives; home for one that is nowhere. Raises CellAway: it may be in a cell that does not answer."""
    if cells.key_of(tenant) is None and cells.away:
        raise CellAway(", ".join(sorted(cells.away)))
    return cells.of_id(tenant)


def in_each(chosen: Sequence[Cell], work: Callable[[Cell], Found]) -> dict[str, Found]:
    """What some work in each cell comes to, by their names. One that fails costs the others nothing: it is told, and left out."""
    if len(chosen) == 1:
        return {chosen[0].name: work(chosen[0])}
    found = {}
    for cell in chosen:
        try:
            found[cell.name] = work(cell)
        except (psycopg.OperationalError, FootfallError) as error:
            code = error.code if isinstance(error, FootfallError) else CellAway.code
            typer.echo(f"{code}: cell {cell.name}: {' '.join(str(error).split())}", err=True)
    return found


def in_first(cells: Cells, unknown: str, work: Callable[[Cell], Found]) -> tuple[Cell, Found]:
    """The first cell that knows what some work is about, and what that comes to there.

    Raises NotAccepted: `unknown`, as the work does in a cell that does not know it; CellAway: one of those that are away may.
    """
    missed: list[FootfallError] = []
    for cell in cells.all:
        try:
            return cell, work(cell)
        except NotAccepted as refused:
            if refused.code != unknown:
                raise
            missed.append(refused)
        except (psycopg.OperationalError, StoreUnavailable):
            if not cells.are_several:
                raise
            missed.append(CellAway(cell.name))
    raise next((one for one in missed if isinstance(one, CellAway)), missed[0])


def end_unless_all(chosen: Sequence[Cell], found: dict[str, Found]) -> None:
    """End the command with exit status 1 if a cell has been left out by `in_each`."""
    if len(found) < len(chosen):
        raise typer.Exit(1)


@contextlib.contextmanager
def setting_up(store: Store, tenant: str) -> Iterator[Connection]:
    """A transaction that changes this tenant's settings. Raises NotAccepted: ``tenant_unknown``."""
    with connect(store.url, "footfall_worker") as connection:
        tenant_hk = tenant_key(connection, tenant)
    with pool(store.url, "footfall_admin", size=1) as administrators, administering(administrators, tenant_hk) as connection:
        yield connection
