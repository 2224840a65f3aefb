"""How long and how far pages were read, and what was not found."""

from typing import Any

from footfall.api.asking import Asked, Report
from footfall.api.questions.parsing import RANGE
from footfall.api.questions.question import Question
from footfall.api.statements.chosen import choose
from footfall.api.statements.figures import rows_of
from footfall.api.statements.fragments import Tree, sql, statements_of


def answer(asked: Asked) -> dict[str, Any]:
    """`all` views, `rows` by page, `nextCursor`, and `not_found`."""
    return dict(asked.one(_engagement))


def _engagement(question: Question) -> Tree:
    views = rows_of("views", "e.site_page_hk")
    return choose(sql(statements_of("reports/engagement.sql")["engagement"], views=views), question)


REPORT = Report(
    name="engagement",
    words="How long and how far pages were read, and what was not found",
    keys=(*RANGE, "hours", "limit", "cursor"),
    answer=answer,
    statements=(_engagement,),
    rows="rows",
    columns=("page", "views", "measured", "time_on_page", "scroll_depth"),
)
