"""Statements, written once for each shape and kept, and how they are run."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.numeric import Int8
from sqlglot import exp

from footfall.api.questions.question import Question
from footfall.api.statements.fragments import Dialect, Tree, written
from footfall.database import Connection

Write = Callable[[Question], Tree]

_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with places $1, $2, …, and the names of the parameters that they stand for."""

    text: str
    parameters: tuple[str, ...]


@functools.lru_cache(maxsize=_KEPT)
def compiled(write: Write, shape: Question) -> Statement:
    """The statement of a shape; written when it is first asked for."""
    return statement_of(write(shape))


def statement_of(tree: Tree, dialect: Dialect = "postgres", *, is_pretty: bool = False) -> Statement:
    """The tree as text; `is_pretty`: for people."""
    numbers: dict[str, int] = {}
    tree = tree.copy()
    for node in list(tree.find_all(exp.Parameter)):
        node.set("this", exp.Literal.number(numbers.setdefault(node.name, len(numbers) + 1)))
    return Statement(written(tree, dialect, is_pretty=is_pretty), tuple(numbers))


def rows(connection: Connection, statement: Statement, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """What a statement gives. It is planned for its values each time: how many rows they choose decides how to find them."""
    cursor = psycopg.RawCursor(connection)
    # a small number is no smallint, whose sums overflow
    bound = [Int8(value) if type(value) is int else value for value in map(values.__getitem__, statement.parameters)]
    return cursor.execute(f"/* api.questions */ {statement.text}", bound, prepare=False).fetchall()
