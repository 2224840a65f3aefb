"""`footfall import`: what other programs recorded, and taking it back."""

import getpass
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from footfall import logs
from footfall.auth import tell, tenant_key
from footfall.cli.options import (
    AsJson,
    Data,
    DatabaseUrl,
    all_cells,
    cell_of,
    end_unless_all,
    existing_store,
    in_each,
    in_first,
    settings_of,
)
from footfall.cli.output import console, print_json, print_rows
from footfall.database import Cell, connect
from footfall.imports import FORMATS, Imported, bots, import_access_log, list_imports, outcome, undo_import
from footfall.settings import Settings
from footfall.worker import work_once

import_ = typer.Typer(no_args_is_help=True, help="Bring in what other programs recorded, and take it back.")
_Log = Annotated[
    Path, typer.Argument(help="The log, plain or packed (gzip, bzip2, xz, zstd); - is standard input.", allow_dash=True)
]


@import_.command()
def access_log(
    file: _Log,
    tenant: Annotated[str, typer.Option(help="Whose site it is.")],
    site: Annotated[
        str,
        typer.Option(help="What comes before the path in a page's URL, e.g. https://example.com, where the log does not say."),
    ] = "",
    log_format: Annotated[
        str,
        typer.Option(
            "--format",
            help=f"{', '.join(FORMATS)}; or one of your own, as nginx or Apache are told it. Default: told by the first lines.",
        ),
    ] = "",
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Import a web server's log as page views, downloads and missing pages, and load them. Twice counts once.

    Example: footfall import access-log access.log.gz --tenant acme --site https://www.acme.example
    """
    if str(file) != "-":
        try:
            file.open("rb").close()
        except OSError as error:
            raise typer.BadParameter(f"{file}: {error.strerror}") from None
    logs.configure(level=logs.LogLevel.WARNING)
    settings = settings_of(data, database_url)
    with existing_store(data, database_url, tenant) as store:
        with connect(store.url, "footfall_worker") as connection, _progress() as progress:
            said: dict[str, Any] = {"wanted": log_format, "trusted": settings.trusted_proxies, "by": _user()}
            if str(file) == "-":
                imported = import_access_log(connection, sys.stdin.buffer, tenant, site, **said)
            else:
                with progress.open(file, "rb", description="Importing") as opened:
                    imported = import_access_log(connection, opened, tenant, site, file_name=file.name, **said)
            tell(connection, "events.imported", "access-log", {"events": imported.imported}, tenant_key(connection, tenant))
        fates = _load(store.url, settings, imported)
        with connect(store.url, "footfall_worker") as connection:
            of_bots = bots(connection, imported)
    _tell(imported, fates, of_bots, as_json=as_json)


@import_.command(name="list")
def list_(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List what was imported, the latest first, also what was taken back.

    Example: footfall import list --tenant acme
    """
    with all_cells(data, database_url) as cells:
        chosen = [cell_of(cells, tenant)] if tenant else list(cells.all)
        found = in_each(chosen, lambda cell: _listed(cell, tenant))
    rows = sorted((row for there in found.values() for row in there), key=lambda row: row["begun_at"], reverse=True)
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, "Nothing was imported: footfall import access-log --help")
    end_unless_all(chosen, found)


def _listed(cell: Cell, tenant: str | None) -> list[dict[str, Any]]:
    with connect(cell.url, "footfall_worker") as connection:
        return list_imports(connection, tenant)


@import_.command()
def undo(
    import_id: Annotated[str, typer.Argument(help="Which one, as `footfall import list` names it.")],
    tenant: Annotated[str | None, typer.Option(help="Whose, where tenants have imports of one name.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Take an import back: everything that it brought is removed, and can be imported again.

    Example: footfall import undo 20260310T120000000000
    """
    logs.configure(level=logs.LogLevel.WARNING)
    settings = settings_of(data, database_url)
    with all_cells(data, database_url) as cells:
        if tenant:
            cell = cell_of(cells, tenant)
            done = _undone(cell, import_id, tenant)
        else:
            cell, done = in_first(cells, "import_unknown", lambda cell: _undone(cell, import_id, None))
        work_once(cell.url, settings)
    if as_json:
        print_json(done)
        return
    console.print(f"Removed {done['removed']:,} events of import {import_id}.")
    if done["reloaded"]:
        console.print(f"{done['reloaded']:,} events that had come once more count from there now.")


def _undone(cell: Cell, import_id: str, tenant: str | None) -> dict[str, Any]:
    with connect(cell.url, "footfall_worker") as connection:
        return undo_import(connection, import_id, tenant)


def _tell(imported: Imported, fates: dict[str, int], of_bots: int, *, as_json: bool) -> None:
    """Say what became of a log; what is wrong with it on standard error."""
    warnings = []
    if imported.incomplete:
        warnings.append(imported.incomplete)
    if imported.malformed:
        number, line = imported.malformed
        warnings.append(f"line {number:,} is the first that could not be read: {line[:500]}")
    if imported.is_site_missing and imported.imported:
        warnings.append(
            "--site is missing: the log does not say whose pages these are. They have no host, and a referrer counts only where"
            " it is known, a search engine for one: it may be a page of the site itself"
        )
    if as_json:
        print_json(
            {
                "import": imported.import_id,
                "format": imported.format,
                "imported": imported.imported,
                "kinds": imported.kinds,
                "bots": of_bots,
                "skipped": imported.skipped,
                "outcome": fates,
                "incomplete": imported.incomplete,
                "warnings": warnings,
            }
        )
        return
    said = ", ".join(f"{count:,} {_KINDS[kind]}" for kind, count in imported.kinds.items()) or "no page views"
    console.print(f"Imported {said}" + "".join(f", {n:,} {fate}" for fate, n in fates.items()) + ".")
    if of_bots:
        console.print(f"{of_bots:,} of them are of bots.")
    for reason, count in sorted(imported.skipped.items()):
        console.print(f"Skipped {count:,} lines: {_REASONS[reason]}.")
    console.print(f"Format {imported.format}; to take it back: footfall import undo {imported.import_id}")
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)


def _load(url: str, settings: Settings, imported: Imported) -> dict[str, int]:
    """Load what was imported, and tell what became of it. A worker that runs beside may hold some of it: it is waited for."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        work_once(url, settings)
        with connect(url, "footfall_worker") as connection:
            fates = outcome(connection, imported)
        if "pending" not in fates or time.monotonic() > deadline:
            return fates
        time.sleep(settings.poll_seconds)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as containers have them
        return ""


_PATIENCE_SECONDS = 60  # for what another worker holds, or what has failed and is tried again
_KINDS = {"page_view": "page views", "download": "downloads", "not_found": "missing pages"}
_REASONS = {
    "asset": "pictures, scripts and other files of pages",
    "error": "not answered (errors other than missing pages)",
    "feed": "feeds",
    "malformed": "they could not be read",
    "method": "not GET",
    "no_request": "they tell of no request",
    "proxy": "asked for pages of other sites, as of a proxy",
    "redirect": "redirects",
}


def _progress() -> Progress:
    """On standard error, so that standard output stays the command's answer."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
