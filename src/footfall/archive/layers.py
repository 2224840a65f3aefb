"""What a layer of the archive is: which rows of which tables, and the columns of its files.

A column's number is its Parquet field id, and in a file for ever: a column that is renamed keeps it, one that goes leaves a gap.
What follows from a row (hash_diff, the keys of links) is in no file: `footfall.archive.restoring` makes it anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args

import pyarrow as pa
from psycopg import sql

from footfall.vault.hashing import KEY_BYTES, time_prefix

Name = Literal["bridge", "visit", "vault", "raw"]
NAMES: tuple[Name, ...] = get_args(Name)
FORMAT_VERSION = 1

_KINDS: dict[str, pa.DataType] = {
    "key": pa.binary(KEY_BYTES),
    "bytes": pa.binary(),
    "text": pa.string(),
    "json": pa.string(),  # as PostgreSQL writes it
    "inet": pa.string(),
    "moment": pa.timestamp("us", tz="UTC"),
    "day": pa.date32(),
    "flag": pa.bool_(),
    "number": pa.int32(),
    "long": pa.int64(),
    "money": pa.decimal128(18, 4),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a file.

    Attributes:
        number: its field id, for ever.
        name: as in the table it comes from.
        kind: one of `_KINDS`.
        source: SQL over the layer's tables; empty: of `t`, under its name.
        is_unique: a value of its own in nearly each row, which no dictionary makes smaller.
        is_required: never NULL.
    """

    number: int
    name: str
    kind: str
    source: str = ""
    is_unique: bool = False
    is_required: bool = False

    @property
    def arrow(self) -> pa.Field:
        """The column as Arrow and Parquet know it."""
        return pa.field(self.name, _KINDS[self.kind], not self.is_required, {"PARQUET:field_id": str(self.number)})

    @property
    def expression(self) -> str:
        """What is asked of PostgreSQL: what the driver would give in a form of its own, as text."""
        column = self.source or f"t.{self.name}"
        return f"{column}::text" if self.kind == "inet" else column

    @property
    def encoding(self) -> str:
        """Of what no dictionary is made for: nearly sorted numbers and texts, as differences."""
        return "DELTA_BINARY_PACKED" if self.kind in ("moment", "long") else "DELTA_BYTE_ARRAY"


@dataclass(frozen=True, slots=True)
class Layer:
    """A kind of rows that a month is archived of.

    Attributes:
        name: in the ledger and in paths.
        fields: the columns of its files.
        table: whose rows they are, called `t`.
        by: by which column of it a month is one: {first} and {last} of what is asked for are keys of events, days, or moments.
        order: how the rows of a tenant are sorted, by `t`; they are in the order of time.
        joins: SQL of what else a row is made of; may take {first} and {last}.
        check: SQL of whether all that a row is made of is one event of one load; empty: it is made of one row.
    """

    name: Name
    fields: tuple[Field, ...]
    table: str
    by: Literal["site_event_hk", "day", "received_timestamp"]
    order: str
    joins: str = ""
    check: str = ""

    @property
    def schema(self) -> pa.Schema:
        """The columns of its files."""
        return pa.schema([field.arrow for field in self.fields])

    def query(self, first: date, last: date, tenants: sql.Composable) -> sql.Composed:
        """The rows of the days from `first` until `last`, which is not asked for, sorted by tenant, then by time."""
        columns = ", ".join(
            [
                *(f"{field.expression} AS {field.name}" for field in self.fields),
                *([f"{self.check} AS is_one"] if self.check else []),
            ]
        )
        return self._rows(f"SELECT {columns}", first, last, tenants, f"ORDER BY t.tenant_hk, {self.order}", self.joins)

    def counting(self, month: date, tenants: sql.Composable) -> sql.Composed:
        """How many rows each of these tenants has in a month."""
        return self._rows("SELECT t.tenant_hk, count(*)", month, after(month), tenants, "GROUP BY t.tenant_hk")

    def _rows(self, what: str, first: date, last: date, tenants: sql.Composable, then: str, joins: str = "") -> sql.Composed:
        where = f"t.{self.by} >= {{first}} AND t.{self.by} < {{last}} AND {{tenants}}"
        text = f"/* archive.layers */ {what} FROM {self.table} t {joins} WHERE {where} {then}"
        return sql.SQL(text).format(first=self._bound(first), last=self._bound(last), tenants=tenants)

    def _bound(self, day: date) -> sql.Literal:
        if self.by == "day":
            return sql.Literal(day)
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return sql.Literal(time_prefix(moment) if self.by == "site_event_hk" else moment)


def after(month: date) -> date:
    """The first day of the month that follows."""
    return (month + timedelta(days=32)).replace(day=1)


def days_of(month: date) -> Iterator[tuple[date, date]]:
    """Each day of a month, with the day that follows."""
    day = month
    while day < after(month):
        yield day, day + timedelta(days=1)
        day += timedelta(days=1)


_BRIDGE = Layer(
    "bridge",
    (
        Field(1, "tenant_hk", "key", is_required=True),
        Field(2, "site_event_hk", "key", is_unique=True, is_required=True),
        Field(3, "site_session_hk", "key", is_required=True),
        Field(4, "site_visitor_hk", "key"),
        Field(5, "site_page_hk", "key"),
        Field(6, "business_item_hk", "key"),
        Field(7, "item_name", "text"),
        Field(8, "event_timestamp", "moment", is_unique=True, is_required=True),
        Field(9, "day", "day", is_required=True),
        Field(10, "is_bot", "flag", is_required=True),
        Field(11, "event_type", "text", is_required=True),
        Field(12, "event_category", "text", is_required=True),
        Field(13, "event_action", "text", is_required=True),
        Field(14, "event_label", "text"),
        Field(15, "event_value", "money"),
        Field(16, "event_currency", "text"),
        Field(17, "transaction_id", "text"),
        Field(18, "transaction_funnel_step", "text"),
        Field(19, "source", "text"),
        Field(20, "channel", "text"),
        Field(21, "device_type", "text"),
        Field(22, "country", "text"),
        Field(23, "is_visit", "flag", is_required=True),
        Field(24, "raw_event_id", "long", is_unique=True),
        Field(25, "is_superseded", "flag", is_required=True),
    ),
    "business.event_b",
    "site_event_hk",
    "t.site_event_hk",
)

_VISIT = Layer(
    "visit",
    (
        Field(1, "tenant_hk", "key", is_required=True),
        Field(2, "site_session_hk", "key", is_unique=True, is_required=True),
        Field(3, "day", "day", is_required=True),
        Field(4, "site_visitor_hk", "key"),
        Field(5, "previous_day", "day"),
        Field(6, "spans_days", "flag", is_required=True),
        Field(7, "start_day", "day"),
        Field(8, "is_bounce", "flag"),
        Field(9, "duration_seconds", "number"),
        Field(10, "events", "number", is_required=True),
        Field(11, "page_views", "number", is_required=True),
        Field(12, "first_event_timestamp", "moment", is_unique=True),
        Field(13, "last_event_timestamp", "moment", is_unique=True),
        Field(14, "first_view_timestamp", "moment", is_unique=True),
        Field(15, "first_view_order", "bytes", is_unique=True),
        Field(16, "first_view_page_hk", "key"),
        Field(17, "last_view_timestamp", "moment", is_unique=True),
        Field(18, "last_view_order", "bytes", is_unique=True),
        Field(19, "last_view_page_hk", "key"),
        Field(20, "entry_page_hk", "key"),
        Field(21, "exit_page_hk", "key"),
        Field(22, "source", "text"),
        Field(23, "channel", "text"),
        Field(24, "referrer_host", "text"),
        Field(25, "utm_source", "text"),
        Field(26, "utm_medium", "text"),
        Field(27, "utm_campaign", "text"),
        Field(28, "device_type", "text"),
        Field(29, "browser_name", "text"),
        Field(30, "browser_version", "text"),
        Field(31, "operating_system", "text"),
        Field(32, "language", "text"),
        Field(33, "country", "text"),
        Field(34, "is_visit", "flag", is_required=True),
        Field(35, "utm_content", "text"),
        Field(36, "utm_term", "text"),
        Field(37, "operating_system_version", "text"),
        Field(38, "bot_kind", "text"),
        Field(39, "bot_name", "text"),
        Field(40, "channel_name", "text"),
        Field(41, "utm_id", "text"),
        Field(42, "consent", "text"),
    ),
    "business.visit_b",
    "day",
    "t.day, t.site_session_hk",
)

# links are found by their own keys, which begin as those of their events
_LINK = (
    "LEFT JOIN business.{table} {alias} ON {alias}.site_event_hk = t.site_event_hk AND {alias}.tenant_hk = t.tenant_hk"
    " AND {alias}.{key} >= {{first}} AND {alias}.{key} < {{last}}"
)
_OF_ONE_LOAD = "({alias}.load_date = t.load_date AND {alias}.record_source = t.record_source)"

_VAULT = Layer(
    "vault",
    (
        Field(1, "tenant_hk", "key", is_required=True),
        Field(2, "site_event_hk", "key", is_unique=True, is_required=True),
        Field(3, "site_event_bk", "text", is_unique=True, is_required=True),
        Field(4, "load_date", "moment", is_required=True),
        Field(5, "record_source", "text", is_required=True),
        Field(6, "site_session_hk", "key", "s.site_session_hk", is_required=True),
        Field(7, "site_page_hk", "key", "p.site_page_hk"),
        Field(8, "business_item_hk", "key", "i.business_item_hk"),
        Field(9, "event_timestamp", "moment", "d.event_timestamp", is_unique=True, is_required=True),
        Field(10, "event_type", "text", "d.event_type", is_required=True),
        Field(11, "event_category", "text", "d.event_category", is_required=True),
        Field(12, "event_action", "text", "d.event_action", is_required=True),
        Field(13, "event_label", "text", "d.event_label"),
        Field(14, "event_value", "money", "d.event_value"),
        Field(15, "event_currency", "text", "d.event_currency"),
        Field(16, "page_url", "text", "d.page_url"),
        Field(17, "page_title", "text", "d.page_title"),
        Field(18, "page_referrer", "text", "d.page_referrer"),
        Field(19, "scroll_depth", "number", "d.scroll_depth"),
        Field(20, "time_on_page", "number", "d.time_on_page"),
        Field(21, "click_x", "number", "d.click_x"),
        Field(22, "click_y", "number", "d.click_y"),
        Field(23, "business_item_type", "text", "d.business_item_type"),
        Field(24, "business_item_info", "json", "d.business_item_info"),
        Field(25, "transaction_id", "text", "d.transaction_id"),
        Field(26, "transaction_funnel_step", "text", "d.transaction_funnel_step"),
        Field(27, "conversion_funnel_stage", "text", "d.conversion_funnel_stage"),
        Field(28, "traffic_class", "text", "d.traffic_class", is_required=True),
        Field(29, "custom_properties", "json", "d.custom_properties"),
        Field(30, "raw_event_id", "long", "d.raw_event_id", is_unique=True, is_required=True),
    ),
    "business.site_event_h",
    "site_event_hk",
    "t.site_event_hk",
    " ".join(
        (
            _LINK.format(table="event_session_l", alias="s", key="link_event_session_hk"),
            _LINK.format(table="event_page_l", alias="p", key="link_event_page_hk"),
            _LINK.format(table="event_business_item_l", alias="i", key="link_event_business_item_hk"),
            _LINK.format(table="site_event_details_s", alias="d", key="site_event_hk"),
        )
    ),
    f"coalesce({_OF_ONE_LOAD.format(alias='s')} AND {_OF_ONE_LOAD.format(alias='d')} AND d.load_end_date IS NULL"
    f" AND (p.site_event_hk IS NULL OR {_OF_ONE_LOAD.format(alias='p')})"
    f" AND (i.site_event_hk IS NULL OR {_OF_ONE_LOAD.format(alias='i')}), false)",
)

_RAW = Layer(
    "raw",
    (
        Field(1, "tenant_hk", "key", is_required=True),
        Field(2, "raw_event_id", "long", is_unique=True, is_required=True),
        Field(3, "batch_id", "long", is_required=True),
        Field(4, "received_timestamp", "moment", is_required=True),
        Field(5, "is_trusted", "flag", is_required=True),
        Field(6, "do_not_track", "flag", is_required=True),
        Field(7, "tenant_id", "text", is_required=True),
        Field(8, "client_ip", "inet"),
        Field(9, "visitor_id", "text"),
        Field(10, "visitor_ip_hash", "text"),
        Field(11, "user_agent", "text"),
        Field(12, "record_source", "text", is_required=True),
        Field(13, "raw_payload", "json", is_unique=True, is_required=True),
        Field(14, "client_hints", "text"),
        Field(15, "own_network", "text"),
        Field(16, "load_date", "moment", "b.load_date"),
    ),
    "raw.site_tracking_events_r",
    "received_timestamp",
    "t.received_timestamp, t.raw_event_id",
    "LEFT JOIN raw.ingest_batch b ON b.batch_id = t.batch_id AND b.tenant_hk = t.tenant_hk",
)

LAYERS: dict[Name, Layer] = {layer.name: layer for layer in (_BRIDGE, _VISIT, _VAULT, _RAW)}
