"""A tenant's time zone, currency and week may change: its reports are those of one that always was so."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from footfall.business import add_event_type, all_checks, change_tenant, list_event_types, remove_event_type, run_check
from footfall.database import Connection, administering, connect, pool
from footfall.errors import NotAccepted
from site_under_test import BOT, NOON, Site, at, view

MART_COLUMNS = {
    "event_b": "day, event_type, event_timestamp, source, is_bot",
    "visit_b": "day, previous_day, spans_days, start_day, is_bounce, duration_seconds, events, page_views, first_event_timestamp",
    "rollup_b": "dimension, day, previous_day, events, page_views, visits, visitors, begun, bounces, converted, revenue",
}


def traffic(site: Site) -> None:
    """Some days of people who come again, around midnights of many zones, who buy in two currencies; and a bot."""
    for hour in range(0, 72, 5):
        person = {"session_id": f"s-{hour}", "_visitor_id": f"v-{hour % 3}"}
        minutes = hour * 60.0
        site.land(
            view("/", minutes, event_id=f"a-{hour}", **person),
            view("/b", minutes + 29, event_id=f"b-{hour}", **person),
            view("/", minutes, event_id=f"bot-{hour}", session_id=f"bot-{hour}", _user_agent=BOT),
            {"evt_type": "transaction_step", "evt_action": "complete", "evt_value": 5, "transaction_id": f"o-{hour}",
             "event_timestamp": at(minutes + 50), **person, **({"currency": "JPY"} if hour % 2 else {})},
            received=NOON + timedelta(days=5),
        )  # fmt: skip
    site.settle()


def changed(site: Site, url: str, **changes: str) -> None:
    with pool(url, "footfall_admin", size=1) as administrators, administering(administrators, site.tenant_hk) as connection:
        change_tenant(connection, **changes)


def marts(site: Site) -> dict[str, list[str]]:
    return {
        table: [
            row
            for (row,) in site.rows(
                f"SELECT to_jsonb(t)::text FROM (SELECT {columns} FROM business.{table} WHERE tenant_hk = %s) t ORDER BY 1",
                site.tenant_hk,
            )
        ]
        for table, columns in MART_COLUMNS.items()
    }


def asked(site: Site, report: str, **question: Any) -> Any:
    question |= {"dateFrom": "2026-03-01", "dateTo": "2026-03-31"}
    return site.ask(report, **question)["data"]


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata"])
def test_days_after_a_change_of_time_zone_are_those_of_a_tenant_that_always_lived_there(
    site: Site, worker: Connection, url: str, zone: str
) -> None:
    other = Site(worker, "other", time_zone=zone)
    traffic(site)
    traffic(other)
    before = marts(site)
    changed(site, url, time_zone=zone)
    days = {"interval": "day", "metrics": ["visitors", "visits", "page_views", "revenue", "bounce_rate"]}
    # at once, and when the rollups are made
    assert asked(site, "timeseries", **days)["buckets"] == asked(other, "timeseries", **days)["buckets"]
    site.settle()
    assert marts(site) == marts(other) != before
    assert asked(site, "timeseries", **days)["buckets"] == asked(other, "timeseries", **days)["buckets"]
    assert [finding for check in all_checks() if (finding := run_check(worker, check))] == []


def test_revenue_after_a_change_of_currency_is_in_the_new_one_and_nothing_is_converted(site: Site, url: str) -> None:
    traffic(site)
    usd = asked(site, "overview")
    changed(site, url, currency="JPY")
    for _ in ("at once", "when sessions are closed again and rollups are made"):
        jpy = asked(site, "overview")
        assert jpy["revenue_by_currency"] == usd["revenue_by_currency"] == {"USD": 40, "JPY": 35}
        assert (usd["metrics"]["revenue"], jpy["metrics"]["revenue"]) == (40, 35)
        assert jpy["metrics"]["conversions"] == usd["metrics"]["conversions"]
        site.settle()
    worth = "SELECT sum(d.lifetime_value) FROM business.site_visitor_details_s d WHERE d.load_end_date IS NULL"
    assert site.value(worth) == 35


def test_weeks_begin_as_the_tenant_says(site: Site, url: str) -> None:
    traffic(site)
    starts = {}
    for day in ("monday", "sunday", "saturday"):
        changed(site, url, week_start=day)
        answer = asked(site, "timeseries", interval="week", metrics=["page_views"])
        assert answer["query"]["weekStart"] == day
        starts[day] = {bucket["start"]: bucket["page_views"] for bucket in answer["buckets"] if bucket["page_views"]}
        assert [cohort["start"] for cohort in asked(site, "retention")["cohorts"] if cohort["visitors"]] == list(starts[day])
    # from Tuesday, 10 March 2026, to Friday
    assert starts == {"monday": {"2026-03-09": 30}, "sunday": {"2026-03-08": 30}, "saturday": {"2026-03-07": 30}}


def test_reports_say_what_they_said_until_the_change_is_done(site: Site, url: str) -> None:
    """A reader in the middle of it sees the old zone with the old days; a load that arrives meanwhile is cut by the new one."""
    traffic(site)
    before = asked(site, "timeseries", interval="day", metrics=["page_views"])["buckets"]
    with pool(url, "footfall_admin", size=1) as administrators, connect(url, "footfall_worker") as other:
        loader = Site.__new__(Site)
        loader.connection, loader.tenant_id, loader.tenant_hk = other, site.tenant_id, site.tenant_hk
        with administering(administrators, site.tenant_hk) as connection:
            change_tenant(connection, time_zone="Pacific/Auckland")
            assert asked(site, "timeseries", interval="day", metrics=["page_views"])["buckets"] == before
            site.land(view("/late", 13 * 60, session_id="late"))
            loading = threading.Thread(target=loader.load)
            loading.start()
            loading.join(1)
            assert loading.is_alive()
        loading.join()
    assert site.value("SELECT day::text FROM business.event_b WHERE event_timestamp = %s", at(13 * 60)) == "2026-03-11"
    assert site.value("SELECT count(*) FROM auth.tenant_details_s WHERE tenant_hk = %s", site.tenant_hk) == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone_unknown"),
        ({"currency": "euro"}, "currency_invalid"),
        ({"week_start": "friday"}, "week_start_invalid"),
        ({"name": " "}, "name_invalid"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(site: Site, url: str, changes: dict[str, str], code: str) -> None:
    with pytest.raises(NotAccepted) as refused:
        changed(site, url, **({"name": "Other"} | changes))
    assert refused.value.code == code
    assert site.rows("SELECT tenant_name, load_end_date FROM auth.tenant_details_s") == [("Acme", None)]


def test_a_type_that_is_accepted_later_brings_what_was_refused(site: Site, worker: Connection, url: str) -> None:
    other = Site(worker, "other")
    for sender in (site, other):
        sender.land(*({"evt_type": "quiz", "event_timestamp": at(n), "session_id": "s"} for n in range(3)), {"evt_type": "poll"})
        sender.load()
    with pool(url, "footfall_admin", size=1) as administrators, administering(administrators, site.tenant_hk) as connection:
        unknown = [(row["event_type"], row["refused"]) for row in list_event_types(connection) if not row["known"]]
        assert unknown == [("quiz", 3), ("poll", 1)]
        assert add_event_type(connection, " quiz ", "games", "finish") == 4
    site.load()
    with pool(url, "footfall_admin", size=1) as administrators, administering(administrators, site.tenant_hk) as connection:
        rows = {row["event_type"]: row for row in list_event_types(connection)}
        assert (rows["quiz"]["own"], rows["quiz"]["known"], rows["quiz"]["refused"], rows["poll"]["refused"]) == (
            True,
            True,
            0,
            1,
        )
        assert not rows["page_view"]["own"]
        assert remove_event_type(connection, "quiz")
        assert not remove_event_type(connection, "page_view")
        with pytest.raises(NotAccepted):
            add_event_type(connection, "", "games", "finish")
    loaded = site.rows("SELECT tenant_hk, event_type, event_category, event_action FROM business.site_event_details_s")
    assert loaded == [(site.tenant_hk, "quiz", "games", "finish")] * 3
