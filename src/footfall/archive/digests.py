"""The digest of a part: SHA-256 over the values of each column, in the order of its rows. Equal digests are equal values.

Whether the rows come from a file or from PostgreSQL, and in how large pieces, makes no difference: fixed values go in as they lie
in memory, zero where there is none, beside a byte that says which; others as their lengths, -1 where there is none, and their
bytes.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class PartDigest:
    """How many rows a tenant has, and the digest of their values in hexadecimal digits."""

    rows: int
    digest: str


class Digests:
    """Digests of all tenants of rows that are sorted by tenant."""

    def __init__(self) -> None:
        self._done: dict[bytes, PartDigest] = {}
        self._tenant: bytes | None = None
        self._rows = 0
        self._hashes: list[tuple[hashlib._Hash, hashlib._Hash]] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Take the next rows. Raises ValueError for those of a tenant that was over."""
        columns = [_laid_out(column) for column in batch.columns]
        for tenant, first, last in _runs(batch.column("tenant_hk")):
            if tenant != self._tenant:
                self._end()
                if tenant in self._done:
                    raise ValueError("rows are not sorted by tenant")
                self._tenant, self._rows = tenant, 0
                self._hashes = [(hashlib.sha256(), hashlib.sha256()) for _ in columns]
            self._rows += last - first
            for column, (about, values) in zip(columns, self._hashes, strict=True):
                about.update(column.about[first * column.about_width : last * column.about_width])
                if column.width:
                    values.update(column.values[first * column.width : last * column.width])
                else:
                    values.update(column.values[column.ends[first] : column.ends[last]])

    def done(self) -> dict[bytes, PartDigest]:
        """Of each tenant that had rows."""
        self._end()
        self._tenant = None
        return self._done

    def _end(self) -> None:
        if self._tenant is not None:
            whole = b"".join(one.digest() for pair in self._hashes for one in pair)
            self._done[self._tenant] = PartDigest(self._rows, hashlib.sha256(whole).hexdigest())


def digests_of(batches: Iterable[pa.RecordBatch]) -> dict[bytes, PartDigest]:
    """Digests of all tenants of these rows."""
    digests = Digests()
    for batch in batches:
        digests.add(batch)
    return digests.done()


NOTHING = PartDigest(0, hashlib.sha256().hexdigest())


@dataclass(frozen=True, slots=True)
class _Column:
    about: memoryview  # whether there is a value, in a byte; or its length, in four
    about_width: int
    values: memoryview
    width: int  # bytes of a value; 0: they differ
    ends: memoryview  # where the values end, when they differ


def _laid_out(column: pa.Array) -> _Column:
    kind = column.type
    if pa.types.is_string(kind) or (pa.types.is_binary(kind) and not pa.types.is_fixed_size_binary(kind)):
        lengths = pc.fill_null(pc.binary_length(column), -1)
        _, offsets, data = column.buffers()
        ends = memoryview(offsets).cast("i")[column.offset : column.offset + len(column) + 1] if len(column) else memoryview(b"")
        return _Column(_bytes(lengths, 4), 4, memoryview(data) if data else memoryview(b""), 0, ends)
    if pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    width = column.type.bit_width // 8
    if column.null_count:
        about = _bytes(column.is_valid().cast(pa.uint8()), 1)
        column = _zero_where_null(column)
    else:
        about = memoryview(b"\x01" * len(column))
    return _Column(about, 1, _bytes(column, width), width, memoryview(b""))


def _zero_where_null(column: pa.Array) -> pa.Array:
    if pa.types.is_fixed_size_binary(column.type):
        zero = pa.scalar(b"\x00" * column.type.byte_width, column.type)
    else:
        zero = pa.scalar(0, pa.int32()).cast(column.type) if not pa.types.is_timestamp(column.type) else pa.scalar(0, column.type)
    return pc.if_else(column.is_valid(), column, zero)


def _bytes(column: pa.Array, width: int) -> memoryview:
    return memoryview(column.buffers()[1])[column.offset * width : (column.offset + len(column)) * width]


def _runs(tenants: pa.Array) -> Iterator[tuple[bytes, int, int]]:
    """Each tenant of these rows, with where its rows begin and end."""
    if not len(tenants):
        return
    changes = pc.indices_nonzero(pc.not_equal(tenants[1:], tenants[:-1])).to_pylist()
    begins = [0, *(change + 1 for change in changes)]
    for first, last in zip(begins, [*begins[1:], len(tenants)], strict=True):
        yield tenants[first].as_py(), first, last
