"""How many events a second the load takes, beside the plan's own row-at-a-time pipeline, in turns on one machine.

    .venv/bin/python benchmarks/load.py [events a round] [rounds] [batch size]

The load is everything from the queue to the vault: claim, user agents, staging, hubs, links, satellites, session state. The
closing of sessions that follows it is measured apart. The plan's is `staging.validate_and_enrich_event` for each event, then
`business.process_tracking_events`: as it says, and once more as kindly as those functions can be called. All work on the same
events, landed beforehand, in one PostgreSQL; nothing else runs.
"""

import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

import plan
from events import traffic
from footfall.business.model import VAULT
from footfall.database import Connection, connect
from footfall.raw import IncomingEvent, land
from footfall.worker import close_sessions, load_pending
from machine import another_database, calibrate, fresh_store

_LANDED_AT_ONCE = 500  # events in one commit of the door, under load
_PLAN_SHARE = 10  # the plan gets this fraction of a round's events, so that its turns take about as long


def footfall_load(url: str, batch_size: int, workers: int) -> float:
    """Seconds that so many workers take to load what is pending, each on a connection of its own."""
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(url, "footfall_worker")) for _ in range(workers)]
        threads = stack.enter_context(ThreadPoolExecutor(workers))
        started = time.perf_counter()
        list(threads.map(partial(_load_all, batch_size=batch_size), connections))
        return time.perf_counter() - started


def _load_all(connection: Connection, batch_size: int) -> None:
    while load_pending(connection, batch_size):
        pass


def land_all(connection: Connection, events: list[IncomingEvent]) -> None:
    """Land events as the door does under load."""
    for first in range(0, len(events), _LANDED_AT_ONCE):
        land(connection, events[first : first + _LANDED_AT_ONCE])


def main() -> None:
    """Measure in turns, and print medians and their ratios to the plan's."""
    arguments = [int(argument) for argument in sys.argv[1:]]
    size, rounds, batch_size = [*arguments, *[50_000, 4, 10_000][len(arguments) :]]
    events = traffic(size * rounds * 2)
    bytes_each = sum(len(event.payload) for event in events) / len(events)
    print(f"{size:,} events a turn, {bytes_each:.0f} bytes each, loads of {batch_size:,}; events/s:")
    rates: dict[str, list[float]] = defaultdict(list)
    with fresh_store() as url, connect(url) as owner, connect(another_database(url, "plan")) as baseline:
        plan.deploy(baseline)
        for number in range(rounds):
            calibration = calibrate()
            share = events[number * size : number * size + size // _PLAN_SHARE]
            for name, load in (("plan", plan.load), ("plan, kindly", plan.load_kindly)):
                plan.land(baseline, share)
                rates[name].append(timed(load, baseline, len(share)))
            for workers in (1, 2):
                land_all(owner, events[(2 * number + workers - 1) * size :][:size])
                rates[f"{workers} worker{'s'[: workers - 1]}"].append(size / footfall_load(url, batch_size, workers))
                with connect(url, "footfall_worker") as worker:
                    rates["closing sessions"].append(timed(close_sessions, worker, size))
                    worker.execute("SELECT util.analyze_grown()")
            last = ", ".join(f"{name} {rate[-1]:,.0f}" for name, rate in rates.items())
            print(f"  round {number + 1}: {last} (calibration {calibration:.2f} s)", flush=True)
        limit = physical_limit(owner)
        disk = bytes_on_disk(owner)
    median = {name: statistics.median(rate) for name, rate in rates.items()}
    for name in ("1 worker", "2 workers"):
        print(
            f"load, {name}: {median[name]:,.0f} events/s ({1e6 / median[name]:.0f} us each):"
            f" {median[name] / median['plan']:.1f} x the plan ({median['plan']:,.0f}),"
            f" {median[name] / median['plan, kindly']:.1f} x the plan called kindly ({median['plan, kindly']:,.0f})"
        )
    best = 1e6 / max(median["1 worker"], 1)
    print(f"bare COPY of the same rows into tables of the same shape: {limit:.0f} us an event; 1 worker {best / limit:.1f} x")
    print("bytes on disk per event: " + ", ".join(f"{layer} {size:,.0f}" for layer, size in disk.items()))


def physical_limit(owner: Connection) -> float:
    """Microseconds an event that PostgreSQL takes to store the same rows and indexes when handed them ready-made."""
    events = count_of(owner, "business.site_event_h")
    seconds = 0.0
    for table in _WRITTEN:
        with owner.transaction(force_rollback=True), owner.cursor() as cursor:
            owner.execute(f"CREATE TABLE public.copy_of (LIKE {table} INCLUDING ALL)")
            with cursor.copy(f"COPY (SELECT * FROM {table} ORDER BY 1) TO STDOUT") as copied:
                rows = b"".join(bytes(row) for row in copied)
            started = time.perf_counter()
            with cursor.copy("COPY public.copy_of FROM STDIN") as copy:
                copy.write(rows)
            seconds += time.perf_counter() - started
    return seconds / events * 1e6


_WRITTEN = (
    "staging.site_events_staging",
    *(f"business.{hub.table}" for hub in VAULT.hubs),
    *(f"business.{link.table}" for link in VAULT.links),
    "business.site_event_details_s",
    "business.site_session_context_s",
    "business.site_session_w",
)


def bytes_on_disk(owner: Connection) -> dict[str, float]:
    """By layer, with all indexes, for each event loaded."""
    events = count_of(owner, "business.site_event_h")
    rows = owner.execute(
        "SELECT CASE WHEN relname ~ '^site_event_details_s' THEN 'event satellite' WHEN relname ~ '_l(_[0-9]{6})?$' THEN 'links'"
        " WHEN relname ~ '_h(_[0-9]{6})?$' THEN 'hubs' WHEN relnamespace = 'business'::regnamespace THEN 'sessions and others'"
        " ELSE relnamespace::regnamespace::text END, sum(pg_total_relation_size(oid))"
        " FROM pg_class WHERE relnamespace::regnamespace::text IN ('raw', 'staging', 'business') AND relkind = 'r'"
        " GROUP BY 1 ORDER BY 2 DESC"
    ).fetchall()
    return {"all": float(sum(size for _, size in rows)) / events} | {layer: float(size) / events for layer, size in rows}


def count_of(owner: Connection, table: str) -> int:
    """Rows of a table."""
    row = owner.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0


def timed(action: Callable[[Connection], object], connection: Connection, events: int) -> float:
    """Events a second of one action."""
    started = time.perf_counter()
    action(connection)
    return events / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
