"""Whether the archive is what the ledger says: each file, each part in it, and, when that is asked for, the tables behind it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from psycopg import sql

from footfall.archive import ledger
from footfall.archive.digests import NOTHING, PartDigest, digests_of
from footfall.archive.layers import LAYERS, NAMES, Name
from footfall.archive.months import Wish, rows_of
from footfall.archive.place import Place
from footfall.archive.restoring import all_left
from footfall.archive.rows import Session, snapshot
from footfall.archive.writing import read, sha256_of
from footfall.database import Connection
from footfall.errors import ArchiveFailed

_MONTH = re.compile(r"\d{4,}-\d\d")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it has to be.

    Attributes:
        code: ``file_missing``, ``file_changed``, ``file_unreadable``, ``part_differs``, ``tables_differ``, ``file_unknown`` or
            ``erased_in_file``.
        path: the file.
        tenant: whose part, where it is about one.
        message: what it means.
    """

    code: str
    path: str
    tenant: str
    message: str


@dataclass(frozen=True, slots=True)
class _File:
    file_id: int
    path: str
    layer: Name
    month: date
    size: int
    sha256: bytes
    is_erased: bool
    parts: dict[bytes, PartDigest]


def verify(url: str, connection: Connection, place: Place, wish: Wish, *, is_full: bool = False) -> Iterator[Fault]:
    """Everything that is wrong, file by file, then files that the ledger does not know.

    `is_full`: the tables are read, too: the rows of each part that is not stale have the digest that the ledger says.
    `connection` is a worker's. Raises ArchiveFailed: ``archive_unreachable``.
    """
    names = dict(connection.execute("/* archive.verifying */ SELECT t.tenant_hk, t.public_id FROM auth.tenant_v t").fetchall())
    for file in _files(connection, wish):
        yield from _of_file(place, file, names)
        if is_full:
            with snapshot(url) as now:
                yield from _of_tables(now, file, names)
    if wish == Wish():
        yield from _unknown(connection, place)


def unknown_files(connection: Connection, place: Place) -> list[str]:
    """Files of this store that its ledger does not know: as after the restore of a backup."""
    # first what is there: what is reserved meanwhile is in the ledger then
    there = [path for path in place.paths() if _is_ours(path, ledger.own_prefix(connection))]
    query = """/* archive.verifying */
        SELECT t.path FROM unnest(%s::text[]) t(path) WHERE t.path NOT IN (SELECT f.path FROM archive.file f)
    """
    return sorted(path for (path,) in connection.execute(query, (there,)))


def drop_unknown(connection: Connection, place: Place) -> int:
    """Unlink the files that the ledger does not know; returns how many.

    Raises ArchiveFailed: ``archive_only_copy``: rows that have left are in a file that is not there, which one of these may be
    under its later name: a ledger of yesterday does not know what was written anew since.
    """
    unknown = unknown_files(connection, place)
    for path in sorted({one.path for one in all_left(connection, None)}) if unknown else ():
        if place.size(path) is None:
            raise ArchiveFailed("archive_only_copy", f"{path} is not there, and has what left PostgreSQL: bring it back first")
    for path in unknown:
        place.unlink(path)
    return len(unknown)


def _of_file(place: Place, file: _File, names: dict[bytes, str]) -> Iterator[Fault]:
    if file.is_erased:
        yield Fault("erased_in_file", file.path, "", "it holds what was erased since: `footfall archive run` writes it anew")
    size = place.size(file.path)
    if size is None:
        yield Fault(
            "file_missing",
            file.path,
            "",
            "the ledger names it, and it is not there: was the store restored, or the folder emptied?",
        )
        return
    if size != file.size or sha256_of(place, file.path) != file.sha256:
        yield Fault("file_changed", file.path, "", "its bytes are not those that were written")
    try:
        found = digests_of(read(place, file.path, LAYERS[file.layer]))
    except ArchiveFailed as error:
        yield Fault("file_unreadable", file.path, "", str(error))
        return
    for tenant, part in file.parts.items():
        if found.get(tenant, NOTHING) != part:
            yield Fault("part_differs", file.path, names.get(tenant, tenant.hex()), "its rows are not those that were written")


def _of_tables(now: Session, file: _File, names: dict[bytes, str]) -> Iterator[Fault]:
    """In a snapshot of the ledger and the tables: a part that is not stale there is what the tables have there."""
    fresh = sql.SQL(
        "SELECT string_agg(encode(p.tenant_hk, 'hex'), ' ') FROM archive.part p"
        " WHERE p.file_id = {} AND p.is_live AND p.stale_since IS NULL"
        " AND NOT archive.has_left(p.tenant_hk, p.layer, p.month)"
    )
    tenants = [bytes.fromhex(tenant) for tenant in (now.value(fresh.format(file.file_id)) or "").split()]
    if not tenants:
        return
    found = digests_of(rows_of(now, LAYERS[file.layer], file.month, list(file.parts), file.file_id))
    for tenant in tenants:
        if found.get(tenant, NOTHING) != file.parts[tenant]:
            yield Fault(
                "tables_differ", file.path, names.get(tenant, tenant.hex()), "the tables have other rows, and nothing has said so"
            )


def _unknown(connection: Connection, place: Place) -> Iterator[Fault]:
    for path in unknown_files(connection, place):
        yield Fault("file_unknown", path, "", "the ledger does not know it: `footfall archive drop --unknown` unlinks it")


def _is_ours(path: str, prefix: str) -> bool:
    layer, month, name = (*path.split("/"), "", "")[:3]  # beside the months lies what other engines know of them: `publishing`
    own, dash, _ = name.partition("-")
    return layer in NAMES and bool(_MONTH.fullmatch(month)) and (f"{own}-" if dash else "") == prefix


def _files(connection: Connection, wish: Wish) -> list[_File]:
    query = """/* archive.verifying */
        SELECT f.file_id, f.path, f.layer, f.month, f.bytes, f.sha256, archive.holds_erased(f),
               array_agg(p.tenant_hk), array_agg(p.row_count), array_agg(p.digest)
        FROM archive.file f JOIN archive.part p USING (file_id)
        WHERE f.state = 'live'
          AND (%(layer)s::text IS NULL OR f.layer = %(layer)s) AND (%(month)s::date IS NULL OR f.month = %(month)s)
          AND (%(tenant)s::bytea IS NULL
               OR EXISTS (SELECT FROM archive.part o WHERE o.file_id = f.file_id AND o.tenant_hk = %(tenant)s))
        GROUP BY f.file_id ORDER BY f.file_id
    """
    rows = connection.execute(query, {"layer": wish.layer, "month": wish.month, "tenant": wish.tenant_hk}).fetchall()
    return [
        _File(
            file_id,
            path,
            layer,
            month,
            size,
            sha256,
            is_erased,
            dict(zip(tenants, map(PartDigest, counts, digests), strict=True)),
        )
        for file_id, path, layer, month, size, sha256, is_erased, tenants, counts, digests in rows
    ]
