"""`footfall tenant move`: a customer gets another server."""

from typing import Annotated

import typer

from footfall.cli.options import AsJson, Data, DatabaseUrl, all_cells
from footfall.cli.output import console, print_json
from footfall.database import connect
from footfall.operations.customers.moving import as_json as told
from footfall.operations.customers.moving import move_tenant
from footfall.worker import load_pending

_EVENTS_AT_ONCE = 10_000


def move(
    tenant_id: Annotated[str, typer.Argument(help="Which tenant.")],
    to: Annotated[str, typer.Option(help="The cell that it shall live in (setting FOOTFALL_CELLS).")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Have a tenant live in another cell. For seconds its events are refused, and sent again by trackers; questions go on.

    A minute and a half later, when every server knows, what it had is deleted where it was. Interrupted, call it again; to take
    it back before it has happened, name the cell that it is leaving.

    Example: footfall tenant move acme --to b
    """
    with all_cells(data, database_url) as cells:
        done = move_tenant(cells, tenant_id, to, _load)
    if as_json:
        print_json(told(done))
        return
    console.print(f"{done.tenant} lives in cell {done.target} now, and no more in {done.source}.")
    console.print(f"{sum(done.rows.values()):,} rows; its events were refused for {done.stopped_seconds:.1f} s.")


def _load(url: str) -> None:
    """Load what waits in a store, beside its workers."""
    with connect(url, "footfall_worker") as connection:
        load_pending(connection, _EVENTS_AT_ONCE)
