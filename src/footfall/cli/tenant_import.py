"""`footfall tenant import`: many customers at once."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from footfall.cli.options import AsJson, CellName, Data, DatabaseUrl, all_cells
from footfall.cli.output import console, print_json
from footfall.database import connect, require_numbered
from footfall.errors import NotAccepted
from footfall.operations.customers.import_ import COLUMNS, import_tenants, keys_as_csv, read_tenants


def import_(
    file: Annotated[str, typer.Argument(help=f"CSV with a header: {', '.join(COLUMNS)}; `-`: standard input.")],
    keys: Annotated[
        Path | None, typer.Option(help="File for the new keys and passwords, as CSV; default: standard output.")
    ] = None,
    cell: CellName = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Add all tenants of a table, each with a write key; or, when a line is wrong, none. Only tenant_id is needed.

    `owner` is an e-mail address; who has no account gets a password for one sign-in. `allowed_hosts`: with blanks between.
    `plan`: the most events of a month. Of several cells they come to live in home, or in --cell.

    Example: footfall tenant import customers.csv --keys keys.csv
    """
    lines = read_tenants(_text_of(file))
    if keys is not None:
        _require_writable(keys)
    with all_cells(data, database_url) as cells, connect(cells.home.url, "footfall_worker") as home:
        chosen = cells.called(cell) if cell else cells.home
        for line in lines:
            cells.require_unknown(line.tenant.tenant_id)
        with connect(chosen.url, "footfall_worker") as connection:
            require_numbered(cells, connection, chosen.name)
            imported = import_tenants(connection, lines, None if chosen is cells.home else home)
    if keys is not None:
        keys.write_text("".join(keys_as_csv(imported)))
    if as_json:
        print_json({"tenants": len(imported)} | ({} if keys else {"keys": [asdict(one) for one in imported]}))
    elif keys is None:
        sys.stdout.writelines(keys_as_csv(imported))
    else:
        console.print(f"Added {len(imported)} tenants; {keys} has their keys, which are not shown again.", markup=False)


def _text_of(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise NotAccepted("table_invalid", f"{file} cannot be read: {error}") from None


def _require_writable(keys: Path) -> None:
    """Before anything is added, as keys are shown once; only for whoever runs this, as they are secrets."""
    try:
        keys.touch(mode=0o600)
    except OSError as error:
        raise NotAccepted("file_unwritable", f"{keys} cannot be written: {error.strerror}") from None
