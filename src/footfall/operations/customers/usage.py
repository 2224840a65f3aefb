"""All tenants together, as whoever runs the service sees them: who sends how much, and what to bill."""

import csv
import io
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any, Literal, get_args

from footfall.database import Connection
from footfall.errors import NotAccepted

Sort = Literal["name", "tenant", "events_24h", "events_30d", "last_event", "invalid_share", "bytes", "plan", "month_events"]
SORTS: tuple[Sort, ...] = get_args(Sort)
_COLUMNS = (
    "first_id", "tenant", "name", "industry", "time_zone", "active", "created_at", "events_24h", "events_30d", "last_event",
    "invalid_share", "bytes", "plan", "month_events",
)  # fmt: skip
_BILLED = ("tenant", "name", "plan", "accepted_events", "invalid", "duplicates", "bytes")
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets compute (OWASP, CSV injection): names are customers' own


def customers(connection: Connection, search: str = "") -> list[dict[str, Any]]:
    """Tenants of a store whose name or id has all words of a text.

    `events_24h` by receipt, `events_30d` and `month_events` by the day (UTC) of the load; `invalid_share` of the 24 hours, 0 to
    1; `bytes` of all events as they were sent; `plan`: the most events of a month, None: without limit. `connection` acts as
    footfall_admin, or as a worker.
    """
    return _rows(connection, search, None)


def page_of(rows: list[dict[str, Any]], sort: Sort, *, descending: bool, limit: int, offset: int) -> dict[str, Any]:
    """Such tenants, of one store or of several, sorted, some of them: `rows`, and how many there are in `total`.

    What is not known is last.
    """
    known = [row for row in rows if row[sort] is not None]
    known.sort(key=lambda row: row["tenant"])
    known.sort(key=lambda row: str.casefold(row[sort]) if isinstance(row[sort], str) else row[sort], reverse=descending)
    in_order = known + [row for row in rows if row[sort] is None]
    return {"total": len(rows), "rows": in_order[offset : offset + limit]}


def customer(connection: Connection, tenant_id: str) -> dict[str, Any]:
    """One tenant, by any of its ids. Raises NotAccepted: ``tenant_unknown``."""
    rows = _rows(connection, "", tenant_id)
    if not rows:
        raise NotAccepted("tenant_unknown", "there is no such tenant", HTTPStatus.NOT_FOUND)
    return rows[0]


def usage_of(connection: Connection, month: date) -> list[tuple[Any, ...]]:
    """What each tenant of a store sent in the month of a day, by receipt in UTC; the tenant's id and name come first."""
    return connection.execute("SELECT * FROM auth.usage_of_month(%s)", (month.replace(day=1),)).fetchall()


def usage_csv(used: list[tuple[Any, ...]]) -> str:
    """The same of one store or of several, as CSV with a header: to bill by."""
    buffer = io.StringIO()
    rows = csv.writer(buffer, lineterminator="\n")
    rows.writerow(_BILLED)
    for tenant, name, *figures in sorted(used, key=lambda row: str(row[0])):
        rows.writerow((tenant, f"'{name}" if name.startswith(_FORMULAS) else name, *figures))
    return buffer.getvalue()


def month_of(text: str) -> date:
    """The first day of a month, `2026-11`; empty: this month's in UTC. Raises NotAccepted: ``month_invalid``."""
    if not text:
        return datetime.now(UTC).date().replace(day=1)
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise NotAccepted("month_invalid", f"{text!r} is no month: write YYYY-MM") from None


def _rows(connection: Connection, search: str, tenant_id: str | None) -> list[dict[str, Any]]:
    cursor = connection.execute("SELECT * FROM auth.customers(%s, %s, util.current_load_date())", (search, tenant_id))
    return [dict(zip(_COLUMNS, row, strict=True)) for row in cursor]
