"""`footfall key`: what a site, a tool or a server shows at the door."""

from typing import Annotated, Any, cast

import typer

from footfall.auth import KINDS, Kind, add_key, list_keys, revoke_key
from footfall.cli.options import (
    AsJson,
    Data,
    DatabaseUrl,
    all_cells,
    cell_of,
    end_unless_all,
    existing_store,
    in_each,
    in_first,
)
from footfall.cli.output import console, print_json, print_rows
from footfall.database import Cell, Cells, connect

key = typer.Typer(no_args_is_help=True, help="Access keys: write (public), read, admin (trusted).")


# as docs/send/tracker.md says at length
_SNIPPET = (
    'The snippet, for a key of kind write: <script defer src="https://stats.example/footfall.js" data-key="KEY"></script>',
    "data-key: the write key.",
    "data-host: where events go, if not to where the script came from.",
    'data-consent="required": nothing leaves the browser before footfall.consent(true).',
    "data-local: count on local and preview hosts, in files and in automated browsers too.",
    "data-hash: the part of the address after # tells pages apart.",
    "data-debug: say in the console what becomes of each event.",
    'data-before-send="NAME": a global function that gets each event and returns it, changed or not, or nothing.',
    'data-vitals="off": no web vitals.',
)


@key.command(epilog="\n\n".join(_SNIPPET))
def add(
    tenant: Annotated[str, typer.Option(help="Whose key it is.")],
    kind: Annotated[str, typer.Option(help=f"{', '.join(KINDS)}.")] = "write",
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    days: Annotated[int | None, typer.Option(help="It ends by itself after so many days.")] = None,
    site: Annotated[str | None, typer.Option(help="It sends of this site's pages only, see `footfall site`.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Make a key. It is shown this once, alone on the last line: only its hash is stored.

    Example: footfall key add --tenant acme --kind write --label www.acme.example
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        number, secret = add_key(connection, tenant, cast(Kind, kind), label or kind, days=days, site=site)
    if as_json:
        print_json({"key": number, "tenant": tenant, "kind": kind, "secret": secret})
        return
    console.print(f"Key {number} of {tenant}, {kind}:")
    console.print(secret, soft_wrap=True)


@key.command()
def revoke(
    number: Annotated[int, typer.Argument(help="The key's number, see `footfall key list`.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """End a key for good; the doors notice within a minute.

    Example: footfall key revoke 3
    """
    with all_cells(data, database_url) as cells:
        in_first(cells, "key_unknown", lambda cell: _revoke_in(cell, number))
    if as_json:
        print_json({"revoked": number})
    else:
        console.print(f"Revoked key {number}.")


def _revoke_in(cell: Cell, number: int) -> None:
    with connect(cell.url, "footfall_worker") as connection:
        revoke_key(connection, number)


@key.command(name="list")
def list_(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List keys; the keys themselves nobody can list.

    Example: footfall key list --tenant acme
    """
    with all_cells(data, database_url) as cells:
        chosen = [cell_of(cells, tenant)] if tenant else list(cells.all)
        found = in_each(chosen, lambda cell: _keys_in(cells, cell, tenant))
    rows = [row for there in found.values() for row in there]
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, "There is no key yet: footfall key add --help")
    end_unless_all(chosen, found)


def _keys_in(cells: Cells, cell: Cell, tenant: str | None) -> list[dict[str, Any]]:
    with connect(cell.url, "footfall_worker") as connection:
        return [row for row in list_keys(connection, tenant) if cells.shows(str(row["tenant"]), cell.name)]
