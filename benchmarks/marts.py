"""What keeping the marts adds to the load: the same load with and without them, in turns.

    .venv/bin/python benchmarks/marts.py [events a turn] [turns]

Without: `business.gather_bridge` and `business.store_marts` do nothing, and are put back afterwards. The rollups, no part of the
load, are measured apart.
"""

import statistics
import sys
import time

from events import traffic
from footfall import schema
from footfall.database import Connection, connect
from footfall.raw import IncomingEvent
from load import footfall_load, land_all
from machine import calibrate, fresh_store

_NOTHING = """
CREATE OR REPLACE FUNCTION business.gather_bridge() RETURNS void LANGUAGE plpgsql AS $$BEGIN END$$;
CREATE OR REPLACE FUNCTION business.store_marts(p_load_date timestamptz, p_before bytea[], p_now bytea[]) RETURNS void
LANGUAGE plpgsql AS $$BEGIN END$$;
"""


def main() -> None:
    """Measure in turns, and print medians."""
    arguments = [int(argument) for argument in sys.argv[1:]]
    size, turns = [*arguments, *[40_000, 5][len(arguments) :]]
    marts = next(definition.sql for definition in schema.definitions() if definition.name == "business/sql/marts.sql")
    events = traffic(size * (2 * turns + 1))
    microseconds: dict[str, list[float]] = {"without marts": [], "with marts": []}
    with fresh_store() as url, connect(url) as owner:
        owner.execute("SET check_function_bodies = off")  # as a deployment does
        _turn(owner, url, events[:size])  # new months have no statistics yet
        for turn in range(turns):
            for number, (name, sql) in enumerate((("without marts", _NOTHING), ("with marts", marts))):
                owner.execute(sql)
                first = (2 * turn + number + 1) * size
                microseconds[name].append(_turn(owner, url, events[first : first + size]))
        for (tenant_hk,) in owner.execute("SELECT tenant_hk FROM auth.tenant_h").fetchall():
            owner.execute("SELECT business.rebuild_marts(%s)", (tenant_hk,))
        started = time.perf_counter()
        days = 0
        while owner.execute("SELECT business.roll_up_due('0', util.current_load_date())").fetchone() != (0,):
            days += 1
        rolling = (time.perf_counter() - started) / len(events) * 1e6
    without, with_marts = (statistics.median(values) for values in microseconds.values())
    print(
        f"load, 1 worker: {without:.0f} us an event without marts, {with_marts:.0f} with: + {with_marts / without - 1:.0%};"
        f" rollups, once for each of {days} days: {rolling:.1f} us an event (calibration {calibrate():.2f} s)"
    )


def _turn(owner: Connection, url: str, events: list[IncomingEvent]) -> float:
    land_all(owner, events)
    owner.execute("SELECT util.analyze_grown()")
    return footfall_load(url, 10_000, 1) / len(events) * 1e6


if __name__ == "__main__":
    main()
