"""A part's rows back into the tables where they are missing: then these have the very rows of the file, or nothing changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from psycopg import sql

from footfall.archive import ledger
from footfall.archive.digests import NOTHING, digests_of
from footfall.archive.layers import LAYERS, Layer, Name, days_of
from footfall.archive.place import Place
from footfall.archive.rows import Session, changing
from footfall.archive.writing import rows_in
from footfall.business.model import EVENT, EVENT_DETAILS, EVENT_ITEM, EVENT_PAGE, EVENT_SESSION
from footfall.database import Connection
from footfall.errors import ArchiveFailed
from footfall.vault.hashing import canonical_texts_sql, hash_diff_sql, netstring_sql
from footfall.vault.loads import link_key

_LAID_OUT = "archive_restored"
_COME_BACK = sql.SQL("SELECT archive.come_back({}, {}, {})")
_TYPES = {"json": "jsonb", "inet": "inet", "money": "numeric(18,4)"}


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back of a month: rows that were missing, of those that the part has; and in which tables."""

    month: date
    rows: int
    missing: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of a layer: its columns as SQL over `t`, the rows that were laid out, and which of them have one in it."""

    name: str
    values: dict[str, str]
    where: str = "true"


def restore(url: str, connection: Connection, place: Place, tenant_hk: bytes, name: Name, month: date) -> Restored:
    """Bring a tenant's month of a layer back, in one transaction. Of months that have left the latest comes first: `bring_back`.

    Raises ArchiveFailed: ``restore_refused``: there is no such part, or some of it was erased, taken back or retired since;
    ``restore_differs``: the tables have other rows of that month; ``archive_unreachable``, ``archive_not_proved``: the file is
    not there, or not whole.
    """
    layer = LAYERS[name]
    path, digest = _part(connection, tenant_hk, name, month)
    (tenant_bk,) = connection.execute("SELECT tenant_bk FROM auth.tenant_h WHERE tenant_hk = %s", (tenant_hk,)).fetchone() or (
        "",
    )
    connection.execute("SELECT util.ensure_partitions(%s, 0)", (month,))
    ledger.watch(connection, name, month)  # a month that was dropped is noticed no more
    try:
        with changing(url) as session:
            # the parts are what the tables are then
            session.execute("SET LOCAL footfall.leaving = 'on'")
            session.lay_out(_LAID_OUT, layer.schema, rows_in(place, path, layer, {tenant_hk}))
            missing = {table.name: _filled(session, table) for table in _tables(layer, tenant_bk)}
            if _digest(session, layer, tenant_hk, month) != digest:
                message = f"{name} {month:%Y-%m}: the tables have other rows than {path}: nothing was changed"
                raise ArchiveFailed("restore_differs", message)
            session.execute(_COME_BACK.format(sql.Literal(tenant_hk), sql.Literal(name), sql.Literal(month)))
    except FileNotFoundError:
        raise ArchiveFailed("archive_unreachable", f"{path} is not there") from None
    return Restored(month, digest[0], missing)


@dataclass(frozen=True, slots=True)
class Left:
    """A month of raw of a tenant that is in a file and in no table."""

    tenant_hk: bytes
    month: date
    path: str


def all_left(connection: Connection, tenants: Sequence[bytes] | None) -> list[Left]:
    """What these tenants, or all, were sent and the archive alone has."""
    query = """/* archive.restoring */
        SELECT p.tenant_hk, p.month, p.path FROM archive.part p
        WHERE p.layer = 'raw' AND p.is_live AND (%(tenants)s::bytea[] IS NULL OR p.tenant_hk = ANY (%(tenants)s))
          AND archive.has_left(p.tenant_hk, p.layer, p.month)
        ORDER BY p.path, p.tenant_hk
    """
    return [Left(*row) for row in connection.execute(query, {"tenants": None if tenants is None else list(tenants)})]


def fill_raw(url: str, place: Place, left: Sequence[Left]) -> int:
    """Put what has left into the raw of another store, one that is being rebuilt; how many events. Raises as `restore` does."""
    layer, events = LAYERS["raw"], 0
    for path, parts in groupby(left, key=lambda one: one.path):
        tenants = {one.tenant_hk for one in parts}
        with changing(url) as session:
            session.lay_out(_LAID_OUT, layer.schema, rows_in(place, path, layer, tenants))
            events += sum(_filled(session, table) for table in _tables(layer, ""))
    return events


def bring_back(url: str, connection: Connection, place: Place, tenant_hk: bytes) -> Iterator[Restored]:
    """Bring all that a tenant was sent and that has left back into raw, the latest month first; each when it is there.

    Raises as `restore` does.
    """
    for one in sorted(all_left(connection, [tenant_hk]), key=lambda left: left.month, reverse=True):
        yield restore(url, connection, place, tenant_hk, "raw", one.month)


def _part(connection: Connection, tenant_hk: bytes, layer: Name, month: date) -> tuple[str, tuple[int, str]]:
    query = """/* archive.restoring */
        SELECT p.path, p.row_count, p.digest,
               EXISTS (SELECT FROM auth.erasure e WHERE e.tenant_hk = p.tenant_hk AND e.erased_at >= f.reserved_at),
               EXISTS (SELECT FROM raw.import i WHERE i.tenant_hk = p.tenant_hk AND i.undone_at >= f.reserved_at),
               NOT o.is_left AND p.month::timestamp AT TIME ZONE 'UTC' < util.kept_since(
                   p.tenant_hk, CASE p.layer WHEN 'raw' THEN 'raw' WHEN 'visit' THEN 'marts' ELSE 'events' END),
               o.is_left AND archive.has_left(p.tenant_hk, p.layer, (p.month + interval '1 month')::date)
        FROM archive.part p JOIN archive.file f USING (file_id)
        CROSS JOIN LATERAL (SELECT archive.has_left(p.tenant_hk, p.layer, p.month) AS is_left) o
        WHERE p.tenant_hk = %s AND p.layer = %s AND p.month = %s AND p.is_live
    """
    row = connection.execute(query, (tenant_hk, layer, month)).fetchone()
    if row is None:
        raise ArchiveFailed("restore_refused", f"{layer} {month:%Y-%m} of this tenant is in no file: `footfall archive list`")
    path, rows, digest, is_erased, is_undone, is_removed, has_later = row
    if has_later:
        raise ArchiveFailed(
            "restore_refused", f"{layer} {month:%Y-%m}: the month after it has left, too: the latest comes back first"
        )
    gone = {"somebody was erased": is_erased, "an import was taken back": is_undone, "retention has removed rows": is_removed}
    if why := next((why for why, holds in gone.items() if holds), None):
        raise ArchiveFailed("restore_refused", f"{layer} {month:%Y-%m}: {why} since {path} was written: it would come back")
    return path, (rows, digest)


def _tables(layer: Layer, tenant_bk: str) -> Iterator[_Table]:
    values = {
        field.name: f"t.{field.name}::{_TYPES[field.kind]}" if field.kind in _TYPES else f"t.{field.name}"
        for field in layer.fields
    }
    match layer.name:
        case "bridge":
            yield _Table("business.event_b", values)
        case "visit":
            yield _Table("business.visit_b", values)
        case "raw":
            yield _Table("raw.site_tracking_events_r", {name: value for name, value in values.items() if name != "load_date"})
        case "vault":
            yield from _of_vault(values, netstring_sql(sql.Literal(tenant_bk).as_string()))


def _of_vault(values: dict[str, str], tenant: str) -> Iterator[_Table]:
    """Keys of links and hash_diff are in no file: they are made anew, as a load makes them."""
    rest = {name: values[name] for name in ("tenant_hk", "load_date", "record_source")}
    key = EVENT.hash_key
    yield _Table(f"business.{EVENT.table}", {name: values[name] for name in (key, EVENT.business_key)} | rest)
    for link in (EVENT_SESSION, EVENT_PAGE, EVENT_ITEM):
        other = link.hubs[1].hash_key
        made = {link.hash_key: link_key(link, tenant), key: values[key], other: values[other]}
        yield _Table(f"business.{link.table}", made | rest, f"{values[other]} IS NOT NULL")
    columns = {column.name: values[column.name] for column in EVENT_DETAILS.columns}
    compared = {name: (kind, columns[name]) for name, (kind, _) in EVENT_DETAILS.compared.items()}
    diff = {"hash_diff": hash_diff_sql(canonical_texts_sql(compared))}
    yield _Table(f"business.{EVENT_DETAILS.table}", {key: values[key]} | diff | columns | rest)


def _filled(session: Session, table: _Table) -> int:
    """Insert what is missing in a table, and how many rows that was."""
    rows = f"SELECT {', '.join(table.values.values())} FROM pg_temp.{_LAID_OUT} t WHERE {table.where}"  # noqa: S608  of the model
    insert = (
        f"INSERT INTO {table.name} ({', '.join(table.values)}) OVERRIDING SYSTEM VALUE {rows} ON CONFLICT DO NOTHING RETURNING 1"
    )
    return int(session.value(f"/* archive.restoring */ WITH i AS ({insert}) SELECT count(*) FROM i"))  # noqa: S608  likewise


def _digest(session: Session, layer: Layer, tenant_hk: bytes, month: date) -> tuple[int, str]:
    one = sql.SQL("t.tenant_hk = {}").format(sql.Literal(tenant_hk))
    found = digests_of(batch for first, last in days_of(month) for batch in session.rows(layer, first, last, one)).get(
        tenant_hk, NOTHING
    )
    return found.rows, found.digest
