"""Who came again: of the visitors whose first period in the range is this one, how many were there in which later one."""

from typing import Any

from sqlglot import exp

from footfall.api.asking import Asked, Report
from footfall.api.questions.parsing import RANGE
from footfall.api.questions.plan import OF_VISITS, VISITS, plan
from footfall.api.questions.question import Question
from footfall.api.statements.chosen import choose
from footfall.api.statements.figures import bucket
from footfall.api.statements.fragments import Tree, sql, statements_of

_STATEMENTS = statements_of("reports/retention.sql")


def answer(asked: Asked) -> dict[str, Any]:
    """`cohorts`, the oldest first."""
    return dict(asked.one(_retention))


def events_of_retention(question: Question) -> Tree:
    """Rows (g, site_session_hk): of the visitors whose first period is the cohort, their first event in the `period`-th later."""
    return sql(
        _STATEMENTS["events"],
        period=bucket(question, "e.day"),
        cohort=bucket(question, "$cohort::date"),
        interval=exp.Interval(this=exp.Literal.string(f"1 {question.interval}")),
    )


def _retention(question: Question) -> Tree:
    seen = (
        sql(_STATEMENTS["seen_in_visits"], period=bucket(question, "v.day"))
        if plan(question, OF_VISITS) is VISITS
        else sql(_STATEMENTS["seen_in_events"], period=bucket(question, "e.day"))
    )
    return choose(sql(_STATEMENTS["retention"], seen=seen, bucket=bucket(question, "d.day::date")), question)


# not of hours: days are what people come back on
REPORT = Report(
    name="retention",
    words="Who came again",
    keys=(*RANGE, "interval"),
    answer=answer,
    statements=(_retention,),
    rows="cohorts",
    columns=("start", "visitors", "retained", "percent"),
    sources=OF_VISITS,
)
