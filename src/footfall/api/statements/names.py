"""Names become keys: what people write in conditions, as the store knows it. Parts of texts become patterns."""

import functools
from dataclasses import replace

from footfall.api.questions.conditions import Condition, Has, Hole, Leaf, Values, leaves_of, transform
from footfall.api.questions.declared import Kind
from footfall.api.questions.question import Question
from footfall.api.statements.compiled import Statement, rows, statement_of
from footfall.api.statements.fragments import sql, statements_of
from footfall.database import Connection

_NAMES = {
    (Kind.PAGE, "is"): "pages_named",
    (Kind.PAGE, "contains"): "pages_like",
    (Kind.ITEM, "is"): "items_named",
    (Kind.ITEM, "contains"): "items_like",
}


def with_keys(connection: Connection, tenant_hk: bytes, question: Question) -> Question:
    """The question with keys in place of the names of pages and items, and patterns in place of parts of texts."""
    keys = _keys(connection, tenant_hk, [leaf for condition in question.conditions for leaf in leaves_of(condition)])

    def leaf(one: Leaf) -> Condition:
        if not isinstance(one, Has):
            return one
        if one.by.dimension.kind is not Kind.TEXT:
            return Has(one.by, "is", keys[one], one.or_unknown)
        return replace(one, values=_patterns(one.values)) if one.how == "contains" else one

    return replace(
        question,
        where=transform(question.where, leaf),
        start=transform(question.start, leaf),
        steps=tuple(transform(step, leaf) for step in question.steps),
        goals=tuple(replace(goal, condition=transform(goal.condition, leaf)) for goal in question.goals),
        search=_pattern(question.search) if isinstance(question.search, str) and question.search else "",
    )


def _keys(connection: Connection, tenant_hk: bytes, leaves: list[Leaf]) -> dict[Leaf, tuple[bytes, ...]]:
    """The keys that are meant, by the leaf that names them: one statement for each kind of names, however many there are."""
    keys: dict[Leaf, tuple[bytes, ...]] = {}
    for (kind, how), statement in _NAMES.items():
        named = list(dict.fromkeys(o for o in leaves if isinstance(o, Has) and o.by.dimension.kind is kind and o.how == how))
        if not named:
            continue
        asked = [_patterns(one.values) if how == "contains" else one.values for one in named]
        texts = [(number, text) for number, values in enumerate(asked) for text in _texts(values)]
        bound = {"tenant": tenant_hk, "numbers": [number for number, _ in texts], "names": [text for _, text in texts]}
        found: dict[int, list[bytes]] = {number: [] for number in range(len(named))}
        for number, key in rows(connection, _names(statement), bound):
            found[number].append(key)
        keys |= {one: tuple(found[number]) for number, one in enumerate(named)}
    return keys


@functools.cache
def _names(statement: str) -> Statement:
    return statement_of(sql(statements_of("statements/names.sql")[statement]))


def _patterns(values: Values) -> Values:
    return tuple(_pattern(text) for text in _texts(values))


def _texts(values: Values) -> list[str]:
    assert not isinstance(values, Hole)  # noqa: S101  only shapes have holes
    return [value for value in values if isinstance(value, str)]


def _pattern(text: str) -> str:
    """What ILIKE finds texts with that contain this."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
