"""One visitor, and the visits, the latest first, on whatever day they were."""

from dataclasses import replace
from datetime import date
from http import HTTPStatus
from typing import Any

from footfall.api.asking import Asked, Report
from footfall.api.questions.comparisons import range_of_days
from footfall.api.questions.conditions import ANY
from footfall.api.questions.parsing import RANGE
from footfall.api.questions.question import Question
from footfall.api.refused import refuse
from footfall.api.reports.sessions import COLUMNS, sessions_found
from footfall.api.statements.figures import rows_of
from footfall.api.statements.fragments import Tree, fill_rows, sql, statements_of


def answer(asked: Asked) -> dict[str, Any]:
    """`visitor`, `sessions`, and `nextCursor`. Refuses ``visitor_unknown``, ``events_gone``."""
    visitor: dict[str, Any] = asked.one(_visitor)
    if visitor["first_day"] is None:
        refuse("visitor_unknown", "visitor", status=HTTPStatus.NOT_FOUND)
    first, last = (date.fromisoformat(visitor[day]) for day in ("first_day", "last_day"))
    if asked.tenant.events_from:
        if last < asked.tenant.events_from:
            refuse("events_gone", "visitor", f"visits from {asked.tenant.events_from} on")
        first = max(first, asked.tenant.events_from)
    sessions: dict[str, Any] = asked.one(_sessions, range=range_of_days(first, last, asked.tenant))
    return {"visitor": visitor} | sessions


def _visitor(_: Question) -> Tree:
    views = fill_rows(rows_of("views", "NULL"), {"events": sql("SELECT e.* FROM event AS e")})
    return sql(statements_of("reports/visitor.sql")["visitor"], views=views)


def _sessions(question: Question) -> Tree:
    return sessions_found(replace(question, where=ANY), "of_visitor")


REPORT = Report(
    name="visitor",
    words="One visitor's visits",
    keys=(*RANGE, "visitor", "limit", "cursor"),
    answer=answer,
    statements=(_visitor, _sessions),
    rows="sessions",
    columns=COLUMNS,
)
