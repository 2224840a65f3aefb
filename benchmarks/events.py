"""Believable traffic: the demo's eight businesses, as the door would land it."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count

from footfall.demo import INDUSTRIES, Industry, history
from footfall.raw import IncomingEvent


def traffic(events: int) -> list[IncomingEvent]:
    """So many events, over as many weeks as it takes, in the order in which they happened within each week and business."""
    now = datetime.now(UTC)
    incoming: list[IncomingEvent] = []
    for week in count():
        for industry in INDUSTRIES:
            incoming += [_incoming(industry, event) for event in history(industry, 7, now - timedelta(weeks=week))]
        if len(incoming) >= events:
            return incoming[:events]
    raise AssertionError


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
