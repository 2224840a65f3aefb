"""`footfall database-url`: how to reach the store."""

from typing import Annotated

import typer

from footfall.auth import tell_opened
from footfall.cli.options import AsJson, CellName, Data, DatabaseUrl, existing_store
from footfall.cli.output import print_json
from footfall.database import connect


def database_url(
    tenant: Annotated[str | None, typer.Option(help="Of several cells, the one in which this tenant lives.")] = None,
    cell: CellName = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Print the URL of the store, embedded or not. The embedded one answers while `up` or another command runs.

    Example: pgbench "$(footfall database-url)"
    """
    with existing_store(data, database_url, tenant, cell) as store:
        with connect(store.url) as connection:
            tell_opened(connection, "database-url")
        if as_json:
            print_json({"database_url": store.url})
        else:
            print(store.url)  # noqa: T201  for scripts: nothing but the URL, never wrapped
