"""Metrics by the values of a dimension: sorted, searched, in pages."""

from dataclasses import replace
from typing import Any

from sqlglot import exp

from footfall.api.asking import Asked, Report
from footfall.api.questions.conditions import By, requires
from footfall.api.questions.declared import Kind
from footfall.api.questions.formulas import asked_metric
from footfall.api.questions.parsing import RANGE
from footfall.api.questions.plan import OF_FIGURES, ROLLUPS, plan
from footfall.api.questions.question import Question
from footfall.api.statements.chosen import choose
from footfall.api.statements.conditions import names_of
from footfall.api.statements.figures import counted, figures, value, values
from footfall.api.statements.fragments import Tree, column, pairs, sql, statements_of

_STATEMENTS = statements_of("reports/breakdown.sql")
_NAMED_BY = {Kind.TEXT: "named_by_itself", Kind.PAGE: "named_by_page", Kind.ITEM: "named_by_item"}


def answer(asked: Asked) -> dict[str, Any]:
    """`rows`, and `nextCursor`. After the last value, unless one is searched for, comes what has none: then sums agree.

    `across` another dimension, a row is a pair of values; pairs without one or the other stand where their figures put them.
    """
    return dict(asked.one(_breakdown))


def _breakdown(question: Question) -> Tree:
    assert question.by is not None  # noqa: S101
    rank = exp.Ordered(this=sql("f.rank"), desc=question.sort.startswith("-"), nulls_first=False)
    names = ("name", "across") if question.across else ("name",)
    said = {"value": column("f", "name")} | ({"across": column("f", "across")} if question.across else {})
    slots: dict[str, Any] = {
        "figures": figures(question),
        "named": _named(question.by, question.across),
        "rank": value(asked_metric(question.sort.lstrip("-"))),
        "found": "true" if not question.search else "f.name ILIKE $search",
        "said": pairs(said),
        "metrics": values(question),
        "order": [rank, *(sql(':name COLLATE "C"', name=column("f", name)) for name in names)],
        "rest": _rest(question) if _has_rest(question) else "'[]'::jsonb",
    }
    return choose(sql(_STATEMENTS["breakdown"], **slots), question)


def _named(by: By, across: By | None) -> Tree:
    if across is None:
        return sql(_STATEMENTS[_NAMED_BY[by.dimension.kind]])
    return sql(_STATEMENTS["named_by_both"], name=_name_in_pair(by, "f.g[1]"), across=_name_in_pair(across, "f.g[2]"))


def _name_in_pair(by: By, value: str) -> Tree:
    return names_of(by, value if by.dimension.kind is Kind.TEXT else sql("decode(:key, 'hex')", key=value))


def _has_rest(question: Question) -> bool:
    """Whether something without a value may have been chosen, and is asked for."""
    return not (question.search or question.across or (question.by and requires(question.where, question.by)))


def _rest(question: Question) -> Tree:
    """What has no value; rollups tell at once whether there is any."""
    rest = sql(_STATEMENTS["rest"], metrics=values(question), unknown=figures(replace(question, unknown=True)))
    return sql(_STATEMENTS["rest_if_any"], rest=exp.Subquery(this=rest)) if plan(question) is ROLLUPS else exp.Subquery(this=rest)


REPORT = Report(
    name="breakdown",
    words="Metrics by a dimension",
    keys=(*RANGE, "hours", "dimension", "across", "metrics", "sort", "search", "limit", "cursor"),
    answer=answer,
    statements=(_breakdown,),
    undivided=counted,
    rows="rows",
    columns=("value", "across"),
    sources=OF_FIGURES,
)
