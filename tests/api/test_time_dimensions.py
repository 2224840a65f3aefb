"""By hour of the day and by day of the week, as the tenant's clocks say it."""

import pytest

from footfall.database import Connection
from site_under_test import Site, view

DAYS = {"dateFrom": "2026-03-09", "dateTo": "2026-03-12", "metrics": ["events", "visitors"]}


@pytest.fixture
def busy(worker: Connection) -> Site:
    """In Kathmandu, a quarter to: two visitors on a Tuesday at 17:45, one of them on Wednesday at 00:15, too."""
    site = Site(worker, "acme", time_zone="Asia/Kathmandu")
    site.land(
        view("/", 0, session_id="a", _visitor_id="ann"),
        view("/", 10, session_id="b", _visitor_id="ben"),
        view("/", 390, session_id="c", _visitor_id="ann"),
    )
    site.settle()
    return site


@pytest.mark.parametrize("moment", [{}, {"asOf": "2100-01-01T00:00:00Z"}])
def test_hours_and_weekdays_are_those_of_the_tenants_clocks(busy: Site, moment: dict) -> None:
    def by(dimension: str) -> list[tuple]:
        rows = busy.ask("breakdown", dimension=dimension, **DAYS, **moment)["data"]["rows"]
        return [(row["value"], row["events"], row["visitors"]) for row in rows]

    assert by("hour_of_day") == [("17", 2, 2), ("00", 1, 1)]
    assert by("weekday") == [("Tuesday", 2, 2), ("Wednesday", 1, 1)]


def test_they_filter_as_any_other(busy: Site) -> None:
    said = busy.ask("overview", dateFrom="2026-03-09", dateTo="2026-03-12", filter="hour_of_day==00|01;weekday!=Sunday")
    assert said["data"]["metrics"]["page_views"] == 1
