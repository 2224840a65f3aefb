"""Each goal of the tenant: how many events, visits and visitors reached it, and what they are worth in its currency."""

from typing import Any

from sqlglot import exp

from footfall.api.asking import Asked, Report
from footfall.api.questions.parsing import RANGE
from footfall.api.questions.question import Question
from footfall.api.statements.chosen import choose
from footfall.api.statements.conditions import looked_up, meets, things_of
from footfall.api.statements.fragments import Tree, column, named, sql, statements_of


def answer(asked: Asked) -> dict[str, Any]:
    """`goals`, and how many `visits` there were."""
    goals = asked.question.goals
    more = {
        "numbers": list(range(len(goals))),
        "goals": [goal.goal for goal in goals],
        "filters": [goal.text for goal in goals],
        "worths": [goal.value for goal in goals],
        "are_worth": [goal.is_in_currency for goal in goals],
    }
    return dict(asked.one(_goals, more))


def _goals(question: Question) -> Tree:
    looked_at = dict.fromkeys(thing for goal in question.goals for thing in things_of(goal.condition))
    columns = {thing: column("p", f"c{number}") for number, thing in enumerate(looked_at)}
    met = [
        sql("CASE WHEN :met THEN :number END", met=meets(goal.condition, columns), number=exp.Literal.number(number))
        for number, goal in enumerate(question.goals)
    ]
    seen = [looked_up(thing) for thing in looked_at]
    slots: dict[str, Any] = {
        "looked_at": seen,
        "names": [exp.cast(tree, "text") for tree in columns.values()],
        "columns": named({f"c{number}": tree for number, tree in enumerate(seen)}),
        "met": exp.cast(exp.Array(expressions=met), "integer[]"),
    }
    return choose(sql(statements_of("reports/goals.sql")["goals"], **slots), question)


REPORT = Report(
    name="goals",
    words="How goals were reached",
    keys=(*RANGE, "hours"),
    answer=answer,
    statements=(_goals,),
    rows="goals",
    columns=("goal", "filter", "events", "visits", "visitors", "conversion_rate", "value"),
)
