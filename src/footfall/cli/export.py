"""`footfall export`: events, or a report's rows, into a file."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress

from footfall import api
from footfall.api import export as exports
from footfall.auth import tell_download, tenant_key
from footfall.cli import questions as q
from footfall.cli.options import AsJson, Data, DatabaseUrl, existing_store
from footfall.cli.output import console, print_json
from footfall.database import connect
from footfall.errors import NotAccepted

_SECONDS = 3600.0  # an export may take its time


def export(
    what: Annotated[Literal["events", api.ReportName], typer.Argument(help="events, or a report.")],
    file: Annotated[Path, typer.Argument(help="Where to: *.csv, *.jsonl or *.parquet.")],
    tenant: q.Tenant,
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
    others: q.With = None,
    bom: Annotated[bool, typer.Option("--bom", help="CSV with a byte order mark, for Excel.")] = False,  # noqa: FBT002
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Write a tenant's events of a range of days (bots too, marked), or the rows of a report, as CSV, JSON lines or Parquet.

    Example: footfall export events november.parquet --tenant acme --from 2026-11-01 --to 2026-11-30
    """
    asked = dict(locals())
    for option in ("what", "file", "tenant", "bom", "data", "database_url", "as_json"):
        del asked[option]
    form = next((form for form in exports.FORMATS if file.suffix == f".{form}"), None)
    if form is None:
        raise NotAccepted("format_unknown", f"{file.name} does not end in {', '.join('.' + form for form in exports.FORMATS)}")
    written = 0
    with existing_store(data, database_url, tenant) as store, Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Exporting", total=None)

        def advance(rows: int) -> None:
            nonlocal written
            written += rows
            progress.advance(task, rows)

        if what == "events":
            first, last = _day(date_from, date.min.replace(year=1000)), _day(date_to, date.max)
            with q.reading_as(store, tenant, _SECONDS) as connection:
                progress.update(task, total=exports.count_events(connection, first, last))
                with exports.events(connection, first, last) as (columns, rows):
                    exports.write(file, form, columns, rows, advance, has_bom=bom)
        else:
            with q.reading_as(store, tenant, _SECONDS) as connection:
                found = exports.report_rows(connection, what, q.question_of(asked))
            progress.update(task, total=len(found))
            exports.write(file, form, exports.columns_of(found), found, advance, has_bom=bom)
        with connect(store.url, "footfall_worker") as connection:
            tell_download(connection, f"{what}.{form}", written, tenant_key(connection, tenant))
    if as_json:
        print_json({"file": str(file), "rows": written})
    else:
        console.print(f"{file}: {written:,} rows", markup=False)


def _day(text: str | None, default: date) -> date:
    try:
        return date.fromisoformat(text) if text else default
    except ValueError as error:
        raise NotAccepted("date_invalid", f"{text} is not a date: write YYYY-MM-DD") from error
