"""The last hours: the same figures as of days where both are about the same moments, and nothing from before them."""

import json
from datetime import timedelta
from typing import Any

import pytest

from site_under_test import NOON, Site, at, view

STEP = {"evt_type": "transaction_step", "evt_action": "complete"}
REPORTS = {
    "overview": {},
    "timeseries": {"interval": "hour", "metrics": "visitors,visits,page_views,revenue"},
    "breakdown": {"dimension": "source", "metrics": "visitors,visits,bounce_rate,visit_duration,revenue"},
    "goals": {},
    "funnel": {"steps": ["event_type==page_view", "event_type==transaction_step"]},
    "paths": {},
    "items": {},
    "engagement": {},
    "vitals": {},
    "bots": {},
    "events": {"figure": "visits"},
    "properties": {},
    "sessions": {"filter": "source!=nowhere"},
}


def answer(site: Site, report: str, **asked: Any) -> dict[str, Any]:
    reply = site.ask(report, **asked)
    assert reply["success"], reply
    return {key: value for key, value in reply["data"].items() if key not in ("query", "metadata")}


@pytest.fixture
def busy(site: Site) -> Site:
    """Two days: visits of one to four views, orders in two currencies, properties; and a visit over the midnight between them."""
    for hour in range(-36, 12, 3):
        sender = {"_visitor_id": f"v{hour}", "properties": {"size": hour}}
        site.land(*(view(f"/{number}", 60 * hour + number, **sender) for number in range(hour % 4 + 1)))
        vitals = {"evt_type": "engagement", "evt_action": "web_vitals", "event_timestamp": at(60 * hour + 1)}
        site.land(vitals | {"_visitor_id": f"v{hour}", "properties": {"lcp": 2000 + hour}})
        if hour % 2:
            order = {"event_timestamp": at(60 * hour + 9), "evt_value": 40 + hour, "currency": "EUR" if hour % 4 == 1 else "CHF"}
            site.land(STEP | {"event_id": f"order{hour}", "item_id": "sku"} | order | sender)
    site.land(view("/late", -12 * 60 - 1, _visitor_id="v"), view("/early", -12 * 60 + 1, _visitor_id="v"))
    site.settle()
    return site


@pytest.mark.parametrize("report", REPORTS)
def test_hours_until_midnight_are_the_days(busy: Site, report: str):
    # the end of this hour is midnight
    busy.set_clock(NOON + timedelta(hours=11, minutes=40))
    by_hours = answer(busy, report, hours=24, **REPORTS[report])
    by_days = answer(busy, report, dateFrom="2026-03-10", dateTo="2026-03-10", **REPORTS[report])
    for comparison in by_hours.get("comparison", {}).values():
        comparison.pop("from"), comparison.pop("until")
    assert by_hours == by_days
    # no bot was there
    if report != "bots":
        assert json.dumps(by_hours) != json.dumps(answer(busy, report, hours=1, **REPORTS[report]))


def test_nothing_from_before_them_or_after(site: Site):
    site.land(*(view("/", minutes, _visitor_id=f"v{minutes}") for minutes in (-121, -119, 0, 59, 60)))
    site.settle()
    site.set_clock(NOON + timedelta(minutes=30))
    assert answer(site, "overview", hours=3)["metrics"]["page_views"] == 3
    buckets = answer(site, "timeseries", hours=3, metrics="page_views")["buckets"]
    assert [bucket["page_views"] for bucket in buckets] == [1, 0, 2]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"hours": 24, "dateFrom": "2026-03-10"}, "value_unknown"),
        ({"hours": 24, "asOf": "2026-03-10T00:00:00Z"}, "value_unknown"),
        ({"hours": 169}, "number_out_of_range"),
        ({"hours": 0}, "number_out_of_range"),
        ({"hours": "a day"}, "number_out_of_range"),
    ],
)
def test_what_cannot_be_meant_is_refused(site: Site, asked: dict[str, Any], code: str):
    reply = site.ask("overview", **asked)
    assert reply["debug_info"]["error"] == code
