"""`footfall tenant`: the operator's customers."""

import contextlib
from decimal import Decimal
from typing import Annotated, Any

import typer

from footfall.auth import (
    LIMITS,
    PACKS,
    NewTenant,
    add_tenant,
    grant_sql_access,
    list_tenants,
    plan_of,
    rename_tenant,
    revoke_sql_access,
    set_plan,
)
from footfall.business import WeekStart, change_tenant, list_sending_hosts
from footfall.cli.options import (
    AsJson,
    CellName,
    Data,
    DatabaseUrl,
    all_cells,
    cell_of,
    end_unless_all,
    existing_store,
    in_each,
    setting_up,
    settings_of,
)
from footfall.cli.output import console, print_json, print_rows
from footfall.cli.tenant_end import delete, disable, enable
from footfall.cli.tenant_export import export_everything
from footfall.cli.tenant_import import import_
from footfall.cli.tenant_merge import merge
from footfall.cli.tenant_move import move
from footfall.database import Cell, Cells, connect, require_numbered

_Limit = Annotated[int | None, typer.Option(min=0, help="0: as all tenants, or without limit.")]

tenant = typer.Typer(no_args_is_help=True, help="Tenants: whose sites are tracked.")
tenant.command()(disable)
tenant.command()(enable)
tenant.command()(delete)
tenant.command()(move)
tenant.command()(merge)
tenant.command(name="import")(import_)
tenant.command(name="export")(export_everything)


@tenant.command()
def add(
    tenant_id: Annotated[str, typer.Argument(help="Public id, e.g. acme.")],
    name: Annotated[str | None, typer.Option(help="Name; default: the id.")] = None,
    industry: Annotated[str, typer.Option(help=f"{', '.join(PACKS)}, or any other.")] = "general",
    time_zone: Annotated[str, typer.Option(help="IANA name: a day of its reports begins at midnight there.")] = "UTC",
    currency: Annotated[str, typer.Option(help="ISO 4217 code of its totals.")] = "USD",
    item_type: Annotated[str | None, typer.Option(help="What its items are; default: by industry.")] = None,
    page_query_key: Annotated[list[str] | None, typer.Option(help="A query key that tells pages apart; repeatable.")] = None,
    event_type: Annotated[list[str] | None, typer.Option(help="An evt_type of its own; repeatable.")] = None,
    honour_do_not_track: Annotated[bool, typer.Option(help="Only count visitors who ask not to be tracked.")] = True,  # noqa: FBT002
    keep_truncated_ip: Annotated[bool, typer.Option(help="Keep addresses, cut to their network.")] = False,  # noqa: FBT002
    cell: CellName = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Add a tenant; of several cells to home, unless --cell says where it shall live.

    Example: footfall tenant add acme --industry e-commerce --time-zone Europe/Berlin --currency EUR
    """
    new = NewTenant(
        tenant_id,
        name or tenant_id,
        industry,
        time_zone,
        currency,
        item_type,
        tuple(page_query_key or ()),
        honour_do_not_track,
        keep_truncated_ip,
        tuple(event_type or ()),
    )
    with all_cells(data, database_url) as cells:
        cells.require_unknown(tenant_id)
        chosen = cells.called(cell) if cell else cells.home
        with connect(chosen.url, "footfall_worker") as connection:
            require_numbered(cells, connection, chosen.name)
            add_tenant(connection, new)
    if as_json:
        print_json({"tenant": tenant_id})
    else:
        console.print(
            f"Added {tenant_id}. Its site needs a write key: [bold]footfall key add --tenant {tenant_id} --kind write[/]",
            soft_wrap=True,
        )


@tenant.command(name="set")
def set_(
    tenant_id: Annotated[str, typer.Argument(help="Which tenant.")],
    name: Annotated[str | None, typer.Option(help="Its name, for people.")] = None,
    industry: Annotated[str | None, typer.Option(help=f"{', '.join(PACKS)}, or any other.")] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="IANA name: its days begin at midnight there. All days are cut anew.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217 code of its totals. Nothing is converted.")] = None,
    week_start: Annotated[WeekStart | None, typer.Option(help="The day with which its weeks begin.")] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A host, with those under it, whose pages may send with a write key; repeatable; 'any': all may."),
    ] = None,
    own_host: Annotated[
        list[str] | None,
        typer.Option(help="A further host that is the tenant's, with those under it: no referrer; repeatable; 'none'."),
    ] = None,
    ignore_referrer: Annotated[
        list[str] | None,
        typer.Option(
            help="A host that never begins a visit, besides the payment and sign-in providers that are known; repeatable; 'none'."
        ),
    ] = None,
    second_factor: Annotated[
        bool | None, typer.Option("--second-factor/--no-second-factor", help="Whoever looks at it in the dashboard needs one.")
    ] = None,
    require_sso: Annotated[
        bool | None,
        typer.Option("--require-sso/--no-require-sso", help="Only who signed in by single sign-on sees it in the dashboard."),
    ] = None,
    largest_value: Annotated[float | None, typer.Option(help="The largest value that an event of a write key may have.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Change what a tenant is called and counted by. Figures of its past follow: when the command is done, and not before.

    Example: footfall tenant set acme --time-zone America/New_York --currency USD --week-start sunday
    """
    with existing_store(data, database_url, tenant_id) as store:
        with setting_up(store, tenant_id) as connection:
            change_tenant(
                connection,
                name=name,
                industry=industry,
                time_zone=time_zone,
                currency=currency,
                week_start=week_start,
                allowed_hosts=[host for host in allow_host if host != "any"] if allow_host else None,
                own_hosts=[host for host in own_host if host != "none"] if own_host else None,
                ignored_referrers=[host for host in ignore_referrer if host != "none"] if ignore_referrer else None,
                largest_value=None if largest_value is None else Decimal(str(largest_value)),
                require_second_factor=second_factor,
                require_single_sign_on=require_sso,
            )
        with connect(store.url, "footfall_worker") as connection:
            (now,) = list_tenants(connection, tenant_id)
    if as_json:
        print_json(now)
    else:
        print_rows([now], "")


@tenant.command()
def hosts(
    tenant_id: Annotated[str, typer.Argument(help="Which tenant.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="Of so many days.")] = 30,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Show whose pages sent something: what to name in `footfall tenant set --allow-host`.

    Example: footfall tenant hosts acme
    """
    with existing_store(data, database_url, tenant_id) as store, setting_up(store, tenant_id) as connection:
        rows = list_sending_hosts(connection, days)
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, f"No page sent anything in {days} days.")


@tenant.command()
def rename(
    tenant_id: Annotated[str, typer.Argument(help="Which tenant.")],
    new_id: Annotated[str, typer.Argument(help="The public id that it gets.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Give a tenant another public id. The former one goes on to name it, in snippets too; its figures and keys stay.

    Example: footfall tenant rename acme acme-shoes
    """
    with all_cells(data, database_url) as cells:
        cells.require_unknown(new_id, unless=tenant_id)
        with connect(cell_of(cells, tenant_id).url, "footfall_worker") as connection:
            rename_tenant(connection, tenant_id, new_id)
    if as_json:
        print_json({"tenant": new_id, "was": tenant_id})
    else:
        console.print(f"{tenant_id} is called {new_id} now; both name it.")


@tenant.command(name="list")
def list_(data: Data = None, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """List all tenants.

    Example: footfall tenant list --json
    """
    with all_cells(data, database_url) as cells:
        found = in_each(cells.all, lambda cell: _tenants_in(cells, cell))
    rows = [row for there in found.values() for row in there]
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, "There is no tenant yet: footfall tenant add --help")
    end_unless_all(cells.all, found)


def _tenants_in(cells: Cells, cell: Cell) -> list[dict[str, Any]]:
    with connect(cell.url, "footfall_worker") as connection:
        there = [row for row in list_tenants(connection) if cells.shows(str(row["tenant"]), cell.name)]
    return [row | {"cell": cell.name} for row in there] if cells.are_several else there


@tenant.command()
def plan(
    tenant_id: Annotated[str | None, typer.Argument(help="Which tenant; none: all that have no limit of their own.")] = None,
    events_per_second: _Limit = None,
    events_per_month: _Limit = None,
    bytes_per_day: _Limit = None,
    pages_per_day: Annotated[int | None, typer.Option(min=0, help="Pages never seen before; 0: as all.")] = None,
    items_per_day: Annotated[int | None, typer.Option(min=0, help="Items never seen before; 0: as all.")] = None,
    values_per_day: Annotated[int | None, typer.Option(min=0, help="Values of properties; 0: as all.")] = None,
    keys_per_day: Annotated[int | None, typer.Option(min=0, help="Different keys of properties; 0: as all.")] = None,
    months_per_day: Annotated[int | None, typer.Option(min=0, help="Different months that events are of; 0: as all.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Show how much a tenant may send, and has sent; or change it. Beyond its plan its events are refused: 429 quota_exceeded.

    Example: footfall tenant plan acme --events-per-month 10000000
    """
    days = (bytes_per_day, pages_per_day, items_per_day, values_per_day, keys_per_day, months_per_day)
    asked = zip(LIMITS, (events_per_second, events_per_month, *days), strict=True)
    limits = {limit: most or None for limit, most in asked if most is not None}
    with existing_store(data, database_url, tenant_id) as store, connect(store.url, "footfall_worker") as connection:
        if limits:
            set_plan(connection, tenant_id, limits)
        rows = plan_of(connection, tenant_id)
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, "")


@tenant.command()
def sql_access(
    tenant_id: Annotated[str, typer.Argument(help="Whose rows.")],
    revoke: Annotated[bool, typer.Option("--revoke", help="Take it away again.")] = False,  # noqa: FBT002
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Give a tenant a read-only login of its own, on the store or its standby (FOOTFALL_SQL_URL); once more: a new password.

    Example: footfall tenant sql-access acme
    """
    sql_url = settings_of(data, database_url).sql_url
    with (
        existing_store(data, database_url, tenant_id) as store,
        connect(store.url) as owner,
        connect(sql_url) if sql_url else contextlib.nullcontext() as standby,
    ):
        if revoke:
            had = revoke_sql_access(owner, tenant_id, standby)
            said = {"tenant": tenant_id, "revoked": had}
            text = f"{tenant_id} can ask in SQL no more." if had else f"{tenant_id} could not ask in SQL."
        else:
            role, password = grant_sql_access(owner, tenant_id)
            where = (standby or owner).info
            said = {"tenant": tenant_id, "role": role, "host": where.host, "port": where.port, "database": where.dbname}
            text = f"Role {role} on {where.host}:{where.port}, database {where.dbname}; shown once, its password:\n{password}"
            said["password"] = password
    if as_json:
        print_json(said)
    else:
        console.print(text, markup=False, soft_wrap=True)
