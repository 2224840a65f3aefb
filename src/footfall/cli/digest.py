"""`footfall digest`: what a store holds, in digests by which two stores are compared."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from footfall.auth import first_id, tenant_key
from footfall.cli.options import AsJson, Data, DatabaseUrl, existing_store
from footfall.cli.output import console, print_json, print_rows
from footfall.database import Connection, connect, open_store
from footfall.errors import NotAccepted
from footfall.operations.proof.digest import (
    Difference,
    Digests,
    Extent,
    as_json,
    compare,
    differences_as_json,
    digests_of,
    from_json,
    month_of,
    snapshot,
    with_rows,
)


def digest(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's rows; default: all tenants'.")] = None,
    month: Annotated[str | None, typer.Option(help="Only this month, such as 2026-11.")] = None,
    against: Annotated[
        str | None, typer.Option(help="Compare with another store: its URL, or a file that --json was written into.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json_: AsJson = False,  # noqa: FBT002
) -> None:
    """Print digests of raw, the vault and the marts: for each table, tenant and month. Exit status 1 if another store's differ.

    Example: footfall digest --tenant acme --month 2026-11
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as here:
        extent = Extent((tenant_key(here, tenant),) if tenant else None, month_of(month) if month else None)
        with snapshot(here):
            taken_at, ours = datetime.now(UTC), digests_of(here, extent)
            if against is None:
                _print(ours, taken_at) if as_json_ else _say(ours)
                return
            differences = _against(here, against, extent, ours, tenant, month)
    if as_json_:
        print_json({"compared": len(ours), "differences": differences_as_json(differences)})
    else:
        say_differences(differences)
        console.print(
            "The stores are equal." if not differences else f"The stores differ in {len(differences)} places.", markup=False
        )
    if differences:
        raise typer.Exit(1)


def say_differences(differences: list[Difference]) -> None:
    """Where two stores differ, with the rows that were compared."""
    for one in differences:
        rows = [found.rows if found else 0 for found in (one.here, one.there)]
        console.print(
            f"{one.place.table}, {one.place.tenant}, {one.place.month}: {rows[0]:,} rows here, {rows[1]:,} there", markup=False
        )
        for row in one.rows:
            console.print(f"  {row.key}" + (f": only {row.only}" if row.only else ""), markup=False)
            for column, (ours, theirs) in row.columns.items():
                console.print(f"    {column}: {ours!r} here, {theirs!r} there", markup=False)


def _against(
    here: Connection, against: str, extent: Extent, ours: Digests, tenant: str | None, month: str | None
) -> list[Difference]:
    if Path(against).is_file():
        return compare(ours, _read(Path(against), first_id(here, tenant) if tenant else None, month))
    with open_store(against, Path()) as other, connect(other.url, "footfall_worker") as there, snapshot(there):
        return with_rows(here, there, extent, compare(ours, digests_of(there, extent)))


def _read(file: Path, tenant: str | None, month: str | None) -> Digests:
    try:
        document: dict[str, Any] = json.loads(file.read_text())
        found = from_json(document["digests"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotAccepted("file_invalid", f"{file} is not what `footfall digest --json` has written: {error}") from None
    return {p: d for p, d in found.items() if (tenant is None or p.tenant == tenant) and (month is None or p.month == month)}


def _print(found: Digests, taken_at: datetime) -> None:
    print_json({"taken_at": taken_at, "digests": as_json(found)})


def _say(found: Digests) -> None:
    print_rows(as_json(found), "There is nothing to digest.")
