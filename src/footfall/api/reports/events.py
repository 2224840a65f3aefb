"""The events that a figure counts, of any report: the proof of a number."""

from typing import Any

from footfall.api.asking import Asked, Report
from footfall.api.questions.parsing import RANGE
from footfall.api.questions.question import Question
from footfall.api.reports.funnel import events_of_funnel
from footfall.api.reports.paths import events_of_paths
from footfall.api.reports.retention import events_of_retention
from footfall.api.statements.chosen import choose
from footfall.api.statements.figures import conversions_of
from footfall.api.statements.fragments import Tree, sql, statements_of

_STATEMENTS = statements_of("reports/events.sql")
_OF_REPORTS = {"funnel": events_of_funnel, "retention": events_of_retention, "paths": events_of_paths}
# what an event has to be
_EVENTS = {
    "events": "true",
    "page_views": "e.event_type = 'page_view'",
    "views_without_visit": "e.event_type = 'page_view' AND NOT e.is_visit",
}
# what is counted, and of which events
_FIRSTS = {
    "visits": ("e.site_session_hk", "e.is_visit"),
    "visitors": ("e.site_visitor_hk", "e.site_visitor_hk IS NOT NULL"),
}
# of which conversions, and the figure; revenue leaves out what is in another currency
_CONVERSIONS = {
    "conversions": ("NOT c.is_refund", "count(*)"),
    "revenue": ("c.currency = $currency", "sum(c.value)"),
    "refunds": ("c.is_refund AND c.currency = $currency", "-sum(c.value)"),
}


def answer(asked: Asked) -> dict[str, Any]:
    """`figure`, `rows`, the latest first, and `nextCursor`."""
    return dict(asked.one(_events))


def _events(question: Question) -> Tree:
    is_worth = question.figure in _CONVERSIONS
    slots: dict[str, Any] = {
        "counted": _counted(question),
        "figure": _CONVERSIONS[question.figure][1] if is_worth else "count(*)",
        "value": "n.value" if is_worth else "NULL::numeric",
        "currency": "n.currency" if is_worth else "NULL",
        "is_after": "c.g < $after_key" if question.after else "true",
    }
    return choose(sql(_STATEMENTS["events"], **slots), question)


def _counted(question: Question) -> Tree:
    """Rows (g: the event, site_session_hk); of what is worth something also value and currency."""
    figure = question.figure
    if figure in _OF_REPORTS:
        return _OF_REPORTS[figure](question)
    if figure in _CONVERSIONS:
        conversions = conversions_of(question, "e.site_event_hk")
        return sql(_STATEMENTS["counted_conversions"], conversions=conversions, counts=_CONVERSIONS[figure][0])
    if figure in _FIRSTS:
        thing, counts = _FIRSTS[figure]
        return sql(_STATEMENTS["counted_firsts"], thing=thing, counts=counts)
    return sql(_STATEMENTS["counted_events"], counts=_EVENTS[figure])


REPORT = Report(
    name="events",
    words="The events that a figure counts",
    keys=(*RANGE, "hours", "figure", "limit", "cursor"),
    answer=answer,
    statements=(_events,),
    rows="rows",
    columns=(
        "time",
        "type",
        "action",
        "label",
        "value",
        "currency",
        "page",
        "session",
        "event",
        "raw_event_id",
        "load_date",
        "hash",
    ),
)
