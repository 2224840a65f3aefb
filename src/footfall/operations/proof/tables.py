"""What a digest covers, table by table: raw, the vault as it is declared, and the marts, found where they are declared or stored.

Raw and the raw vault (hubs, links, satellites that loads write) to the bit, load dates included; of computed satellites what they
say now, whenever they came to say it; marts to the value.
"""

from dataclasses import dataclass

from footfall.business.marts import MART_ROWS
from footfall.business.model import VAULT
from footfall.database import Connection
from footfall.vault import History, Hub, Link, Satellite

# Tables with tenants' rows that no digest covers, by their schema or one by one, and why. What is neither here nor in a digest
# fails a test.
NOT_DIGESTED = {
    "archive": "where copies of what is digested lie: `footfall archive verify` compares them",
    "auth": "who may do what, and what tenants are: no fact that was sent, and no figure",
    "ref": "settings, rules and judgements of inputs: a rebuild takes them as they are in force",
    "staging": "a step on the way, kept for as long as its retention says",
    "business.site_session_w": "work: its roots are in site_session_same_as_s, its sessions in site_session_details_s",
    "business.refresh_w": "work: what is due to be computed",
    "business.day_w": "work: which days are rolled up; rollup_b is digested as reports see it, rolled up or not",
    "business.hour_w": "work: which hours of large days are rolled up",
    "business.rollup_hour_w": "work: what those came to; their sums are in rollup_b",
    "business.retired_order_w": "work: its effect is in rollup_b",
    "business.page_visit_w": "work: what each visit saw of a page; its effect is in site_page_details_s",
    "business.page_w": "work: its sums, likewise",
    "business.page_title_w": "work: likewise",
    "business.item_visit_w": "work: what each visit did with an item; its effect is in business_item_details_s",
    "business.item_w": "work: its sums, likewise",
    "business.item_day_w": "work: likewise",
    "business.superseded_w": "work: its effect is in event_b.is_superseded",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A table as it is digested.

    Attributes:
        table: its name, with schema.
        rows: SQL after FROM, in which `t` has the table's rows; may take the parameter `until`.
        where: a condition on them; may take `until`.
        values: SQL over `t` of what is hashed, by name.
        key: which of the names tell rows apart.
        month: SQL of the day whose month a row is counted in.
        is_of_events: rows that belong to one event each: they rest upon no other event.
        has_history: it can be asked what they were at the end of a month that is past.
    """

    table: str
    rows: str
    where: str
    values: dict[str, str]
    key: tuple[str, ...]
    month: str
    is_of_events: bool = False
    has_history: bool = False


def parts(connection: Connection) -> list[Part]:
    """All tables of a store that a digest covers: raw, the vault, marts."""
    return [*_raw(connection), *map(_vault, VAULT.tables), *_marts(connection)]


_KNOWN = "t.load_date < %(until)s"
_STATED = "t.load_date < %(until)s AND (t.load_end_date IS NULL OR t.load_end_date >= %(until)s)"
_LOADED = "(t.load_date AT TIME ZONE 'UTC')"


def _vault(table: object) -> Part:
    rest = ("tenant_hk", "load_date", "record_source")
    match table:
        case Hub():
            key = table.hash_key
            return _loaded(table.table, (key, table.business_key, *rest), (key,), is_of_events=table.time_ordered)
        case Link():
            key, hubs = table.hash_key, tuple(hub.hash_key for hub in table.hubs)
            return _loaded(table.table, (key, *hubs, *rest), (key,), is_of_events=table.time_ordered)
        case Satellite(history=History.COMPUTED):
            return _computed(table)
        case Satellite():
            names = (table.hub.hash_key, *rest, "hash_diff", *_columns(table))
            return _loaded(table.table, names, table.key_with(VAULT.grain), is_of_events=table.time_ordered, ends=True)
    raise TypeError(f"{table} is no kind of the vault's")


def _loaded(table: str, names: tuple[str, ...], key: tuple[str, ...], *, is_of_events: bool, ends: bool = False) -> Part:
    values = {name: f"t.{name}" for name in names}
    if ends:  # what ends later has not ended
        values["load_end_date"] = "CASE WHEN t.load_end_date < %(until)s THEN t.load_end_date END"
    name = f"{VAULT.schema}.{table}"
    return Part(name, f"{name} t", _KNOWN, values, key, _LOADED, is_of_events, has_history=True)


def _computed(satellite: Satellite) -> Part:
    """Counted in the month in which its key was loaded first: that is a fact, when it was computed is none."""
    name, key = f"{VAULT.schema}.{satellite.table}", satellite.hub.hash_key
    rows = f"{name} t JOIN {VAULT.schema}.{satellite.hub.table} h USING ({key})"
    values = {key: f"t.{key}", "tenant_hk": "t.tenant_hk", "hash_diff": "t.hash_diff", "record_source": "t.record_source"}
    values |= {column: f"t.{column}" for column in _columns(satellite)}
    return Part(name, rows, _STATED, values, (key,), "(h.load_date AT TIME ZONE 'UTC')", has_history=True)


def _columns(satellite: Satellite) -> list[str]:
    return [column.name for column in satellite.columns]


_STORED = """/* proof.tables */
    SELECT c.relname::text AS name, array_agg(a.attname::text ORDER BY a.attname) AS columns,
           array_agg(a.attname::text ORDER BY a.attname) FILTER (WHERE a.atttypid = 'numeric'::regtype) AS numbers,
           (array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.atttypid = 'timestamptz'::regtype AND a.attnotnull))[1],
           (SELECT array_agg(k.attname::text ORDER BY array_position(i.indkey::smallint[], k.attnum)) FROM pg_index i
            JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = ANY (i.indkey)
            WHERE i.indrelid = c.oid AND i.indisprimary)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname LIKE %s
    GROUP BY c.oid HAVING bool_or(a.attname = 'tenant_hk')
    ORDER BY 1
"""


def _raw(connection: Connection) -> list[Part]:
    """Every table of raw with tenants' rows, by the month of its first moment: of an event, of its receipt."""
    return [
        Part(
            f"raw.{name}",
            f"raw.{name} t",
            "true",
            _values(columns, numbers),
            tuple(key or columns),
            f"(t.{moment} AT TIME ZONE 'UTC')",
        )
        for name, columns, numbers, moment, key in connection.execute(_STORED, ("raw", "%"))
    ]


def _marts(connection: Connection) -> list[Part]:
    """Every table of business whose name says that it is a mart; each has days."""
    return [
        Part(
            f"business.{name}",
            MART_ROWS.get(name, f"business.{name} t"),
            "true",
            _values(columns, numbers),
            tuple(key or columns),
            "t.day",
        )
        for name, columns, numbers, _, key in connection.execute(_STORED, ("business", r"%\_b"))
    ]


def _values(columns: list[str], numbers: list[str] | None) -> dict[str, str]:
    # 1.0 and 1.00 are one value
    return {name: f"trim_scale(t.{name})" if name in (numbers or ()) else f"t.{name}" for name in columns}
