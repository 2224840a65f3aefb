"""Conditions as SQL, over the aliases of `statements.chosen`."""

from collections.abc import Mapping
from typing import assert_never

from sqlglot import exp

from footfall.api.questions.conditions import By, Condition, Did, Every, Has, Hole, Not, Some, Unknown, leaves
from footfall.api.questions.declared import Kind
from footfall.api.statements.fragments import Tree, every, parameter, some, sql

_SUCH_EVENTS = "SELECT :who FROM asked.such_events AS e WHERE :who IS NOT NULL AND :met"
_NAMES = {
    Kind.TEXT: ":value",
    Kind.PAGE: "(SELECT h.site_page_bk FROM business.site_page_h AS h WHERE h.site_page_hk = :value)",
    Kind.ITEM: "(SELECT h.business_item_bk FROM business.business_item_h AS h WHERE h.business_item_hk = :value)",
}
_WHO = {"visit": "e.site_session_hk", "visitor": "e.site_visitor_hk"}


def value_of(by: By) -> Tree:
    """A dimension's value at an event, or of a visit."""
    slots = {"key": parameter(by.key.name)} if isinstance(by.key, Hole) else {}
    return sql(by.dimension.value, **slots)


Thing = By | Did


def things_of(condition: Condition) -> list[Thing]:
    """What a condition looks at."""
    return [leaf if isinstance(leaf, Did) else leaf.by for leaf in leaves(condition)]


def looked_up(thing: Thing) -> Tree:
    """What a condition looks at, as an expression over an event."""
    if isinstance(thing, By):
        return value_of(thing)
    such = sql(_SUCH_EVENTS, who=_WHO[thing.who], met=meets(thing.condition))
    # a set that is looked up, not a join: without statistics the planner loops over the events of events
    return sql("(:is_one) IS TRUE", is_one=exp.In(this=sql(_WHO[thing.who]), query=exp.Subquery(this=such)))


def meets(condition: Condition, known: Mapping[Thing, Tree] | None = None) -> Tree:
    """Whether an event meets a condition, as an expression; `known`: where what it looks at stands already."""

    def seen(thing: Thing) -> Tree:
        return known[thing] if known else looked_up(thing)

    match condition:
        case Every(several):
            return every([meets(one, known) for one in several])
        case Some(several):
            return some([meets(one, known) for one in several])
        case Not(inner):
            return sql("(:met) IS NOT TRUE", met=meets(inner, known))
        case Unknown(by):
            return sql(":value IS NULL", value=seen(by))
        case Has(by, how, Hole(name), or_unknown):
            text = ":value ILIKE ANY(:any)" if how == "contains" else ":value = ANY(:any)"
            is_one = sql(text, value=seen(by), any=parameter(name))
            return some([is_one, sql(":value IS NULL", value=seen(by))]) if or_unknown else is_one
        case Did():
            return seen(condition)
        case Has():
            raise AssertionError(condition)
        case _:
            assert_never(condition)


def names_of(by: By, value: Tree | str = "r.g") -> Tree:
    """How people write a dimension's value, where keys stand for names; of rows r, if it is not said of which."""
    return sql(_NAMES[by.dimension.kind], value=value)
