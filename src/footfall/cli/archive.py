"""`footfall archive`: months that are over as columns, in files of a folder or an object store."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from footfall.archive.layers import Name
from footfall.archive.leaving import leave
from footfall.archive.months import Wish, drop, listed
from footfall.archive.months import run as run_due
from footfall.archive.place import Place
from footfall.archive.publishing import forget, publish
from footfall.archive.restoring import bring_back, restore
from footfall.archive.rules import list_rules, set_rule
from footfall.archive.verifying import drop_unknown, verify
from footfall.auth import tenant_key
from footfall.cli.options import AsJson, Data, DatabaseUrl, existing_store, settings_of
from footfall.cli.output import console, print_json, print_rows
from footfall.database import Connection, connect
from footfall.errors import SettingInvalid

archive = typer.Typer(
    no_args_is_help=True,
    help="Months that are over as columns, in files (FOOTFALL_ARCHIVE): copied, looked at, proved, brought back, dropped.",
)
_LAYER = "bridge: events as reports read them; visit: visits; vault: events as the vault holds them; raw: events as received."
_OneLayer = Annotated[Name | None, typer.Option("--layer", help=f"Only this one. {_LAYER}")]
_OneMonth = Annotated[str | None, typer.Option("--month", help="Only this one, e.g. 2026-10.")]
_OneTenant = Annotated[str | None, typer.Option("--tenant", help="Only what is of this tenant.")]


@archive.command()
def run(
    layer: _OneLayer = None,
    month: _OneMonth = None,
    tenant: _OneTenant = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Write what is due: months that are over for as long as the rules say, those that have changed; have leave what may.

    The worker does it every hour.

    Example: footfall archive run --month 2026-10
    """
    with _opened(layer, month, tenant, data, database_url) as (url, connection, place, wish):
        done = []
        for one in run_due(url, connection, place, wish):
            done.append(
                {
                    "layer": one.layer,
                    "month": f"{one.month:%Y-%m}",
                    "file": one.path,
                    "tenants": one.tenants,
                    "rows": one.rows,
                    "bytes": one.size,
                }
            )
            if not as_json:
                console.print(f"{one.path}: {one.rows:,} rows of {one.tenants:,} tenants, {one.size:,} bytes", markup=False)
        left = 0 if (layer or month or tenant) else sum(leave(connection, place))
    if as_json:
        print_json({"files": done, "left": left})
        return
    if left:
        console.print(f"{left:,} events as received have left PostgreSQL.")
    elif not done:
        console.print("Nothing is due.")


@archive.command(name="list")
def list_(
    layer: _OneLayer = None,
    month: _OneMonth = None,
    tenant: _OneTenant = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List what is in files, by layer and month. Stale: tenants of whom something has changed since; the tables answer for them.

    Example: footfall archive list
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        rows = listed(connection, _wish(connection, layer, month, tenant))
        rules = list_rules(connection)
    if as_json:
        print_json({"months": rows, "rules": rules})
        return
    print_rows(rows, "Nothing is in files.")
    if not rules:
        console.print("No rule says when months are copied: `footfall archive set`.")


@archive.command(name="verify")
def verify_(
    layer: _OneLayer = None,
    month: _OneMonth = None,
    tenant: _OneTenant = None,
    full: Annotated[bool, typer.Option("--full", help="Read the tables, too: they have the very rows.")] = False,  # noqa: FBT002
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Read every file and prove that it is what was written, and that no other is there. Exit status 1 if something is wrong.

    Example: footfall archive verify --full
    """
    with _opened(layer, month, tenant, data, database_url) as (url, connection, place, wish):
        faults = list(verify(url, connection, place, wish, is_full=full))
    if as_json:
        print_json({"faults": [asdict(fault) for fault in faults]})
    else:
        for fault in faults:
            of = f" ({fault.tenant})" if fault.tenant else ""
            console.print(f"{fault.code}: {fault.path}{of}: {fault.message}", markup=False)
        if not faults:
            console.print("Every file is what the ledger says.")
    if faults:
        raise typer.Exit(1)


@archive.command(name="restore")
def restore_(
    tenant: Annotated[str, typer.Option(help="Whose.")],
    layer: Annotated[Name, typer.Option(help=_LAYER)],
    month: Annotated[str | None, typer.Option(help="Which, e.g. 2026-10. Of raw, without: all that has left.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Bring rows back into the tables where they are missing: bit by bit what the file has, or nothing is changed.

    What a rule has leave leaves again within the hour: `footfall archive set --layer raw --after 3 --tenant …` has it stay.

    Example: footfall archive restore --tenant acme --layer bridge --month 2026-10
    """
    if month is None and layer != "raw":
        raise SettingInvalid("--month says which month: of all layers but raw none has left")
    with _opened(layer, month, tenant, data, database_url) as (url, connection, place, wish):
        tenant_hk = tenant_key(connection, tenant)
        if wish.month:
            done = [restore(url, connection, place, tenant_hk, layer, wish.month)]
        else:
            done = list(bring_back(url, connection, place, tenant_hk))
    if as_json:
        print_json([asdict(one) | {"month": f"{one.month:%Y-%m}"} for one in done])
        return
    for one in done:
        for table, rows in one.missing.items():
            console.print(f"{one.month:%Y-%m}, {table}: {rows:,} rows were missing")
    console.print(f"The tables have the {sum(one.rows for one in done):,} rows of the files.")


@archive.command(name="drop")
def drop_(
    layer: _OneLayer = None,
    month: _OneMonth = None,
    tenant: _OneTenant = None,
    all_: Annotated[bool, typer.Option("--all", help="Everything.")] = False,  # noqa: FBT002
    unknown: Annotated[bool, typer.Option("--unknown", help="Files that the ledger does not know.")] = False,  # noqa: FBT002
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Take a month, a tenant or everything out of the files; the tables keep all there is. What a rule asks for is copied again.

    Example: footfall archive drop --month 2026-10
    """
    if not (layer or month or tenant or all_ or unknown):
        raise SettingInvalid("say what to drop: --month, --tenant, --layer, --unknown or --all")
    with _opened(layer, month, tenant, data, database_url) as (url, connection, place, wish):
        if unknown:
            gone = drop_unknown(connection, place)
        else:
            gone = drop(connection, place, wish)
            # files of others, too, are written without it
            gone += len(list(run_due(url, connection, place, Wish(wish.layer, wish.month, is_urgent=True))))
    print_json({"files": gone}) if as_json else console.print(f"{gone:,} files are gone.")


@archive.command(name="publish")
def publish_(
    anew: Annotated[bool, typer.Option("--anew", help="Throw the tables away, and make others.")] = False,  # noqa: FBT002
    stop: Annotated[bool, typer.Option("--stop", help="Have no tables any more; the files stay.")] = False,  # noqa: FBT002
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Have other engines, such as Spark, read the files as Iceberg tables, one a layer. From then on each run keeps them up.

    A part that is stale is in them as it was, until it is written anew. Needs the extra footfall[iceberg].

    Example: footfall archive publish
    """
    with _opened(None, None, None, data, database_url) as (_, connection, place, _):
        if stop:
            forget(connection, place)
        done = [] if stop else publish(connection, place, is_anew=anew)
    if as_json:
        print_json([asdict(one) for one in done])
        return
    if stop:
        console.print("There are no tables any more.")
    for one in done:
        said = (
            f"{one.files:,} files, {one.added:,} of them new, {one.removed:,} gone" if one.address else "no files, and no table"
        )
        console.print(f"{one.layer}: {said} {one.address}".rstrip(), markup=False)


@archive.command(name="set")
def set_(
    layer: Annotated[Name, typer.Option(help=_LAYER)],
    after: Annotated[str, typer.Option(help="Days after the end of a month until it is copied, 3 at least; or: never.")],
    leaves_after: Annotated[
        int | None, typer.Option(help="Of raw: days until its rows leave PostgreSQL, once the files were proved; default: never.")
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's; default: all that have no rule of their own.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Say when months of a layer are copied into files. Without a rule none are.

    What has left is in the files only: before somebody is erased, `footfall person erase` brings it back.

    Example: footfall archive set --layer raw --after 3 --leaves-after 30
    """
    days = None if after == "never" else int(after) if after.isdecimal() else 0
    if days is not None and not 3 <= days <= 36_500:  # noqa: PLR2004  late events of a month come in its first days
        raise SettingInvalid(f"--after {after} is neither a number of days from 3 on, nor never")
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        set_rule(connection, layer, days, tenant, leaves=leaves_after)
    if as_json:
        print_json({"layer": layer, "days": days, "leaves": leaves_after, "tenant": tenant})
    else:
        when = "never copied" if days is None else f"copied {days} days after their end"
        if leaves_after is not None:
            when += f", and leave PostgreSQL after {leaves_after}"
        console.print(f"{layer}: months are {when}, for {tenant or 'all tenants without a rule of their own'}.")


@contextmanager
def _opened(
    layer: Name | None, month: str | None, tenant: str | None, data: Data, database_url: DatabaseUrl
) -> Iterator[tuple[str, Connection, Place, Wish]]:
    place = Place(settings_of(data, database_url).archive)
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        yield store.url, connection, place, _wish(connection, layer, month, tenant)


def _wish(connection: Connection, layer: Name | None, month: str | None, tenant: str | None) -> Wish:
    return Wish(layer, _month(month) if month else None, tenant_key(connection, tenant) if tenant else None)


def _month(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        raise SettingInvalid(f"--month {text} is no month: 2026-10, say") from None
