"""`footfall goal`: what a tenant wants its visitors to do."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import typer

from footfall.api import add_goal, list_goals, remove_goal
from footfall.cli.options import AsJson, Data, DatabaseUrl, existing_store
from footfall.cli.output import console, print_json, print_rows
from footfall.database import connect
from footfall.errors import NotAccepted

goal = typer.Typer(no_args_is_help=True, help="Goals of reports: event or page patterns by name.")
Tenant = Annotated[str, typer.Option(help="Whose goals.")]


@goal.command()
def add(
    name: Annotated[str, typer.Argument(help="The goal's name.")],
    tenant: Tenant,
    filter_: Annotated[str, typer.Option("--filter", help="What an event has to meet, in the filter language of reports.")],
    value: Annotated[float | None, typer.Option(help="Worth of reaching it; default: the event's own value.")] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217 code of --value; default: the tenant's.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="Worth that from this day of the tenant on; before it, as until now."),
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Define a goal, or redefine it. It holds for all of history.

    Example: footfall goal add "Signed up" --tenant acme --filter "page==/welcome;event_type==page_view" --value 5

    From a day on it may be worth something else, with --from: days before keep what they had.
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        worth = None if value is None else Decimal(str(value))
        add_goal(connection, tenant, name, filter_, worth, currency, since.date() if since else None)
    if as_json:
        print_json({"goal": name, "filter": filter_})
    else:
        console.print(f"Goal {name!r}: {filter_}", markup=False)


@goal.command(name="list")
def list_(tenant: Tenant, data: Data = None, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """List a tenant's goals.

    Example: footfall goal list --tenant acme
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        rows = list_goals(connection, tenant)
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, "There is no goal yet: footfall goal add --help")


@goal.command()
def remove(
    name: Annotated[str, typer.Argument(help="The goal's name.")],
    tenant: Tenant,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Forget a goal.

    Example: footfall goal remove "Signed up" --tenant acme
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        if not remove_goal(connection, tenant, name):
            raise NotAccepted("goal_unknown", f"there is no goal {name!r}")
    if as_json:
        print_json({"goal": name})
    else:
        console.print(f"Forgot {name!r}.", markup=False)
