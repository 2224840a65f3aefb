"""`footfall tenant merge`: two customers become one."""

import contextlib
from typing import Annotated

import typer

from footfall.cli.options import AsJson, Data, DatabaseUrl, all_cells, settings_of
from footfall.cli.output import console, print_json
from footfall.database import connect
from footfall.errors import NotAccepted
from footfall.operations.customers.merging import merge_tenant


def merge(
    tenant_id: Annotated[str, typer.Argument(help="Which tenant ends.")],
    into: Annotated[str, typer.Option(help="The tenant that it becomes part of.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without: say what would be, and end with status 1.")] = False,  # noqa: FBT002
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Make a tenant part of another: events, keys, sites, people. Its ids name the other one, and what is left is deleted.

    All that was sent is loaded once more under the other's settings: until that is done, figures grow. Goals, funnels and event
    types come along where the other has none of that name; rules, share links and SQL logins end. Interrupted, call it again.

    Example: footfall tenant merge acme-outlet --into acme --yes
    """
    sql_url = settings_of(data, database_url).sql_url
    with all_cells(data, database_url) as cells:
        cell = cells.of_id(into)
        if cells.of_id(tenant_id) is not cell:
            raise NotAccepted("cells_differ", f"they live in different cells: footfall tenant move {tenant_id} --to {cell.name}")
        if not yes:
            console.print(
                f"Nothing was done. To end {tenant_id}: footfall tenant merge {tenant_id} --into {into} --yes", markup=False
            )
            raise typer.Exit(1)
        with (
            connect(cell.url, "footfall_worker") as connection,
            connect(cell.url) as owner,
            connect(sql_url) if sql_url else contextlib.nullcontext() as standby,
            connect(cells.home.url, "footfall_worker") if cell is not cells.home else contextlib.nullcontext() as home,
        ):
            done = merge_tenant(connection, owner, tenant_id, into, standby, home)
    if as_json:
        print_json({"tenant": tenant_id, "into": into, "events": done.events, "receipt": done.receipt})
        return
    console.print(f"{tenant_id} is part of {into} now: {done.events:,} events wait to be loaded.", markup=False)
