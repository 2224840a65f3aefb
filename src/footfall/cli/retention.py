"""`footfall retention`: for how long events are kept in raw and in staging."""

from typing import Annotated

import typer

from footfall.auth import keep, list_retention
from footfall.auth.retention import Layer
from footfall.cli.options import AsJson, Data, DatabaseUrl, existing_store
from footfall.cli.output import console, print_json, print_rows
from footfall.database import connect

retention = typer.Typer(no_args_is_help=True, help="For how long events are kept in raw and in staging; the vault keeps its own.")


@retention.command(name="set")
def set_(
    layer: Annotated[Layer, typer.Argument(help="raw: events as received; staging: events as understood.")],
    days: Annotated[int, typer.Argument(min=0, help="Days after receipt; 0: no rule, which without a general one is for ever.")],
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's; default: all that have no rule of their own.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Keep events in a layer for so many days; the worker removes what is older, within the hour.

    Example: footfall retention set staging 30 --tenant acme
    """
    with existing_store(data, database_url) as store, connect(store.url, "footfall_worker") as connection:
        keep(connection, layer, days or None, tenant)
    if as_json:
        print_json({"layer": layer, "days": days, "tenant": tenant})
    else:
        console.print(
            f"{layer}: {f'{days} days' if days else 'no rule'} for {tenant or 'all tenants without a rule of their own'}."
        )


@retention.command(name="list")
def list_(data: Data = None, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """List the rules.

    Example: footfall retention list
    """
    with existing_store(data, database_url) as store, connect(store.url, "footfall_worker") as connection:
        rows = list_retention(connection)
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, "There is no rule: everything is kept for ever.")
