"""How far visits (or visitors) came on a way of 2 to 10 steps.

Loose: other events may come between; strict: each step is the very next event. `window` is the most minutes from the first step
to any later one. Of all ways through the steps, the one counts that gets furthest. With a dimension: also for each value of the
event of the first step.
"""

from typing import Any

from sqlglot import exp

from footfall.api.asking import Asked, Report
from footfall.api.questions.parsing import RANGE
from footfall.api.questions.plan import OF_WAYS
from footfall.api.questions.question import Question
from footfall.api.statements.chosen import choose
from footfall.api.statements.conditions import meets, names_of, value_of
from footfall.api.statements.fragments import Tree, column, every, named, parameter, some, sql, statements_of
from footfall.api.statements.undivided import Undivided, type_of

_STATEMENTS = statements_of("reports/funnel.sql")
_ACTORS = {"visit": ("e.site_session_hk", "e.is_visit"), "visitor": ("e.site_visitor_hk", "e.site_visitor_hk IS NOT NULL")}


def answer(asked: Asked) -> dict[str, Any]:
    """`steps`, and with a dimension `groups`."""
    return dict(asked.one(_funnel))


def events_of_funnel(question: Question) -> Tree:
    """Rows (g, site_session_hk): the events behind the figure of a `step`, of those who reached it or were `dropped` before."""
    before = max(question.step - 1, 1)
    reached = before if question.dropped else question.step
    conditions = [sql(":t IS NOT NULL", t=column("r", f"t{reached}"))]
    if question.dropped:
        conditions.append(sql(":t IS NULL", t=column("r", f"t{question.step}")))
    if question.by:
        conditions.append(sql(":name = $value", name=names_of(question.by)))
    return sql(_STATEMENTS["events"], reached=_reached(question, reached), chosen=every(conditions))


def _funnel(question: Question) -> Tree:
    counted = _counted(question).of(question)
    if question.by:
        tree = sql(_STATEMENTS["funnel_by"], name=names_of(question.by, "c.g"), steps=_steps(question), counted=counted)
    else:
        tree = sql(_STATEMENTS["funnel"], steps=_steps(question), counted=counted)
    return choose(tree, question)


def _counted(question: Question) -> Undivided:
    numbers = range(1, len(question.steps) + 1)
    median = _STATEMENTS["median_in_files" if question.is_in_columns else "median"]
    counts: dict[str, Tree] = {}
    for number in numbers:
        here, before = column("r", f"t{number}"), column("r", f"t{max(number - 1, 1)}")
        counts[f"n{number}"] = sql("count(:here)", here=here)
        counts[f"m{number}"] = sql(median, here=here, before=before)
    columns = {name: "bigint" if name.startswith("n") else "numeric" for name in counts}
    if question.by is None:
        return Undivided(sql(_STATEMENTS["counted"], counts=named(counts), reached=_reached(question)), columns)
    rows = sql(_STATEMENTS["counted_by"], counts=named(counts), reached=_reached(question))
    return Undivided(rows, {"is_all": "boolean", "g": type_of(question.by)} | columns)


def _reached(question: Question, step: int | None = None) -> Tree:
    """When each visit (or visitor) first reached each step; with `step`, also the event that reached that one first."""
    numbers = range(1, len(question.steps) + 1)
    met = [meets(step) for step in question.steps]
    actor, has_actor = _ACTORS[question.per]
    way = sql(
        _STATEMENTS["matched"],
        actor=actor,
        has_actor=has_actor,
        on_the_way="true" if question.order == "strict" else sql("(:some)", some=some(met)),
        g=value_of(question.by) if question.by else "NULL::text",
        matches=named({f"m{number}": sql("(:met) IS TRUE", met=one) for number, one in zip(numbers, met, strict=True)}),
    )
    way = sql(_STATEMENTS["begun"], rows=way)
    for number in numbers[1:]:
        way = sql(_STATEMENTS[question.order], before=column("e", f"s{number - 1}"), matches=column("e", f"m{number}"), rows=way)
        assert isinstance(way, exp.Select)  # noqa: S101  so it is written
        way.selects[-1].set("alias", exp.to_identifier(f"s{number}"))
    firsts = named({f"t{n}": sql("min(s.t) FILTER (WHERE :met IS NOT NULL)", met=column("s", f"s{n}")) for n in numbers})
    if question.by:
        firsts += named({"g": sql(_STATEMENTS["entered"])})
    if step is None:
        return sql(_STATEMENTS["reached"], firsts=firsts, way=way)
    return sql(_STATEMENTS["reached_by"], firsts=firsts, way=way, step=column("s", f"s{step}"))


def _steps(question: Question) -> list[Tree]:
    return [
        sql(
            _STATEMENTS["step"],
            number=exp.Literal.number(number),
            text=parameter(text.name),
            here=column("c", f"n{number}"),
            before=column("c", f"n{max(number - 1, 1)}"),
            median=column("c", f"m{number}"),
        )
        for number, text in enumerate(question.step_texts, 1)
        if not isinstance(text, str)
    ]


REPORT = Report(
    name="funnel",
    words="How far visits came on a way",
    keys=(*RANGE, "hours", "steps", "order", "window", "per", "dimension", "limit"),
    answer=answer,
    statements=(_funnel,),
    undivided=_counted,
    rows="steps",
    columns=("step", "filter", "count", "percent_of_start", "percent_of_previous", "drop_off", "median_seconds"),
    sources=OF_WAYS,
)
