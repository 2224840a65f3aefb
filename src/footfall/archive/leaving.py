"""Rows of raw leave PostgreSQL when the archive has them, by rule; files are read to their end before anything goes."""

from collections.abc import Iterator

from footfall.archive.digests import digests_of
from footfall.archive.layers import LAYERS
from footfall.archive.place import Place
from footfall.archive.writing import read, sha256_of
from footfall.database import Connection
from footfall.errors import ArchiveFailed

_FILE = """/* archive.leaving */
    SELECT f.path, f.layer, f.sha256, array_agg(p.tenant_hk), array_agg(p.row_count), array_agg(p.digest)
    FROM archive.file f JOIN archive.part p USING (file_id)
    WHERE f.file_id = %s AND f.state = 'live' AND p.is_live AND p.row_count > 0
    GROUP BY f.path, f.layer, f.sha256
"""
_PROVED = """/* archive.leaving */
    UPDATE archive.part p SET proved_at = util.current_load_date() WHERE p.file_id = %s AND p.is_live AND p.stale_since IS NULL
"""


def leave(connection: Connection, place: Place) -> Iterator[int]:
    """Have rows of raw leave whose month the archive has and whose rule lets them go: a tenant's month at a time, how many rows.

    `connection` is a worker's, and commits each statement. Raises ArchiveFailed: ``archive_not_proved``: a file is not what the
    ledger says, and nothing leaves that stands on it; ``archive_unreachable``.
    """
    for (file_id,) in connection.execute("SELECT archive.files_to_prove(util.current_load_date())").fetchall():
        _prove(connection, place, file_id)
    while (rows := connection.execute("SELECT archive.leave(util.current_load_date())").fetchone()) and rows[0] is not None:
        yield rows[0]


def _prove(connection: Connection, place: Place, file_id: int) -> None:
    """Read a file to its end: it is the very file, and each tenant's rows are those of the ledger."""
    said = connection.execute(_FILE, (file_id,)).fetchone()
    if said is None:
        return  # it was written anew meanwhile
    path, layer, sha256, tenants, rows, digests = said
    try:
        found = digests_of(read(place, path, LAYERS[layer])) if sha256_of(place, path) == sha256 else {}
    except FileNotFoundError:
        raise ArchiveFailed("archive_not_proved", f"{path} is not there: nothing leaves that stands on it") from None
    for tenant, count, digest in zip(tenants, rows, digests, strict=True):
        part = found.get(tenant)
        if part is None or (part.rows, part.digest) != (count, digest):
            raise ArchiveFailed("archive_not_proved", f"{path} is not what the ledger says: nothing leaves that stands on it")
    connection.execute(_PROVED, (file_id,))
