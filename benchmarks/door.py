"""How many requests a second the event door answers, each after its commit, beside the plan's own `api.track_event`, in turns.

    .venv/bin/python benchmarks/door.py [seconds a turn] [rounds]

One event a request over 64 connections, no worker running, one server process and then two. The plan's function is called over
one connection, as its own review measured it. Then, at half of the highest rate and with a worker running, how long answers take.
Afterwards the rows in raw are counted: they must be exactly the events that were acknowledged.
"""

import statistics
import sys
import time
from collections import defaultdict

import plan
from clients import Plan, Result, run
from events import traffic
from footfall.auth import add_key
from footfall.database import Connection, connect
from footfall.demo import INDUSTRIES
from machine import another_database, calibrate, fresh_store
from services import serve, worker

_CONNECTIONS = 64


def main() -> None:
    """Measure in turns, and print medians and their ratios to the plan's."""
    seconds, rounds = (float(sys.argv[1]) if sys.argv[1:] else 8.0), (int(sys.argv[2]) if sys.argv[2:] else 3)
    rates: dict[str, list[float]] = defaultdict(list)
    with fresh_store() as url, connect(url) as owner, connect(another_database(url, "plan")) as baseline:
        plan.deploy(baseline)
        keys = {industry.tenant_id: add_key(owner, industry.tenant_id, "write", "bench")[1] for industry in INDUSTRIES}
        for number in range(rounds):
            calibration = calibrate()
            rates["plan"].append(_plan_rate(baseline, seconds))
            for processes in (1, 2):
                with serve(url, processes) as (service, port):
                    result = _counted(
                        owner, Plan(port, keys, _CONNECTIONS, 1, seconds, prefix=f"d{number}{processes}", prepared=20_000)
                    )
                    rates[f"{processes} process{'es'[: 2 * processes - 2]}"].append(result.requests / result.seconds)
                    print(
                        f"  round {number + 1}: plan {rates['plan'][-1]:,.0f}/s, {processes} process(es)"
                        f" {result.requests / result.seconds:,.0f}/s, p50 {result.p50:.1f} ms, p99 {result.p99:.1f} ms,"
                        f" {service.megabytes():.0f} MB (calibration {calibration:.2f} s)",
                        flush=True,
                    )
        median = {name: statistics.median(rate) for name, rate in rates.items()}
        for name in ("1 process", "2 processes"):
            print(
                f"door, {name}: {median[name]:,.0f} requests/s, {median[name] / median['plan']:.1f} x the plan's"
                f" api.track_event ({median['plan']:,.0f})"
            )
    _at_half(median["1 process"] / 2, 3 * seconds)


def _at_half(rate: float, seconds: float) -> None:
    """How long answers take when there is room, and what the processes weigh, with a worker that loads all of it meanwhile."""
    with fresh_store() as url, connect(url) as owner, serve(url) as (service, port), worker(url) as loader:
        keys = {industry.tenant_id: add_key(owner, industry.tenant_id, "write", "bench")[1] for industry in INDUSTRIES}
        result = _counted(owner, Plan(port, keys, _CONNECTIONS, 1, seconds, rate=rate, prefix="h", warm_seconds=3))
        print(
            f"door at half its rate ({rate:,.0f}/s) with a worker running: p50 {result.p50:.1f} ms, p99 {result.p99:.1f} ms;"
            f" memory: server {service.megabytes():.0f} MB, worker {loader.megabytes():.0f} MB"
        )


def _counted(owner: Connection, what: Plan) -> Result:
    before = _rows(owner)
    result = run(what)
    if (stored := _rows(owner) - before) != result.events or result.refused:
        raise AssertionError(f"{result.events} acknowledged, {stored} stored, refused: {result.refused}")
    return result


def _rows(owner: Connection) -> int:
    row = owner.execute("SELECT coalesce(sum(event_count), 0)::bigint FROM raw.ingest_batch").fetchone()
    return int(row[0]) if row else 0


def _plan_rate(baseline: Connection, seconds: float) -> float:
    events = traffic(5000)
    calls = 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds / 2:
        event = events[calls % len(events)]
        plan.track_event(baseline, event.tenant_id, [event.payload])
        calls += 1
    return calls / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
