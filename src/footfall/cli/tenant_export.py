"""`footfall tenant export`: all that is stored of a customer, to take along."""

from pathlib import Path
from typing import Annotated

import typer

from footfall.auth import tell_download, tenant_key
from footfall.cli.options import AsJson, Data, DatabaseUrl, existing_store
from footfall.cli.output import console, print_json, print_rows
from footfall.database import connect
from footfall.operations.customers.deletion import rows_of_tenant
from footfall.operations.customers.export import export_tenant


def export_everything(
    tenant_id: Annotated[str, typer.Argument(help="Which tenant.")],
    folder: Annotated[Path, typer.Argument(help="A new folder for the files.")],
    everything: Annotated[bool, typer.Option("--everything", help="Do it; without: say how many rows that would be.")] = False,  # noqa: FBT002
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Write all that is stored of a tenant: raw, staging, vault, marts, settings, people; a file a table, and index.json.

    CSV, compressed, as of one moment; no passwords, keys or secrets. `footfall export` writes events or a report of some days.

    Example: footfall tenant export acme acme-files --everything
    """
    with existing_store(data, database_url, tenant_id) as store, connect(store.url, "footfall_worker") as connection:
        if not everything:
            rows = rows_of_tenant(connection, tenant_id)
            if as_json:
                print_json({"tenant": tenant_id, "would_export": rows})
            else:
                print_rows([{"table": table, "rows": count} for table, count in rows.items()], "")
                console.print(f"Nothing was written. To write it: footfall tenant export {tenant_id} {folder} --everything")
            raise typer.Exit(1)
        index = export_tenant(connection, tenant_id, folder)
        rows = sum(table["rows"] for table in index["tables"])
        tell_download(connection, "everything", rows, tenant_key(connection, tenant_id))
    if as_json:
        print_json(index)
    else:
        console.print(f"{folder}: {rows:,} rows in {len(index['tables'])} files; index.json has their SHA-256.", markup=False)
