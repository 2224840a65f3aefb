"""Visits, the latest first: by their first event in the range."""

from typing import Any, Literal

from footfall.api.asking import Asked, Report
from footfall.api.questions.parsing import RANGE
from footfall.api.questions.plan import OF_VISITS, plan
from footfall.api.questions.question import Question
from footfall.api.statements.chosen import choose
from footfall.api.statements.figures import rows_of
from footfall.api.statements.fragments import Tree, fill_rows, sql, statements_of

_STATEMENTS = statements_of("reports/sessions.sql")
COLUMNS = (
    *("start", "end", "session", "visitor", "events", "page_views", "duration_seconds"),
    *("engaged_time", "scroll_depth", "is_bounce", "entry_page", "exit_page"),
    *("source", "channel", "device", "browser", "os", "country"),
)


def answer(asked: Asked) -> dict[str, Any]:
    """`sessions`, and `nextCursor`."""
    return dict(asked.one(_sessions))


def sessions_found(question: Question, how: Literal["in_visits", "in_events", "of_visitor", "itself"]) -> Tree:
    """A page of the visits that are found so."""
    is_after = sql(_STATEMENTS["is_after"]) if question.after else "true"
    views = fill_rows(rows_of("views", "e.site_session_hk"), {"events": sql("SELECT e.* FROM event AS e")})
    return choose(sql(_STATEMENTS["sessions"], found=sql(_STATEMENTS[f"found_{how}"]), is_after=is_after, views=views), question)


def _sessions(question: Question) -> Tree:
    return sessions_found(question, "in_visits" if plan(question, OF_VISITS).is_of_visits else "in_events")


REPORT = Report(
    name="sessions",
    words="Visits",
    keys=(*RANGE, "hours", "limit", "cursor"),
    answer=answer,
    statements=(_sessions,),
    rows="sessions",
    columns=COLUMNS,
    sources=OF_VISITS,
)
