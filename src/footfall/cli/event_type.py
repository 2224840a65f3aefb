"""`footfall event-type`: what a tenant may send beside what everybody may."""

from typing import Annotated

import typer

from footfall.business import add_event_type, list_event_types, remove_event_type
from footfall.cli.options import AsJson, Data, DatabaseUrl, existing_store, setting_up
from footfall.cli.output import console, print_json, print_rows
from footfall.errors import NotAccepted

event_type = typer.Typer(no_args_is_help=True, help="Event types: the values of evt_type that a tenant may send.")
Tenant = Annotated[str, typer.Option(help="Whose event types.")]


@event_type.command()
def add(
    name: Annotated[str, typer.Argument(help="The evt_type, as the site sends it; at most 50 characters.")],
    tenant: Tenant,
    category: Annotated[str, typer.Option(help="evt_category of events that name none.")] = "engagement",
    action: Annotated[str, typer.Option(help="evt_action of events that name none.")] = "view",
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Accept an event type; the worker loads what was refused for want of it. Once more: another category or action from now on.

    Example: footfall event-type add quiz_finished --tenant acme --category engagement --action finish
    """
    with existing_store(data, database_url, tenant) as store, setting_up(store, tenant) as connection:
        events = add_event_type(connection, name, category, action)
    if as_json:
        print_json({"event_type": name, "reprocessed": events})
    else:
        console.print(f"{tenant} may send {name}. {events:,} refused events are tried again.", markup=False)


@event_type.command(name="list")
def list_(tenant: Tenant, data: Data = None, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """List what a tenant may send, and before that what it sent but may not.

    Example: footfall event-type list --tenant acme
    """
    with existing_store(data, database_url, tenant) as store, setting_up(store, tenant) as connection:
        rows = list_event_types(connection)
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, "There is none.")


@event_type.command()
def remove(
    name: Annotated[str, typer.Argument(help="The evt_type.")],
    tenant: Tenant,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Accept an event type no longer. What is loaded stays. What everybody may send cannot be removed.

    Example: footfall event-type remove quiz_finished --tenant acme
    """
    with existing_store(data, database_url, tenant) as store, setting_up(store, tenant) as connection:
        if not remove_event_type(connection, name):
            raise NotAccepted("event_type_unknown", f"{tenant} has no event type {name!r} of its own")
    if as_json:
        print_json({"removed": name})
    else:
        console.print(f"{tenant} may send {name} no more.", markup=False)
