"""Items: views, interactions, visits, and what conversions about them brought."""

from typing import Any

from footfall.api.asking import Asked, Report
from footfall.api.questions.parsing import RANGE
from footfall.api.questions.question import Question
from footfall.api.statements.chosen import choose
from footfall.api.statements.figures import conversions_of
from footfall.api.statements.fragments import Tree, sql, statements_of


def answer(asked: Asked) -> dict[str, Any]:
    """`rows`, those with most interactions first, and `nextCursor`."""
    return dict(asked.one(_items))


def _items(question: Question) -> Tree:
    conversions = conversions_of(question, "e.business_item_hk")
    return choose(sql(statements_of("reports/items.sql")["items"], conversions=conversions), question)


REPORT = Report(
    name="items",
    words="Items: views, interactions, conversions, value",
    keys=(*RANGE, "hours", "limit", "cursor"),
    answer=answer,
    statements=(_items,),
    rows="rows",
    columns=("item", "name", "views", "interactions", "visits", "conversions", "value"),
)
