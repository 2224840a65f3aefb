"""An Iceberg table in a folder, of Parquet files that are there: what of it needs pyiceberg, which not everybody has."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyarrow.fs import FileSystem
from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.io.pyarrow import PyArrowFile, PyArrowFileIO, parquet_file_to_data_file, pyarrow_to_schema
from pyiceberg.manifest import DataFile
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.serializers import FromInputFile, ToOutputFile
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.metadata import TableMetadataV2
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.table.update import TableRequirement, TableUpdate, update_table_metadata
from pyiceberg.transforms import MonthTransform

_PARTITION_ID = 1000  # the first that the format gives to fields of partitions


class Folder(PyArrowFileIO):
    """Files below a folder, in pyiceberg's words, through the file system that the folder was opened with."""

    def __init__(self, files: FileSystem, address: str) -> None:
        """`files` has the folder at its root; addresses of files begin with the folder's."""
        super().__init__()
        self._files = files
        self._address = address

    def new_input(self, location: str) -> PyArrowFile:
        """A file to read, by its whole address."""
        return PyArrowFile(location=location, path=location.removeprefix(f"{self._address}/"), fs=self._files)

    def new_output(self, location: str) -> PyArrowFile:
        """A file to write, by its whole address."""
        return self.new_input(location)


class _Beside(NoopCatalog):
    """What stands in for a catalog: a commit writes the table's metadata where it is told, and nobody is led there yet."""

    def __init__(self, location: str) -> None:
        super().__init__("footfall")
        self._location = location

    def commit_table(
        self, table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...]
    ) -> CommitTableResponse:
        """Write what the table has become."""
        for requirement in requirements:
            requirement.validate(table.metadata)
        metadata = update_table_metadata(table.metadata, updates)
        ToOutputFile.table_metadata(metadata, table.io.new_output(self._location))
        return CommitTableResponse.model_validate({"metadata": metadata, "metadata-location": self._location})


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table is, whichever files it has.

    Attributes:
        location: the address that it is opened by.
        schema: its columns, with the numbers that they have for ever.
        month: the column whose months (UTC) are its partitions; a file has rows of one month.
        bounded: the columns whose least and greatest value in a file its metadata tell.
    """

    location: str
    schema: pa.Schema
    month: str
    bounded: Sequence[str]


@dataclass(frozen=True, slots=True)
class Known:
    """A table as it is written.

    Attributes:
        metadata: where else it is, and what it is.
        files: by their addresses.
        reached: the addresses of all that it consists of beside those.
    """

    metadata: TableMetadataV2
    files: dict[str, DataFile]
    reached: frozenset[str]


def read(folder: Folder, location: str) -> Known:
    """The table whose metadata are at an address. Raises OSError, ValueError: it is not whole, or none of ours."""
    metadata = FromInputFile.table_metadata(folder.new_input(location))
    snapshot = metadata.current_snapshot()
    if snapshot is None or not isinstance(metadata, TableMetadataV2):
        raise ValueError(f"{location} is not a table of ours")
    manifests = snapshot.manifests(folder)
    entries = [entry for manifest in manifests for entry in manifest.fetch_manifest_entry(folder)]
    return Known(
        metadata,
        {entry.data_file.file_path: entry.data_file for entry in entries},
        frozenset({location, snapshot.manifest_list, *(manifest.manifest_path for manifest in manifests)}),
    )


def is_of(known: Known, shape: Shape) -> bool:
    """Whether a table is of this shape."""
    wanted = _bare(shape, None)
    return (
        known.metadata.schema().fields == wanted.schema().fields
        and known.metadata.spec().fields == wanted.spec().fields
        and known.metadata.properties == wanted.properties
    )


def write(folder: Folder, location: str, shape: Shape, files: Sequence[str], before: Known | None) -> None:
    """Write a table that has these files in one snapshot; what leads to it all is written last, at `location`.

    `files` are addresses of Parquet files that have the shape's columns, or fewer; what `before` knows of some is taken over, and
    who follows that table finds this one to be its next state. Raises OSError: a file is not there.
    """
    metadata = _bare(shape, before.metadata if before else None)
    # what is told of files may have become another
    known = before.files if before and is_of(before, shape) else {}
    table = Table(("footfall",), metadata, location, folder, _Beside(location))
    with table.transaction() as transaction, transaction.update_snapshot().fast_append() as snapshot:
        for file in files:
            snapshot.append_data_file(known.get(file) or parquet_file_to_data_file(folder, metadata, file))


def _bare(shape: Shape, before: TableMetadataV2 | None) -> TableMetadataV2:
    """The metadata of a table without files."""
    schema = pyarrow_to_schema(shape.schema)
    months = PartitionField(
        source_id=schema.find_field(shape.month).field_id, field_id=_PARTITION_ID, transform=MonthTransform(), name="month"
    )
    return TableMetadataV2.model_validate(
        {
            "location": shape.location,
            "table-uuid": before.table_uuid if before else uuid.uuid4(),
            "last-sequence-number": before.last_sequence_number if before else 0,
            "schemas": [schema],
            "last-column-id": schema.highest_field_id,
            "partition-specs": [PartitionSpec(months)],
            "last-partition-id": _PARTITION_ID,
            "sort-orders": [UNSORTED_SORT_ORDER],
            "properties": {
                "write.metadata.metrics.default": "none",
                **{f"write.metadata.metrics.column.{name}": "full" for name in shape.bounded},
            },
        }
    )
