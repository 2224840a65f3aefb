"""`footfall report`: a tenant's reports, in the terminal."""

from typing import Annotated, Literal

import typer

from footfall import api
from footfall.cli import questions as q
from footfall.cli.options import AsJson, Data, DatabaseUrl, existing_store
from footfall.cli.output import print_json
from footfall.cli.report_views import show


def report(
    tenant: q.Tenant,
    name: Annotated[Literal["summary", api.ReportName], typer.Argument(help="summary: the plan's report.")] = "summary",
    date_from: q.From = None,
    date_to: q.To = None,
    hours: q.Hours = None,
    filter_: q.Filter = None,
    bots: q.Bots = False,  # noqa: FBT002
    as_of: q.AsOf = None,
    by: q.By = None,
    across: q.Across = None,
    metric: q.Metric = None,
    interval: q.Interval = None,
    sort: q.Sort = None,
    search: q.Search = None,
    limit: q.Limit = None,
    cursor: q.Cursor = None,
    compare: q.Compare = None,
    compare_by: q.CompareBy = None,
    compare_from: q.CompareFrom = None,
    compare_to: q.CompareTo = None,
    step: q.Step = None,
    order: q.Order = None,
    window: q.Window = None,
    per: q.Per = None,
    start: q.Start = None,
    direction: q.Direction = None,
    of: q.Of = None,
    depth: q.Depth = None,
    session: q.Session = None,
    visitor: q.Visitor = None,
    figure: q.Figure = None,
    others: q.With = None,
    explain: q.Explain = False,  # noqa: FBT002
    sql: Annotated[
        api.Engine | None, typer.Option(help="Instead: SQL for this engine, over the tables of `archive publish`.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Show a report of days in the tenant's time zone, or of the last hours; what each may be asked is in docs/ask/reports.md.

    Example: footfall report breakdown --tenant acme --by page --filter "channel==search" --from 2026-11-01 --to 2026-11-30
    """
    asked = dict(locals())
    for option in ("tenant", "name", "explain", "sql", "data", "database_url", "as_json"):
        del asked[option]
    with existing_store(data, database_url, tenant) as store:
        if sql:
            with q.reading_as(store, tenant) as connection:
                typer.echo(api.sql_for(connection, name, q.question_of(asked), sql))
            return
        answer = q.answer_to(store, tenant, name, q.question_of(asked), is_explained=explain)
    if as_json:
        print_json(answer)
    else:
        show(name, answer)
