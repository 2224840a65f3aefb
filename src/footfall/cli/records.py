"""`footfall records`: the record of processing (GDPR Art. 30)."""

from typing import Annotated

import typer

from footfall.auth import tenant_key
from footfall.cli.options import AsJson, Data, DatabaseUrl, existing_store, setting_up
from footfall.cli.output import print_json
from footfall.database import connect
from footfall.governance import as_markdown, records_of


def records(
    tenant: Annotated[str, typer.Option(help="Whose record.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Say what is stored of a tenant, where, of whom, why, how long, and who sees it; in Markdown, or in JSON.

    Example: footfall records --tenant acme
    """
    with existing_store(data, database_url, tenant) as store:
        with connect(store.url, "footfall_worker") as worker:
            tenant_hk = tenant_key(worker, tenant)
        with setting_up(store, tenant) as connection:
            record = records_of(connection, tenant_hk)
    if as_json:
        print_json(record)
    else:
        for line in as_markdown(record):
            typer.echo(line)
