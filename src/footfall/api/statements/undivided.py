"""The rows that an answer is made of, grouped and not divided: what another engine than PostgreSQL can count.

Names, division, rounding and JSON are the statement's that takes them, whichever counted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from footfall.api.questions.conditions import By
from footfall.api.questions.declared import Kind
from footfall.api.questions.question import Question
from footfall.api.statements.fragments import Tree, sql

PARAMETER = "undivided"
_ROWS = "SELECT u.* FROM json_to_recordset($undivided::json) AS u(g text)"


@dataclass(frozen=True, slots=True)
class Undivided:
    """Rows over those of `statements.chosen`; `columns`: PostgreSQL's types of theirs, by name, in their order."""

    rows: Tree
    columns: Mapping[str, str]

    def of(self, question: Question) -> Tree:
        """The rows as a statement takes them: counted there, or, where files were asked, as a parameter."""
        if not question.is_in_columns:
            return self.rows
        tree = sql(_ROWS)
        alias = tree.find(exp.TableAlias)
        assert alias is not None  # noqa: S101  so it is written
        alias.set(
            "columns",
            [
                exp.ColumnDef(this=exp.to_identifier(name), kind=exp.DataType.build(kind, dialect="postgres"))
                for name, kind in self.columns.items()
            ],
        )
        return tree


Count = Callable[[Question], Undivided]


def type_of(by: By | None) -> str:
    """PostgreSQL's type of a dimension's values; of none: text."""
    return "text" if by is None or by.dimension.kind is Kind.TEXT else "bytea"
