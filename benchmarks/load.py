"""How many events a second one worker loads: raw into staging into the vault, sessions closed; nothing else runs.

    .venv/bin/python benchmarks/load.py [events] [batch sizes …]

For each batch size a fresh embedded store is filled through the landing function with believable traffic (the demo's); then one
worker connection loads it all. Beside each figure stands a calibration of the machine: the seconds of a fixed pure-Python loop,
which tells a loud moment from a quiet one.
"""

import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from footfall import schema
from footfall.auth import NewTenant, add_tenant
from footfall.database import EmbeddedStore, connect
from footfall.demo import INDUSTRIES, Industry, history
from footfall.raw import IncomingEvent, land
from footfall.worker import close_sessions, load_pending

_LANDED_AT_ONCE = 500  # events in one commit of the door, under load


def calibrate() -> float:
    """Seconds of three million steps of pure Python."""
    started = time.perf_counter()
    total = 0
    for number in range(3_000_000):
        total += number
    return time.perf_counter() - started


def traffic(events: int) -> list[IncomingEvent]:
    """At least so many events of the demo's eight businesses, over as many weeks as it takes."""
    now = datetime.now(UTC)
    incoming: list[IncomingEvent] = []
    for week in count():
        for industry in INDUSTRIES:
            incoming += [_incoming(industry, event) for event in history(industry, 7, now - timedelta(weeks=week))]
        if len(incoming) >= events:
            return incoming[:events]
    raise AssertionError


def _incoming(industry: Industry, event: dict[str, object]) -> IncomingEvent:
    address, agent = str(event.pop("client_ip")), str(event.pop("user_agent"))
    asks = bool(event["do_not_track"])
    return IncomingEvent(
        tenant_id=industry.tenant_id,
        received=datetime.now(UTC),
        payload=json.dumps(event),
        record_source="benchmark",
        user_agent=None if asks else agent,
        visitor_id=None if asks else f"v_{address}_{str(event['event_timestamp'])[:10]}",
        do_not_track=asks,
        is_trusted=True,
    )


def measure(events: list[IncomingEvent], batch_size: int) -> None:
    """Fill a store, load it, print what it took."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedStore(Path(folder) / "data") as store:
        with connect(store.url) as owner:
            schema.deploy(owner)
            for industry in INDUSTRIES:
                add_tenant(owner, NewTenant(industry.tenant_id, industry.name, industry.industry, industry.time_zone))
            started = time.perf_counter()
            for first in range(0, len(events), _LANDED_AT_ONCE):
                land(owner, events[first : first + _LANDED_AT_ONCE])
            landing = time.perf_counter() - started
        with connect(store.url, "footfall_worker") as worker:
            calibration = calibrate()
            started = time.perf_counter()
            loaded = 0
            while done := load_pending(worker, batch_size):
                loaded += done.loaded
            loading = time.perf_counter() - started
            started = time.perf_counter()
            close_sessions(worker)
            closing = time.perf_counter() - started
    print(
        f"batch {batch_size:>6,}: {loaded:,} events loaded, {loaded / loading:,.0f} events/s"
        f" ({loading / loaded * 1e6:.0f} us each); sessions closed in {closing:.1f} s"
        f" -> {loaded / (loading + closing):,.0f} events/s in all; landed before at {len(events) / landing:,.0f} events/s;"
        f" calibration {calibration:.2f} s"
    )


def main() -> None:
    """Measure each batch size."""
    arguments = [int(argument) for argument in sys.argv[1:]]
    events = traffic(arguments[0] if arguments else 200_000)
    size = sum(len(event.payload) for event in events) / len(events)
    print(f"{len(events):,} events of {size:.0f} bytes, one worker")
    for batch_size in arguments[1:] or [1_000, 5_000, 10_000, 20_000]:
        measure(events, batch_size)


if __name__ == "__main__":
    main()
