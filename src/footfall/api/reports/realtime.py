"""The last half hour."""

from datetime import timedelta
from typing import Any

from footfall.api.asking import Asked, Report
from footfall.api.questions.question import Question, Range
from footfall.api.statements.chosen import choose
from footfall.api.statements.fragments import Tree, sql, statements_of


def answer(asked: Asked) -> dict[str, Any]:
    """`visitors_5_minutes`, `visitors_30_minutes`, `minutes`, `pages`, `sources`, and the latest `events`."""
    now, today = asked.tenant.now, asked.tenant.clock.date()
    return dict(asked.one(_realtime, range=Range(today, today, now - timedelta(minutes=30), now)))


def _realtime(question: Question) -> Tree:
    return choose(sql(statements_of("reports/realtime.sql")["realtime"]), question)


REPORT = Report(
    name="realtime",
    words="The last half hour",
    keys=("filter", "includeBots", "limit"),
    answer=answer,
    statements=(_realtime,),
    rows="events",
    columns=("time", "type", "action", "label", "value", "currency", "page", "source", "device", "country"),
)
