"""What is counted, as DuckDB's SQL: the same trees as for PostgreSQL, and where the two differ, words in which they agree."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from footfall.api.questions.question import Question
from footfall.api.statements.chosen import choose
from footfall.api.statements.compiled import Statement, statement_of
from footfall.api.statements.fragments import SLOTS, Tree, column, parameter, sql
from footfall.api.statements.undivided import Count

if TYPE_CHECKING:
    from footfall.archive.layers import Layer, Name

_KEPT = 500
# The one way to rows: a tenant's of a range, out of its files, and those that no file has, of which only its own come here.
_ROWS = """
SELECT :columns FROM read_parquet(:files) AS f WHERE f.tenant_hk = $held_tenant AND :bound >= :low AND :bound < :high
UNION ALL
SELECT :columns FROM asked.streamed AS f
"""


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows that can be counted.

    Attributes:
        name: as trees call them.
        alias: what their columns stand under in dimensions and conditions.
        layer_name: of the archive.
        bound: the column by which they are of a range.
        streamed: the table of those that no file has.
    """

    name: str
    alias: str
    layer_name: "Name"
    bound: str
    streamed: str

    @property
    def layer(self) -> "Layer":
        """The layer: what its files have."""
        from footfall.archive.layers import LAYERS  # noqa: PLC0415  it takes Arrow along: who reads no files does without

        return LAYERS[self.layer_name]

    @property
    def fields(self) -> frozenset[str]:
        """The columns that there are."""
        return frozenset(field.name for field in self.layer.fields)

    def values(self, files: list[str], low: object, high: object) -> dict[str, object]:
        """The values of its own parameters; of its range `low` is part, and `high` is not."""
        return {f"{self.streamed}_files": files, f"{self.streamed}_low": low, f"{self.streamed}_high": high}


BRIDGE = Relation("event_b", "e", "bridge", "site_event_hk", "streamed_events")
VISIT = Relation("visit_b", "v", "visit", "day", "streamed_visits")
_RELATIONS = {relation.name: relation for relation in (BRIDGE, VISIT)}


@dataclass(frozen=True, slots=True)
class Counting:
    """A statement for DuckDB, and of each relation that it looks at the columns."""

    statement: Statement
    looked_at: Mapping[Relation, tuple[str, ...]]


@functools.lru_cache(maxsize=_KEPT)
def counting(count: Count, shape: Question) -> Counting:
    """What counts a question of this shape in files; written when it is first asked for."""
    return restricted(choose(count(shape).rows, shape, in_files=True))


def restricted(tree: Tree) -> Counting:
    """What a tree asks of event_b and visit_b, which are one tenant's. Raises ValueError for one that names any other rows."""
    tree, looked_at = filled(tree, _rows)
    return Counting(statement_of(_agreeing(tree), "duckdb"), looked_at)


def filled(tree: Tree, rows: Callable[[Relation, tuple[str, ...]], Tree]) -> tuple[Tree, dict[Relation, tuple[str, ...]]]:
    """The tree, with these rows where it names event_b and visit_b, and the columns that it looks at.

    Raises ValueError for a tree that names any other rows.
    """
    _require_own(tree)
    looked_at: dict[Relation, tuple[str, ...]] = {}
    for table in list(tree.find_all(exp.Table)):
        if relation := _RELATIONS.get(table.name):
            columns = looked_at.setdefault(relation, _columns(tree, relation))
            table.replace(exp.Subquery(this=rows(relation, columns), alias=table.args["alias"]))
    return tree, looked_at


def _require_own(tree: Tree) -> None:
    if not isinstance(tree, exp.Query):
        raise ValueError("nothing but a question is asked of files")  # noqa: TRY004  it is no wrong type, but a wrong question
    allowed = {one.alias for one in tree.find_all(exp.CTE)} | set(_RELATIONS)
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or table.db or table.catalog or table.name not in allowed:
            raise ValueError(f"{table.name or table.key} is not the tenant's own")


def _columns(tree: Tree, relation: Relation) -> tuple[str, ...]:
    found = {one.name for one in tree.find_all(exp.Column) if one.table == relation.alias}
    return tuple(sorted(found & relation.fields)) or (relation.bound,)


def _rows(relation: Relation, columns: tuple[str, ...]) -> Tree:
    places = {what: parameter(f"{relation.streamed}_{what}") for what in ("files", "low", "high")}
    rows = sql(_ROWS, columns=[column("f", name) for name in columns], bound=column("f", relation.bound), **places)
    for table in rows.find_all(exp.Table):
        if table.db == SLOTS:
            table.replace(exp.to_table(relation.streamed).as_("f"))
    return rows


def _agreeing(tree: Tree) -> Tree:
    """The tree in words that DuckDB means as PostgreSQL does."""
    return tree.transform(_agree)


def _agree(node: Tree) -> Tree:
    if isinstance(node, exp.Encode):
        # hexadecimal digits are small in PostgreSQL
        return sql("lower(hex(:bytes))", bytes=node.this)
    if isinstance(node, exp.Collate):
        # DuckDB sorts by bytes, as "C" does
        sorted_by_bytes: Tree = node.this
        return sorted_by_bytes
    if isinstance(node, exp.TimeToStr):
        # the only thing that is told so of rows: FMDay of a day; hours are by a time zone, which DuckDB may know otherwise
        return sql("dayname(:day)", day=node.this)
    return node
