"""What upkeep costs an event when a page and an item have been there for long: CPU at 1 x and 20 x the history.

    .venv/bin/python benchmarks/carried.py [visits]

Visits of four events each, all of which enter at one page and meet one item; after so many visits, and after twenty times as
many, a tenth as many more come, are closed, and pages and items have a snapshot. Beside it what it takes when nothing is
carried: all visits are read.
"""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from cost import Whole
from footfall.database import Connection, connect
from footfall.demo import INDUSTRIES
from footfall.raw import IncomingEvent
from machine import calibrate, fresh_store

_JOBS = ("sessions", "visitors", "pages", "items")
_CARRIED = {"pages": "site_page", "items": "business_item"}
_EVENTS_A_VISIT = 4
_VISITS_AT_ONCE = 2000
_TIMES = (1, 20)
_START = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
_SECONDS_A_VISIT = 5


def _visits(first: int, last: int) -> Iterator[IncomingEvent]:
    for number in range(first, last):
        met: dict[str, Any] = {
            "evt_type": "item_interaction",
            "item_id": "one",
            "item_name": "One",
            "item_value": 10,
            "currency": "EUR",
        }
        seen = [
            {"evt_type": "page_view", "page_url": f"https://one.example/{path}", "page_title": f"Page {path}"}
            for path in ("", f"{number % 50}", f"{number % 7}")
        ]
        for step, event in enumerate([*seen, met]):
            moment = _START + timedelta(seconds=number * _SECONDS_A_VISIT + step)
            payload = event | {
                "event_timestamp": moment.isoformat(),
                "session_id": f"s{number}",
                "visitor_id": f"v{number // 2}",
            }
            yield IncomingEvent(INDUSTRIES[0].tenant_id, moment + timedelta(seconds=1), json.dumps(payload), "benchmark")


def _take(whole: Whole, first: int, last: int) -> None:
    for visit in range(first, last, _VISITS_AT_ONCE):
        whole.take(list(_visits(visit, min(visit + _VISITS_AT_ONCE, last))))
    whole.end(_START + timedelta(seconds=last * _SECONDS_A_VISIT))


def measured(visits: int) -> dict[int, dict[str, float]]:
    """Microseconds of CPU an event by job, after each length of history; `all …`: of a snapshot that reads all, likewise."""
    figures: dict[int, dict[str, float]] = {}
    with fresh_store() as url, connect(url) as owner:
        owner.execute("SELECT util.ensure_month(%s, k) FROM unnest('{timestamptz,bytea,date}'::regtype[]) k", (_START,))
        whole = Whole(owner)
        more = max(visits // 10, 1)
        done = 0
        for times in _TIMES:
            _take(whole, done, visits * times)
            whole.keep_house()
            done = visits * times + more
            whole.seconds.clear()
            _take(whole, visits * times, done)
            spent = {job: whole.seconds[job] for job in _JOBS}
            spent |= {f"all {things}": _whole(owner, whole, things) for things in _CARRIED}
            figures[times] = {job: seconds / (more * _EVENTS_A_VISIT) * 1e6 for job, seconds in spent.items()}
    return figures


def _whole(owner: Connection, whole: Whole, things: str) -> float:
    """Seconds of a snapshot of all pages, or items, for which nothing is carried; it is taken back."""
    keys = f"ARRAY(SELECT {_CARRIED[things]}_hk FROM business.{_CARRIED[things]}_h)"
    with owner.transaction(force_rollback=True):
        owner.execute(f"SELECT business.forget_{things}({keys})")
        with whole.counted(f"all {things}"):
            owner.execute(f"SELECT business.sum_{things}({keys})")
    return whole.seconds[f"all {things}"]


def main() -> None:
    """Measure, and print."""
    visits = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    figures = measured(visits)
    print(f"{visits:,} visits of history, and {_TIMES[-1]} times as many (calibration {calibrate():.2f} s)")
    print("CPU of an event that comes then")
    print(f"{'':34}" + "".join(f"{times:>9} x" for times in _TIMES))
    for job in (*_JOBS, *(f"all {things}" for things in _CARRIED)):
        name = f"{job[4:]}, if all visits were read" if job.startswith("all ") else job
        print(f"{name:34}" + "".join(f"{figures[times][job]:8.1f} us" for times in _TIMES))


if __name__ == "__main__":
    main()
