"""Metrics by buckets of time, without gaps."""

from typing import Any

from footfall.api.asking import Asked, Report
from footfall.api.questions.comparisons import compared_with, range_of_days
from footfall.api.questions.parsing import COMPARING, RANGE
from footfall.api.questions.plan import OF_FIGURES
from footfall.api.questions.question import Comparison, Question
from footfall.api.statements.chosen import choose
from footfall.api.statements.figures import bucket, counted, figures, values
from footfall.api.statements.fragments import Tree, sql, statements_of


def answer(asked: Asked) -> dict[str, Any]:
    """`buckets`, each with its start; and by the names of comparisons those of the other days, or hours."""
    now: dict[str, Any] = asked.one(_timeseries)
    before = {name: _before(asked, name) for name in asked.question.compare if name != "none"}
    return now | ({"comparison": before} if before else {})


def _before(asked: Asked, name: Comparison) -> dict[str, Any]:
    other = compared_with(asked.question, name, asked.tenant).range
    # whole days, also where figures are compared up to a moment of one: a line shows how that day went on
    days = other if asked.question.is_of_hours else range_of_days(other.first, other.last, asked.tenant)
    buckets: dict[str, Any] = asked.one(_timeseries, range=days)
    return {"dateFrom": days.first.isoformat(), "dateTo": days.last.isoformat()} | buckets


def _timeseries(question: Question) -> Tree:
    statements = statements_of("reports/timeseries.sql")
    is_of_moments = question.interval in ("minute", "hour")
    buckets = (
        sql(statements[f"{question.interval}s"])
        if is_of_moments
        else sql(statements["periods"], bucket=bucket(question, "d.day::date"))
    )
    start = "api.local_moment(s.g, $time_zone)" if is_of_moments else "s.g"
    slots: dict[str, Any] = {"start": start, "metrics": values(question), "buckets": buckets, "figures": figures(question)}
    return choose(sql(statements["timeseries"], **slots), question)


REPORT = Report(
    name="timeseries",
    words="Metrics over time",
    keys=(*RANGE, "hours", "interval", "metrics", *COMPARING),
    answer=answer,
    statements=(_timeseries,),
    undivided=counted,
    rows="buckets",
    columns=("start",),
    sources=OF_FIGURES,
)
