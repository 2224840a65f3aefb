"""The archive as Iceberg tables, one a layer, of the very files of the ledger: only metadata is written.

A layer's folder is an Iceberg table as catalogs on file systems lay it out, and engines open it by its path:
`metadata/version-hint.text` has the N of `metadata/v<N>.metadata.json`. No catalog stands beside it: pyiceberg's own would put
tables of SQLAlchemy into the store, outside of row-level security and of the schema's seals, and have every reader sign in to
PostgreSQL.

A table has the live files of its layer in one snapshot with one manifest. When they change, both are written anew: of files that
stay what is known is taken over, of new ones the footers are read. So nothing tells of a file that went, manifests do not pile up,
and nothing has to be expired. The hint comes last; whatever it does not lead to is removed, by this run or by the next one.

Bounds are kept of the tenants' keys and of the months' column only, which engines skip files by: those of any other column may be
a person's.
"""

import contextlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from footfall.archive.layers import LAYERS, NAMES, Name
from footfall.archive.place import Place
from footfall.database import Connection
from footfall.errors import ArchiveFailed

if TYPE_CHECKING:
    from footfall.archive.iceberg import Folder, Known

_HINT = "version-hint.text"
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
    ``archive_busy``, ``archive_unreachable``.
    """
    iceberg = _iceberg()
    with _alone(connection):
        return [_publish(iceberg, connection, place, layer, is_anew=is_anew) for layer in NAMES]


def published_anew(connection: Connection, place: Place) -> list[Published]:
    """Have the tables that there are be of the live files: for who is about to unlink files that are live no more.

    Where pyiceberg is not installed the tables go: better none than one that tells of files that are not there. Raises as
    `publish` does, but for that.
    """
    layers = [layer for layer in NAMES if _versions(place, layer)]
    if not layers:
        return []
    try:
        iceberg = _iceberg()
    except ArchiveFailed:
        forget(connection, place)
        return []
    with _alone(connection):
        return [_publish(iceberg, connection, place, layer, is_anew=False) for layer in layers]


def forget(connection: Connection, place: Place) -> None:
    """Have no tables; the files stay. Raises ArchiveFailed: ``archive_busy``, ``archive_unreachable``."""
    with _alone(connection):
        for layer in NAMES:
            _sweep(place, layer, frozenset())


def _publish(iceberg: ModuleType, connection: Connection, place: Place, layer: Name, *, is_anew: bool) -> Published:
    try:
        return _published(iceberg, place, layer, _live(connection, layer), is_anew=is_anew)
    except OSError as error:
        raise ArchiveFailed("archive_unreachable", f"the table of {layer} was not written: {error}") from error


def _published(iceberg: ModuleType, place: Place, layer: Name, paths: list[str], *, is_anew: bool) -> Published:
    folder = iceberg.Folder(place.files, place.address)
    shape = iceberg.Shape(f"{place.address}/{layer}", LAYERS[layer].schema, _MONTHS[layer], ("tenant_hk", _MONTHS[layer]))
    live = {f"{place.address}/{path}" for path in paths}
    table = None if is_anew else _standing(iceberg, folder, place, layer)
    had = set(table.files) if table else set()
    if not live:
        _sweep(place, layer, frozenset())
        return Published(layer, "", 0, 0, len(had), is_written=bool(had))
    is_due = table is None or live != had or not iceberg.is_of(table, shape)
    if table is None or is_due:
        version = max(_versions(place, layer), default=0) + 1
        location = f"{place.address}/{_metadata(layer, version)}"
        place.make_folder(f"{layer}/metadata")
        iceberg.write(folder, location, shape, sorted(live), table)
        place.replace(f"{layer}/metadata/{_HINT}", str(version).encode())
        table = iceberg.read(folder, location)
    kept = {one.removeprefix(f"{place.address}/") for one in table.reached}
    _sweep(place, layer, frozenset({*kept, f"{layer}/metadata/{_HINT}"}))
    return Published(layer, shape.location, len(live), len(live - had), len(had - live), is_written=is_due)


def _standing(iceberg: ModuleType, folder: "Folder", place: Place, layer: Name) -> "Known | None":
    """The table that the hint leads to; None: there is none, or it is not whole, or it tells of where the folder was before."""
    try:
        with place.reading(f"{layer}/metadata/{_HINT}") as hint:
            version = int(hint.read())
        known: Known = iceberg.read(folder, f"{place.address}/{_metadata(layer, version)}")
    except (OSError, ValueError):
        return None
    return known if known.metadata.location == f"{place.address}/{layer}" else None


def _live(connection: Connection, layer: Name) -> list[str]:
    rows = connection.execute(
        "/* archive.publishing */ SELECT f.path FROM archive.file f WHERE f.layer = %s AND f.state = 'live'", (layer,)
    )
    return [path for (path,) in rows]


def _metadata(layer: Name, version: int) -> str:
    return f"{layer}/metadata/v{version}.metadata.json"


def _versions(place: Place, layer: Name) -> list[int]:
    """The numbers of the metadata that lie there, led to or not."""
    return [int(found[1]) for path in place.paths(f"{layer}/metadata") if (found := _VERSION.search(path))]


def _sweep(place: Place, layer: Name, kept: frozenset[str]) -> None:
    """Remove the metadata that are not kept, the hint first: who reads then finds no table, and no broken one."""
    gone = [path for path in place.paths(f"{layer}/metadata") if path not in kept]
    for path in sorted(gone, key=lambda path: not path.endswith(_HINT)):
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
