"""Bots: which kinds of them read the site, and which of each, how much, and when last. A filter says which pages."""

from dataclasses import replace
from typing import Any

from footfall.api.asking import Asked, Report
from footfall.api.questions.parsing import RANGE
from footfall.api.questions.question import Question
from footfall.api.statements.chosen import choose
from footfall.api.statements.fragments import Tree, sql, statements_of


def answer(asked: Asked) -> dict[str, Any]:
    """`kinds`, `rows` by bot, those that read most first, and `nextCursor`."""
    return dict(asked.one(_bots))


def _bots(question: Question) -> Tree:
    return choose(sql(statements_of("reports/bots.sql")["bots"]), replace(question, bots=True))


REPORT = Report(
    name="bots",
    words="Bots that read the site: search engines, AI crawlers, monitors, …",
    keys=(*RANGE, "hours", "limit", "cursor"),
    answer=answer,
    statements=(_bots,),
    rows="rows",
    columns=("kind", "bot", "page_views", "pages", "events", "last_seen"),
)
