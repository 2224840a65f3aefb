"""The whole way: from batched requests at the door to `api.track_analytics`, sustained with a bounded backlog, beside the plan's.

    .venv/bin/python benchmarks/way.py [seconds]

One server process, one worker, fifty events a request. The sender pauses while more than 20,000 events wait, so that what is
measured is what all of it together sustains. The plan's three functions are called one after the other on as many events as they
manage. Then, at half of that rate: how long after its acknowledgement an event is counted in `api.track_analytics`.
"""

import json
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import plan
from clients import Plan, start, wait
from events import traffic
from footfall.auth import NewTenant, add_key, add_tenant, tenant_key
from footfall.database import Connection, connect
from footfall.demo import INDUSTRIES
from machine import another_database, calibrate, fresh_store
from services import serve, worker

_CONNECTIONS = 8
_EVENTS_A_REQUEST = 50
_MOST_WAITING = 20_000


def main() -> None:
    """Measure the plan's way, the sustained rate, and the freshness at half of it."""
    seconds = float(sys.argv[1]) if sys.argv[1:] else 60.0
    with fresh_store() as url, connect(url) as owner, connect(another_database(url, "plan")) as baseline:
        print(f"calibration {calibrate():.2f} s")
        plan.deploy(baseline)
        slow = _plan_rate(baseline, seconds / 4)
        add_tenant(owner, NewTenant("probe", "Probe"))
        keys = {industry.tenant_id: add_key(owner, industry.tenant_id, "write", "bench")[1] for industry in INDUSTRIES}
        with serve(url) as (server, port), worker(url) as loader:
            rate, backlog = _sustained(owner, Plan(port, keys, _CONNECTIONS, _EVENTS_A_REQUEST, seconds, prefix="w"))
            print(
                f"whole way: {rate:,.0f} events/s for {seconds:.0f} s, at most {backlog:,} waiting,"
                f" {rate / slow:.1f} x the plan's {slow:,.0f};"
                f" memory: server {server.megabytes():.0f} MB, worker {loader.megabytes():.0f} MB"
            )
            _drain(owner)
            half = rate / 2 / _EVENTS_A_REQUEST
            sender = start(Plan(port, keys, _CONNECTIONS, _EVENTS_A_REQUEST, seconds / 2, rate=half, prefix="f"))
            time.sleep(3)
            lags = _lags(owner, port, add_key(owner, "probe", "write", "bench")[1], seconds / 2 - 4)
            wait(sender)
            quantiles = statistics.quantiles(lags, n=100)
            print(
                f"freshness at {rate / 2:,.0f} events/s: p50 {quantiles[49]:.2f} s, p99 {quantiles[98]:.2f} s"
                f" of {len(lags)} events, from acknowledged to counted in api.track_analytics"
            )


def _sustained(owner: Connection, what: Plan) -> tuple[float, int]:
    """Events loaded a second while all of it runs, and the most that ever waited."""
    with tempfile.TemporaryDirectory() as folder:
        what.pause_file = str(Path(folder) / "pause")
        sender = start(what)
        while not _count(owner, "loaded"):
            time.sleep(0.05)
        started, before, most = time.perf_counter(), _count(owner, "loaded"), 0
        while (elapsed := time.perf_counter() - started) < what.seconds - 1:
            waiting = _count(owner, "pending")
            most = max(most, waiting)
            if waiting > _MOST_WAITING:
                Path(what.pause_file).touch()
            else:
                Path(what.pause_file).unlink(missing_ok=True)
            time.sleep(0.1)
        loaded = _count(owner, "loaded") - before
        wait(sender)
    return loaded / elapsed, most


def _lags(owner: Connection, port: int, key: str, seconds: float) -> list[float]:
    """Send single events of a tenant of their own; seconds from each one's acknowledgement until the report counts it."""
    owner.execute("SELECT set_config('app.tenant_hk', %s, false)", (tenant_key(owner, "probe").hex(),))
    lags = []
    started = time.perf_counter()
    number = 0
    while time.perf_counter() - started < seconds:
        number += 1
        event = {"evt_type": "page_view", "event_id": f"probe-{number}", "session_id": "probe", "page_url": "https://p.example/"}
        headers = {"X-Footfall-Key": key, "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"}
        url = f"http://127.0.0.1:{port}/api/tracking/events"
        urllib.request.urlopen(urllib.request.Request(url, json.dumps(event).encode(), headers)).close()
        acknowledged = time.perf_counter()
        while _counted(owner) < number:
            time.sleep(0.01)
        lags.append(time.perf_counter() - acknowledged)
    return lags


def _counted(owner: Connection) -> int:
    row = owner.execute(
        "SELECT api.track_analytics('{\"tenantId\": \"probe\"}') -> 'data' -> 'overview' ->> 'totalEvents'"
    ).fetchone()
    return int(row[0]) if row else 0


def _count(owner: Connection, what: str) -> int:
    row = owner.execute(f"SELECT coalesce(sum({what}), 0)::bigint FROM api.event_balance_v").fetchone()
    return int(row[0]) if row else 0


def _drain(owner: Connection) -> None:
    while _count(owner, "pending"):
        time.sleep(0.2)


def _plan_rate(baseline: Connection, seconds: float) -> float:
    events = traffic(20_000)
    baseline.execute(f"SET app.default_tenant_id = '{INDUSTRIES[0].tenant_id}'")
    loaded = first = 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        batch = [event.payload for event in events[first : first + _EVENTS_A_REQUEST]]
        first = (first + _EVENTS_A_REQUEST) % len(events)
        plan.track_event(baseline, INDUSTRIES[0].tenant_id, batch)
        loaded += plan.load(baseline)
    return loaded / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
