"""SQL by fragments: text in PostgreSQL's dialect, parsed once, and filled as a tree.

`:name` is a slot, for an expression or a list of them; `FROM asked.name AS x` is a slot for rows; `$name` is a parameter, for a
value. Slots take trees only: a value can get into no text.
"""

import functools
import logging
import re
import threading
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Literal

from sqlglot import exp, parse_one

logging.getLogger("sqlglot").setLevel(logging.WARNING)  # it tells of each index of an array

Tree = exp.Expr
Slot = Tree | str | Sequence[Tree]
Dialect = Literal["postgres", "duckdb", "spark", "trino", "clickhouse"]

SLOTS = "asked"  # the schema of rows that are filled in
_NAMED = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_ENCLOSED = (exp.Paren, exp.Alias, exp.Select, exp.Where, exp.Func, exp.Tuple, exp.Ordered, exp.Group, exp.Array)


# sqlglot makes a dialect's parser and generator when they are first needed; a thread that needs them meanwhile gets them
# unfinished, and reads `$name` as something else. What is read is kept: it would be wrong for ever.
_one_at_a_time = threading.Lock()


@functools.cache
def _parsed(text: str) -> Tree:
    with _one_at_a_time:
        return parse_one(text, read="postgres")


def written(tree: Tree, dialect: Dialect = "postgres", *, is_pretty: bool = False) -> str:
    """The tree as text in an engine's dialect; `is_pretty`: for people."""
    with _one_at_a_time:
        return tree.sql(dialect, normalize_functions=False, comments=False, pretty=is_pretty)


@functools.cache
def statements_of(file: str) -> Mapping[str, str]:
    """The statements of an .sql file beside the reports or here, by the names that `-- name:` gives them."""
    parts = _NAMED.split((resources.files("footfall.api") / file).read_text())
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def sql(text: str, /, **slots: Slot) -> Tree:
    """The fragment, filled: a text in a slot is a fragment itself."""
    tree = _parsed(text).copy()
    for hole in list(tree.find_all(exp.Placeholder)):
        slot = _free(slots[hole.name])
        if hole is tree:
            assert isinstance(slot, exp.Expr)  # noqa: S101  a fragment that is a slot is filled by one tree
            return slot
        _fill(hole, slot)
    return fill_rows(tree, {name: slot for name, slot in slots.items() if isinstance(slot, exp.Query)})


def fill_rows(tree: Tree, rows: Mapping[str, Tree]) -> Tree:
    """The tree, with queries where it says `FROM asked.<name>`."""
    for table in list(tree.find_all(exp.Table)):
        if table.db == SLOTS and table.name in rows:
            query = _free(rows[table.name])
            assert isinstance(query, exp.Query)  # noqa: S101  rows are a query's
            table.replace(exp.Subquery(this=query, alias=table.args["alias"]))
    return tree


def _free(slot: Slot) -> Tree | list[Tree]:
    """The slot's trees, or copies of those that stand somewhere already."""
    if isinstance(slot, str):
        return sql(slot)
    if isinstance(slot, exp.Expr):
        return slot.copy()
    return [one.copy() for one in slot]


def _fill(hole: Tree, slot: Tree | list[Tree]) -> None:
    if isinstance(slot, list) and not slot:
        hole.pop()
    elif isinstance(slot, exp.Binary | exp.Not | exp.Between | exp.In) and not _is_enclosed(hole):
        hole.replace(exp.Paren(this=slot))
    else:
        hole.replace(slot)


def _is_enclosed(hole: Tree) -> bool:
    """Whether what stands there binds by itself. To sqlglot some operators are functions, too, AND and OR among them."""
    return isinstance(hole.parent, _ENCLOSED) and not isinstance(hole.parent, exp.Binary)


def named(columns: Mapping[str, Tree]) -> list[Tree]:
    """Columns by name."""
    return [exp.alias_(tree.copy(), name) for name, tree in columns.items()]


def pairs(values: Mapping[str, Tree]) -> list[Tree]:
    """Keys and values, as jsonb_build_object takes them."""
    return [tree for name, value in values.items() for tree in (exp.Literal.string(name), value.copy())]


def every(conditions: Sequence[Tree]) -> Tree:
    """All of them hold."""
    known = [one.copy() for one in conditions if one != exp.true()]
    return exp.and_(*known, copy=False) if known else exp.true()


def some(conditions: Sequence[Tree]) -> Tree:
    """One of them holds at least."""
    return exp.or_(*(one.copy() for one in conditions), copy=False) if conditions else exp.false()


def parameter(name: str) -> Tree:
    """The place of a value."""
    return exp.Parameter(this=exp.var(name))


def column(relation: str, name: str) -> Tree:
    """A column whose name is made up, such as that of a step."""
    return exp.column(name, relation)


def relations_of(trees: Sequence[Tree]) -> set[str]:
    """The aliases of relations that these look at."""
    return {column.table for tree in trees for column in tree.find_all(exp.Column)}
