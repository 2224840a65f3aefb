"""Rows of a layer, out of PostgreSQL into Arrow: in binary form, by the driver that does nothing else, piece by piece."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from footfall.archive.layers import Layer
from footfall.database import conninfo
from footfall.errors import ArchiveFailed, StoreUnavailable

try:
    import adbc_driver_manager
    import adbc_driver_postgresql.dbapi as driver
except ImportError:  # an extra: who archives nothing needs none
    driver = None

_PIECE = 8 << 20  # bytes that the driver hands over at once
_SETTINGS = ("SET LOCAL work_mem = '64MB'", "SET LOCAL jit = off", "SET LOCAL max_parallel_workers_per_gather = 0")


class Session:
    """A transaction of a worker's, by the driver that speaks Arrow."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def rows(self, layer: Layer, first: date, last: date, tenants: sql.Composable) -> Iterator[pa.RecordBatch]:
        """The rows of these days, as a file has them, sorted by tenant, then by time.

        Raises ArchiveFailed: ``archive_not_storable``: a row is none of those that a file can hold.
        """
        with self._connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(_PIECE)})
            cursor.execute(layer.query(first, last, tenants).as_string())
            # the cursor has to live as long as what it reads
            for batch in cursor.fetch_record_batch():
                yield _converted(layer, batch)

    def value(self, query: str | sql.Composed) -> Any:
        """The one value of a query without parameters; None: it has no row."""
        with self._connection.cursor() as cursor:
            cursor.execute(query if isinstance(query, str) else query.as_string())
            row = cursor.fetchone()
            return row[0] if row else None

    def execute(self, statement: str | sql.Composed) -> None:
        """Run a statement that has no rows."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement if isinstance(statement, str) else statement.as_string())

    def lay_out(self, table: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        """Put rows into a new temporary table."""
        with self._connection.cursor() as cursor:
            cursor.adbc_ingest(table, pa.RecordBatchReader.from_batches(schema, batches), mode="create", temporary=True)


@contextmanager
def snapshot(url: str) -> Iterator[Session]:
    """What the store holds now, and does not change. Raises StoreUnavailable; ArchiveFailed: ``archive_not_set``."""
    with _session(url, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as session:
        yield session


@contextmanager
def changing(url: str) -> Iterator[Session]:
    """A transaction that is committed at the end, or not at all. Raises as `snapshot` does."""
    with _session(url, "BEGIN") as session:
        yield session
        session.execute("COMMIT")


@contextmanager
def _session(url: str, begin: str) -> Iterator[Session]:
    if driver is None:
        raise ArchiveFailed("archive_not_set", "the archive needs a driver of its own: pip install 'footfall[archive]'")
    try:
        with driver.connect(conninfo(url, "footfall_worker"), autocommit=True) as connection:
            session = Session(connection)
            for statement in (begin, *_SETTINGS):
                session.execute(statement)
            yield session
    except adbc_driver_manager.Error as error:
        raise StoreUnavailable(f"the archive's way to the store: {error}") from None


def _converted(layer: Layer, batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch as its file has it: what the driver gives in a form of its own, or without a length, is cast."""
    if layer.check and batch.num_rows and not pc.all(batch.column("is_one")).as_py():
        message = "an event has rows of several loads, or none in a table where it has to have one: `footfall check`"
        raise ArchiveFailed("archive_not_storable", f"{layer.name}: {message}")
    try:
        columns = [_cast(batch.column(field.name), field.type) for field in layer.schema]
        return pa.RecordBatch.from_arrays(columns, schema=layer.schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ArchiveFailed("archive_not_storable", f"{layer.name}: {error}") from None


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    return column if column.type == kind else column.cast(kind)
