"""What it takes to forget a person, and to delete one, in a small store and in a large one.

    .venv/bin/python benchmarks/erase.py [thousands of events, ...]

The vault is filled by SQL (`fill.sql`); the people that are erased came the way of all events, so that raw and staging have
theirs: eight visits of six events each, each visit in a load of its own. It should grow with the person, not with the store.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from footfall.auth import tenant_key
from footfall.database import Connection, connect
from footfall.governance.persons import Mode, erase_person, find_person
from footfall.raw import IncomingEvent, land
from footfall.worker import load_pending
from machine import calibrate, fresh_store

_TENANT = "demo-shop"
_CHUNK = 250_000
_VISITS, _EVENTS, _PEOPLE = 8, 6, 6
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def main() -> None:
    """Fill and measure, size after size."""
    sizes = [int(size) * 1000 for size in sys.argv[1:]] or [100_000, 1_000_000]
    with fresh_store() as url, connect(url) as owner, connect(url, "footfall_worker") as worker:
        filled = 0
        for size in sizes:
            for start in range(filled, size, _CHUNK):
                with owner.transaction():
                    sql = Path(__file__).with_name("fill.sql").read_text()
                    owner.execute(sql.format(first=start, last=min(start + _CHUNK, size) - 1, most=sizes[-1]))
            filled = size
            _people_come(worker, f"p{size}")
            owner.execute("VACUUM ANALYZE")
            tenant_hk = tenant_key(worker, _TENANT)
            for number in range(_PEOPLE):
                mode: Mode = "forget" if number % 2 else "delete"
                began = time.perf_counter()
                found = find_person(worker, tenant_hk, "user", f"p{size}-{number}")
                middle = time.perf_counter()
                erase_person(worker, tenant_hk, "user", f"p{size}-{number}", mode)
                ended = time.perf_counter()
                print(
                    f"{size:,} events in the vault: {found.events} events found in {middle - began:.2f} s,"
                    f" {mode} {ended - middle:.2f} s (calibration {calibrate():.2f} s)",
                    flush=True,
                )


def _people_come(worker: Connection, name: str) -> None:
    now = datetime.now(UTC)
    for visit in range(_VISITS):
        land(
            worker,
            [
                IncomingEvent(
                    tenant_id=_TENANT,
                    received=now,
                    record_source="benchmark",
                    user_agent=_AGENT,
                    is_trusted=True,
                    payload=(
                        f'{{"evt_type": "page_view", "session_id": "{name}-{person}-{visit}", "visitor_id": "{name}-{person}-v",'
                        f' "user_id": "{name}-{person}", "event_id": "{name}-{person}-{visit}-{event}", "page_url":'
                        f' "https://fill.example/products/{event}", "event_timestamp":'
                        f' "{(now - timedelta(hours=visit * 20 + 1, seconds=-event)).isoformat()}"}}'
                    ),
                )
                for person in range(_PEOPLE)
                for event in range(_EVENTS)
            ],
        )
        while load_pending(worker, 10_000):
            pass


if __name__ == "__main__":
    main()
