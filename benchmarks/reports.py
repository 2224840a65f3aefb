"""How long the reports take over HTTP: one tenant with 10 million events in 12 months among 20 tenants with 20 million.

    .venv/bin/python benchmarks/reports.py [millions of events]

Filled by SQL (`fill_reports.sql`). Each question is asked once to warm up, then twenty times: median and 95th percentile, from
request to answer, by one client. Beside it, in the same run, the plan's own query on the same tenant's data. What marts add to
the load is measured by `benchmarks/load.py`.
"""

import json
import statistics
import sys
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from footfall.auth import NewTenant, add_key, add_tenant, tenant_key
from footfall.database import Connection, connect
from machine import calibrate, fresh_store
from services import serve

_TENANTS = 20
_CHUNK = 100_000  # visits
_EVENTS_A_VISIT = 5.4
_TIMES = 20
_LARGE = "bench-0"
_FIGURES = ("page_views", "visits", "visitors", "revenue")


def main() -> None:
    """Fill, roll up, ask."""
    millions = float(sys.argv[1]) if sys.argv[1:] else 20.0
    with fresh_store() as url, connect(url) as owner:
        fill(owner, millions)
        _roll_all_up(owner, url)
        key = add_key(owner, _LARGE, "read", "bench")[1]
        with serve(url) as (_, port):
            rows = [(what, _measure(port, key, path, question)) for what, path, question in _questions()]
        plan = _plans_own(owner)
    print(f"calibration {calibrate():.2f} s; median and p95 of {_TIMES} over HTTP:")
    for what, seconds in rows:
        print(f"  {what}: {statistics.median(seconds) * 1000:.0f} ms, p95 {sorted(seconds)[-2] * 1000:.0f} ms")
    ours = statistics.median(rows[0][1])
    print(f"  the plan's own query, 30 days: {plan:.1f} s: {plan / ours:,.0f} x track_analytics")


def fill(owner: Connection, millions: float) -> None:
    """The tenants and their events, straight into marts and vault; nothing is rolled up."""
    visits = int(millions * 1_000_000 / _EVENTS_A_VISIT)
    started = time.perf_counter()
    owner.execute("CREATE TABLE public.bench_tenant (number integer PRIMARY KEY, tenant_hk bytea)")
    for number in range(_TENANTS):
        add_tenant(owner, NewTenant(f"bench-{number}", f"Bench {number}"))
        owner.execute("INSERT INTO public.bench_tenant VALUES (%s, %s)", (number, tenant_key(owner, f"bench-{number}")))
    month = datetime.now(UTC) - timedelta(days=370)
    while month < datetime.now(UTC) + timedelta(days=40):
        owner.execute("SELECT util.ensure_month(%s, 'bytea'), util.ensure_month(%s, 'date')", (month, month))
        month += timedelta(days=28)
    for first in range(0, visits, _CHUNK):
        with owner.transaction():
            owner.execute("SET LOCAL work_mem = '256MB'")
            owner.execute(_fill_sql(first, min(first + _CHUNK, visits) - 1, visits))
    owner.execute("VACUUM ANALYZE")
    events = _value(owner, "SELECT count(*) FROM business.event_b")
    large = _value(owner, "SELECT count(*) FROM business.site_event_h")
    print(f"{events:,} events, {large:,} of the large tenant, filled in {time.perf_counter() - started:.0f} s", flush=True)


def _roll_all_up(owner: Connection, url: str) -> None:
    started = time.perf_counter()
    with ThreadPoolExecutor(2) as threads:
        days = sum(threads.map(lambda number: _roll_up(url, number), range(_TENANTS)))
    owner.execute("VACUUM ANALYZE business.rollup_b")
    owner.execute("VACUUM ANALYZE business.day_w")
    events = _value(owner, "SELECT count(*) FROM business.event_b")
    sizes = owner.execute(
        "SELECT left(c.relname, 7), sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE c.relkind = 'r'"
        " AND c.relname ~ '^(event_b|visit_b|rollup_b)' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    print(
        f"{days:,} days rolled up in {time.perf_counter() - started:.0f} s by two; bytes an event: "
        + ", ".join(f"{name} {float(size) / events:.0f}" for name, size in sizes),
        flush=True,
    )


def _roll_up(url: str, number: int) -> int:
    """What the worker does, day by day, for one tenant."""
    with connect(url, "footfall_worker") as connection:
        tenant_hk = tenant_key(connection, f"bench-{number}")
        connection.execute("SET work_mem = '64MB'")
        days = connection.execute("SELECT day FROM business.day_w WHERE tenant_hk = %s ORDER BY day", (tenant_hk,)).fetchall()
        for (day,) in days:
            with connection.transaction():
                connection.execute(
                    "INSERT INTO business.rollup_b SELECT * FROM business.rollup_of(%s, %s, business.rolled_dimensions())",
                    (tenant_hk, [day]),
                )
                connection.execute(
                    "UPDATE business.day_w SET is_rolled_up = true WHERE tenant_hk = %s AND day = %s", (tenant_hk, day)
                )
        return len(days)


def _questions() -> list[tuple[str, str, dict[str, object]]]:
    # up to yesterday: the fill ends today
    last = datetime.now(UTC).date() - timedelta(days=1)
    month: dict[str, object] = {"dateFrom": str(last - timedelta(days=29)), "dateTo": str(last)}
    year: dict[str, object] = {"dateFrom": str(last - timedelta(days=363)), "dateTo": str(last)}
    quarter: dict[str, object] = {"dateFrom": str(last - timedelta(days=83)), "dateTo": str(last)}
    top, report = {"limit": 10}, "analytics/breakdown"
    filters = {"country": "country==DE", "source": "source==google", "page": "page==/pages/3"}
    steps = ["page==/pages/0", "event_type==item_interaction", "event_action==start", "event_action==complete"]
    return [
        ("track_analytics, 30 days", "tracking/analytics", month),
        ("overview, 30 days", "analytics/overview", month),
        ("overview with the period before, 30 days", "analytics/overview", month | {"compare": "previous_period"}),
        ("time series, 12 months by day", "analytics/timeseries", year | {"interval": "day"}),
        ("top 10 pages, 30 days", report, month | top | {"dimension": "page"}),
        ("top 10 sources, 30 days", report, month | top | {"dimension": "source"}),
        ("top 10 pages by visitors, 30 days", report, month | top | {"dimension": "page", "metrics": "visitors,page_views"}),
        *((f"overview of one {name}, 30 days", "analytics/overview", month | {"filter": text}) for name, text in filters.items()),
        *(
            (f"top 10 pages of one {name}, 30 days", report, month | top | {"dimension": "page", "filter": text})
            for name, text in filters.items()
        ),
        *(
            (f"top 10 sources of one {name}, 30 days", report, month | top | {"dimension": "source", "filter": text})
            for name, text in filters.items()
        ),
        (
            "time series of one source, 30 days by day",
            "analytics/timeseries",
            month | {"interval": "day", "filter": filters["source"]},
        ),
        ("funnel of 4 steps, 30 days", "analytics/funnel", month | {"steps": steps}),
        ("retention, 12 weekly cohorts", "analytics/retention", quarter | {"interval": "week"}),
        ("paths, 30 days", "analytics/paths", month),
        ("items, 30 days", "analytics/items", month),
        ("sessions, 30 days", "analytics/sessions", month),
        *((f"events behind {figure}, 30 days", "analytics/events", month | {"figure": figure}) for figure in _FIGURES),
        (
            "events behind a step of the funnel, 30 days",
            "analytics/events",
            month | {"figure": "funnel", "steps": steps, "step": 3},
        ),
        (
            "events behind a cell of retention, 12 weekly cohorts",
            "analytics/events",
            quarter | {"figure": "retention", "interval": "week", "period": 4},
        ),
        ("today by hour", "analytics/timeseries", {"dateFrom": str(last), "dateTo": str(last), "interval": "hour"}),
    ]


def _measure(port: int, key: str, path: str, question: dict[str, object]) -> list[float]:
    query = urllib.parse.urlencode({"key": key, **question}, doseq=True)
    seconds = []
    for _ in range(_TIMES + 1):
        started = time.perf_counter()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/{path}?{query}", timeout=120) as answer:
            json.load(answer)
        seconds.append(time.perf_counter() - started)
    return seconds[1:]


def _plans_own(owner: Connection) -> float:
    """Seconds of the plan's query, warm."""
    owner.execute((Path(__file__).parent / "plan_analytics.sql").read_text())
    last = datetime.now(UTC).date() - timedelta(days=1)
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        _value(
            owner, "SELECT public.plan_track_analytics(%s, %s, %s)", tenant_key(owner, _LARGE), last - timedelta(days=29), last
        )
        seconds.append(time.perf_counter() - started)
    return seconds[-1]


def _fill_sql(first: int, last: int, most: int) -> str:
    text = (Path(__file__).parent / "fill_reports.sql").read_text()
    for name, number in {"first": first, "last": last, "most": most, "people": most // 400}.items():
        text = text.replace("{" + name + "}", str(number))
    return text


def _value(owner: Connection, query: str, *parameters: object) -> float:
    row = owner.execute(query, parameters).fetchone()
    return row[0] if row else 0


if __name__ == "__main__":
    main()
