"""What a rebuild costs an event, beside the loads that it does once more, in CPU time of the program and of PostgreSQL.

    .venv/bin/python benchmarks/rebuild.py [events] [batch size]

Both do the same: loads, sessions, visitors, pages and items, rollups. The rebuild also copies raw and compares every row, which
is told apart.
"""

import os
import sys
import time
from datetime import timedelta
from pathlib import Path

from events import traffic
from footfall.database import Connection, Store, connect
from footfall.operations.proof.rebuild import Wanted, rebuild_into
from footfall.settings import Settings
from footfall.worker import close_sessions, load_pending
from footfall.worker.loop import keep_house, refresh, roll_up
from load import land_all
from machine import another_database, calibrate, fresh_store

_TICKS = os.sysconf("SC_CLK_TCK")


class Meter:
    """CPU seconds of this program and of the server of a connection, all its processes, since the last look."""

    def __init__(self, connection: Connection) -> None:
        self._postmaster = int(_status(connection.info.backend_pid)[1])
        self._last = self._now()

    def look(self) -> float:
        """Seconds since the last look."""
        before, self._last = self._last, self._now()
        return self._last - before

    def _now(self) -> float:
        ended = sum(map(int, _status(self._postmaster)[11:15]))  # its own, and of those who have ended
        alive = sum(
            sum(map(int, status[11:13]))
            for folder in Path("/proc").iterdir()
            if folder.name.isdigit() and (status := _status(int(folder.name))) and int(status[1]) == self._postmaster
        )
        return time.process_time() + (ended + alive) / _TICKS


def _status(pid: int) -> list[str]:
    """What stands behind the name in /proc/<pid>/stat: state, parent, …"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []


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
