"""`footfall import`: what other programs recorded."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from footfall import logs
from footfall.auth import tell, tenant_key
from footfall.cli.options import AsJson, Data, DatabaseUrl, settings_of
from footfall.cli.output import console, print_json
from footfall.database import connect, open_store
from footfall.imports import Imported, import_access_log, outcome
from footfall.settings import Settings
from footfall.worker import work_once

import_ = typer.Typer(no_args_is_help=True, help="Bring in what other programs recorded.")


@import_.callback()
def _group() -> None:
    """Keep `access-log` a command of its own while it is the only one."""


@import_.command()
def access_log(
    file: Annotated[Path, typer.Argument(help="Combined format, plain or gzip; - is standard input.", allow_dash=True)],
    tenant: Annotated[str, typer.Option(help="Whose site it is.")],
    site: Annotated[str, typer.Option(help="What comes before the path in a page's URL, e.g. https://example.com.")] = "",
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Import a web server's log (Apache, nginx: combined format) as page views, and load them. Twice counts once.

    Example: footfall import access-log access.log.gz --tenant acme --site https://www.acme.example
    """
    logs.configure(level=logs.LogLevel.WARNING)
    settings = settings_of(data, database_url)
    with open_store(settings.database_url, settings.data, user=settings.postgres_user) as store:
        with connect(store.url, "footfall_worker") as connection, _progress() as progress:
            if str(file) == "-":
                imported = import_access_log(connection, sys.stdin.buffer, tenant, site)
            else:
                with progress.open(file, "rb", description="Importing") as opened:
                    imported = import_access_log(connection, opened, tenant, site)
            tell(connection, "events.imported", "access-log", {"events": imported.imported}, tenant_key(connection, tenant))
        fates = _load(store.url, settings, imported)
    if as_json:
        print_json({"imported": imported.imported, "skipped": imported.skipped, "outcome": fates})
        return
    console.print(f"Imported {imported.imported:,} page views" + "".join(f", {n:,} {fate}" for fate, n in fates.items()) + ".")
    for reason, count in sorted(imported.skipped.items()):
        console.print(f"Skipped {count:,} lines: {_REASONS[reason]}.")


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


_PATIENCE_SECONDS = 60  # for what another worker holds, or what has failed and is tried again
_REASONS = {
    "asset": "pictures, scripts, feeds and other files",
    "method": "not GET",
    "status": "not answered with the page (redirects, errors)",
    "malformed": "not in the combined format",
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
