"""Reports as a terminal shows them: tables, with a bar where one number is compared with others."""

import re
from collections.abc import Callable
from typing import Any

from rich.bar import Bar
from rich.table import Table
from rich.text import Text

from footfall.api import METRICS
from footfall.cli.output import console

Answer = dict[str, Any]
_BAR = 16  # columns
_RATINGS = ("good", "needs_improvement", "poor")


def show(report: str, answer: Answer) -> None:
    """Print an answer."""
    about = answer["metadata"]
    days = answer["dateRange"] if report == "summary" else answer["query"]
    first, last = days.get("from") or days.get("dateFrom"), days.get("to") or days.get("dateTo")
    span = f"{first} to {last}" if first else "now"
    console.print(f"[bold]{about['tenant_id']}[/]  {span}  ({about['time_zone']})\n")
    _VIEWS[report](answer)
    if explanation := answer.get("explanation"):
        _explanation(explanation)
    freshness = about["data_freshness"]
    lag = freshness["lag_seconds"]
    console.print(f"\nUp to {freshness['watermark'][:19]} UTC" + (f", {lag:,.0f} s behind." if lag else "."))


def _explanation(explanation: Answer) -> None:
    console.print(f"\nAnswered from [bold]{explanation['source']}[/]:")
    for source, verdict in explanation["sources"].items():
        console.print(f"  {source}: {verdict}", markup=False)
    for statement in explanation["statements"]:
        console.print(f"\n{statement};", markup=False, highlight=False, soft_wrap=True)


def _summary(data: Answer) -> None:
    overview, acts, conversions = data["overview"], data["interactions"], data["conversions"]
    funnel, about = data["conversionFunnel"], data["metadata"]
    _pairs(
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
    )
    if data["topItems"]:
        console.print("\n[bold]Top items[/]")
        _rows(data["topItems"], ("item_name", "interactions", "conversion_value"), chart="interactions")


def _overview(answer: Answer) -> None:
    comparison = answer.get("comparison", {})
    table = _table("", "", *(name.replace("_", " ") for name in comparison))
    for metric in answer["query"]["metrics"]:
        changes = [_change(metric, other["change"].get(metric)) for other in comparison.values()]
        table.add_row(_label(metric), _cell(answer["metrics"][metric]), *changes)
    for currency, value in answer["revenue_by_currency"].items():
        table.add_row(f"revenue, {currency}", _cell(value))
    console.print(table)
    for name, before in comparison.items():
        until = f", until {before['until'][:16].replace('T', ' ')}" if "until" in before else ""
        console.print(f"{name.replace('_', ' ')}: {before['dateFrom']} to {before['dateTo']}{until}")


def _timeseries(answer: Answer) -> None:
    metrics = answer["query"]["metrics"]
    _rows(answer["buckets"], ("start", *metrics), chart=metrics[0])


def _breakdown(answer: Answer) -> None:
    dimensions = ("value", "across") if "across" in answer["query"] else ("value",)
    rows = [row | {name: "(unknown)" for name in dimensions if row[name] is None} for row in answer["rows"]]
    _rows(rows, (*dimensions, *answer["query"]["metrics"]), chart=answer["query"]["sort"].lstrip("-"))


def _funnel(answer: Answer) -> None:
    columns = ("filter", "count", "percent_of_start", "percent_of_previous", "median_seconds")
    _rows(answer["steps"], columns, chart="count")
    for group in answer.get("groups", []):
        console.print(f"\n[bold]{group['value']}[/]")
        _rows(group["steps"], columns, chart="count")


def _retention(answer: Answer) -> None:
    periods = max((len(cohort["percent"]) for cohort in answer["cohorts"]), default=0)
    shown = min(periods, max(1, (console.width - 22) // 7))
    table = _table("cohort", "visitors", *(str(number) for number in range(shown)))
    for cohort in answer["cohorts"]:
        if cohort["visitors"]:
            cells = [_shade(percent) for percent in cohort["percent"][:shown]]
            table.add_row(cohort["start"], _cell(cohort["visitors"]), *cells)
    for group in answer.get("groups", ()):
        cells = [_shade(percent) for percent in group["percent"][:shown]]
        table.add_row(group["value"] or "(unknown)", _cell(group["visitors"]), *cells)
    console.print(table)


def _realtime(answer: Answer) -> None:
    _pairs(("Visitors, 5 minutes", answer["visitors_5_minutes"]), ("Visitors, 30 minutes", answer["visitors_30_minutes"]))
    console.print("\n[bold]Pages[/]")
    _rows(answer["pages"], ("value", "visitors", "page_views"), chart="page_views")
    console.print("\n[bold]Sources[/]")
    _rows(answer["sources"], ("value", "visits"), chart="visits")
    console.print("\n[bold]Events[/]")
    _rows(answer["events"], ("time", "type", "action", "label", "page", "source"))


def _events(answer: Answer) -> None:
    _pairs((_label(answer["query"]["figure"]), answer["figure"]))
    console.print()
    _rows(answer["rows"], ("time", "type", "action", "label", "value", "page", "raw_event_id", "load_date", "hash"))


def _vitals(answer: Answer) -> None:
    _rows([{"vital": name} | figures for name, figures in answer["vitals"].items()], ("vital", "loads", "p75", *_RATINGS))
    console.print()
    _rows(
        [row | {name: row[name]["p75"] for name in answer["vitals"] if name in row} for row in answer["rows"]],
        ("page", "loads", *answer["vitals"]),
        chart="loads",
    )


def _bots(answer: Answer) -> None:
    _rows(answer["kinds"], ("kind", "bots", "page_views", "pages", "last_seen"), chart="page_views")
    console.print()
    _rows(answer["rows"], ("kind", "bot", "page_views", "pages", "last_seen"), chart="page_views")


def _sessions(answer: Answer) -> None:
    _rows(answer["sessions"], ("start", "duration_seconds", "page_views", "source", "device", "country", "entry_page"))


def _session(answer: Answer) -> None:
    _sessions(answer)
    console.print()
    _rows(answer["events"], ("time", "type", "action", "label", "value", "page", "item"))
    if answer["consent"]:
        console.print()
        _rows(answer["consent"], ("stated_at", "state", "purposes", "version", "at"))


def _visitor(answer: Answer) -> None:
    known = {**answer["visitor"], **(answer["visitor"]["details"] or {})}
    _pairs(*((_label(name), value) for name, value in known.items() if name != "details"))
    console.print()
    _sessions(answer)


def _list(name: str, columns: tuple[str, ...], chart: str) -> Callable[[Answer], None]:
    return lambda answer: _rows(answer[name], columns, chart)


_VIEWS: dict[str, Callable[[Answer], None]] = {
    "summary": _summary,
    "overview": _overview,
    "timeseries": _timeseries,
    "breakdown": _breakdown,
    "goals": _list("goals", ("goal", "visits", "visitors", "events", "conversion_rate", "value"), "visits"),
    "funnel": _funnel,
    "retention": _retention,
    "paths": _list("links", ("level", "source", "target", "visits"), "visits"),
    "items": _list("rows", ("name", "interactions", "views", "visits", "conversions", "value"), "interactions"),
    "engagement": _list("rows", ("page", "views", "measured", "time_on_page", "scroll_depth"), "views"),
    "vitals": _vitals,
    "bots": _bots,
    "events": _events,
    "properties": _list("rows", ("key", "events", "values"), "events"),
    "sessions": _sessions,
    "session": _session,
    "visitor": _visitor,
    "realtime": _realtime,
}


def _rows(rows: list[Answer], columns: tuple[str, ...], chart: str | None = None) -> None:
    """A table of rows, with a bar for one of their numbers. Columns in which nothing stands are left out."""
    if not rows:
        console.print("Nothing.")
        return
    names = [name for name in columns if any(row.get(name) is not None for row in rows)]
    table = _table(*map(_label, names))
    if chart:
        table.add_column("", width=_BAR)
    most = max((float(row.get(chart) or 0) for row in rows), default=0) if chart else 0
    for row in rows:
        bar = [Bar(most or 1, 0, float(row.get(chart) or 0))] if chart else []
        table.add_row(*(_cell(row.get(name)) for name in names), *bar)
    console.print(table)


def _pairs(*pairs: tuple[str, Any]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right", style="bold")
    for label, value in pairs:
        table.add_row(label, _cell(value))
    console.print(table)


def _table(*headers: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, header in enumerate(headers):
        table.add_column(header, justify="right" if number and header else "left", overflow="ellipsis", no_wrap=bool(number))
    return table


def _label(name: str) -> str:
    return name.replace("_", " ")


def _cell(value: Any) -> Text:
    match value:
        case None:
            return Text("")
        case bool():
            return Text("yes" if value else "no")
        case int() | float():
            return Text(f"{value:,}")
        case list():
            return Text(", ".join(map(str, value)))
        case dict():
            return Text(", ".join(f"{key}={one}" for key, one in value.items()))
    return Text(str(value).replace("T", " ")[:19] if _MOMENT.match(str(value)) else str(value))


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$")


def _change(name: str, change: float | None) -> Text:
    if change is None:
        return Text("")
    metric = METRICS.get(name)
    unit = "points" if metric and metric.unit == "percent" else "%"
    style = "" if change == 0 else "green" if (change > 0) != (metric is not None and metric.is_better_lower) else "red"
    return Text(f"{change:+,.1f} {unit}", style=style)


def _shade(percent: float) -> Text:
    level = min(int(percent / 20), 4)
    return Text(f"{percent:g} %", style=("dim", "", "cyan", "blue", "bold blue")[level])
