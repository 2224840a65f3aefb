"""Each goal of the tenant: how many events, visits and visitors reached it, and what they are worth in its currency."""

from typing import Any

from sqlglot import exp

from footfall.api.asking import Asked, Report
from footfall.api.questions.parsing import RANGE
from footfall.api.questions.question import Question
from footfall.api.statements.chosen import choose
from footfall.api.statements.conditions import looked_up, meets, things_of
from footfall.api.statements.fragments import Tree, column, named, sql, statements_of
from footfall.api.tenant import Tenant


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
    found = dict(asked.one(_goals, more))
    if values := _values_over_time(asked.tenant):
        for number, worth in asked.one(_worth, values).items():
            found["goals"][int(number)]["value"] = worth
    return found


def _values_over_time(tenant: Tenant) -> dict[str, Any] | None:
    """What goals of several values are worth in each of the times between days at which some goal's changes; None: none has."""
    changes = sorted({later.since for goal in tenant.goals for later in goal.later})
    if not changes:
        return None
    rows = []
    for number, goal in enumerate(tenant.goals):
        if goal.later:
            said = (goal.value, goal.currency)
            by_day = {later.since: (later.value, later.currency) for later in goal.later}
            for period, day in enumerate((None, *changes)):
                said = by_day.get(day, said) if day else said
                rows.append((number, period, said[0], (said[1] or tenant.currency) == tenant.currency))
    numbers, periods, worths, are_worth = zip(*rows, strict=True)
    return {
        "changes": changes,
        "numbers": list(numbers),
        "periods": list(periods),
        "worths": list(worths),
        "are_worth": list(are_worth),
    }


def _goals(question: Question) -> Tree:
    looked_at, columns, met = _looking(question)
    seen = [looked_up(thing) for thing in looked_at]
    slots: dict[str, Any] = {
        "looked_at": seen,
        "names": [exp.cast(tree, "text") for tree in columns.values()],
        "columns": named({f"c{number}": tree for number, tree in enumerate(seen)}),
        "met": exp.cast(exp.Array(expressions=met), "integer[]"),
    }
    return choose(sql(statements_of("reports/goals.sql")["goals"], **slots), question)


def _worth(question: Question) -> Tree:
    looked_at, _, met = _looking(question)
    seen = [looked_up(thing) for thing in looked_at]
    slots: dict[str, Any] = {
        "looked_at": seen,
        "columns": named({f"c{number}": tree for number, tree in enumerate(seen)}),
        "met": exp.cast(exp.Array(expressions=met), "integer[]"),
    }
    return choose(sql(statements_of("reports/goals.sql")["worth"], **slots), question)


def _looking(question: Question) -> tuple[list[Any], dict[Any, Tree], list[Tree]]:
    """What goals look at, where a part has it, and for each goal its number where the part meets it."""
    looked_at = list(dict.fromkeys(thing for goal in question.goals for thing in things_of(goal.condition)))
    columns = {thing: column("p", f"c{number}") for number, thing in enumerate(looked_at)}
    met = [
        sql("CASE WHEN :met THEN :number END", met=meets(goal.condition, columns), number=exp.Literal.number(number))
        for number, goal in enumerate(question.goals)
    ]
    return looked_at, columns, met


REPORT = Report(
    name="goals",
    words="How goals were reached",
    keys=(*RANGE, "hours"),
    answer=answer,
    statements=(_goals,),
    rows="goals",
    columns=("goal", "filter", "events", "visits", "visitors", "conversion_rate", "value"),
)
