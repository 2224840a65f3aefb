"""What a rebuild takes over as it is: raw, with its queue, and what loads look up beside it.

That is what tenants are and are told apart by, the hosts of their sites, and all of `ref`: event types, conversions, segments,
and what was judged of distinct inputs. People, keys' use, plans and the work of the store are none of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from footfall.database import Connection

# what loads look at of `auth`; the key itself is not looked at, but its table wants one
_OF_AUTH = ("tenant_h", "tenant_details_s", "tenant_alias", "access_key", "site")
_TABLES = """/* proof.context */
    SELECT n.nspname::text, c.relname::text, array_agg(a.attname::text ORDER BY a.attnum)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND (n.nspname = 'ref' OR n.nspname = 'raw' AND c.relname <> 'load_batch' OR n.nspname = 'auth' AND c.relname = ANY (%s))
    GROUP BY n.nspname, c.relname ORDER BY 1, 2
"""
# whatever stands in a batch that is to be loaded anew stands there as before it was loaded for the first time
_BEFORE_A_LOAD = {
    "processing_status": "'PENDING'",
    "load_date": "NULL",
    "former_load_dates": "NULL",
    "loaded_count": "NULL",
    "duplicate_count": "NULL",
    "invalid_count": "NULL",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken: these tenants' rows, or all; what was received before a moment; which batches are loaded anew."""

    tenants: tuple[bytes, ...] | None
    until: str
    batches: Sequence[int]


def take_context(here: Connection, there: Connection, taken: Taken) -> None:
    """Copy it into a fresh store; `there` belongs to its owner."""
    for (month,) in here.execute(
        "/* proof.context */ SELECT DISTINCT date_trunc('month', m.moment, 'UTC') FROM raw.ingest_batch b"
        " CROSS JOIN LATERAL (VALUES (b.received_from), (b.received_to)) AS m(moment) ORDER BY 1"
    ).fetchall():
        there.execute("SELECT util.ensure_month(%s, 'timestamptz')", (month,))
    with there.transaction():
        for schema, table, columns in here.execute(_TABLES, (list(_OF_AUTH),)).fetchall():
            name = sql.Identifier(schema, table)
            there.execute(sql.SQL("DELETE FROM {}").format(name))
            _copy(here, there, name, columns, _rows(name, columns, taken))
        _go_on_counting(there)
    there.execute("SELECT util.analyze_grown()")


def _rows(name: sql.Identifier, columns: Sequence[str], taken: Taken) -> sql.Composed:
    wanted: list[sql.Composable] = [sql.SQL("true")]
    if "tenant_hk" in columns and taken.tenants is not None:
        wanted.append(sql.SQL("tenant_hk = ANY ({}::bytea[])").format(sql.Literal([b"", *taken.tenants])))
    chosen: list[sql.Composable] = [sql.Identifier(column) for column in columns]
    if name == _BATCHES:
        wanted.append(sql.SQL("received_from < {}").format(sql.Literal(taken.until)))
        chosen = [_before_a_load(column, taken.batches) for column in columns]
    elif name == _EVENTS:
        wanted.append(sql.SQL("received_timestamp < {}").format(sql.Literal(taken.until)))
    return sql.SQL("SELECT {} FROM {} WHERE {}").format(sql.SQL(", ").join(chosen), name, sql.SQL(" AND ").join(wanted))


_BATCHES = sql.Identifier("raw", "ingest_batch")
_EVENTS = sql.Identifier("raw", "site_tracking_events_r")


def _before_a_load(column: str, batches: Sequence[int]) -> sql.Composable:
    if column not in _BEFORE_A_LOAD:
        return sql.Identifier(column)
    return sql.SQL("CASE WHEN batch_id = ANY ({}::bigint[]) THEN {} ELSE {} END").format(
        sql.Literal(list(batches)), sql.SQL(_BEFORE_A_LOAD[column]), sql.Identifier(column)
    )


def _copy(here: Connection, there: Connection, name: sql.Identifier, columns: Iterable[str], rows: sql.Composed) -> None:
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(name, sql.SQL(", ").join(map(sql.Identifier, columns)))
    with (
        here.cursor() as reading,
        there.cursor() as writing,
        reading.copy(sql.SQL("COPY ({}) TO STDOUT").format(rows)) as pieces,
        writing.copy(into) as target,
    ):
        for piece in pieces:
            target.write(piece)


def _go_on_counting(there: Connection) -> None:
    """Numbers that the store gives out go on after those that it took over."""
    there.execute(
        "SELECT setval('raw.raw_event_id_seq', greatest((SELECT max(raw_event_id) FROM raw.site_tracking_events_r), 1))"
    )
    identities: list[Any] = there.execute(
        "SELECT a.attrelid::regclass::text, a.attname::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE a.attidentity <> '' AND c.relnamespace::regnamespace::text IN ('auth', 'ref', 'raw')"
    ).fetchall()
    for table, column in identities:
        there.execute(
            sql.SQL("SELECT setval(pg_get_serial_sequence({}, {}), greatest((SELECT max({}) FROM {}), 1))").format(
                sql.Literal(table), sql.Literal(column), sql.Identifier(column), sql.Identifier(*table.split("."))
            )
        )
