"""Questions on the command line: the options of `footfall report` and `footfall export`, and asking."""

import contextlib
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from footfall import api
from footfall.auth import tell_looked_in, tenant_key
from footfall.database import Connection, Store, connect, pool, reading
from footfall.errors import NotAccepted
from footfall.settings import Settings

Tenant = Annotated[str, typer.Option(help="Whose report.")]
From = Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD; default: 30 days up to --to.")]
To = Annotated[str | None, typer.Option("--to", help="Last day, YYYY-MM-DD; default: today.")]
Filter = Annotated[str | None, typer.Option("--filter", help='Which events count, e.g. "channel==search;page=~/blog".')]
Bots = Annotated[bool, typer.Option("--bots", help="Bots too.")]
AsOf = Annotated[str | None, typer.Option(help="A load date: what would have been said then.")]
By = Annotated[str | None, typer.Option("--by", help="Dimension: source, page, country, property:<key>, …")]
Across = Annotated[str | None, typer.Option(help="Each value by another dimension, too.")]
Metric = Annotated[list[str] | None, typer.Option(help="visitors, visits, page_views, bounce_rate, …; repeatable.")]
Interval = Annotated[str | None, typer.Option(help="minute, hour, day, week, month.")]
Sort = Annotated[str | None, typer.Option(help="A metric; -metric: descending.")]
Hours = Annotated[int | None, typer.Option(help="Instead of days: the last hours, this one included.")]
Search = Annotated[str | None, typer.Option(help="Only values that contain this.")]
Limit = Annotated[int | None, typer.Option(help="Most rows. Default: what fits a page; of an export, all.")]
Cursor = Annotated[str | None, typer.Option(help="Rows to skip, or what the page before said.")]
Compare = Annotated[list[str] | None, typer.Option(help="previous_period, previous_year, custom; repeatable.")]
CompareBy = Annotated[str | None, typer.Option(help="date, weekday: how a day finds its counterpart.")]
CompareFrom = Annotated[str | None, typer.Option(help="With --compare custom: first day.")]
CompareTo = Annotated[str | None, typer.Option(help="With --compare custom: last day.")]
Step = Annotated[list[str] | None, typer.Option(help="A step of the funnel, as a filter; repeatable.")]
Order = Annotated[str | None, typer.Option(help="loose, strict.")]
Window = Annotated[int | None, typer.Option(help="Most minutes from the first step on.")]
Per = Annotated[str | None, typer.Option(help="visit, visitor.")]
Start = Annotated[str | None, typer.Option(help="Where paths begin, as a filter.")]
Direction = Annotated[str | None, typer.Option(help="next, previous.")]
Of = Annotated[str | None, typer.Option(help="paths: pages, events.")]
Depth = Annotated[int | None, typer.Option(help="Steps of a path.")]
Session = Annotated[str | None, typer.Option(help="Key of a session.")]
Visitor = Annotated[str | None, typer.Option(help="Key of a visitor.")]
Figure = Annotated[str | None, typer.Option(help="events: whose events; visits, visitors, revenue, funnel, retention, paths, …")]
Explain = Annotated[bool, typer.Option("--explain", help="Also which source answered, why, and the SQL.")]
With = Annotated[list[str] | None, typer.Option("--with", help="Any other key of the question, e.g. dropped=true; repeatable.")]

# options whose name is not the question's key
_KEYS = {
    "date_from": "dateFrom",
    "date_to": "dateTo",
    "filter_": "filter",
    "bots": "includeBots",
    "as_of": "asOf",
    "by": "dimension",
    "metric": "metrics",
    "step": "steps",
    "compare_by": "compareBy",
    "compare_from": "compareFrom",
    "compare_to": "compareTo",
}


def question_of(options: dict[str, Any]) -> dict[str, Any]:
    """The question that these options ask; an option that was not given asks nothing. Raises NotAccepted: ``option_invalid``."""
    others = [pair.partition("=") for pair in options.pop("others", None) or []]
    if any(not key or not equals for key, equals, _ in others):
        raise NotAccepted("option_invalid", "--with takes key=value")
    question = {_KEYS.get(name, name): value for name, value in options.items() if value not in (None, False, [])}
    return question | {key: value for key, _, value in others}


@contextlib.contextmanager
def reading_as(store: Store, tenant: str, seconds: float = 30) -> Iterator[Connection]:
    """A read-only transaction that sees this tenant's rows. Raises NotAccepted: ``tenant_unknown``."""
    with connect(store.url, "footfall_worker") as connection:
        tenant_hk = tenant_key(connection, tenant)
        tell_looked_in(connection, tenant_hk)
    with pool(store.url, "footfall_reader", size=1) as readers, reading(readers, tenant_hk, seconds) as connection:
        yield connection


def answer_to(store: Store, tenant: str, report: str, question: dict[str, Any], *, is_explained: bool = False) -> dict[str, Any]:
    """The answer's data; `is_explained`: with how it was found. Raises NotAccepted with what is wrong with the question."""
    settings = Settings.read()
    # the copies that are there: a server has them fetched, and looks after them
    api.read_archive(settings.archive, settings.archive_cache)
    with reading_as(store, tenant) as connection:
        if report == "summary":
            reply = api.track_analytics(connection, question)
        else:
            reply = api.answer(connection, report, question, is_explained=is_explained)
    if not reply["success"]:
        raise NotAccepted(reply["debug_info"]["error"], reply["message"])
    data: dict[str, Any] = reply["data"]
    return data
