"""`footfall retention`: for how long what is stored is kept, layer by layer, and what keeps it longer."""

from typing import Annotated, Any, get_args

import typer

from footfall.auth import hold, keep, lift_hold, list_holds, list_retention, preview_retention
from footfall.auth.retention import Layer
from footfall.cli.options import AsJson, Data, DatabaseUrl, all_cells, cell_of, end_unless_all, existing_store, in_each
from footfall.cli.output import console, print_json, print_rows
from footfall.database import Cell, connect
from footfall.worker import retire

retention = typer.Typer(
    no_args_is_help=True,
    help="For how long what is stored is kept: raw, staging, what is personal of sessions and visitors, events, marts.",
)
_LAYER = (
    "raw: events as received; staging: events as understood; context: what is personal of sessions and visitors;"
    " events: what happened in visits, by whole months; marts: visits and figures of days, by whole months."
)


@retention.command(name="set")
def set_(
    layer: Annotated[Layer, typer.Argument(help=_LAYER)],
    days: Annotated[
        int,
        typer.Argument(
            min=0,
            help="Days after receipt, of context after the session, of events and marts after they happened; 0: no rule, which"
            " without a general one is for ever.",
        ),
    ],
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's; default: all that have no rule of their own.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Keep a layer for so many days; the worker removes what is older, within the hour. Look at it first: preview.

    Example: footfall retention set staging 30 --tenant acme
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        keep(connection, layer, days or None, tenant)
        rules = {(rule["tenant"], rule["layer"]): rule["days"] for rule in list_retention(connection)}
    if as_json:
        print_json({"layer": layer, "days": days, "tenant": tenant})
        return
    console.print(f"{layer}: {f'{days} days' if days else 'no rule'} for {tenant or 'all tenants without a rule of their own'}.")
    everybody = "(all others)"
    said = {of: rules.get((tenant or everybody, of), rules.get((everybody, of))) for of in get_args(Layer)}
    if said["context"] and (longer := [of for of in ("raw", "staging") if (said[of] or said["context"] + 1) > said["context"]]):
        console.print(f"What is personal is in {' and '.join(longer)} too, and kept longer there: set a rule for that as well.")
    if said["marts"] and (said["events"] or said["marts"] + 1) > said["marts"]:
        console.print("Marts go only where events have gone before: give these a rule that is no longer.")


@retention.command(name="list")
def list_(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's, and the general ones.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List the rules.

    Example: footfall retention list
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        rules = list_retention(connection)
    if tenant:
        rules = [rule for rule in rules if rule["tenant"] in (tenant, "(all others)")]
    if as_json:
        print_json(rules)
    else:
        print_rows(rules, "There is no rule: everything is kept for ever.")


@retention.command()
def holds(
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List legal holds: of these tenants nothing is removed.

    Example: footfall retention holds
    """
    with existing_store(data, database_url) as store, connect(store.url, "footfall_worker") as connection:
        held = list_holds(connection)
    if as_json:
        print_json(held)
    else:
        print_rows(held, "There is no legal hold.")


@retention.command()
def preview(
    layer: Annotated[Layer | None, typer.Argument(help=_LAYER)] = None,
    days: Annotated[int | None, typer.Argument(min=1, help="As if this were the rule; default: the rules as they are.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Show what would be removed now, by layer and month: rows, and bytes without indexes. Nothing is changed.

    Example: footfall retention preview context 395 --tenant acme
    """

    def previewed(cell: Cell) -> tuple[list[dict[str, Any]], list[str]]:
        with connect(cell.url, "footfall_worker") as connection:
            held = [one["tenant"] for one in list_holds(connection) if tenant in (None, one["tenant"])]
            return preview_retention(connection, tenant, layer, days), held

    with all_cells(data, database_url) as cells:
        chosen = [cell_of(cells, tenant)] if tenant else list(cells.all)
        found = in_each(chosen, previewed)
    rows = [row for would_go, _ in found.values() for row in would_go]
    held = [one for _, held in found.values() for one in held]
    if as_json:
        print_json({"would_go": rows, "held": held})
    else:
        _print_preview(rows)
        if held:
            console.print(f"Nothing of {', '.join(held)}: a legal hold keeps it.")
    end_unless_all(chosen, found)


@retention.command()
def apply(
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without: say what would go, and end with status 1.")] = False,  # noqa: FBT002
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Remove now what the worker would remove within the hour, of all tenants. What is gone is gone.

    Example: footfall retention apply --yes
    """

    def applied(cell: Cell) -> list[dict[str, Any]]:
        with connect(cell.url, "footfall_worker") as connection:
            rows = preview_retention(connection)
            if yes:
                retire(connection)
            return rows

    with all_cells(data, database_url) as cells:
        chosen = list(cells.all)
        found = in_each(chosen, applied)
    rows = [row for gone in found.values() for row in gone]
    if as_json:
        print_json({"gone" if yes else "would_go": rows})
    else:
        _print_preview(rows)
        console.print("Removed." if yes else "Nothing was removed. To remove it: footfall retention apply --yes")
    end_unless_all(chosen, found)
    if not yes:
        raise typer.Exit(1)


@retention.command(name="hold")
def hold_(
    tenant: Annotated[str, typer.Argument(help="Whose data are to stay.")],
    why: Annotated[str, typer.Option(help="The reason, for the record: the number of a case, say; nothing of visitors.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Place a legal hold: retention removes nothing of a tenant until it is lifted.

    Example: footfall retention hold acme --why "case 4711"
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        hold(connection, tenant, why)
    if as_json:
        print_json({"tenant": tenant, "reason": why})
    else:
        console.print(f"Retention removes nothing of {tenant} until `footfall retention lift {tenant}`.")


@retention.command()
def lift(
    tenant: Annotated[str, typer.Argument(help="Whose hold ends.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Lift a legal hold: the worker removes what has waited for that, within the hour.

    Example: footfall retention lift acme
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        lift_hold(connection, tenant)
    if as_json:
        print_json({"tenant": tenant, "held": False})
    else:
        console.print(f"The hold on {tenant} is lifted.")


def _print_preview(rows: list[dict[str, Any]]) -> None:
    print_rows(rows, "Nothing would be removed.")
    if rows:
        total, size = sum(row["rows"] for row in rows), sum(row["bytes"] for row in rows)
        console.print(f"{total:,} rows, {size / 1e6:,.1f} MB.")
