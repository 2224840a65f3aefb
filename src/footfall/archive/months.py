"""What is due, and how one month of a layer gets into files: claimed, swept, packed, copied file by file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from psycopg import sql

from footfall.archive import ledger
from footfall.archive.digests import PartDigest
from footfall.archive.layers import LAYERS, Layer, Name, after, days_of
from footfall.archive.place import Place
from footfall.archive.publishing import published_anew
from footfall.archive.rows import Session, snapshot
from footfall.archive.writing import GROUP_ROWS, Written, rows_in, write
from footfall.database import Connection
from footfall.errors import ArchiveFailed

OWN_FILE_ROWS = 50_000  # of a tenant's month: from here on it has files of its own
SHARED_FILE_ROWS = 1_000_000
_ONLY_THERE = """/* archive.months */
    SELECT FROM archive.part p
    WHERE p.is_live AND (%(layer)s::text IS NULL OR p.layer = %(layer)s) AND (%(month)s::date IS NULL OR p.month = %(month)s)
      AND (%(tenant)s::bytea IS NULL OR p.tenant_hk = %(tenant)s) AND archive.has_left(p.tenant_hk, p.layer, p.month)
    LIMIT 1
"""
LONGEST_QUESTION = timedelta(minutes=15)  # a file that is dead for so long is read by nobody


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a layer in which something is due."""

    layer: Name
    month: date
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class Copied:
    """A file that stands from now on."""

    layer: Name
    month: date
    path: str
    tenants: int
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: only this layer, month or tenant; how long a stale part may wait; only what holds erased rows."""

    layer: Name | None = None
    month: date | None = None
    tenant_hk: bytes | None = None
    patience: timedelta = timedelta(0)
    is_urgent: bool = False


def due(connection: Connection, wish: Wish) -> list[Month]:
    """The months in which something is to be written: first those whose files hold what was erased."""
    found = {Month(layer, month, is_urgent) for layer, month, is_urgent in _files_due(connection, wish)}
    for layer in LAYERS:
        if wish.layer in (None, layer) and not wish.is_urgent:
            found |= {Month(layer, month) for month, _ in _parts_due(connection, layer, wish)}
    urgent = {(one.layer, one.month) for one in found if one.is_urgent}
    kept = [one for one in found if one.is_urgent or (one.layer, one.month) not in urgent]
    return sorted(kept, key=lambda one: (not one.is_urgent, one.month, one.layer))


def run(url: str, connection: Connection, place: Place, wish: Wish) -> Iterator[Copied]:
    """Write whatever is due, a file at a time, each committed when it is told; then sweep.

    Who stops in between has lost nothing. `connection` is a worker's, and commits each statement. Raises ArchiveFailed.
    """
    is_changed = False
    for one in due(connection, wish):
        with ledger.claimed(connection, one.layer, one.month) as is_ours:
            if is_ours:
                is_changed = True
                yield from _month(url, connection, place, one, wish)
    _sweep(connection, place, is_changed=is_changed)


def drop(connection: Connection, place: Place, wish: Wish) -> int:
    """Take months, or a tenant, out of the archive; files that nobody's part is in any more go. Returns how many.

    Those that others' parts are in, too, are due then: `run` writes them anew without it. The tables keep all there is.
    Raises ArchiveFailed: ``archive_only_copy``: they have not all of it any more.
    """
    asked = {"layer": wish.layer, "month": wish.month, "tenant": wish.tenant_hk}
    with connection.transaction():
        if connection.execute(_ONLY_THERE, asked).rowcount:
            message = "some of it has left PostgreSQL, and is nowhere else: `footfall archive restore` brings it back first"
            raise ArchiveFailed("archive_only_copy", message)
        query = """/* archive.months */
            DELETE FROM archive.part p USING archive.file f
            WHERE f.file_id = p.file_id AND f.state = 'live' AND (%(layer)s::text IS NULL OR p.layer = %(layer)s)
              AND (%(month)s::date IS NULL OR p.month = %(month)s) AND (%(tenant)s::bytea IS NULL OR p.tenant_hk = %(tenant)s)
            RETURNING p.file_id
        """
        files = {file_id for (file_id,) in connection.execute(query, asked)}
        ledger.let_go_of_empty(connection, sorted(files))
    return _sweep(connection, place, is_changed=bool(files))


def _sweep(connection: Connection, place: Place, *, is_changed: bool) -> int:
    """Unlink what nobody reads any more: tables that other engines read are of the live files before these are gone."""
    if is_changed or ledger.has_dead(connection, LONGEST_QUESTION):
        published_anew(connection, place)
    return ledger.sweep_dead(connection, place, LONGEST_QUESTION)


def listed(connection: Connection, wish: Wish) -> list[dict[str, object]]:
    """What is in the archive, by layer and month."""
    query = """/* archive.months */
        SELECT f.layer, f.month, count(DISTINCT p.tenant_hk) AS tenants, count(DISTINCT f.file_id) AS files,
               sum(p.row_count)::bigint AS rows,
               (SELECT sum(o.bytes)::bigint FROM archive.file o WHERE o.file_id = ANY (array_agg(f.file_id))) AS bytes,
               (SELECT sum(o.row_count)::bigint FROM archive.file o WHERE o.file_id = ANY (array_agg(f.file_id))) AS all_rows,
               count(p.stale_since) AS stale
        FROM archive.file f JOIN archive.part p USING (file_id)
        WHERE f.state = 'live'
          AND (%(layer)s::text IS NULL OR f.layer = %(layer)s) AND (%(month)s::date IS NULL OR f.month = %(month)s)
          AND (%(tenant)s::bytea IS NULL OR p.tenant_hk = %(tenant)s)
        GROUP BY f.layer, f.month ORDER BY f.layer, f.month
    """
    rows = connection.execute(query, {"layer": wish.layer, "month": wish.month, "tenant": wish.tenant_hk}).fetchall()
    return [
        {
            "layer": layer, "month": f"{month:%Y-%m}", "tenants": tenants, "files": files, "rows": count, "bytes": size,
            "bytes_a_row": round(size / all_rows, 1) if all_rows else None, "stale": stale,
        }
        for layer, month, tenants, files, count, size, all_rows, stale in rows
    ]  # fmt: skip


def _month(url: str, connection: Connection, place: Place, one: Month, wish: Wish) -> Iterator[Copied]:
    ledger.sweep_unfinished(connection, place, one.layer, one.month)
    layer = LAYERS[one.layer]
    wish = replace(wish, layer=one.layer, month=one.month)
    files = [file_id for file_id, *_ in connection.execute(*_due_files(wish)).fetchall()]
    for former in _left_in(connection, files):
        yield _carried(connection, place, layer, one.month, former)
    tenants = _tenants_of(connection, files)
    if not wish.is_urgent:
        tenants |= {tenant_hk for _, tenant_hk in _parts_due(connection, one.layer, wish)}
    if tenants and ledger.watch(connection, one.layer, one.month):
        for group in _packed(connection, layer, one.month, tenants):
            yield _copied(url, connection, place, layer, one.month, group)
    ledger.let_go_of_empty(connection, files)


def _packed(connection: Connection, layer: Layer, month: date, tenants: set[bytes]) -> Iterator[list[bytes]]:
    """Which tenants share a file: large ones have their own; small files that are there are taken in."""
    rows = _rows_of(connection, layer, month, tenants)
    own = sorted(tenant for tenant in tenants if rows.get(tenant, 0) >= OWN_FILE_ROWS)
    shared = tenants.difference(own)
    if shared:
        neighbours = _tenants_of_small(connection, layer.name, month) - tenants
        rows |= _rows_of(connection, layer, month, neighbours)
        shared |= {tenant for tenant in neighbours if rows.get(tenant, 0) < OWN_FILE_ROWS}
    for tenant in own:
        yield [tenant]
    group: list[bytes] = []
    filled = 0
    for tenant in sorted(shared):
        if group and filled + rows.get(tenant, 0) > SHARED_FILE_ROWS:
            yield group
            group, filled = [], 0
        group.append(tenant)
        filled += rows.get(tenant, 0)
    if group:
        yield group


def _copied(url: str, connection: Connection, place: Place, layer: Layer, month: date, tenants: Sequence[bytes]) -> Copied:
    """One file: reserved, read in one snapshot, written, proved, committed."""
    reserved = ledger.reserve(connection, layer.name, month, tenants)
    with snapshot(url) as now:
        load_date = now.value("SELECT max(l.load_date) FROM raw.load_batch l")
        written = _written(now, place, layer, month, reserved, tenants)
    ledger.commit(connection, reserved, written, load_date)
    return Copied(layer.name, month, reserved.path, len(tenants), written.rows, written.size)


@dataclass(frozen=True, slots=True)
class _Former:
    """A file in which parts are that its tables have no more."""

    path: str
    parts: dict[bytes, PartDigest]
    load_date: datetime | None


def _carried(connection: Connection, place: Place, layer: Layer, month: date, former: _Former) -> Copied:
    """What has left its tables, out of a file that goes into a new one. Raises ArchiveFailed: ``archive_not_proved``."""
    reserved = ledger.reserve(connection, layer.name, month, list(former.parts))
    about = {"month": f"{month:%Y-%m}", "file": str(reserved.file_id)}
    written = write(place, reserved.path, layer, rows_in(place, former.path, layer, former.parts), about)
    if written.parts != former.parts:
        raise ArchiveFailed("archive_not_proved", f"{former.path} is not what the ledger says, and the tables have no more of it")
    ledger.commit(connection, reserved, written, former.load_date)
    return Copied(layer.name, month, reserved.path, len(former.parts), written.rows, written.size)


def _left_in(connection: Connection, files: Sequence[int]) -> list[_Former]:
    query = """/* archive.months */
        SELECT p.path, array_agg(p.tenant_hk), array_agg(p.row_count), array_agg(p.digest), max(p.load_date) FROM archive.part p
        WHERE p.file_id = ANY (%s) AND p.is_live AND p.row_count > 0 AND archive.has_left(p.tenant_hk, p.layer, p.month)
        GROUP BY p.path
    """
    return [
        _Former(path, {one: PartDigest(rows, digest) for one, rows, digest in zip(tenants, counts, digests, strict=True)}, latest)
        for path, tenants, counts, digests, latest in connection.execute(query, (list(files),))
    ]


def _written(
    now: Session, place: Place, layer: Layer, month: date, reserved: ledger.Reserved, tenants: Sequence[bytes]
) -> Written:
    about = {"month": f"{month:%Y-%m}", "file": str(reserved.file_id)}
    return write(place, reserved.path, layer, rows_of(now, layer, month, tenants, reserved.file_id), about)


def rows_of(now: Session, layer: Layer, month: date, tenants: Sequence[bytes], file_id: int) -> Iterator[object]:
    """The rows of a file's tenants. Those of one tenant day by day: PostgreSQL sorts no more than that at a time."""
    if len(tenants) == 1:
        one = sql.SQL("t.tenant_hk = {}").format(sql.Literal(tenants[0]))
        for first, last in days_of(month):
            yield from now.rows(layer, first, last, one)
    else:
        of_file = sql.SQL("t.tenant_hk IN (SELECT p.tenant_hk FROM archive.part p WHERE p.file_id = {})").format(
            sql.Literal(file_id)
        )
        yield from now.rows(layer, month, after(month), of_file)


def _files_due(connection: Connection, wish: Wish) -> list[tuple[Name, date, bool]]:
    return [(layer, month, is_urgent) for _, layer, month, is_urgent in connection.execute(*_due_files(wish)).fetchall()]


def _due_files(wish: Wish) -> tuple[str, dict[str, object]]:
    query = """/* archive.months */
        SELECT d.file_id, d.layer, d.month, d.is_urgent FROM archive.files_due(util.current_load_date(), %(patience)s) d
        WHERE (%(layer)s::text IS NULL OR d.layer = %(layer)s) AND (%(month)s::date IS NULL OR d.month = %(month)s)
          AND (d.is_urgent OR NOT %(urgent)s)
          AND (%(tenant)s::bytea IS NULL OR d.is_urgent
               OR EXISTS (SELECT FROM archive.part p WHERE p.file_id = d.file_id AND p.tenant_hk = %(tenant)s))
    """
    return query, {
        "urgent": wish.is_urgent,
        "patience": wish.patience,
        "layer": wish.layer,
        "month": wish.month,
        "tenant": wish.tenant_hk,
    }


def _parts_due(connection: Connection, layer: Name, wish: Wish) -> list[tuple[date, bytes]]:
    query = """/* archive.months */
        SELECT d.month, d.tenant_hk FROM archive.parts_due(util.current_load_date(), %(layer)s) d
        WHERE (%(month)s::date IS NULL OR d.month = %(month)s) AND (%(tenant)s::bytea IS NULL OR d.tenant_hk = %(tenant)s)
    """
    return connection.execute(query, {"layer": layer, "month": wish.month, "tenant": wish.tenant_hk}).fetchall()


def _rows_of(connection: Connection, layer: Layer, month: date, tenants: set[bytes]) -> dict[bytes, int]:
    if not tenants:
        return {}
    of_these = sql.SQL("t.tenant_hk = ANY ({})").format(sql.Literal(sorted(tenants)))
    return dict(connection.execute(layer.counting(month, of_these)).fetchall())


def _tenants_of(connection: Connection, files: Sequence[int]) -> set[bytes]:
    query = """/* archive.months */
        SELECT DISTINCT p.tenant_hk FROM archive.part p
        WHERE p.file_id = ANY (%s) AND NOT archive.has_left(p.tenant_hk, p.layer, p.month)
    """
    return {tenant for (tenant,) in connection.execute(query, (list(files),))}


def _tenants_of_small(connection: Connection, layer: Name, month: date) -> set[bytes]:
    """Those whose files would not even fill a group."""
    query = """/* archive.months */
        SELECT DISTINCT p.tenant_hk FROM archive.file f JOIN archive.part p USING (file_id)
        WHERE f.state = 'live' AND f.layer = %s AND f.month = %s AND f.row_count < %s
          AND NOT archive.has_left(p.tenant_hk, p.layer, p.month)
    """
    return {tenant for (tenant,) in connection.execute(query, (layer, month, GROUP_ROWS))}
