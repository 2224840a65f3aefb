"""What upkeep costs an event when a page has been there for long: CPU of sessions and snapshots at 1 x and 20 x the history.

    .venv/bin/python benchmarks/pages.py [visits]

Visits of three events each, all of which enter at one page; after so many visits, and after twenty times as many, a tenth as many
more come, are closed, and the pages have a snapshot. Beside it what it takes when nothing is carried: all visits are read.
"""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cost import Whole
from footfall.database import Connection, connect
from footfall.demo import INDUSTRIES
from footfall.raw import IncomingEvent
from machine import calibrate, fresh_store

_JOBS = ("sessions", "visitors", "pages")
_EVENTS_A_VISIT = 3
_VISITS_AT_ONCE = 2000
_TIMES = (1, 20)
_START = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
_SECONDS_A_VISIT = 5


def _visits(first: int, last: int) -> Iterator[IncomingEvent]:
    for number in range(first, last):
        for step, path in enumerate(("", f"{number % 50}", f"{number % 7}")):
            moment = _START + timedelta(seconds=number * _SECONDS_A_VISIT + step)
            payload = {
                "evt_type": "page_view",
                "event_timestamp": moment.isoformat(),
                "session_id": f"s{number}",
                "visitor_id": f"v{number // 2}",
                "page_url": f"https://one.example/{path}",
                "page_title": f"Page {path}",
            }
            yield IncomingEvent(INDUSTRIES[0].tenant_id, moment + timedelta(seconds=1), json.dumps(payload), "benchmark")


def _take(whole: Whole, first: int, last: int) -> None:
    for visit in range(first, last, _VISITS_AT_ONCE):
        whole.take(list(_visits(visit, min(visit + _VISITS_AT_ONCE, last))))
    whole.end(_START + timedelta(seconds=last * _SECONDS_A_VISIT))


def measured(visits: int) -> dict[int, dict[str, float]]:
    """Microseconds of CPU an event by job, after each length of history; `whole`: of a snapshot that reads all, likewise."""
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
            spent["whole"] = _whole(owner, whole)
            figures[times] = {job: seconds / (more * _EVENTS_A_VISIT) * 1e6 for job, seconds in spent.items()}
    return figures


def _whole(owner: Connection, whole: Whole) -> float:
    """Seconds of a snapshot of all pages for which nothing is carried; it is taken back."""
    with owner.transaction(force_rollback=True):
        owner.execute("SELECT business.forget_pages(ARRAY(SELECT site_page_hk FROM business.site_page_h))")
        with whole.counted("whole"):
            owner.execute("SELECT business.sum_pages(ARRAY(SELECT site_page_hk FROM business.site_page_h))")
    return whole.seconds["whole"]


def main() -> None:
    """Measure, and print."""
    visits = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    figures = measured(visits)
    print(f"{visits:,} visits of history, and {_TIMES[-1]} times as many (calibration {calibrate():.2f} s)")
    print("CPU of an event that comes then")
    print(f"{'':34}" + "".join(f"{times:>9} x" for times in _TIMES))
    for job in (*_JOBS, "whole"):
        name = "pages, if all visits were read" if job == "whole" else job
        print(f"{name:34}" + "".join(f"{figures[times][job]:8.1f} us" for times in _TIMES))


if __name__ == "__main__":
    main()
