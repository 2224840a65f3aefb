"""What a question counts, as SQL for engines outside, over the tables that `footfall archive publish` makes of the archive.

The same trees as for PostgreSQL and DuckDB, with their values in them, and where an engine means something else by a word, words
in which it agrees. `footfall.bridge` and `footfall.visit` are what the tables have to be called there.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, get_args

from sqlglot import exp

from footfall.api.engines.written import BRIDGE, Relation, filled
from footfall.api.questions.plan import COLUMNS, objection
from footfall.api.questions.question import Question, Range, shape_of
from footfall.api.refused import refuse
from footfall.api.statements.chosen import choose
from footfall.api.statements.fragments import Tree, column, sql, written
from footfall.api.statements.undivided import Count

Engine = Literal["spark", "trino", "clickhouse", "duckdb"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
SCHEMA = "footfall"

_ROWS = "SELECT :columns FROM asked.rows AS f WHERE f.tenant_hk = :tenant AND :bound >= :low AND :bound < :high"
_CHANNEL = """coalesce(:channel, CASE :group
    WHEN 'search' THEN 'Organic Search' WHEN 'social' THEN 'Organic Social' WHEN 'paid' THEN 'Paid Other' WHEN 'ai' THEN 'AI'
    ELSE upper(substr(:group, 1, 1)) || lower(substr(:group, 2)) END)"""
_WEEKDAYS: dict[Engine, str] = {
    "spark": "date_format(:day, 'EEEE')",
    "trino": "date_format(:day, '%W')",
    "clickhouse": "dateName('weekday', :day)",
    "duckdb": "dayname(:day)",
}
_MICROSECONDS: dict[Engine, str] = {
    "spark": "unix_micros(:it)",
    "trino": "to_unixtime(:it) * 1000000",
    "clickhouse": "toUnixTimestamp64Micro(:it)",
    "duckdb": "epoch_us(:it)",
}
_MEDIANS: dict[Engine, str] = {
    "spark": "percentile(:it, 0.5)",
    "trino": "approx_percentile(:it, 0.5)",  # it has no exact one
    "duckdb": "quantile_cont(:it, 0.5)",
}
_FIRSTS: dict[Engine, tuple[str, str]] = {
    "spark": ("min_by(:value, struct(:keys))", ":chosen"),
    "clickhouse": ("argMin(tuple(:value), tuple(:keys))", "tupleElement(:chosen, 1)"),  # it would skip what is NULL
}
# what is not there is NULL, and not 0 or the year 1970
_ENDS: dict[Engine, str] = {"clickhouse": "\nSETTINGS aggregate_functions_null_for_empty = 1, join_use_nulls = 1"}
_DAY = timedelta(days=1)


def statement(count: Count, question: Question, tenant_hk: bytes, engine: Engine) -> str:
    """What counts a tenant's question, as text for people and engines.

    Its rows are grouped and not divided: names of pages, shares and rounding are not in them; nor are conversions and revenue,
    whose rules only the store has. Raises Refused: ``engine_cannot``.
    """
    asked, days = replace(question, is_in_columns=True), question.range
    assert days is not None  # noqa: S101  what is counted of files is of days
    if reason := objection(asked, COLUMNS):
        refuse("engine_cannot", "sql", f"a question {reason}")
    shape, values = shape_of(asked)
    tree = choose(count(shape).rows, shape, in_files=True)
    tree, _ = filled(tree, lambda relation, columns: _rows(relation, columns, days, tenant_hk))
    return written(_agreeing(_valued(tree, values), engine), engine, is_pretty=True) + _ENDS.get(engine, "")


def _rows(relation: Relation, columns: tuple[str, ...], asked: Range, tenant_hk: bytes) -> Tree:
    """The tenant's rows of the range: months that it does not touch are not opened."""
    if relation is BRIDGE:
        bound, low, high = column("f", "event_timestamp"), _literal(asked.since), _literal(asked.until)
    else:
        # events of a day of the tenant's may be of a visit's part of another day than the calendar of today says
        bound, low, high = column("f", "day"), _literal(asked.first - _DAY), _literal(asked.last + 2 * _DAY)
    named = [column("f", name) for name in columns]
    rows = sql(_ROWS, columns=named, tenant=_literal(tenant_hk), bound=bound, low=low, high=high)
    (table,) = rows.find_all(exp.Table)
    table.replace(exp.to_table(f"{SCHEMA}.{relation.layer.name}").as_("f"))
    return rows


def _valued(tree: Tree, values: Mapping[str, Any]) -> Tree:
    """The tree with values in the places of parameters."""
    for equal in list(tree.find_all(exp.EQ)):
        place = equal.expression.find(exp.Parameter) if isinstance(equal.expression, exp.Any) else None
        if place is not None:
            several = [_literal(value) for value in values[place.name]]
            equal.replace(exp.In(this=equal.this, expressions=several) if several else exp.false())
    for place in list(tree.find_all(exp.Parameter)):
        place.replace(_literal(values[place.name]))
    return tree


def _literal(value: Any) -> Tree:
    match value:
        case bytes():
            return exp.Unhex(this=exp.Literal.string(value.hex()))
        case datetime():
            return exp.cast(exp.Literal.string(f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} UTC"), "timestamptz")
        case date():
            return exp.cast(exp.Literal.string(value.isoformat()), "date")
        case _:
            return exp.convert(value)


def _agreeing(tree: Tree, engine: Engine) -> Tree:
    """The tree in words that the engine means as PostgreSQL does, innermost first."""
    for node in reversed(list(tree.dfs())):
        agreed = _WORDS[type(node)](node, engine) if type(node) in _WORDS else node
        if node is tree:
            tree = agreed
        elif agreed is not node:
            node.replace(agreed)
    return tree


def _unpinned(node: exp.CTE, _: Engine) -> Tree:
    node.set("materialized", None)
    return node


def _by_bytes(node: exp.Collate, _: Engine) -> Tree:
    sorted_so: Tree = node.this  # as "C" does, and they do
    return sorted_so


def _with_nulls(node: exp.Ordered, _: Engine) -> Tree:
    """Where nothing is said of NULLs they are greater than all values."""
    if node.args.get("nulls_first") is None:
        node.set("nulls_first", bool(node.args.get("desc")))
    return node


def _is_true(node: exp.Is, _: Engine) -> Tree:
    """Trino's writer leaves IS TRUE out, which is something else where it is not known."""
    is_so = isinstance(node.expression, exp.Boolean) and node.expression.this
    return sql("coalesce(:it, false)", it=node.this) if is_so else node


def _any(node: exp.LogicalOr, engine: Engine) -> Tree:
    return exp.Max(this=node.this) if engine == "clickhouse" else node


def _moment(node: exp.Cast, engine: Engine) -> Tree:
    is_moment = isinstance(node.this, exp.Literal) and node.is_type("timestamptz")
    return sql("parseDateTime64BestEffort(:it, 6)", it=node.this) if is_moment and engine == "clickhouse" else node


def _interval(node: exp.Mul, _: Engine) -> Tree:
    if isinstance(node.this, exp.Literal) and isinstance(node.expression, exp.Interval):
        return exp.Interval(this=exp.Literal.string(node.this.name), unit=node.expression.args["unit"])
    return node


def _within(node: exp.LTE, _: Engine) -> Tree:
    """Moments are compared, not how long it was between: that is an interval in some, a number in others."""
    if isinstance(node.this, exp.Sub) and isinstance(node.expression, exp.Interval):
        return sql(":left <= :right + :most", left=node.this.this, right=node.this.expression, most=node.expression)
    return node


def _day_before(node: exp.Sub, _: Engine) -> Tree:
    if isinstance(node.this, exp.Cast) and node.this.is_type("date") and isinstance(node.expression, exp.Literal):
        days = exp.Interval(this=exp.Literal.string(node.expression.name), unit=exp.var("DAY"))
        return sql(":day - :days", day=node.this, days=days)
    return node


def _function(node: exp.Anonymous, engine: Engine) -> Tree:
    if node.name == "epoch_us":
        return sql(_MICROSECONDS[engine], it=node.expressions[0])
    if node.name == "quantile_cont":
        it = node.expressions[0]
        if engine == "clickhouse":
            half = exp.Literal.number("0.5")
            return exp.ParameterizedAgg(this=exp.to_identifier("quantileExactInclusive"), expressions=[half], params=[it])
        return sql(_MEDIANS[engine], it=it)
    return node


def _neighbour(node: exp.Lag | exp.Lead, engine: Engine) -> Tree:
    """What lies beyond the first and the last is NULL, and no empty text."""
    if engine == "clickhouse":
        node.set("this", sql("toNullable(:it)", it=node.this))
    return node


def _channel(node: exp.Dot, _: Engine) -> Tree:
    if node.expression.name != "channel_of":
        return node
    channel, group = node.expression.expressions
    return sql(_CHANNEL, channel=channel, group=group)


def _first(node: exp.Bracket, engine: Engine) -> Tree:
    """The value that comes first in an order, NULLs last, where there are no ordered lists."""
    several = node.find(exp.ArrayAgg)
    if several is None or engine not in _FIRSTS:
        return node
    keys = [part for by in several.this.expressions for part in (sql(":key IS NULL", key=by.this), by.this)]
    chosen, of_some = sql(_FIRSTS[engine][0], value=several.this.this, keys=keys), several.parent
    if isinstance(of_some, exp.Filter):
        chosen = exp.Filter(this=chosen, expression=of_some.expression)
    return sql(_FIRSTS[engine][1], chosen=chosen)


_WORDS: dict[type[Tree], Callable[[Any, Engine], Tree]] = {
    exp.Anonymous: _function,
    exp.Bracket: _first,
    exp.CTE: _unpinned,
    exp.Cast: _moment,
    exp.Collate: _by_bytes,
    exp.Dot: _channel,
    exp.Encode: lambda node, _: sql("lower(hex(:it))", it=node.this),
    exp.Is: _is_true,
    exp.LTE: _within,
    exp.Lag: _neighbour,
    exp.Lead: _neighbour,
    exp.LogicalOr: _any,
    exp.Mul: _interval,
    exp.Ordered: _with_nulls,
    exp.Sub: _day_before,
    exp.TimeToStr: lambda node, engine: sql(_WEEKDAYS[engine], day=node.this),
}
