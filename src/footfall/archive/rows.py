"""Rows of a layer, out of PostgreSQL into Arrow: in binary form, by the driver that does nothing else, piece by piece."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as driver
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from footfall.archive.layers import Layer
from footfall.database import conninfo
from footfall.errors import ArchiveFailed, StoreUnavailable

_PIECE = 8 << 20  # bytes that the driver hands over at once
_SETTINGS = ("SET LOCAL work_mem = '64MB'", "SET LOCAL jit = off", "SET LOCAL max_parallel_workers_per_gather = 0")


class Snapshot:
    """A moment of the store, as a worker sees it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def rows(self, layer: Layer, first: date, last: date, tenants: sql.Composable) -> Iterator[pa.RecordBatch]:
        """The rows of these days, as a file has them, sorted by tenant, then by time.

        Raises ArchiveFailed: ``archive_not_storable``: a row is none of those that a file can hold.
        """
        with self._connection.cursor() as cursor:
            cursor.adbc_statement.set_options(
                **{driver_option: str(_PIECE) for driver_option in ("adbc.postgresql.batch_size_hint_bytes",)}
            )
            cursor.execute(layer.query(first, last, tenants).as_string())
            # the cursor has to live as long as what it reads
            for batch in cursor.fetch_record_batch():
                yield _converted(layer, batch)

    def value(self, query: str) -> Any:
        """The one value of a query without parameters."""
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0]


@contextmanager
def snapshot(url: str) -> Iterator[Snapshot]:
    """What the store holds now, and does not change. Raises StoreUnavailable."""
    try:
        connection = driver.connect(conninfo(url, "footfall_worker"), autocommit=True)
    except adbc_driver_manager.Error as error:
        raise StoreUnavailable(f"the archive cannot read: {error}") from None
    with connection:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            for setting in _SETTINGS:
                cursor.execute(setting)
        try:
            yield Snapshot(connection)
        except adbc_driver_manager.OperationalError as error:
            raise StoreUnavailable(f"the archive cannot read: {error}") from None


def _converted(layer: Layer, batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch as its file has it: what the driver gives in a form of its own, or without a length, is cast."""
    if layer.check and batch.num_rows and not pc.all(batch.column("is_one")).as_py():
        raise ArchiveFailed(
            "archive_not_storable",
            f"{layer.name}: an event has rows of several loads, or none in a table where it has to have one",
        )
    try:
        columns = [_cast(batch.column(field.name), field.type) for field in layer.schema]
        return pa.RecordBatch.from_arrays(columns, schema=layer.schema)
    except pa.ArrowInvalid as error:
        raise ArchiveFailed("archive_not_storable", f"{layer.name}: {error}") from None


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    return column if column.type == kind else column.cast(kind)
