"""The baseline: the plan's row-at-a-time pipeline (`plan.sql`), driven as it says, one function after the other."""

from collections.abc import Sequence
from pathlib import Path

from footfall.database import Connection
from footfall.demo import INDUSTRIES
from footfall.raw import IncomingEvent

_BATCH = 100  # the plan's default
_KIND_BATCH = 1000


def deploy(connection: Connection) -> None:
    """The plan's tables and functions, and the demo's tenants."""
    connection.execute(Path(__file__).with_name("plan.sql").read_text())
    for industry in INDUSTRIES:
        connection.execute(
            "INSERT INTO auth.tenant_h (tenant_hk, tenant_bk, record_source) VALUES (util.hash_binary(%s), %s, 'benchmark')",
            (industry.tenant_id, industry.tenant_id),
        )


def land(connection: Connection, events: Sequence[IncomingEvent]) -> None:
    """Put events into raw, in one transaction."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "SELECT raw.ingest_tracking_event(%s, '127.0.0.1', %s, %s::jsonb)",
            [(event.tenant_id, event.user_agent or "Unknown", event.payload) for event in events],
        )


def load(connection: Connection) -> int:
    """Validate and load what is pending; returns how many events were loaded.

    The plan notifies of one raw event at a time, and its validation takes one: each is a transaction of its own.
    """
    for (raw_event_id,) in connection.execute(f"{_PENDING} ORDER BY raw_event_id").fetchall():
        connection.execute("SELECT staging.validate_and_enrich_event(%s)", (raw_event_id,))
    return _process(connection, _BATCH)


def load_kindly(connection: Connection) -> int:
    """The same functions, called as kindly as they can be: a thousand events in one statement and one transaction."""
    loaded = 0
    while (
        connection.execute(
            f"SELECT staging.validate_and_enrich_event(raw_event_id) FROM ({_PENDING} ORDER BY raw_event_id LIMIT %s) r",
            (_KIND_BATCH,),
        ).rowcount
        > 0
    ):
        loaded += _process(connection, _KIND_BATCH)
    return loaded


_PENDING = "SELECT raw_event_id FROM raw.site_tracking_events_r WHERE processing_status = 'PENDING'"


def _process(connection: Connection, batch: int) -> int:
    loaded = 0
    while row := connection.execute("SELECT processed_count FROM business.process_tracking_events(%s)", (batch,)).fetchone():
        if not row[0]:
            break
        loaded += row[0]
    return loaded


def track_event(connection: Connection, tenant_id: str, events: Sequence[str]) -> None:
    """One call of api.track_event, in a transaction of its own: one event, or a batch."""
    if len(events) == 1:
        connection.execute(
            "SELECT api.track_event(%s::jsonb || jsonb_build_object('tenantId', %s::text))", (events[0], tenant_id)
        )
    else:
        connection.execute("SELECT api.track_event(%s::jsonb)", (f"[{','.join(events)}]",))
