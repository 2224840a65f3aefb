"""`footfall tenant disable`, `enable`, `delete`: when a customer goes, or comes back."""

import contextlib
import json
from pathlib import Path
from typing import Annotated

import typer

from footfall.archive.upkeep import forget_erased
from footfall.auth import tenant_key
from footfall.business import set_active
from footfall.cli.options import AsJson, CellName, Data, DatabaseUrl, all_cells, existing_store, setting_up, settings_of
from footfall.cli.output import console, print_json, print_rows
from footfall.database import connect
from footfall.errors import CellAway, NotAccepted
from footfall.operations.customers.deletion import delete_tenant, rows_of_tenant
from footfall.operations.customers.moving import forget_moves

_Which = Annotated[str, typer.Argument(help="Which tenant.")]


def disable(tenant_id: _Which, data: Data = None, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Refuse a tenant's events, people and questions (403 tenant_disabled), within a minute. All that is stored stays.

    Example: footfall tenant disable acme
    """
    _set(tenant_id, data, database_url, is_active=False, as_json=as_json)


def enable(tenant_id: _Which, data: Data = None, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Take `footfall tenant disable` back.

    Example: footfall tenant enable acme
    """
    _set(tenant_id, data, database_url, is_active=True, as_json=as_json)


def delete(
    tenant_id: _Which,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without: say what would go, and end with status 1.")] = False,  # noqa: FBT002
    receipt: Annotated[Path | None, typer.Option(help="File for the receipt; default: standard output.")] = None,
    cell: CellName = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Delete a tenant, all that is stored of it, and its people who have no other tenant. Nothing brings it back.

    Of one that two cells have, --cell says in which: its people stay.

    A receipt says what went, table by table. With keys it takes a minute more, until no server knows them. Interrupted, call it
    again.

    Example: footfall tenant delete acme --yes --receipt acme-deleted.json
    """
    sql_url = settings_of(data, database_url).sql_url
    with (
        all_cells(data, database_url) as cells,
        connect(cells.home.url, "footfall_worker") as home,
        connect((chosen := cells.called(cell) if cell else cells.of_id(tenant_id)).url, "footfall_worker") as connection,
    ):
        tenant_hk = tenant_key(connection, tenant_id)
        cells.refresh()
        if cell and cells.away:  # which may have it, too, and its people with it
            raise CellAway(min(cells.away))
        is_elsewhere = tenant_hk in cells.doubled
        if not yes:
            rows = rows_of_tenant(connection, tenant_id)
            if as_json:
                print_json({"tenant": tenant_id, "would_delete": rows})
            else:
                print_rows([{"table": table, "rows": count} for table, count in rows.items()], "")
                console.print(f"Nothing was deleted. To delete all of {tenant_id}: footfall tenant delete {tenant_id} --yes")
            raise typer.Exit(1)
        if receipt:
            _require_writable(receipt)
        if cells.are_several and not is_elsewhere:
            forget_moves(cells, tenant_hk)
        with connect(chosen.url) as owner, connect(sql_url) if sql_url else contextlib.nullcontext() as standby:
            people = None if chosen is cells.home or is_elsewhere else home
            said = delete_tenant(connection, owner, tenant_id, standby, people, keeps_people=is_elsewhere)
            forget_erased(chosen.url, settings_of(data, database_url).archive)
    if receipt is None:
        print_json(said)
        return
    receipt.write_text(json.dumps(said, indent=2) + "\n")
    if as_json:
        print_json(said)
    else:
        console.print(
            f"Deleted {tenant_id}: {sum(said['deleted'].values()):,} rows; {receipt} says of which tables.", markup=False
        )


def _require_writable(receipt: Path) -> None:
    """Before anything is deleted. Raises NotAccepted: ``file_unwritable``."""
    try:
        receipt.open("a").close()
    except OSError as error:
        raise NotAccepted("file_unwritable", f"{receipt} cannot be written: {error.strerror}") from None


def _set(tenant_id: str, data: Data, database_url: DatabaseUrl, *, is_active: bool, as_json: bool) -> None:
    with existing_store(data, database_url, tenant_id) as store, setting_up(store, tenant_id) as connection:
        has_changed = set_active(connection, is_active=is_active)
    if as_json:
        print_json({"tenant": tenant_id, "active": is_active, "changed": has_changed})
    else:
        console.print(f"{tenant_id} {'is' if has_changed else 'was'} {'enabled' if is_active else 'disabled'}.")
