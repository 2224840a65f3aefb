"""The rows of a tenant, from one store to another, in PostgreSQL's binary form; and whether both hold the same."""

from dataclasses import dataclass

import psycopg
from psycopg import sql

from footfall.database import Cell, Connection
from footfall.errors import NotAccepted
from footfall.operations.proof.digest import Digests, Extent, compare, digests_of

# what stays where it is: chains, where they were told; people's roles, in home
_STAYING = ("auth.audit_", "auth.membership")
# where its months lie in files: those of this cell hold others, too; the other cell archives it anew
_NOT_COPIED = "archive.part"
# Under which ids and times its raw events are known: no tenant is told there.
_IDENTITIES = """/* customers.copying */
    SELECT DISTINCT ON (f.identity) f.* FROM raw.site_tracking_events_r r
    CROSS JOIN LATERAL staging.identities_of(r) AS i(identity)
    JOIN staging.event_identity f ON f.identity = i.identity
    WHERE r.tenant_hk = {tenant_hk}
"""
# The loads by which its rows came, which are other tenants' too.
_LOADS = """/* customers.copying */
    SELECT l.load_date, l.job, l.recipe_version, l.counts,
           CASE WHEN l.asked ? 'taken' THEN l.asked || jsonb_build_object('taken', coalesce(
               (SELECT jsonb_object_agg(t.key, t.value) FROM jsonb_each(l.asked -> 'taken') t
                WHERE t.key = {tenant_hex}), '{{}}'))
                ELSE l.asked END AS asked
    FROM raw.load_batch l WHERE l.load_date IN (
        SELECT h.load_date FROM business.site_event_h h WHERE h.tenant_hk = {tenant_hk}
        UNION SELECT b.load_date FROM raw.ingest_batch b WHERE b.tenant_hk = {tenant_hk}
        UNION SELECT unnest(b.former_load_dates) FROM raw.ingest_batch b WHERE b.tenant_hk = {tenant_hk})
       OR l.asked -> 'taken' ? {tenant_hex} OR l.asked ->> 'tenant' = {tenant_hex}
"""
_SHARED = {"staging.event_identity": _IDENTITIES, "raw.load_batch": _LOADS}


@dataclass(frozen=True, slots=True)
class Move:
    """A tenant on its way from one cell to another."""

    tenant_hk: bytes
    tenant_id: str
    source: Cell
    target: Cell


def copy_rows(source: Connection, there: Connection, move: Move) -> dict[str, int]:
    """Copy a tenant's rows as the snapshot of `source` has them, in the transaction of `there`, in place of those that are there.

    Returns how many, by table. Raises NotAccepted: ``ids_met``, ``copy_differs``.
    """
    tables = own_tables(source)
    empty(there, move)
    _make_months(source, there, move)
    try:
        rows = {
            table: _copied(source, there, table, _own(source, table), move) for table in reversed(tables) if table != _NOT_COPIED
        }
    except psycopg.errors.UniqueViolation as error:
        message = f"a number of {move.tenant_id} is another tenant's in cell {move.target.name} ({error.diag.table_name}), given"
        back = f"footfall tenant move {move.tenant_id} --to {move.source.name}"
        raise NotAccepted("ids_met", f"{message} before that had its own: it cannot live there; `{back}` has it stay") from None
    for table, query in _SHARED.items():
        _copied(source, there, table, sql.SQL(query), move, is_shared=True)
    _require_equal(source, there, move)
    return {table: count for table, count in rows.items() if count}


def empty(there: Connection, move: Move) -> None:
    """Delete what a copy has left there."""
    for table in own_tables(there):
        there.execute(sql.SQL("DELETE FROM {} WHERE tenant_hk = %s").format(named(table)), (move.tenant_hk,))


def own_tables(connection: Connection) -> list[str]:
    """The tables with rows of a tenant that go along."""
    tables = [table for (table,) in connection.execute("SELECT auth.tables_of_tenants()")]
    return [table for table in tables if not table.startswith(_STAYING)]


def named(table: str) -> sql.Identifier:
    """A table by its name with schema."""
    return sql.Identifier(*table.split("."))


def _columns(connection: Connection, table: str) -> sql.Composed:
    query = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attname"
    return sql.SQL(", ").join(sql.Identifier(name) for (name,) in connection.execute(query, (table,)))


def _own(source: Connection, table: str) -> sql.Composable:
    return sql.SQL("SELECT {} FROM {} WHERE tenant_hk = {{tenant_hk}}").format(_columns(source, table), named(table))


def _copied(
    source: Connection, there: Connection, table: str, query: sql.Composable, move: Move, *, is_shared: bool = False
) -> int:
    """Rows of a table, from one store to the other, in PostgreSQL's binary form; returns how many."""
    of = {"tenant_hk": sql.Literal(move.tenant_hk), "tenant_hex": sql.Literal(move.tenant_hk.hex())}
    columns, text = _columns(source, table), sql.SQL(query.as_string(source)).format(**of)
    into = named(table)
    if is_shared:  # rows that belong to others, too, may be there already
        into = sql.Identifier("arrived_" + table.replace(".", "_"))
        there.execute(sql.SQL("CREATE TEMP TABLE {} (LIKE {}) ON COMMIT DROP").format(into, named(table)))
        text = sql.SQL("SELECT {} FROM ({}) q").format(columns, text)
    with source.cursor() as reader, there.cursor() as writer:
        with (
            reader.copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(text)) as pieces,
            writer.copy(sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(into, columns)) as sink,
        ):
            for piece in pieces:
                sink.write(piece)
        count = writer.rowcount
    if is_shared:
        there.execute(
            sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT DO NOTHING").format(named(table), columns, columns, into)
        )
    return count


def _make_months(source: Connection, there: Connection, move: Move) -> None:
    """Partitions for all months that it has events of; those of its receipt too."""
    moments = "SELECT DISTINCT date_trunc('month', {} AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' FROM {} WHERE tenant_hk = %s"
    for column, table in (
        ("received_timestamp", "raw.site_tracking_events_r"),
        ("received_timestamp", "staging.site_events_staging"),
        ("event_timestamp", "business.event_b"),
    ):
        for (month,) in source.execute(sql.SQL(moments).format(sql.Identifier(column), named(table)), (move.tenant_hk,)):
            there.execute("SELECT util.ensure_partitions(%s, 0)", (month,))


def _require_equal(source: Connection, there: Connection, move: Move) -> None:
    """Both ends hold the same of it, by `footfall digest`. Raises NotAccepted: ``copy_differs``."""
    ours, theirs = _digests(source, move), _digests(there, move)
    if differences := compare(ours, theirs):
        places = ", ".join(f"{one.place.table} {one.place.month}" for one in differences[:5])
        raise NotAccepted("copy_differs", f"what came to cell {move.target.name} is not what {move.source.name} has: {places}")


def _digests(connection: Connection, move: Move) -> Digests:
    connection.execute(
        "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres';"
        " SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL jit = off"
    )
    return digests_of(connection, Extent((move.tenant_hk,)))
