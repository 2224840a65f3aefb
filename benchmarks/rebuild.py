"""What a rebuild costs an event, beside the loads that it does once more, in CPU time of the program and of PostgreSQL.

    .venv/bin/python benchmarks/rebuild.py [events] [batch size]

Both do the same: loads, sessions, visitors, pages and items, rollups. The rebuild also copies raw and compares every row, which
is told apart.
"""

import sys
from datetime import timedelta

from events import traffic
from footfall.database import Store, connect
from footfall.operations.proof.rebuild import Wanted, rebuild_into
from footfall.settings import Settings
from footfall.worker import close_sessions, load_pending
from footfall.worker.loop import keep_house, refresh, roll_up
from load import land_all
from machine import Meter, another_database, calibrate, fresh_store


def main() -> None:
    """Load, rebuild, and print what each took an event."""
    arguments = [int(argument) for argument in sys.argv[1:]]
    size, batch_size = [*arguments, *[100_000, 10_000][len(arguments) :]]
    print(f"{size:,} events, loads of {batch_size:,} (calibration {calibrate():.2f} s)")
    with fresh_store() as url, connect(url, "footfall_worker") as worker:
        meter = Meter(worker)
        land_all(worker, traffic(size))
        meter.look()
        settings = Settings.read()
        keep_house(worker, settings)
        while load_pending(worker, batch_size):
            worker.execute("SELECT util.analyze_grown()")
        loading = meter.look()
        while close_sessions(worker):
            pass
        while refresh(worker, settings):
            pass
        while roll_up(worker, timedelta(0)):
            pass
        computing = meter.look()
        print(f"load: {_each(loading, size)}; sessions, satellites, rollups: {_each(computing, size)}")
        print(f"  together: {_each(loading + computing, size)}")
        phases: dict[str, float] = {}
        last = "Making the schema"

        def told(what: str, _events: int) -> None:
            nonlocal last
            phases[last] = phases.get(last, 0) + meter.look()
            last = what

        done = rebuild_into(Store(url), another_database(url, "rebuilt"), Wanted(), told)
        phases[last] = phases.get(last, 0) + meter.look()
        for what, seconds in phases.items():
            print(f"rebuild, {what.lower()}: {_each(seconds, size)}")
        print(f"  {done.loads:,} loads and jobs in {done.seconds:.1f} s of the wall; equal: {done.is_proved}")


def _each(seconds: float, events: int) -> str:
    return f"{seconds:.1f} s of CPU, {seconds / events * 1e6:.0f} us an event, {events / seconds:,.0f} events/s"


if __name__ == "__main__":
    main()
