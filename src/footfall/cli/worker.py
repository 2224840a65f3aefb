"""`footfall worker`: the worker alone."""

from typing import Annotated

import typer

from footfall import logs, schema
from footfall.cli.options import AsJson, Data, DatabaseUrl, Quiet, settings_of
from footfall.cli.output import console, print_json
from footfall.cli.up import stop_on_signals
from footfall.database import connect, open_store
from footfall.worker import work, work_once


def worker(
    once: Annotated[bool, typer.Option("--once", help="Do all there is to do, then end.")] = False,  # noqa: FBT002
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Load events, close sessions, compute what is due: for ever, or once.

    Example: footfall worker --once
    """
    settings = settings_of(data, database_url)
    logs.configure(settings.log_format, logs.heard(settings.log_level, quiet=quiet or as_json))
    with open_store(settings.database_url, settings.data, user=settings.postgres_user) as store:
        with connect(store.url, "footfall_worker") as connection:
            schema.require_usable(connection)
        if not once:
            work(store.url, settings, stop_on_signals())
            return
        events = work_once(store.url, settings)
        if as_json:
            print_json({"events": events})
        else:
            console.print(f"Loaded {events:,} events; nothing is left to do.")
