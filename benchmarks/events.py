"""Believable traffic: the demo's eight businesses, as the door would land it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count, islice

from footfall.demo import INDUSTRIES, Industry, history
from footfall.raw import IncomingEvent

_KINDS = 2000  # events of the past that those of now are made after


def traffic(events: int) -> list[IncomingEvent]:
    """So many events of the past weeks, in the order in which they happened within each week and business."""
    now = datetime.now(UTC)
    incoming: list[IncomingEvent] = []
    for week in count():
        for industry in INDUSTRIES:
            incoming += [_incoming(industry, event) for event in history(industry, 7, now - timedelta(weeks=week))]
        if len(incoming) >= events:
            return incoming[:events]
    raise AssertionError


def live(prefix: str, tenant_id: str) -> Iterator[str]:
    """Events of now without end, as JSON: each under an id of its own, four to a session, three sessions to a visitor."""
    kinds = _kinds(tenant_id)
    for number in count():
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        session, visitor = f"{prefix}-{tenant_id}-s{number // 4}", f"{prefix}-{tenant_id}-v{number // 12}"
        yield (
            f'{{"event_id":"{prefix}-{tenant_id}-{number:09d}","event_timestamp":"{now}Z","session_id":"{session}",'
            f'"visitor_id":"{visitor}",{kinds[number % len(kinds)]}'
        )


@cache
def _kinds(tenant_id: str) -> list[str]:
    industry = next(industry for industry in INDUSTRIES if industry.tenant_id == tenant_id)
    kinds = []
    for event in islice(history(industry, 7, datetime.now(UTC)), _KINDS):
        for key in ("event_id", "event_timestamp", "do_not_track", "client_ip", "user_agent"):
            event.pop(key, None)
        kinds.append(json.dumps(event)[1:])
    return kinds


def _incoming(industry: Industry, event: dict[str, object]) -> IncomingEvent:
    address, agent = str(event.pop("client_ip")), str(event.pop("user_agent"))
    asks = bool(event["do_not_track"])
    return IncomingEvent(
        tenant_id=industry.tenant_id,
        received=datetime.now(UTC),
        payload=json.dumps(event),
        record_source="benchmark",
        user_agent=None if asks else agent,
        visitor_id=None if asks else f"v_{address}_{str(event['event_timestamp'])[:10]}",
        do_not_track=asks,
        is_trusted=True,
    )
