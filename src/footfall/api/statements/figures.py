"""The figures of a question, in groups g: of a dimension's values, of buckets of time, or in all."""

from typing import Any, Literal

from sqlglot import exp

from footfall.api.questions.conditions import DIMENSIONS, By
from footfall.api.questions.declared import Kind, Measure
from footfall.api.questions.formulas import MEASURES, AskedMetric, Formula, Operation
from footfall.api.questions.plan import ROLLUPS, plan
from footfall.api.questions.question import FIRST_WEEKDAYS, Question
from footfall.api.statements.conditions import meets, value_of
from footfall.api.statements.fragments import Tree, column, every, named, sql, statements_of
from footfall.api.statements.undivided import Undivided, type_of

_FILE = "statements/figures.sql"
_EVENTS = MEASURES["events"]
# Hours and minutes are counted from the first local midnight of the range on, so that each lasts as long as every other, whatever
# the clocks do. Weeks begin as the tenant's do.
_BUCKETS = {
    "minute": "date_bin('1 minute', e.event_timestamp, $since)",
    "hour": "date_bin('1 hour', e.event_timestamp, $since)",
    "day": ":day",
    "week": "date_trunc('week', (:day)::timestamp + :shift * interval '1 day')::date - :shift",
    "month": "date_trunc('month', (:day)::timestamp)::date",
}
_OPERATIONS = {"+": ":left + :right", "-": ":left - :right", "*": ":left * :right", "/": "(:left)::numeric / nullif(:right, 0)"}
# What is known of a visit, from its events or from its parts.
_FACTS = {
    "is_bounce": "bool_or(v.is_bounce)",
    "duration_seconds": "max(v.duration_seconds)",
}
_WITH_VALUE = "SELECT u.* FROM asked.undivided AS u WHERE u.g IS NOT NULL"
_WITHOUT_VALUE = "SELECT u.* FROM asked.undivided AS u WHERE u.g IS NULL"
_BEGUN_IN_DAYS = "v.start_day BETWEEN $first_day AND $last_day"
_BEGUN_IN_HOURS = "v.start_day = v.day AND v.first_event_timestamp >= $since AND v.first_event_timestamp < $until"


def bucket(question: Question, day: str) -> Tree:
    """The bucket of time of a day; of hours and minutes: of an event e."""
    assert question.interval is not None  # noqa: S101
    shift = exp.Literal.number(-FIRST_WEEKDAYS[question.week_start] % 7)
    return sql(_BUCKETS[question.interval], day=day, shift=shift)


def figures(question: Question, found: Tree | None = None) -> Tree:
    """Rows (g, and each measure by its name), from the source that the plan says.

    `found`: where its rollups, or its conversions, stand already.
    """
    if plan(question) is ROLLUPS:
        return _of_rollups(question, found)
    measures = _needed(question)
    tree = counted(question).of(question)
    if question.is_in_columns:
        tree = sql(_WITHOUT_VALUE if question.unknown else _WITH_VALUE, undivided=tree)
    group = _group(question, "e.day")
    for name in dict.fromkeys(measure.rows for measure in measures if measure.rows):
        taken = [measure for measure in measures if measure.rows == name]
        tree = _statement(
            "figures_with_taken",
            figures=tree,
            rows=_chosen_conversions(question, group, found) if name == "conversions" else rows_of(name, group),
            taken=named({m.name: sql(m.taken or "") for m in taken}),
            columns=named({m.name: column("o", m.name) if m.is_quantile else _or_0(column("o", m.name)) for m in taken}),
            same="o.g IS NULL" if question.unknown else "o.g = b.g",
        )
    return tree


def counted(question: Question) -> Undivided:
    """What is counted of events and visits, in groups g; in files also in the one of what has no value."""
    measures = [measure for measure in _needed(question) if measure.rows is None]
    by_visitor = _by_visit(question, measures, "by_visitor")
    if any(measure.visit for measure in measures):
        of_visits = named({m.name: sql(m.visit) if m.visit else _sum(m) for m in measures if not m.visitor})
        by_visitor = _statement("by_visitor", by_visit=_by_visit(question, measures, "by_visit"), of_visits=of_visits)
    of_visitors = named({m.name: sql(m.visitor) if m.visitor else _or_0(_sum(m)) for m in measures})
    rows = _statement("figures", by_visitor=by_visitor, of_visitors=of_visitors)
    g = "date" if question.interval else "text[]" if question.across else type_of(question.by)
    return Undivided(rows, {"g": g} | {measure.name: "numeric" for measure in measures})


def conversions_of(question: Question, group: Tree | str, *, is_bucketed: bool = False) -> Tree:
    """Conversions and refunds of the range, with the group that each belongs to."""
    group = sql(group) if isinstance(group, str) else group
    return _statement("conversions", g=group, chosen=meets(question.where), bucket=group if is_bucketed else "true")


def rows_of(name: Literal["views", "loads"], group: Tree | str) -> Tree:
    """Views, or loads, with the group that each belongs to."""
    return _statement(name, g=group)


def _chosen_conversions(question: Question, group: Tree, conversions: Tree | None) -> Tree:
    if conversions is None:
        conversions = conversions_of(question, group, is_bucketed=question.interval is not None)
    return _statement("chosen_conversions", conversions=conversions)


def rolled(question: Question, *dimensions: str) -> Tree:
    """The rollups of these dimensions."""
    names = exp.Array(expressions=[exp.Literal.string(name) for name in dimensions])
    return _statement("rolled_until" if question.is_cut else "rolled", dimensions=exp.cast(names, "text[]"))


def value(metric: AskedMetric) -> Tree:
    """A metric of figures f; where there is nothing 0, or NULL for what is measured."""
    tree = _formula(metric.formula)
    if metric.places is not None:
        tree = sql("round(:it, :places)", it=tree, places=exp.Literal.number(metric.places))
    elif isinstance(metric.formula, Measure) and metric.formula.rows:
        tree = sql("trim_scale(:it)", it=tree)
    return tree if metric.is_measured else _or_0(tree)


def values(question: Question) -> list[Tree]:
    """All metrics of figures f by name, as jsonb_build_object takes them."""
    return [tree for metric in question.metrics for tree in (exp.Literal.string(metric.name), value(metric))]


def _needed(question: Question) -> list[Measure]:
    """What the metrics need: whatever is counted has events; and what is counted of visits by what is counted of events."""
    needed = dict.fromkeys((_EVENTS, *question.measures))
    for measure in question.measures:
        needed |= dict.fromkeys(MEASURES[fact] for fact in measure.facts if fact in MEASURES)
    return sorted(dict.fromkeys(needed), key=list(MEASURES.values()).index)


def _by_visit(question: Question, measures: list[Measure], name: Literal["by_visit", "by_visitor"]) -> Tree:
    is_of_visits = plan(question).is_of_visits
    group = _group(question, "v.day" if is_of_visits else "e.day")
    facts = {m.name: sql((m.day if is_of_visits else m.event) or "") for m in measures if m.event}
    known = {fact for measure in measures for fact in measure.facts}
    if "has_begun" in known:
        facts["has_begun"] = sql("bool_or(:begun)", begun=every(_begun(question, group)))
    facts |= {name: sql(text) for name, text in _FACTS.items() if name in known}
    # visitors that nobody asks for need not be told apart
    visitor = "NULL::bytea" if "site_visitor_hk" not in known else "v.site_visitor_hk" if is_of_visits else "e.site_visitor_hk"
    return _statement(
        f"{name}_of_visits" if is_of_visits else f"{name}_of_events",
        g=group,
        g_is=_is_asked(question, group),
        visitor=visitor,
        facts=named(facts),
    )


def _is_asked(question: Question, group: Tree) -> Tree:
    if question.is_in_columns:
        return sql("true")
    return sql("(:g) IS NULL" if question.unknown else "(:g) IS NOT NULL", g=group)


def _begun(question: Question, group: Tree) -> list[Tree]:
    begun = [sql(_BEGUN_IN_HOURS if question.is_of_hours else _BEGUN_IN_DAYS)]
    if question.interval in ("day", "week", "month"):
        begun.append(sql(":start = :g", start=bucket(question, "v.start_day"), g=group))
    entered = {by: DIMENSIONS[by.dimension.entered] for by in question.dimensions if by.dimension.entered}
    begun += [sql(":entered IS NOT DISTINCT FROM :it", entered=to.value, it=value_of(by)) for by, to in entered.items()]
    return begun


def _group(question: Question, day: str) -> Tree:
    if question.interval:
        return bucket(question, day)
    if question.across:
        return exp.cast(exp.Array(expressions=[_as_text(by) for by in question.dimensions]), "text[]")
    return value_of(question.by) if question.by else sql("''")


def _as_text(by: By) -> Tree:
    return value_of(by) if by.dimension.kind is Kind.TEXT else sql("encode(:key, 'hex')", key=value_of(by))


def _of_rollups(question: Question, found: Tree | None) -> Tree:
    entered = _entered(question)
    if question.interval:
        group = bucket(question, "r.day")
        since = sql("greatest(:g, $first_day::date)", g=group)
    else:
        group = sql("r.value" if not question.by or question.by.dimension.kind is Kind.TEXT else "decode(r.value, 'hex')")
        since = sql("$first_day::date")
    own = sql("r.dimension = :name", name=exp.Literal.string(_rolled(question.by)))
    dimensions = (_rolled(question.by), *([entered] if entered else []))
    measures = {}
    for measure in _needed(question):
        tree = sql(measure.rolled or "")
        # bounces and durations of a page are those of the visits that entered there
        counted = tree if measure.of_begun or not entered else exp.Filter(this=tree, expression=exp.Where(this=own.copy()))
        measures[measure.name] = _or_0(counted)
    found = found or rolled(question, *dimensions)
    return _statement("figures_of_rollups", g=group, since=since, own=own, rolled=found, measures=named(measures))


def _rolled(by: By | None) -> str:
    return by.dimension.name if by else "all"


def _entered(question: Question) -> str | None:
    """The other dimension that visits which began are counted by."""
    if question.by is None or not any(measure.of_begun for measure in question.measures):
        return None
    return question.by.dimension.entered


def _formula(formula: Formula) -> Tree:
    if isinstance(formula, Measure):
        return column("f", formula.name)
    if isinstance(formula, Operation):
        return sql(_OPERATIONS[formula.operator], left=_formula(formula.left), right=_formula(formula.right))
    return exp.Literal.number(str(formula))


def _sum(measure: Measure) -> Tree:
    return sql("sum(:it)", it=column("b", measure.name))


def _or_0(tree: Tree) -> Tree:
    return sql("coalesce(:it, 0)", it=tree)


def _statement(name: str, **slots: Any) -> Tree:
    return sql(statements_of(_FILE)[name], **slots)
