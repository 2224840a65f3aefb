"""Web vitals: how fast pages were."""

from typing import Any

from footfall.api.asking import Asked, Report
from footfall.api.questions.parsing import RANGE
from footfall.api.questions.question import Question
from footfall.api.statements.chosen import choose
from footfall.api.statements.figures import rows_of
from footfall.api.statements.fragments import Tree, sql, statements_of


def answer(asked: Asked) -> dict[str, Any]:
    """How many `loads` there were, their `vitals`, `rows` by page, and `nextCursor`."""
    return dict(asked.one(_vitals))


def _vitals(question: Question) -> Tree:
    loads = rows_of("loads", "e.site_page_hk")
    return choose(sql(statements_of("reports/vitals.sql")["vitals"], loads=loads), question)


REPORT = Report(
    name="vitals",
    words="Web vitals: how fast pages were",
    keys=(*RANGE, "hours", "limit", "cursor"),
    answer=answer,
    statements=(_vitals,),
    rows="rows",
    columns=("page", "loads", "lcp", "inp", "cls", "fcp", "ttfb"),
)
