"""What the ledger knows of files: reserved before their first byte, committed when proved, swept when nothing stands on them.

A file is reserved in a transaction of its own; only when whoever was writing then has ended is the snapshot taken that it is
filled from. Who changed a row before is in that snapshot; who changes one later finds the reserved part, and makes it stale.
So no change is lost, whenever it comes.
"""

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from footfall.archive.digests import NOTHING
from footfall.archive.layers import Name
from footfall.archive.place import Place
from footfall.archive.writing import Written
from footfall.database import Connection
from footfall.errors import ArchiveFailed

_PATIENCE = 60.0  # seconds, with writers that hold a table, or do not end
_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class Reserved:
    """A file that is being written."""

    file_id: int
    path: str


@contextmanager
def claimed(connection: Connection, layer: Name, month: date) -> Iterator[bool]:
    """Whether this process, and no other, works on a month meanwhile."""
    if not _value(connection, "SELECT archive.claim(%s, %s)", layer, month):
        yield False
        return
    try:
        yield True
    finally:
        if not connection.closed:
            connection.execute("SELECT archive.release(%s, %s)", (layer, month))


def watch(connection: Connection, layer: Name, month: date) -> bool:
    """Have changes of a month be noted from now on; whether there is such a month at all.

    Raises ArchiveFailed: ``archive_busy``.
    """
    ends = time.monotonic() + _PATIENCE
    while True:
        try:
            return bool(_value(connection, "SELECT archive.watch(%s, %s)", layer, month))
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            if time.monotonic() > ends:
                raise ArchiveFailed(
                    "archive_busy", f"{layer} {month:%Y-%m}: its tables are written to all the time: it is tried again later"
                ) from None
            time.sleep(_PAUSE)


def reserve(connection: Connection, layer: Name, month: date, tenants: Sequence[bytes]) -> Reserved:
    """Reserve a file for these tenants' rows of a month, and wait until a snapshot may be taken.

    Raises ArchiveFailed: ``archive_busy``.
    """
    path = f"{layer}/{month:%Y-%m}/{own_prefix(connection)}{secrets.token_hex(12)}.parquet"
    with connection.transaction():
        file_id = _value(
            connection,
            "INSERT INTO archive.file (layer, month, path, state, reserved_at, changed_at)"
            " SELECT %s, %s, %s, 'writing', n.now, n.now FROM (SELECT util.current_load_date() AS now) n RETURNING file_id",
            layer,
            month,
            path,
        )
        connection.execute(
            "/* archive.ledger */ INSERT INTO archive.part (tenant_hk, layer, month, file_id, path, is_live)"
            " SELECT t.tenant_hk, %s, %s, %s, %s, false FROM unnest(%s::bytea[]) t(tenant_hk)",
            (layer, month, file_id, path, list(tenants)),
        )
    wait_for_writers(connection)
    return Reserved(file_id, path)


def commit(connection: Connection, reserved: Reserved, written: Written, load_date: datetime | None) -> None:
    """Have a file that was proved stand for its parts from now on. Raises ArchiveFailed: ``archive_busy``: some left."""
    tenants, parts = list(written.parts), list(written.parts.values())
    with connection.transaction():
        connection.execute(
            "/* archive.ledger */ UPDATE archive.part p"
            " SET row_count = coalesce(w.row_count, 0), digest = coalesce(w.digest, %s), load_date = %s, sha256 = %s"
            " FROM archive.part o"
            " LEFT JOIN unnest(%s::bytea[], %s::bigint[], %s::text[]) w(tenant_hk, row_count, digest) USING (tenant_hk)"
            " WHERE o.file_id = %s AND p.file_id = o.file_id AND p.tenant_hk = o.tenant_hk",
            (
                NOTHING.digest,
                load_date,
                written.sha256,
                tenants,
                [one.rows for one in parts],
                [one.digest for one in parts],
                reserved.file_id,
            ),
        )
        connection.execute(
            "/* archive.ledger */ UPDATE archive.file f SET row_count = %s, bytes = %s, sha256 = %s WHERE f.file_id = %s",
            (written.rows, written.size, written.sha256, reserved.file_id),
        )
        try:
            connection.execute("SELECT archive.commit_file(%s, util.current_load_date())", (reserved.file_id,))
        except psycopg.DatabaseError as error:
            if error.diag.message_primary != "archive_only_copy":
                raise
            message = f"{reserved.path}: rows left their table while it was written: it is tried again later"
            raise ArchiveFailed("archive_busy", message) from None


def own_prefix(connection: Connection) -> str:
    """How the names of this store's files begin: several cells share a folder."""
    number = _value(connection, "SELECT c.cell_number FROM util.cell c")
    return f"{number}-" if number else ""


def let_go_of_empty(connection: Connection, files: Sequence[int]) -> None:
    """Have files be dead that no part is in any more, as when the tenants that they were of have gone.

    A part without rows of a month that has left stands for nothing, and is carried into no other file: it goes first.
    """
    nothing = """/* archive.ledger */
        DELETE FROM archive.part p
        WHERE p.file_id = ANY (%s) AND p.is_live AND p.row_count = 0 AND archive.has_left(p.tenant_hk, p.layer, p.month)
    """
    connection.execute(nothing, (list(files),))
    query = """/* archive.ledger */
        UPDATE archive.file f SET state = 'dead', changed_at = util.current_load_date(), goes_at_once = true
        WHERE f.file_id = ANY (%s) AND f.state = 'live' AND NOT EXISTS (SELECT FROM archive.part p WHERE p.file_id = f.file_id)
    """
    connection.execute(query, (list(files),))


def sweep_unfinished(connection: Connection, place: Place, layer: Name, month: date) -> int:
    """Unlink what was left half written of a month that is claimed: nobody else writes there. Returns how many files."""
    query = """/* archive.ledger */
        SELECT f.file_id, f.path FROM archive.file f WHERE f.state = 'writing' AND f.layer = %s AND f.month = %s
    """
    return _swept(connection, place, connection.execute(query, (layer, month)).fetchall())


def has_dead(connection: Connection, longest: timedelta) -> bool:
    """Whether `sweep_dead` would find any."""
    return bool(_value(connection, "SELECT EXISTS (SELECT FROM archive.files_to_sweep(util.current_load_date(), %s))", longest))


def sweep_dead(connection: Connection, place: Place, longest: timedelta) -> int:
    """Unlink the files that no question can be reading any more, which takes `longest` at most. Returns how many."""
    query = "/* archive.ledger */ SELECT s.file_id, s.path FROM archive.files_to_sweep(util.current_load_date(), %s) s"
    return _swept(connection, place, connection.execute(query, (longest,)).fetchall())


def _swept(connection: Connection, place: Place, files: Sequence[tuple[int, str]]) -> int:
    for file_id, path in files:
        place.unlink(path)
        # only then: what is on disk is in the ledger, whatever happens in between
        with connection.transaction():
            connection.execute("/* archive.ledger */ DELETE FROM archive.part WHERE file_id = %s", (file_id,))
            connection.execute("/* archive.ledger */ DELETE FROM archive.file WHERE file_id = %s", (file_id,))
    return len(files)


def wait_for_writers(connection: Connection) -> None:
    """Until every transaction that may have changed rows before the parts were there has ended."""
    last = _value(connection, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
    ends = time.monotonic() + _PATIENCE
    while _value(connection, "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint") < last:
        if time.monotonic() > ends:
            raise ArchiveFailed(
                "archive_busy", "a transaction of the store has been writing for more than a minute: it is tried again later"
            )
        time.sleep(_PAUSE / 10)


def _value(connection: Connection, query: str, *values: object) -> Any:
    row = connection.execute(f"/* archive.ledger */ {query}", values).fetchone()
    return row[0] if row else None
