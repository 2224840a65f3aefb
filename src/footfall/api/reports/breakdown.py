"""Metrics by the values of a dimension: sorted, searched, in pages."""

from dataclasses import replace
from typing import Any

from sqlglot import exp

from footfall.api.asking import Asked, Report
from footfall.api.questions.declared import Kind
from footfall.api.questions.formulas import asked_metric
from footfall.api.questions.parsing import RANGE
from footfall.api.questions.plan import OF_FIGURES, ROLLUPS, plan
from footfall.api.questions.question import Question
from footfall.api.statements.chosen import choose
from footfall.api.statements.figures import figures, value, values
from footfall.api.statements.fragments import Tree, sql, statements_of

_NAMED_BY = {Kind.TEXT: "named_by_itself", Kind.PAGE: "named_by_page", Kind.ITEM: "named_by_item"}


def answer(asked: Asked) -> dict[str, Any]:
    """`rows`, and `nextCursor`. After the last value, unless one is searched for, comes what has none: then sums agree."""
    return dict(asked.one(_breakdown))


def _breakdown(question: Question) -> Tree:
    assert question.by is not None  # noqa: S101
    statements = statements_of("reports/breakdown.sql")
    # rollups tell at once whether there is any event without a value
    is_whole = sql(statements["is_whole"]) if plan(question) is ROLLUPS else exp.false()
    is_descending = question.sort.startswith("-")
    slots: dict[str, Any] = {
        "figures": figures(question),
        "named": sql(statements[_NAMED_BY[question.by.dimension.kind]]),
        "rank": value(asked_metric(question.sort.lstrip("-"))),
        "found": "true" if not question.search else "f.name ILIKE $search",
        "metrics": values(question),
        "order": exp.Ordered(this=sql("f.rank"), desc=is_descending),
        "is_whole": exp.true() if question.search else is_whole,
        "unknown": figures(replace(question, unknown=True)),
    }
    return choose(sql(statements["breakdown"], **slots), question)


REPORT = Report(
    name="breakdown",
    words="Metrics by a dimension",
    keys=(*RANGE, "hours", "dimension", "metrics", "sort", "search", "limit", "cursor"),
    answer=answer,
    statements=(_breakdown,),
    rows="rows",
    columns=("value",),
    sources=OF_FIGURES,
)
