"""Who came again: of the visitors whose first period in the range is this one, how many were there in which later one."""

from typing import Any

from sqlglot import exp

from footfall.api.asking import Asked, Report
from footfall.api.questions.parsing import RANGE
from footfall.api.questions.plan import OF_COHORTS, plan
from footfall.api.questions.question import Question
from footfall.api.statements.chosen import choose
from footfall.api.statements.conditions import names_of, value_of
from footfall.api.statements.figures import bucket
from footfall.api.statements.fragments import Tree, named, sql, statements_of
from footfall.api.statements.undivided import Undivided, type_of

_STATEMENTS = statements_of("reports/retention.sql")
_MOMENTS = {"visits": "v.first_event_timestamp", "events": "e.event_timestamp"}


def answer(asked: Asked) -> dict[str, Any]:
    """`cohorts`, the oldest first; with a dimension also `groups`, by what it said when visitors were first seen."""
    return dict(asked.one(_retention))


def events_of_retention(question: Question) -> Tree:
    """Rows (g, site_session_hk): of the visitors whose first period is the cohort, their first event in the `period`-th later."""
    return sql(
        _STATEMENTS["events"],
        period=bucket(question, "e.day"),
        cohort=bucket(question, "$cohort::date"),
        interval=exp.Interval(this=exp.Literal.string(f"1 {question.interval}")),
    )


def _retention(question: Question) -> Tree:
    by = question.by
    groups = exp.Subquery(this=sql(_STATEMENTS["groups"], name=names_of(by, "a.g"))) if by else sql("'{}'::jsonb")
    counted = _counted(question).of(question)
    tree = sql(_STATEMENTS["retention"], counted=counted, bucket=bucket(question, "d.day::date"), groups=groups)
    return choose(tree, question)


def _counted(question: Question) -> Undivided:
    source, day = ("visits", "v.day") if plan(question, OF_COHORTS).is_of_visits else ("events", "e.day")
    by = question.by
    # of events of one moment the first that came; of visits that began at once, whichever source is asked, the least value
    order = "0" if by and by.dimension.grain == "visit" else "e.raw_event_id"
    facts = {"g": value_of(by), "t": sql(_MOMENTS[source]), "o": sql(order)} if by else {}
    value = 's.g COLLATE "C"' if type_of(by) == "text" else "s.g"
    rows = sql(
        _STATEMENTS["counted"],
        seen=sql(_STATEMENTS[f"seen_in_{source}"], period=bucket(question, day), facts=named(facts)),
        first_of_period=named({"g": sql("(array_agg(s.g ORDER BY s.t, s.o, :value))[1]", value=value)} if by else {}),
        first=named({"g": sql("first_value(s.g) OVER (PARTITION BY s.site_visitor_hk ORDER BY s.period)")} if by else {}),
        g=[sql("c.g")] if by else [],
        by=[sql("c.g")] if by else [],
    )
    columns = {"first_period": "date", "period": "date", "visitors": "bigint"}
    return Undivided(rows, columns | ({"g": type_of(by)} if by else {}))


# not of hours: days are what people come back on
REPORT = Report(
    name="retention",
    words="Who came again",
    keys=(*RANGE, "interval", "dimension", "limit"),
    answer=answer,
    statements=(_retention,),
    undivided=_counted,
    rows="cohorts",
    columns=("start", "visitors", "retained", "percent"),
    sources=OF_COHORTS,
)
