"""A tenant's site as a test drives it: send, load, look."""

import itertools
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from footfall import api
from footfall.auth import NewTenant, add_tenant, tenant_key
from footfall.business import all_checks, run_check
from footfall.database import Connection
from footfall.raw import IncomingEvent, land
from footfall.worker import load_pending

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
RECEIVED = NOON + timedelta(days=1)
HUMAN = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"

# every table of the vault that is loaded from staging or computed, with what does not depend on when it was loaded
VAULT_TABLES = (
    "site_session_h",
    "site_visitor_h",
    "site_event_h",
    "site_page_h",
    "business_item_h",
    "session_visitor_l",
    "event_session_l",
    "event_page_l",
    "event_business_item_l",
    "site_event_details_s",
    "site_session_consent_s",
    "site_session_network_s",
)
COMPUTED = (
    "site_session_context_s",
    "site_session_same_as_s",
    "site_session_visit_s",
    "site_session_judgement_s",
    "site_page_judgement_s",
    "site_session_details_s",
    "site_visitor_details_s",
    "site_page_details_s",
    "business_item_details_s",
)


_numbers = itertools.count()


class Site:
    """A tenant and its traffic."""

    @classmethod
    def another(cls, connection: Connection, **settings: Any) -> "Site":
        """A tenant that no example before had: isolation makes it as good as a fresh database."""
        return cls(connection, f"tenant-{next(_numbers)}", **settings)

    def __init__(self, connection: Connection, tenant_id: str, *, is_there: bool = False, **settings: Any) -> None:
        self.connection = connection
        self.tenant_id = tenant_id
        if not is_there:
            add_tenant(connection, NewTenant(tenant_id, tenant_id.title(), **settings))
        self.tenant_hk = tenant_key(connection, tenant_id)

    def land(self, *events: dict[str, Any] | str, **sender: Any) -> None:
        """Land events in one commit, as the door would; strings are payloads as they stand."""
        land(self.connection, [self.incoming(event, **sender) for event in events])

    def incoming(self, event: dict[str, Any] | str, **sender: Any) -> IncomingEvent:
        """An event on its way; keys that begin with an underscore are the sender's: _visitor_id, _user_agent, _received, …"""
        payload = event if isinstance(event, str) else {key: v for key, v in event.items() if not key.startswith("_")}
        if isinstance(event, dict):
            sender |= {key[1:]: value for key, value in event.items() if key.startswith("_")}
        given = {
            "tenant_id": self.tenant_id,
            "received": RECEIVED,
            "record_source": "test",
            "user_agent": HUMAN,
            "is_trusted": True,
        } | sender
        return IncomingEvent(payload=payload if isinstance(payload, str) else json.dumps(payload), **given)

    def load(self, batch_size: int = 100_000) -> int:
        """Load all that is pending; returns how many events that were."""
        events = 0
        while loaded := load_pending(self.connection, batch_size):
            events += loaded.events
        return events

    def close(self, as_of: datetime | None = None) -> None:
        """Close every session, as if a year had passed."""
        as_of = as_of or NOON + timedelta(days=365)
        while self.value("SELECT business.close_sessions(%s)", as_of):
            pass

    def refresh(self, as_of: datetime | None = None) -> None:
        """Compute every visitor, page and item that has new events."""
        as_of = as_of or NOON + timedelta(days=365)
        for satellite in ("site_visitor_details", "site_page_details", "business_item_details"):
            while self.value("SELECT business.refresh_due(%s, '0', %s)", satellite, as_of):
                pass

    def roll_up(self, as_of: datetime | None = None) -> None:
        """Compute the rollups of every day that is due."""
        as_of = as_of or datetime(2100, 1, 1, tzinfo=UTC)
        while self.value("SELECT business.roll_up_due('0', %s)", as_of):
            pass

    def divide(self) -> None:
        """Have the hours of every day that is not rolled up be rolled up one by one, as if its visits were many."""
        while self.value("SELECT business.divide_day('2100-01-01', 1)"):
            pass

    def roll_up_hours(self, most: int = 1000) -> None:
        """Compute the rollups of hours of divided days that are due, of so many at most."""
        while most and self.value("SELECT business.roll_up_hour('infinity')"):
            most -= 1

    def settle(self) -> None:
        """Load, close, refresh and roll up: nothing is left to do."""
        self.load()
        self.close()
        self.refresh()
        self.roll_up()

    def staged(self, *columns: str) -> list[Any]:
        """Staged rows in the order of their raw events; with one column, its values."""
        rows = self.rows(f"SELECT {', '.join(columns)} FROM staging.site_events_staging ORDER BY raw_event_id")
        return [row[0] for row in rows] if len(columns) == 1 else rows

    def fates(self) -> list[str]:
        """What became of each raw event, in their order."""
        return [fate for (fate,) in self.rows("SELECT fate FROM raw.site_tracking_events_v ORDER BY raw_event_id")]

    def report(self, **request: Any) -> dict[str, Any]:
        """The plan's report, by SQL."""
        reply = self.value("SELECT api.track_analytics(%s)", json.dumps({"tenantId": self.tenant_id, **request}))
        assert reply["success"], reply
        return reply["data"]

    def ask(self, report: str, **asked: Any) -> dict[str, Any]:
        """What a report replies to a question of this tenant."""
        return api.answer(self.connection, report, {"tenantId": self.tenant_id, **asked})

    def failing_checks(self) -> list[str]:
        """The checks that find something wrong in the store."""
        return [check.code for check in all_checks() if run_check(self.connection, check)]

    def set_clock(self, moment: datetime) -> None:
        """Move this connection's clock: load dates, and when failed batches are tried again."""
        self.connection.execute("SELECT set_config('footfall.now', %s, false)", (moment.isoformat(),))

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self.connection.execute(query, parameters).fetchall()

    def value(self, query: str, *parameters: Any) -> Any:
        """The one value of a query."""
        row = self.connection.execute(query, parameters).fetchone()
        return None if row is None else row[0]

    def table(self, name: str) -> list[dict[str, Any]]:
        """This tenant's rows of a table as dictionaries."""
        return [
            row
            for (row,) in self.rows(f"SELECT to_jsonb(t) FROM {name} t WHERE t.tenant_hk = %s ORDER BY t::text", self.tenant_hk)
        ]


def at(minutes: float = 0, base: datetime = NOON) -> str:
    """A moment, in minutes from noon, as a tracker writes it."""
    return (base + timedelta(minutes=minutes)).isoformat()


def view(path: str = "/", minutes: float = 0, **more: Any) -> dict[str, Any]:
    """A page view."""
    event = {"evt_type": "page_view", "event_timestamp": at(minutes), "page_url": f"https://acme.example{path}"}
    return event | {"event_id": f"{more.get('_visitor_id', more.get('session_id'))}-{path}-{minutes}"} | more


def contents(connection: Connection, *, current_only: bool = False) -> dict[str, list[str]]:
    """What the vault says, table by table, without when it was loaded and from which raw row."""
    ignored = "'load_date', 'load_end_date', 'raw_event_id', 'entry_raw_event_id'"
    said = {}
    for table in VAULT_TABLES + COMPUTED:
        where = "WHERE load_end_date IS NULL" if current_only and table in COMPUTED else ""
        query = f"SELECT (to_jsonb(t) - ARRAY[{ignored}])::text FROM business.{table} t {where} ORDER BY 1"
        said[table] = [row for (row,) in connection.execute(query)]
    return said


def counts(connection: Connection) -> dict[str, int]:
    """Rows of each table of the vault."""
    tables: Iterable[str] = VAULT_TABLES + COMPUTED
    return {table: connection.execute(f"SELECT count(*) FROM business.{table}").fetchone()[0] for table in tables}
