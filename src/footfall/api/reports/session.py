"""One visit: what is known of it, and its events in order, on whatever day they were."""

from datetime import date
from http import HTTPStatus
from typing import Any

from footfall.api.asking import Asked, Report
from footfall.api.questions.comparisons import range_of_days
from footfall.api.questions.parsing import RANGE
from footfall.api.questions.question import Question
from footfall.api.refused import refuse
from footfall.api.reports.sessions import sessions_found
from footfall.api.statements.chosen import choose
from footfall.api.statements.fragments import Tree, sql, statements_of

_STATEMENTS = statements_of("reports/session.sql")


def answer(asked: Asked) -> dict[str, Any]:
    """`sessions`, with this one, its `events`, and what was said of `consent`. Refuses ``session_unknown``, ``events_gone``."""
    first, last = asked.one(_days)
    if first is None:
        refuse("session_unknown", "session", status=HTTPStatus.NOT_FOUND)
    if asked.tenant.events_from and date.fromisoformat(last) < asked.tenant.events_from:
        refuse("events_gone", "session", f"visits from {asked.tenant.events_from} on")
    days = range_of_days(date.fromisoformat(first), date.fromisoformat(last), asked.tenant)
    whole: dict[str, Any] = {"range": days, "bots": True, "limit": 1, "cursor": 0}
    sessions: dict[str, Any] = asked.one(_session, **whole)
    events: dict[str, Any] = asked.one(_events, **whole)
    consent: dict[str, Any] = asked.one(_consent, **whole)
    return {"sessions": sessions["sessions"]} | events | consent


def _days(_: Question) -> Tree:
    return sql(_STATEMENTS["days"])


def _session(question: Question) -> Tree:
    return sessions_found(question, "itself")


def _consent(_: Question) -> Tree:
    return sql(_STATEMENTS["consent"])


def _events(question: Question) -> Tree:
    return choose(sql(_STATEMENTS["events"]), question)


REPORT = Report(
    name="session",
    words="One visit, event by event",
    keys=(*RANGE, "session"),
    answer=answer,
    statements=(_days, _session, _events, _consent),
    rows="events",
    columns=("time", "type", "category", "action", "label", "value", "currency", "page", "title", "item", "properties"),
)
