"""The figures of the whole range, and of the ranges it is compared with."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlglot import exp

from footfall.api.asking import Asked, Report
from footfall.api.questions.comparisons import compared_with
from footfall.api.questions.formulas import METRICS
from footfall.api.questions.parsing import COMPARING, RANGE
from footfall.api.questions.plan import OF_FIGURES, ROLLUPS, plan
from footfall.api.questions.question import Comparison, Question
from footfall.api.statements.chosen import choose
from footfall.api.statements.figures import conversions_of, counted, figures, rolled, values
from footfall.api.statements.fragments import Tree, sql, statements_of

_FILE = "reports/overview.sql"


def answer(asked: Asked) -> dict[str, Any]:
    """`metrics`, `revenue_by_currency`, and `comparison` by its name."""
    now: dict[str, Any] = asked.one(_overview)
    before = {name: _before(asked, name, now["metrics"]) for name in asked.question.compare if name != "none"}
    return now | ({"comparison": before} if before else {})


def _before(asked: Asked, name: Comparison, now: dict[str, Any]) -> dict[str, Any]:
    question = asked.question
    other = compared_with(question, name, asked.tenant)
    before: dict[str, Any] = asked.one(_overview, range=other.range, is_cut=other.is_cut)["metrics"]
    said = {"dateFrom": other.range.first.isoformat(), "dateTo": other.range.last.isoformat()}
    if question.is_of_hours:
        said["from"] = other.range.since.isoformat()
    if question.is_of_hours or other.is_cut:
        said["until"] = other.range.until.isoformat()
    return said | {"metrics": before, "change": {metric: _change(metric, now[metric], value) for metric, value in before.items()}}


def _change(metric: str, now: float | None, before: float | None) -> float | None:
    """By how many percent it changed, of a percentage: by how many points; None: there was nothing."""
    if now is not None and before is not None and metric in METRICS and METRICS[metric].unit == "percent":
        return round(now - before, 2)
    if now is None or not before:
        return None
    exact = 100 * (Decimal(str(now)) - Decimal(str(before))) / Decimal(str(before))
    return float(exact.quantize(Decimal("0.1"), ROUND_HALF_UP))


def _overview(question: Question) -> Tree:
    statements = statements_of(_FILE)
    if plan(question) is ROLLUPS:
        found, all_found = sql(statements["rolled_once"]), rolled(question, "all", "currency")
        revenue = sql(statements["revenue_of_rollups"], rolled=found)
    else:
        found, all_found = sql(statements["converted_once"]), conversions_of(question, "''")
        revenue = sql(statements["revenue_of_conversions"], conversions=found)
    overview = sql(statements["overview"], metrics=values(question), figures=figures(question, found), revenue=revenue)
    assert isinstance(overview, exp.Select)  # noqa: S101  so it is written
    return choose(overview.with_("found", all_found, materialized=True), question)


REPORT = Report(
    name="overview",
    words="All metrics of a range",
    keys=(*RANGE, "hours", "metrics", *COMPARING),
    answer=answer,
    statements=(_overview,),
    undivided=counted,
    sources=OF_FIGURES,
)
