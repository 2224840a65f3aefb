"""`footfall psql`: the store, opened in psql."""

import os
import signal
import subprocess
from typing import Annotated

import typer

from footfall.auth import tell_opened
from footfall.cli.options import CellName, Data, DatabaseUrl, existing_store
from footfall.database import connect


def psql(
    arguments: Annotated[list[str] | None, typer.Argument(help="Arguments for psql, after --.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Of several cells, the one in which this tenant lives.")] = None,
    cell: CellName = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Open the store in psql, the one that comes with Footfall.

    Example: footfall psql -- -c "SELECT * FROM api.event_balance_v"
    """
    with existing_store(data, database_url, tenant, cell) as store:
        with connect(store.url) as connection:
            tell_opened(connection, "psql")
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C belongs to psql
        command = [*store.psql(), *(arguments or [])]
        environment = {"PGAPPNAME": "footfall psql"} | store.secrets
        status = subprocess.run(command, check=False, env=os.environ | environment).returncode  # noqa: S603
    raise typer.Exit(status)
