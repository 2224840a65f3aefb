"""Rows that no file has, from PostgreSQL into DuckDB: of the question's own snapshot, its columns only, a piece at a time."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow as pa
from psycopg import sql as text
from pyarrow import csv
from sqlglot import exp

from footfall.api.engines.written import Relation
from footfall.api.statements.fragments import column, sql, written
from footfall.database import Connection

if TYPE_CHECKING:
    import duckdb

_PIECE = 1 << 20  # bytes
_ROWS = (
    "/* api.engines.streamed */ COPY (SELECT {columns} FROM {table} f"
    " WHERE f.tenant_hk = {tenant} AND f.{bound} >= {low} AND f.{bound} < {high}) TO STDOUT (FORMAT csv)"
)


def stream(
    connection: Connection,
    cursor: "duckdb.DuckDBPyConnection",
    relation: Relation,
    columns: tuple[str, ...],
    tenant_hk: bytes,
    gaps: list[tuple[object, object]],
) -> None:
    """Make the relation's table of streamed rows, with those between these bounds; of each pair the first is part."""
    schema = pa.schema([field for field in relation.layer.schema if field.name in columns]).remove_metadata()
    schema = pa.schema([schema.field(name) for name in columns])
    cursor.register("incoming", schema.empty_table())
    cursor.execute(written(exp.Create(this=exp.to_table(relation.streamed), kind="TEMPORARY TABLE", expression=_all()), "duckdb"))
    cursor.unregister("incoming")
    keys = {field.name for field in schema if pa.types.is_fixed_size_binary(field.type)}
    insert = written(exp.insert(_as_they_are(columns, keys), relation.streamed), "duckdb")
    for low, high in gaps:
        rows = text.SQL(_ROWS).format(
            columns=text.SQL(", ").join(text.Identifier("f", name) for name in columns),
            table=text.Identifier("business", relation.name),
            bound=text.Identifier(relation.bound),
            tenant=text.Literal(tenant_hk),
            low=text.Literal(low),
            high=text.Literal(high),
        )
        with connection.cursor() as reader, reader.copy(rows) as copy:
            pieces = _File(copy)
            first = pieces.read(_PIECE)
            if not first:
                continue
            cursor.register("incoming", _batches(pieces, first, columns))
            cursor.execute(insert)
            cursor.unregister("incoming")


def _all() -> exp.Query:
    tree = sql("SELECT i.* FROM incoming AS i")
    assert isinstance(tree, exp.Query)  # noqa: S101  so it is written
    return tree


def _as_they_are(columns: tuple[str, ...], keys: set[str]) -> exp.Query:
    """The rows as PostgreSQL writes them, with keys as bytes; DuckDB casts the others by the table's types."""
    values = [sql("unhex(substr(:key, 3))", key=column("i", name)) if name in keys else column("i", name) for name in columns]
    tree = sql("SELECT :them FROM incoming AS i", them=values)
    assert isinstance(tree, exp.Query)  # noqa: S101  so it is written
    return tree


def _batches(pieces: "_File", first: bytes, columns: tuple[str, ...]) -> pa.RecordBatchReader:
    pieces.put_back(first)
    reader = csv.open_csv(
        pieces,
        read_options=csv.ReadOptions(column_names=list(columns), block_size=_PIECE, use_threads=False),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),  # NULL alone is one
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        ),
    )
    return pa.RecordBatchReader.from_batches(reader.schema, _each(reader))


def _each(reader: Any) -> Iterator[pa.RecordBatch]:
    yield from reader


class _File:
    """What COPY sends, as a file that is read to its end."""

    closed = False

    def __init__(self, copy: psycopg.Copy) -> None:
        self._copy = copy
        self._left = b""

    def put_back(self, piece: bytes) -> None:
        self._left = piece + self._left

    def readable(self) -> bool:
        return True

    def read(self, size: int) -> bytes:
        pieces = [self._left]
        have = len(self._left)
        while have < size and (piece := self._copy.read()):
            pieces.append(bytes(piece))
            have += len(piece)
        whole = b"".join(pieces)
        self._left = whole[size:]
        return whole[:size]

    def close(self) -> None:
        """Whoever copies ends it."""
