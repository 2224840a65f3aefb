"""Rows into a Parquet file, which is read back and proved before anybody may rely on it."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from footfall.archive.digests import Digests, PartDigest, digests_of
from footfall.archive.layers import FORMAT_VERSION, Layer
from footfall.archive.place import Place
from footfall.errors import ArchiveFailed

GROUP_ROWS = 131_072
_GROUP_BYTES = 48 << 20  # of rows in memory: wide ones make smaller groups
_READ_ROWS = 16_384
_LEVEL = 1  # of zstd: 3 takes a sixth more CPU for a twentieth less on disk


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was read back and is what was sent.

    Attributes:
        rows: how many.
        size: bytes of the file.
        sha256: of the file.
        parts: rows and digest of each tenant that has rows.
    """

    rows: int
    size: int
    sha256: bytes
    parts: dict[bytes, PartDigest]


def write(place: Place, path: str, layer: Layer, batches: Iterable[pa.RecordBatch], about: dict[str, str]) -> Written:
    """Write a file, and read it back: each value of each column of each tenant is what was sent, by its digest.

    `about`: what the footer says of it. Holds one group of rows at a time in memory.
    Raises ArchiveFailed: ``archive_not_proved``: what was read back is something else.
    """
    sent = Digests()
    with place.writing(path) as sink, _writer(sink, layer, about) as writer:
        for group in groups(batches, sent):
            writer.write_table(group, row_group_size=GROUP_ROWS)
    parts = sent.done()
    if digests_of(read(place, path, layer)) != parts:
        raise ArchiveFailed("archive_not_proved", f"{path}: what was read back is not what was written")
    return Written(sum(part.rows for part in parts.values()), place.size(path) or 0, sha256_of(place, path), parts)


def read(place: Place, path: str, layer: Layer) -> Iterator[pa.RecordBatch]:
    """The rows of a file, whose pages' checksums are proved; columns that came after it are NULL.

    Raises FileNotFoundError; ArchiveFailed: ``archive_not_proved``: it cannot be read.
    """
    with place.reading(path) as source:
        try:
            file = pq.ParquetFile(source, page_checksum_verification=True, pre_buffer=False)
            for batch in file.iter_batches(batch_size=_READ_ROWS, use_threads=False):
                yield _as_declared(batch, layer)
        except (pa.ArrowException, OSError) as error:
            raise ArchiveFailed("archive_not_proved", f"{path}: {error}") from None


def rows_in(place: Place, path: str, layer: Layer, tenants: Collection[bytes]) -> Iterator[pa.RecordBatch]:
    """The rows of these tenants in a file. Raises as `read` does."""
    wanted = pa.array(sorted(tenants), layer.schema.field("tenant_hk").type)
    for batch in read(place, path, layer):
        found = batch.filter(pc.is_in(batch.column("tenant_hk"), value_set=wanted))
        if found.num_rows:
            yield found


def sha256_of(place: Place, path: str) -> bytes:
    """SHA-256 of a file."""
    found = hashlib.sha256()
    for piece in place.pieces(path):
        found.update(piece)
    return found.digest()


def _writer(sink: Any, layer: Layer, about: dict[str, str]) -> pq.ParquetWriter:
    said = {
        "footfall.layer": layer.name,
        "footfall.format": str(FORMAT_VERSION),
        **{f"footfall.{name}": value for name, value in about.items()},
    }
    plain = [field for field in layer.fields if field.is_unique]
    return pq.ParquetWriter(
        sink,
        layer.schema.with_metadata(said),
        compression="zstd",
        compression_level=_LEVEL,
        use_dictionary=[field.name for field in layer.fields if not field.is_unique and field.kind != "flag"],
        column_encoding={field.name: field.encoding for field in plain},
        write_page_checksum=True,
        store_schema=False,
    )


def groups(batches: Iterable[pa.RecordBatch], sent: Digests) -> Iterator[pa.Table]:
    """Groups of rows, as many as there may be in memory; their digests are taken on the way."""
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for whole in batches:
        sent.add(whole)
        batch = whole
        while rows + batch.num_rows >= GROUP_ROWS:
            yield pa.Table.from_batches([*waiting, batch.slice(0, GROUP_ROWS - rows)])
            batch = batch.slice(GROUP_ROWS - rows)
            waiting, rows, size = [], 0, 0
        waiting.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if size >= _GROUP_BYTES:
            yield pa.Table.from_batches(waiting)
            waiting, rows, size = [], 0, 0
    if rows:
        yield pa.Table.from_batches(waiting)


def _as_declared(batch: pa.RecordBatch, layer: Layer) -> pa.RecordBatch:
    numbered = {int(field.metadata[b"PARQUET:field_id"]): place for place, field in enumerate(batch.schema)}
    columns = [
        batch.column(numbered[field.number]) if field.number in numbered else pa.nulls(batch.num_rows, field.arrow.type)
        for field in layer.fields
    ]
    return pa.RecordBatch.from_arrays(columns, schema=layer.schema)
