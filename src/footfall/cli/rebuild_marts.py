"""`footfall rebuild-marts`: the tables that reports read, made anew from the vault."""

from typing import Annotated

import typer

from footfall.auth import list_tenants, tell, tenant_key
from footfall.business import rebuild_marts as rebuild
from footfall.cli.options import AsJson, Data, DatabaseUrl, all_cells, cell_of, end_unless_all, in_each
from footfall.cli.output import console, print_json
from footfall.database import Cell, Connection, connect


def rebuild_marts(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's; default: all.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Make the marts anew from the vault, tenant by tenant: to the same rows, unless they were damaged. Loads wait meanwhile.

    Example: footfall rebuild-marts --tenant acme
    """
    with all_cells(data, database_url) as cells:
        chosen = [cell_of(cells, tenant)] if tenant else list(cells.all)
        found = in_each(chosen, lambda cell: _in(cell, tenant))
    events = {tenant_id: count for done in found.values() for tenant_id, count in done.items()}
    if as_json:
        print_json(events)
    else:
        for tenant_id, count in events.items():
            console.print(f"{tenant_id}: {count:,} events")
    end_unless_all(chosen, found)


def _in(cell: Cell, tenant: str | None) -> dict[str, int]:
    with connect(cell.url, "footfall_worker") as connection:
        tenants = [tenant] if tenant else [str(row["tenant"]) for row in list_tenants(connection)]
        return {tenant_id: _rebuilt(connection, tenant_key(connection, tenant_id)) for tenant_id in tenants}


def _rebuilt(connection: Connection, tenant_hk: bytes) -> int:
    # before it: days are rolled up in transactions of their own
    tell(connection, "marts.rebuilt", "", {}, tenant_hk)
    return rebuild(connection, tenant_hk)
