"""What a question of today costs a large tenant, whose day is never quiet: its hours rolled up, and counted live as a whole.

    .venv/bin/python benchmarks/today.py [events]

One tenant's events of today, four to a visit, are loaded in the order of their times; visits that are over are closed, and the
hours that have been quiet since are rolled up, as the worker does. Then each question is asked over HTTP, in turns with the same
store as it was before days were divided, while new events keep today from being quiet: median milliseconds, and CPU time.
Last, an event that comes hours late, and what its day costs until it is rolled up again.
"""

import json
import statistics
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from events import live
from footfall.auth import NewTenant, add_key, add_tenant, tenant_key
from footfall.database import Connection, connect
from footfall.demo import INDUSTRIES
from footfall.raw import IncomingEvent
from footfall.settings import Settings
from footfall.worker import close_sessions, load_pending
from footfall.worker.loop import keep_house
from load import land_all
from machine import Meter, calibrate, fresh_store
from services import serve

_TENANT = "large"
_ZONES = ("Pacific/Auckland", "Asia/Tokyo", "Asia/Kolkata", "Europe/Athens", "UTC", "America/New_York", "Pacific/Honolulu")
_LOAD = 10_000
_TIMES = 11
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
_DIVIDE = "UPDATE business.day_w SET is_divided = %s WHERE tenant_hk = %s"


def main() -> None:
    """Fill today, ask in turns, and print."""
    events = int(sys.argv[1]) if sys.argv[1:] else 300_000
    zone = max(_ZONES, key=lambda name: datetime.now(ZoneInfo(name)).strftime("%H:%M"))  # where most of the day is over
    now = datetime.now(ZoneInfo(zone))
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    print(f"{events:,} events in the {now.hour} hours since midnight in {zone} (calibration {calibrate():.2f} s)")
    with fresh_store() as url, connect(url) as owner, connect(url, "footfall_worker") as worker:
        add_tenant(owner, NewTenant(_TENANT, "Large", time_zone=zone))
        key = add_key(owner, _TENANT, "read", "benchmark")[1]
        tenant_hk = tenant_key(owner, _TENANT)
        keep_house(worker, Settings.read())
        _load(worker, _spread(events, midnight, now))
        owner.execute("VACUUM (ANALYZE) business.visit_b, business.event_b, business.day_w")
        meter = Meter(worker)
        while close_sessions(worker, _LOAD):
            pass
        meter.look()
        _roll_up_hours(worker, now)
        print(f"rolling its hours up: {meter.look() / events * 1e6:.1f} us an event")
        owner.execute("VACUUM (ANALYZE) business.rollup_hour_w")
        _load(worker, _spread(1000, now - timedelta(minutes=5), now))
        with serve(url) as (_, port):
            for name, path, more in _QUESTIONS:
                question = {"dateFrom": str(now.date()), "dateTo": str(now.date()), **more}
                told = {}
                for is_divided in (False, True):
                    owner.execute(_DIVIDE, (is_divided, tenant_hk))
                    told[is_divided] = _ask(port, key, path, question, meter)
                (whole, whole_cpu), (hours, hours_cpu) = told[False], told[True]
                print(
                    f"{name}: whole {whole:.0f} ms ({whole_cpu:.0f} ms of CPU), by hours {hours:.0f} ms ({hours_cpu:.0f}):"
                    f" {hours / whole:.2f} x ({hours_cpu / whole_cpu:.2f} x)"
                )
        meter.look()
        _load(worker, _spread(1, midnight + timedelta(hours=3), midnight + timedelta(hours=4)))
        loading = meter.look()
        _roll_up_hours(worker, now)
        hour = meter.look()
        owner.execute(_DIVIDE, (False, tenant_hk))
        owner.execute("SELECT count(*) FROM business.rollup_of(%s, %s, business.rolled_dimensions())", (tenant_hk, [now.date()]))
        print(f"a late event: load {loading:.2f} s, its hour {hour:.2f} s, the whole day {meter.look():.2f} s of CPU")


_QUESTIONS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("overview", "analytics/overview", {}),
    ("overview, compared with yesterday until now", "analytics/overview", {"compare": "previous_period"}),
    ("top pages", "analytics/breakdown", {"dimension": "page"}),
    ("top sources", "analytics/breakdown", {"dimension": "source"}),
    ("the plan's report", "tracking/analytics", {}),
)


def _spread(events: int, first: datetime, last: datetime) -> Iterator[IncomingEvent]:
    """Events as those of now, at times from first to last."""
    step = (last - first) / events
    prefix = f"{first:%d%H%M%S}"
    for number, payload in enumerate(islice(live(prefix, INDUSTRIES[0].tenant_id), events)):
        happened = (first + step * number).astimezone(UTC)
        said = json.loads(payload) | {"event_timestamp": happened.isoformat()}
        yield IncomingEvent(_TENANT, datetime.now(UTC), json.dumps(said), "benchmark", user_agent=_BROWSER, is_trusted=True)


def _load(worker: Connection, events: Iterator[IncomingEvent]) -> None:
    while some := list(islice(events, _LOAD)):
        land_all(worker, some)
        while load_pending(worker, _LOAD):
            worker.execute("SELECT util.analyze_grown()")


def _roll_up_hours(worker: Connection, now: datetime) -> None:
    """Those whose visits are over: the hour of now and the one before are touched again and again."""
    worker.execute("SELECT business.divide_day(util.current_load_date())")
    worker.execute(
        "UPDATE business.hour_w SET touched_at = 'infinity'"
        " WHERE NOT is_rolled_up AND hour >= date_trunc('hour', %s - interval '1 hour')",
        (now,),
    )
    while worker.execute("SELECT business.roll_up_hour(util.current_load_date())").fetchone() != (0,):
        pass


def _ask(port: int, key: str, path: str, question: dict[str, str], meter: Meter) -> tuple[float, float]:
    """Milliseconds of a question, the median, and of CPU time of the store, of all of them the mean."""
    query = urllib.parse.urlencode({"key": key, **question})
    seconds = []
    for number in range(_TIMES):
        if number == 1:
            meter.look()
        started = time.perf_counter()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/{path}?{query}", timeout=300) as answer:
            json.load(answer)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:]) * 1000, meter.look() / (_TIMES - 1) * 1000


if __name__ == "__main__":
    main()
