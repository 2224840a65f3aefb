"""What an event costs to load when a million are in the vault, and when there are twenty million.

    .venv/bin/python benchmarks/growth.py [millions of events]

The vault is filled by SQL (`fill.sql`), all of it in this month's partitions: the worst case, since indexes grow by the month.
Before and after, the same number of events of now is landed and loaded by one worker, after a checkpoint: microseconds and bytes
of write-ahead log for each event.
"""

import statistics
import sys
import time
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from events import live
from footfall.database import Connection, connect
from footfall.demo import INDUSTRIES
from footfall.raw import IncomingEvent, land
from load import footfall_load
from machine import calibrate, fresh_store

_TURN = 40_000
_TURNS = 5
_CHUNK = 500_000


def main() -> None:
    """Fill to a million, measure; fill to the end, measure again."""
    millions = int(sys.argv[1]) if sys.argv[1:] else 20
    with fresh_store() as url, connect(url) as owner:
        few = _fill_and_measure(owner, url, 0, 1_000_000, millions)
        many = _fill_and_measure(owner, url, 1_000_000, millions * 1_000_000, millions)
        print(
            f"growth: an event costs {many[0] / few[0]:.2f} x the time and {many[1] / few[1]:.2f} x the log at {millions} million"
            " loaded events, of what it costs at 1 million"
        )


def _fill_and_measure(owner: Connection, url: str, first: int, last: int, millions: int) -> tuple[float, float]:
    started = time.perf_counter()
    for start in range(first, last, _CHUNK):
        with owner.transaction():
            owner.execute(_fill_sql(start, min(start + _CHUNK, last) - 1, millions * 1_000_000))
    filling = time.perf_counter() - started
    owner.execute("VACUUM ANALYZE")
    microseconds, log = [], []
    owner.execute("CHECKPOINT")
    for turn in range(_TURNS):
        _land_now(owner, f"g{last}-{turn}")
        before = _value(owner, "SELECT pg_current_wal_insert_lsn()")
        microseconds.append(footfall_load(url, 10_000, 1) / _TURN * 1e6)
        log.append(float(str(_value(owner, f"SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '{before}')"))) / _TURN)
    median = statistics.median(microseconds), statistics.median(log)
    print(
        f"{last:,} events in the vault (filled in {filling:.0f} s): {median[0]:.0f} us and {median[1]:,.0f} bytes of log an event"
        f" (calibration {calibrate():.2f} s)",
        flush=True,
    )
    return median


def _fill_sql(first: int, last: int, most: int) -> str:
    return Path(__file__).with_name("fill.sql").read_text().format(first=first, last=last, most=most)


def _land_now(owner: Connection, prefix: str) -> None:
    for industry in INDUSTRIES:
        now = datetime.now(UTC)
        events = [
            IncomingEvent(
                industry.tenant_id, now, payload, "benchmark", user_agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
            )
            for payload in islice(live(prefix, industry.tenant_id), _TURN // len(INDUSTRIES))
        ]
        for first in range(0, len(events), 500):
            land(owner, events[first : first + 500])


def _value(owner: Connection, query: str) -> object:
    row = owner.execute(query).fetchone()
    return row[0] if row else None


if __name__ == "__main__":
    main()
