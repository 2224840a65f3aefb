"""Traffic for the demo: weeks of history, then live visits; all through the HTTP door, as a site's server would send it."""

import json
import random
import threading
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from footfall.demo.industries import INDUSTRIES, Industry
from footfall.demo.visits import Event, visit
from footfall.errors import StoreUnavailable

_AT_ONCE = 500  # events in a request
_GROWTH_A_DAY = 1.012
# visits by hour of the business's own day: asleep at night, busiest in the evening
_HOURS = (1, 1, 1, 1, 1, 2, 3, 5, 7, 8, 8, 8, 9, 8, 8, 8, 8, 9, 10, 11, 11, 9, 6, 3)


def history(industry: Industry, days: int, now: datetime) -> list[Event]:
    """The events of so many days and of today until now, in order of time; the same for the same days and the same `now`."""
    today = now.astimezone(ZoneInfo(industry.time_zone)).date()
    events = [event for back in range(days, -1, -1) for event in _of_day(industry, today - timedelta(days=back), back)]
    return sorted((event for event in events if event["event_timestamp"] < now.isoformat()), key=_time)


def _of_day(industry: Industry, day: date, back: int) -> list[Event]:
    """What begins on a day of the business, so many days before the last."""
    rng = random.Random(f"{industry.tenant_id} {day}")  # noqa: S311  a play, not a secret
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(industry.time_zone))
    weekend = 0.6 if day.weekday() >= 5 else 1.0  # noqa: PLR2004  Saturday
    events: list[Event] = []
    for _ in range(int(industry.visits_a_day * _GROWTH_A_DAY**-back * weekend * rng.uniform(0.85, 1.15))):
        hour = rng.choices(range(24), _HOURS)[0]
        start = midnight.replace(hour=hour, minute=rng.randrange(60), second=rng.randrange(60)).astimezone(UTC)
        events += visit(industry, start, rng)
    return events


def _time(event: Event) -> str:
    return str(event["event_timestamp"])


def send_history(address: str, keys: dict[str, str], days: int, stop: threading.Event, sent: Callable[[int, int], None]) -> None:
    """Send every business's past, or some of it when told to stop; `sent` is told how many of how many events have been accepted.

    Raises StoreUnavailable when the server ends before it was told to.
    """
    now = datetime.now(UTC)
    past = {industry.tenant_id: history(industry, days, now) for industry in INDUSTRIES}
    total = sum(map(len, past.values()))
    sent(0, total)
    for tenant_id, events in past.items():
        for chunk in _batched(events, _AT_ONCE):
            if stop.is_set():
                return
            sent(_post(address, keys[tenant_id], chunk, stop), total)


def send_live(address: str, keys: dict[str, str], stop: threading.Event, sent: Callable[[int], None]) -> None:
    """Let the days go on as the history does, each event in its moment, until told to stop."""
    upto = datetime.now(UTC)
    begun: set[tuple[str, date]] = set()
    waiting: dict[str, list[Event]] = {industry.tenant_id: [] for industry in INDUSTRIES}
    while not stop.wait(1.0):
        now = datetime.now(UTC)
        for industry in INDUSTRIES:
            today = now.astimezone(ZoneInfo(industry.time_zone)).date()
            for back in (1, 0):  # visits of yesterday may not be over
                day = today - timedelta(days=back)
                if (industry.tenant_id, day) not in begun:
                    begun.add((industry.tenant_id, day))
                    waiting[industry.tenant_id] += [e for e in _of_day(industry, day, back) if _time(e) >= upto.isoformat()]
            due = sorted((e for e in waiting[industry.tenant_id] if _time(e) < now.isoformat()), key=_time)
            if due:
                waiting[industry.tenant_id] = [e for e in waiting[industry.tenant_id] if _time(e) >= now.isoformat()]
                sent(_post(address, keys[industry.tenant_id], due, stop))


def _post(address: str, key: str, events: list[Event], stop: threading.Event) -> int:
    """Send events; returns how many were accepted. Who interrupts the demo interrupts its server, too: then it is none."""
    request = urllib.request.Request(  # noqa: S310  our own server
        f"{address}/api/tracking/events",
        json.dumps({"events": events}).encode(),
        {"Content-Type": "application/json", "X-Footfall-Key": key},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310
            answer: dict[str, Any] = json.load(reply)
    except OSError as error:
        if stop.wait(1.0):
            return 0
        raise StoreUnavailable(f"the server at {address} does not answer: {error}") from None
    return int(answer["data"]["events_processed"])


def _batched(events: list[Event], size: int) -> Iterator[list[Event]]:
    return (events[start : start + size] for start in range(0, len(events), size))
