"""`footfall report`: the plan's report, in the terminal."""

from typing import Annotated, Any

import typer
from rich.table import Table

from footfall import api
from footfall.auth import tenant_key
from footfall.cli.options import AsJson, Data, DatabaseUrl, existing_store
from footfall.cli.output import console, print_json
from footfall.database import connect, pool, reading
from footfall.errors import NotAccepted


def report(
    tenant: Annotated[str, typer.Option(help="Whose report.")],
    date_from: Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD; default: 30 days before --to.")] = None,
    date_to: Annotated[str | None, typer.Option("--to", help="Last day, YYYY-MM-DD; default: today.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Show a tenant's report (api.track_analytics) of a range of days in its time zone.

    Example: footfall report --tenant acme --from 2026-11-01 --to 2026-11-30
    """
    with existing_store(data, database_url) as store:
        with connect(store.url, "footfall_worker") as connection:
            tenant_hk = tenant_key(connection, tenant)
        with pool(store.url, "footfall_reader", size=1) as readers, reading(readers, tenant_hk) as connection:
            reply = api.track_analytics(connection, {"dateFrom": date_from, "dateTo": date_to})
    if not reply["success"]:
        raise NotAccepted(reply["debug_info"]["error"], reply["message"])
    if as_json:
        print_json(reply["data"])
    else:
        _show(reply["data"])


def _show(data: dict[str, Any]) -> None:
    overview, acts, conversions = data["overview"], data["interactions"], data["conversions"]
    funnel, about = data["conversionFunnel"], data["metadata"]
    console.print(
        f"[bold]{about['tenant_id']}[/]  {data['dateRange']['from']} to {data['dateRange']['to']}  ({about['time_zone']})\n"
    )
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right", style="bold")
    for label, value in (
        ("Sessions", overview["totalSessions"]),
        ("Unique visitors", overview["uniqueVisitors"]),
        ("Page views", overview["pageViews"]),
        ("Events", overview["totalEvents"]),
        ("Pages visited", acts["uniquePagesVisited"]),
        ("Pages per session", overview["avgPagesPerSession"]),
        ("Session duration, minutes", overview["avgSessionDurationMinutes"]),
        ("Item interactions", acts["itemInteractions"]),
        ("Contact interactions", acts["contactInteractions"]),
        ("Transactions started", funnel["funnel_start"]),
        ("  went on", funnel["funnel_progress"]),
        ("  completed", funnel["funnel_complete"]),
        ("Conversion rate, %", conversions["conversionRate"]),
        ("Completed transactions", conversions["completedTransactions"]),
        (f"Conversion value, {about['currency']}", conversions["totalConversionValue"]),
    ):
        table.add_row(label, f"{value:,}")
    console.print(table)
    if data["topItems"]:
        items = Table(box=None, pad_edge=False, header_style="bold", title="\nTop items", title_justify="left")
        items.add_column("item")
        items.add_column("interactions", justify="right")
        items.add_column(f"value, {about['currency']}", justify="right")
        for item in data["topItems"]:
            items.add_row(item["item_name"], f"{item['interactions']:,}", f"{item['conversion_value']:,}")
        console.print(items)
    lag = about["data_freshness"]["lag_seconds"]
    console.print(f"\nUp to {about['data_freshness']['watermark'][:19]} UTC" + (f", {lag:,.0f} s behind." if lag else "."))
