"""What an event costs to load when a million are in the vault, and when there are twenty million.

    .venv/bin/python benchmarks/growth.py [millions of events]

The vault is filled by SQL (`fill.sql`), all of it in this month's partitions: the worst case, since indexes grow by the month.
Before and after, the same number of events of now is landed and loaded by one worker: microseconds and bytes of log for each.
After a checkpoint PostgreSQL logs each page that is changed once as a whole; with random keys that is another page for every row
at first, and hardly any later: so the log is measured right after a checkpoint, and without those images.
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
        ratios = [after / before for before, after in zip(few, many, strict=True)]
        print(
            f"growth, at {millions} million loaded events against 1 million: {ratios[0]:.2f} x the time,"
            f" {ratios[1]:.2f} x the log right after a checkpoint, {ratios[2]:.2f} x the log without page images"
        )


def _fill_and_measure(owner: Connection, url: str, first: int, last: int, millions: int) -> tuple[float, float, float]:
    started = time.perf_counter()
    for start in range(first, last, _CHUNK):
        with owner.transaction():
            owner.execute(_fill_sql(start, min(start + _CHUNK, last) - 1, millions * 1_000_000))
    filling = time.perf_counter() - started
    owner.execute("VACUUM ANALYZE")
    owner.execute("CHECKPOINT")
    microseconds, log = _measure(owner, url, f"g{last}")
    owner.execute("ALTER SYSTEM SET full_page_writes = off")
    owner.execute("SELECT pg_reload_conf()")
    _, bare_log = _measure(owner, url, f"b{last}")
    owner.execute("ALTER SYSTEM RESET full_page_writes")
    owner.execute("SELECT pg_reload_conf()")
    print(
        f"{last:,} events in the vault (filled in {filling:.0f} s): {microseconds:.0f} us an event, {log:,.0f} bytes of log right"
        f" after a checkpoint, {bare_log:,.0f} without page images (calibration {calibrate():.2f} s)",
        flush=True,
    )
    return microseconds, log, bare_log


def _measure(owner: Connection, url: str, prefix: str) -> tuple[float, float]:
    """Medians of a few turns: microseconds and bytes of log an event."""
    microseconds, log = [], []
    for turn in range(_TURNS):
        _land_now(owner, f"{prefix}-{turn}")
        before = _value(owner, "SELECT pg_current_wal_insert_lsn()")
        microseconds.append(footfall_load(url, 10_000, 1) / _TURN * 1e6)
        log.append(float(str(_value(owner, f"SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '{before}')"))) / _TURN)
    return statistics.median(microseconds), statistics.median(log)


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
