"""Keys of events' own properties. What values those have: a breakdown by property:<key>."""

from typing import Any

from footfall.api.asking import Asked, Report
from footfall.api.questions.parsing import RANGE
from footfall.api.questions.question import Question
from footfall.api.statements.chosen import choose
from footfall.api.statements.fragments import Tree, sql, statements_of


def answer(asked: Asked) -> dict[str, Any]:
    """`rows`, the most frequent first."""
    return dict(asked.one(_properties))


def _properties(question: Question) -> Tree:
    return choose(sql(statements_of("reports/properties.sql")["properties"]), question)


REPORT = Report(
    name="properties",
    words="Keys of events' properties",
    keys=(*RANGE, "hours", "limit"),
    answer=answer,
    statements=(_properties,),
    rows="rows",
    columns=("key", "events", "values"),
)
