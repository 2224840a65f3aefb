"""The archive as Iceberg tables, one a layer, of the very files of the ledger: only metadata is written.

A layer's folder is an Iceberg table as catalogs on file systems lay it out, and engines open it by its path:
`metadata/version-hint.text` has the N of `metadata/v<N>.metadata.json`. No catalog stands beside it: the one that pyiceberg has
for PostgreSQL would put tables of SQLAlchemy into the store, outside of row-level security and of the schema's seals, and have
every reader sign in there.

A table has the live files of its layer in one snapshot with one manifest. When they change, both are written anew: of files that
stay what is known is taken over, of new ones the footers are read. So nothing tells of a file that went, manifests do not pile
up, and nothing has to be expired. The hint comes last; whatever it does not lead to is removed, by this run or by the next one.

Bounds are kept of the tenants' keys and of the months' column only, which engines skip files by: those of any other column may be
a person's.
"""

import contextlib
import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from footfall.archive.layers import LAYERS, NAMES, Name
from footfall.archive.ledger import own_prefix
from footfall.archive.place import Place
from footfall.database import Connection
from footfall.errors import ArchiveFailed

if TYPE_CHECKING:
    from footfall.archive.iceberg import Folder, Known

logger = logging.getLogger(__name__)

_VERSION = re.compile(r"/v(\d+)\.metadata\.json$")
_MONTHS: dict[Name, str] = {"bridge": "event_timestamp", "visit": "day", "vault": "event_timestamp", "raw": "received_timestamp"}
_PATIENCE_SECONDS = 120.0  # with somebody who publishes
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Published:
    """A layer's table after a run.

    Attributes:
        layer: which.
        address: what engines open it by; empty: the layer has no files, and no table.
        files: how many it has.
        added: how many of them are new in it.
        removed: how many it had before and has no more.
        is_written: whether anything had to be.
    """

    layer: Name
    address: str
    files: int
    added: int
    removed: int
    is_written: bool


def publish(connection: Connection, place: Place, *, is_anew: bool = False) -> list[Published]:
    """Have the tables be of the files that are live now; `is_anew`: throw away what is known, and make other tables.

    `connection` is a worker's. Who publishes while somebody does waits. Raises ArchiveFailed: ``iceberg_missing``,
    ``archive_busy``, ``archive_unreachable``, ``archive_not_published``.
    """
    iceberg = _iceberg()
    with _alone(connection):
        return [_publish(iceberg, place, table, is_anew=is_anew) for table in _tables(connection)]


def published_anew(connection: Connection, place: Place) -> None:
    """Have the tables that there are be of the live files: for who is about to unlink files that are live no more.

    What cannot be published any more, as without pyiceberg, is no table any more: better none than one that tells of files that
    are not there. Raises ArchiveFailed: ``archive_busy``, ``archive_unreachable``.
    """
    tables = [table for table in _tables(connection) if _versions(place, table)]
    if not tables:
        return
    with _alone(connection):
        for table in tables:
            try:
                _publish(_iceberg(), place, table, is_anew=False)
            except ArchiveFailed as error:
                logger.warning("%s is no table any more, until it is published again: %s", table.path, error)
                _sweep(place, table, frozenset())


def forget(connection: Connection, place: Place) -> None:
    """Have no tables; the files stay. Raises ArchiveFailed: ``archive_busy``, ``archive_unreachable``."""
    with _alone(connection):
        for table in _tables(connection):
            _sweep(place, table, frozenset())


@dataclass(frozen=True, slots=True)
class _Table:
    """A layer as a table: below which path, and the paths of the files that it has to have."""

    layer: Name
    path: str
    files: frozenset[str]

    @property
    def metadata(self) -> str:
        return f"{self.path}/metadata"

    @property
    def hint(self) -> str:
        return f"{self.metadata}/version-hint.text"

    def version(self, number: int) -> str:
        return f"{self.metadata}/v{number}.metadata.json"


def _tables(connection: Connection) -> list[_Table]:
    """The tables of this store: several cells share a folder, and each has tables of its own."""
    cell = own_prefix(connection).rstrip("-")
    files = connection.execute(
        "/* archive.publishing */ SELECT f.layer, f.path FROM archive.file f WHERE f.state = 'live'"
    ).fetchall()
    return [
        _Table(layer, f"{layer}/cell-{cell}" if cell else layer, frozenset(path for of, path in files if of == layer))
        for layer in NAMES
    ]


def _publish(iceberg: ModuleType, place: Place, table: _Table, *, is_anew: bool) -> Published:
    if not table.files:
        had = len(_versions(place, table))
        _sweep(place, table, frozenset())
        return Published(table.layer, "", 0, 0, 0, is_written=had > 0)
    try:
        return _published(iceberg, place, table, is_anew=is_anew)
    except OSError as error:
        raise ArchiveFailed("archive_unreachable", f"the table {table.path} was not written: {error}") from error
    except ValueError as error:
        raise ArchiveFailed("archive_not_published", f"the table {table.path} was not written: {error}") from error


def _published(iceberg: ModuleType, place: Place, table: _Table, *, is_anew: bool) -> Published:
    folder = iceberg.Folder(place.files, place.address)
    month = _MONTHS[table.layer]
    shape = iceberg.Shape(f"{place.address}/{table.path}", LAYERS[table.layer].schema, month, ("tenant_hk", month))
    live = {f"{place.address}/{path}" for path in table.files}
    known = None if is_anew else _standing(iceberg, folder, place, table)
    had = set(known.files) if known else set()
    is_due = known is None or live != had or not iceberg.is_of(known, shape)
    if known is None or is_due:
        version = max(_versions(place, table), default=0) + 1
        location = f"{place.address}/{table.version(version)}"
        place.make_folder(table.metadata)
        iceberg.write(folder, location, shape, sorted(live), known)
        place.replace(table.hint, str(version).encode())
        known = iceberg.read(folder, location)
    _sweep(place, table, frozenset({table.hint, *(one.removeprefix(f"{place.address}/") for one in known.reached)}))
    return Published(table.layer, shape.location, len(live), len(live - had), len(had - live), is_written=is_due)


def _standing(iceberg: ModuleType, folder: "Folder", place: Place, table: _Table) -> "Known | None":
    """The table that the hint leads to; None: there is none, or it is not whole, or it tells of where the folder was before."""
    try:
        with place.reading(table.hint) as hint:
            version = int(hint.read())
        known: Known = iceberg.read(folder, f"{place.address}/{table.version(version)}")
    except (OSError, ValueError):
        return None
    return known if known.metadata.location == f"{place.address}/{table.path}" else None


def _versions(place: Place, table: _Table) -> list[int]:
    """The numbers of the metadata that lie there, led to or not."""
    return [int(found[1]) for path in place.paths(table.metadata) if (found := _VERSION.search(path))]


def _sweep(place: Place, table: _Table, kept: frozenset[str]) -> None:
    """Remove the metadata that are not kept, the hint first: who reads then finds no table, and no broken one."""
    gone = [path for path in place.paths(table.metadata) if path not in kept]
    for path in sorted(gone, key=lambda path: path != table.hint):
        place.unlink(path)


def _iceberg() -> ModuleType:
    """What needs pyiceberg. Raises ArchiveFailed: ``iceberg_missing``."""
    try:
        from footfall.archive import iceberg  # noqa: PLC0415  an extra: not everybody has it
    except ImportError:
        raise ArchiveFailed("iceberg_missing", "publishing needs pyiceberg: `pip install 'footfall[iceberg]'`") from None
    return iceberg


@contextlib.contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Publish as the only one."""
    since = time.monotonic()
    while connection.execute("/* archive.publishing */ SELECT archive.claim('tables', NULL)").fetchone() != (True,):
        if time.monotonic() - since > _PATIENCE_SECONDS:
            raise ArchiveFailed("archive_busy", "somebody else publishes the archive, and does not come to an end")
        time.sleep(_LOOK_SECONDS)
    try:
        yield
    finally:
        connection.execute("/* archive.publishing */ SELECT archive.release('tables', NULL)")
