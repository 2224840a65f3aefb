"""How much further two cells go than one store, where processors are the bound: the same events on both, in CPU time.

    .venv/bin/python benchmarks/cells.py [events] [batch size]

A cell has processors of its own. So what counts is the processor time of the busier one, beside that of one store with all
tenants: program and PostgreSQL, loads and upkeep. Nothing is run side by side: it would measure this machine's processors.
"""

import sys
from collections.abc import Sequence
from datetime import timedelta

from events import traffic
from footfall.database import connect
from footfall.raw import IncomingEvent
from footfall.settings import Settings
from footfall.worker import close_sessions, load_pending
from footfall.worker.loop import keep_house, refresh, roll_up
from load import land_all
from machine import Meter, calibrate, fresh_store


def main() -> None:
    """Load all tenants' events into one store, then each half of them into one of two, and compare."""
    arguments = [int(argument) for argument in sys.argv[1:]]
    size, batch_size = [*arguments, *[40_000, 10_000][len(arguments) :]]
    events = list(traffic(size))
    halves = _halves(events)
    print(f"{size:,} events, cells of {[len(half) for half in halves]} (calibration {calibrate():.2f} s)")
    together = _seconds(events, batch_size)
    cells = [_seconds(half, batch_size) for half in halves]
    print(f"one store: {together:.1f} s of CPU; two cells: {' and '.join(f'{one:.1f} s' for one in cells)}")
    print(f"two cells take {together / max(cells):.2f} x as many events a second as one store")


def _halves(events: Sequence[IncomingEvent]) -> list[list[IncomingEvent]]:
    """Tenants in two cells that get about as many events each."""
    counts: dict[str, int] = {}
    for event in events:
        counts[event.tenant_id] = counts.get(event.tenant_id, 0) + 1
    cells: list[set[str]] = [set(), set()]
    for tenant in sorted(counts, key=lambda one: -counts[one]):
        min(cells, key=lambda cell: sum(counts[one] for one in cell)).add(tenant)
    return [[event for event in events if event.tenant_id in cell] for cell in cells]


def _seconds(events: list[IncomingEvent], batch_size: int) -> float:
    with fresh_store() as url, connect(url, "footfall_worker") as worker:
        meter, settings = Meter(worker), Settings.read()
        land_all(worker, events)
        keep_house(worker, settings)
        while load_pending(worker, batch_size):
            worker.execute("SELECT util.analyze_grown()")
        while close_sessions(worker):
            pass
        while refresh(worker, settings):
            pass
        while roll_up(worker, timedelta(0)):
            pass
        return meter.look()


if __name__ == "__main__":
    main()
