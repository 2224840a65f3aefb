"""Like is compared with like: the same part of the day, of the week, of the month; and it is said what was compared."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databases import Databases
from footfall.api.questions.comparisons import compared, range_of_days
from footfall.api.tenant import Tenant
from site_under_test import Site, view

NOW = datetime(2026, 11, 26, 14, 10, tzinfo=UTC)  # a Thursday


def tenant(now: datetime = NOW, week_start: Any = "monday") -> Tenant:
    return Tenant(bytes(20), "acme", "UTC", "EUR", week_start, now, now.replace(tzinfo=None), {}, (), (), Greenwich())


class Greenwich:
    def day_start(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=UTC)

    def moment(self, local: datetime) -> datetime:
        return local.replace(tzinfo=UTC)

    def local(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=None)


RANGES = [
    # asked, how, what it is compared with, until
    ("2026-11-26", "2026-11-26", "date", "2026-11-25", "2026-11-25", "2026-11-25T14:10"),
    ("2026-11-26", "2026-11-26", "weekday", "2026-11-19", "2026-11-19", "2026-11-19T14:10"),
    ("2026-11-25", "2026-11-25", "date", "2026-11-24", "2026-11-24", None),
    ("2026-11-23", "2026-11-26", "date", "2026-11-16", "2026-11-19", "2026-11-19T14:10"),
    ("2026-11-16", "2026-11-22", "date", "2026-11-09", "2026-11-15", None),
    ("2026-11-01", "2026-11-26", "date", "2026-10-01", "2026-10-26", "2026-10-26T14:10"),
    ("2026-11-01", "2026-11-30", "date", "2026-10-01", "2026-10-26", "2026-10-26T14:10"),
    ("2026-10-01", "2026-10-31", "date", "2026-09-01", "2026-09-30", None),
    ("2026-02-01", "2026-02-28", "date", "2026-01-01", "2026-01-31", None),
    ("2026-07-01", "2026-09-30", "date", "2026-04-01", "2026-06-30", None),
    ("2026-01-01", "2026-11-26", "date", "2025-02-01", "2025-12-26", "2025-12-26T14:10"),
    ("2026-10-28", "2026-11-26", "date", "2026-09-28", "2026-10-27", "2026-10-27T14:10"),
    ("2026-10-28", "2026-11-26", "weekday", "2026-09-23", "2026-10-22", "2026-10-22T14:10"),
    ("2026-11-10", "2026-11-20", "date", "2026-10-30", "2026-11-09", None),
]


@pytest.mark.parametrize(("first", "last", "aligned", "since", "to", "until"), RANGES)
def test_a_period_is_compared_with_its_like(first: str, last: str, aligned: Any, since: str, to: str, until: str | None) -> None:
    asked = range_of_days(date.fromisoformat(first), date.fromisoformat(last), tenant())
    other = compared(asked, "previous_period", aligned, tenant())
    assert (f"{other.range.first}", f"{other.range.last}", other.is_cut) == (since, to, until is not None)
    assert other.range.until == (
        datetime.fromisoformat(f"{until}+00:00") if until else range_of_days(other.range.first, other.range.last, tenant()).until
    )


def test_a_day_that_the_other_month_does_not_have_stands_for_its_last_as_a_whole() -> None:
    about = tenant(datetime(2026, 3, 31, 14, 10, tzinfo=UTC))
    other = compared(range_of_days(date(2026, 3, 1), date(2026, 3, 31), about), "previous_period", "date", about)
    assert (other.range.first, other.range.last, other.is_cut) == (date(2026, 2, 1), date(2026, 2, 28), False)


def test_a_week_begins_as_the_tenants_does() -> None:
    about = tenant(week_start="sunday")
    other = compared(range_of_days(date(2026, 11, 22), date(2026, 11, 26), about), "previous_period", "date", about)
    assert (other.range.first, other.range.last) == (date(2026, 11, 15), date(2026, 11, 19))


def test_a_year_ago_is_the_same_date_or_the_same_weekday() -> None:
    asked = range_of_days(date(2026, 11, 26), date(2026, 11, 26), tenant())
    assert compared(asked, "previous_year", "date", tenant()).range.last == date(2025, 11, 26)
    assert compared(asked, "previous_year", "weekday", tenant()).range.last == date(2025, 11, 27)
    leap = tenant(datetime(2028, 2, 29, 12, tzinfo=UTC))
    whole = range_of_days(date(2028, 2, 29), date(2028, 2, 29), leap)
    assert compared(whole, "previous_year", "date", leap).range.last == date(2027, 2, 28)


@given(st.dates(date(2020, 1, 1), date(2027, 12, 31)), st.integers(0, 400), st.sampled_from(["date", "weekday"]))
def test_what_is_over_is_compared_with_what_was_just_before(first: date, days: int, aligned: Any) -> None:
    about = tenant(datetime(2030, 1, 1, tzinfo=UTC))
    asked = range_of_days(first, first + timedelta(days=days), about)
    other = compared(asked, "previous_period", aligned, about)
    assert not other.is_cut
    assert other.range.last < asked.first
    if aligned == "weekday":
        assert other.range.first.weekday() == asked.first.weekday()
        assert other.range.last - other.range.first == asked.last - asked.first
    else:
        assert other.range.last == asked.first - timedelta(days=1)


@pytest.fixture(scope="module")
def template_with_site(databases: Databases, template: str) -> Iterator[str]:
    """A view of its own visitor every hour on the half, and an order each day at ten, for sixty days until 14:10 today."""
    with databases.filled(template, lambda connection: visited(Site(connection, "acme"))) as name:
        yield name


@pytest.fixture
def level(site: Site) -> Site:
    site.set_clock(NOW)
    return site


def visited(site: Site) -> None:
    for hour in range(24 * 60):
        moment = NOW.replace(minute=30) - timedelta(hours=hour + 1)
        who = {"session_id": f"s{hour}", "_visitor_id": f"v{hour}", "event_timestamp": moment.isoformat()}
        order = {"evt_type": "transaction_step", "evt_action": "complete", "evt_value": 10, "currency": "USD"}
        site.connection.execute("SELECT util.ensure_month(%s, 'bytea')", (moment,))
        site.land(view("/", 0, **who), *([view("/", 1, **who | order)] if moment.hour == 10 else []), received=NOW)
    site.set_clock(NOW)
    site.load()


@pytest.mark.parametrize("state", ["just loaded", "rolled up"])
def test_level_traffic_has_not_changed(level: Site, state: str) -> None:
    if state == "rolled up":
        level.close(NOW)
        level.roll_up()
    for days, until in (
        ({"dateFrom": "2026-11-26", "dateTo": "2026-11-26"}, "2026-11-25T14:10:00+00:00"),
        ({"dateFrom": "2026-11-23", "dateTo": "2026-11-26"}, "2026-11-19T14:10:00+00:00"),
        ({"dateFrom": "2026-11-01", "dateTo": "2026-11-26"}, "2026-10-26T14:10:00+00:00"),
        ({}, "2026-10-27T14:10:00+00:00"),
    ):
        for asked in (days, days | {"filter": "source==direct"}, days | {"filter": "page==/"}):
            said = level.ask("overview", compare="previous_period", **asked)["data"]["comparison"]["previous_period"]
            assert said["until"] == until
            changes = {name: said["change"][name] for name in ("visits", "visitors", "page_views", "conversions", "revenue")}
            assert set(changes.values()) == {0.0}, (asked, said)


def test_a_range_of_ones_own_is_compared_as_a_whole(level: Site) -> None:
    asked = {"dateFrom": "2026-11-25", "dateTo": "2026-11-25", "compare": ["custom"], "compareFrom": "2026-11-20"}
    said = level.ask("overview", **asked, compareTo="2026-11-21")["data"]["comparison"]["custom"]
    assert (said["dateFrom"], said["dateTo"], said["metrics"]["visits"], said["change"]["visits"]) == (
        "2026-11-20",
        "2026-11-21",
        48,
        -50,
    )
    refused = level.ask("overview", **asked)
    assert (refused["debug_info"]["error"], refused["debug_info"]["field"]) == ("date_invalid", "compareTo")


def test_a_rate_changes_by_points(level: Site) -> None:
    said = level.ask(
        "overview", dateFrom="2026-11-25", dateTo="2026-11-25", compare="custom", compareFrom="2026-11-26", compareTo="2026-11-26"
    )
    before = said["data"]["comparison"]["custom"]
    assert before["metrics"]["conversion_rate"] == 7.14
    assert before["change"]["conversion_rate"] == round(4.17 - 7.14, 2)
