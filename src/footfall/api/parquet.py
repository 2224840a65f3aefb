"""Parquet files, by Arrow."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from footfall.api.export import Columns, Kind, Row

_TYPES: dict[Kind, pa.DataType] = {
    "timestamp": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "decimal": pa.decimal128(38, 4),
    "number": pa.float64(),
    "text": pa.string(),
}


@contextlib.contextmanager
def writing(path: Path, columns: Columns) -> Iterator[Callable[[list[Row]], None]]:
    """What writes rows to the file, those of a call together; values are of their columns' kinds."""
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in columns.items()])
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        yield lambda rows: file.write_table(pa.Table.from_pylist(rows, schema=schema))
