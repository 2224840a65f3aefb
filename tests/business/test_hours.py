"""Days of many visits are rolled up hour by hour, and their hours come to what the day comes to, whatever comes late."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import stories
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footfall.database import Connection, connect
from footfall.judgement.rules import read_rules
from footfall.operations import rules
from site_under_test import NOON, Site, at, view

DAY = NOON.date()
# what the hours of a day add up to, beside what its bridge says: rolled up or not, until a moment or to its end
BY_HOURS = """
    WITH asked AS (
        SELECT w.day, m.until FROM business.day_w w
        CROSS JOIN unnest('{infinity}'::timestamptz[] || %(moments)s) AS m(until)
        WHERE w.tenant_hk = %(tenant)s AND w.is_divided
    ), by_hours AS (
        SELECT a.until, r.* FROM asked a
        CROSS JOIN LATERAL business.rollup_of_hours(%(tenant)s, a.day, business.rolled_dimensions(), a.until) r
    ), whole AS (
        SELECT a.until, c.tenant_hk, c.dimension, c.day, c.value, c.previous_day, c.events, c.page_views, c.interactions,
               c.visits, c.visitors, c.begun, c.bounces, c.duration_seconds, c.conversions, c.converted, c.revenue,
               business.name_of(c.latest_name), c.refunds, c.views_without_visit
        FROM asked a
        CROSS JOIN LATERAL
            business.count_figures(%(tenant)s, ARRAY[a.day], business.rolled_dimensions(), a.until, NULL) c
    )
    SELECT 'hours', h::text FROM (SELECT * FROM by_hours EXCEPT SELECT * FROM whole) h
    UNION ALL
    SELECT 'day', d::text FROM (SELECT * FROM whole EXCEPT SELECT * FROM by_hours) d
"""
STORED = """
    WITH rolled AS (SELECT w.day FROM business.day_w w WHERE w.tenant_hk = %(tenant)s AND w.is_rolled_up), stored AS (
        SELECT r.* FROM business.rollup_b r JOIN rolled USING (day) WHERE r.tenant_hk = %(tenant)s
    ), counted AS (
        SELECT r.* FROM business.rollup_of(%(tenant)s, ARRAY(SELECT day FROM rolled), business.rolled_dimensions()) r
    )
    (SELECT * FROM stored EXCEPT SELECT * FROM counted) UNION ALL (SELECT * FROM counted EXCEPT SELECT * FROM stored)
"""

events = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["page_view"] * 4 + ["item_interaction", "start", "complete", "complete", "refund"]),
        "path": st.sampled_from("ab"),
        # three days of a zone that is off by three quarters of an hour: an hour (UTC) is of two days there
        "minutes": st.one_of(st.integers(0, 200), st.integers(-1500, 1600)),
        "who": stories.WHO,
        "order": st.sampled_from([None, "1", "2"]),
        "item": st.sampled_from("pq"),
        "name": st.sampled_from("ABC"),
        "source": st.sampled_from(["", "", "?utm_source=n"]),
        "is_bot": stories.IS_BOT,
    }
)
steps = st.lists(
    st.one_of(
        st.lists(events, min_size=1, max_size=8),
        st.tuples(st.just("divide"), st.just(0)),
        st.tuples(st.just("roll up"), st.integers(1, 8)),
        stories.CLOSED,
        stories.REMOVED,
        stories.JUDGED,
    ),
    min_size=2,
    max_size=8,
)


def sent(event: dict) -> dict:
    payload = {"page_url": f"https://acme.example/{event['path']}{event['source']}"}
    match event["kind"]:
        case "page_view":
            payload |= {"evt_type": "page_view"}
        case "item_interaction":
            payload |= {
                "evt_type": "item_interaction",
                "evt_action": "view",
                "item_id": event["item"],
                "item_name": event["name"],
            }
        case action:
            payload |= {"evt_type": "transaction_step", "evt_action": action, "evt_value": 5, "funnel": "checkout"}
            payload |= {"transaction_id": event["order"]}
    return stories.sent(payload, event)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.lists(events, min_size=3, max_size=10), story=steps)
def test_the_hours_of_a_day_add_up_to_it_whatever_happens(module_url: str, first: list, story: list) -> None:
    with connect(module_url, "footfall_worker") as connection:
        site = Site.another(connection, time_zone="Asia/Kathmandu")
        asked = {"tenant": site.tenant_hk, "moments": [NOON + timedelta(hours=h, minutes=20) for h in (-20, 0, 1, 3)]}
        for step in [first, ("close", 2000), ("divide", 0), ("roll up", 100), *story, ("divide", 0), ("roll up", 100)]:
            match step:
                case ("divide", _):
                    site.divide()
                case ("roll up", hours):
                    site.roll_up_hours(hours)
                case ("close" | "remove" | "judge", _):
                    stories.tell(site, step)
                case _:
                    site.land(*map(sent, step))
                    site.load()
            assert connection.execute(BY_HOURS, asked).fetchall() == [], step
        while site.value("SELECT business.roll_up_days('infinity')"):
            pass
        assert connection.execute(STORED, asked).fetchall() == []


def hours(site: Site) -> dict[int, bool]:
    """Which hours of the day are known, and whether they are rolled up."""
    query = "SELECT hour, is_rolled_up FROM business.hour_w WHERE tenant_hk = %s"
    return {hour.astimezone(UTC).hour: rolled for hour, rolled in site.rows(query, site.tenant_hk)}


@pytest.fixture
def divided(site: Site) -> Site:
    """A day of visits at 9, 10 and 11 o'clock, whose hours are rolled up."""
    site.land(*[view("/", minutes, _visitor_id=f"v{minutes}") for minutes in (-180, -120, -60)])
    site.load()
    site.close(NOON + timedelta(days=1))
    site.divide()
    bring_up_to_date(site)
    assert hours(site) == {9: True, 10: True, 11: True}
    return site


def bring_up_to_date(site: Site) -> None:
    site.load()
    site.close(NOON + timedelta(days=1))
    site.roll_up_hours()


def test_a_late_event_touches_the_hour_of_its_visit_alone(divided: Site) -> None:
    divided.land(view("/late", -115, _visitor_id="v-120"))
    divided.load()
    assert hours(divided) == {9: True, 10: False, 11: True}


def test_it_touches_later_hours_of_the_same_visitor(divided: Site) -> None:
    divided.land(view("/late", -300, _visitor_id="v-60"))
    divided.load()
    assert hours(divided) == {7: False, 9: True, 10: True, 11: False}


def test_it_touches_the_hour_that_its_visit_seemed_to_begin_in(divided: Site) -> None:
    divided.land(view("/late", -135, _visitor_id="v-120"))
    divided.load()
    assert hours(divided) == {9: False, 10: False, 11: True}


def order(minutes: float, visitor: str, **sender: object) -> dict:
    facts = {"evt_type": "transaction_step", "evt_action": "complete", "evt_value": 5, "transaction_id": "o-1"}
    return facts | {"event_timestamp": at(minutes), "event_id": f"o-1 {visitor}", "_visitor_id": visitor} | sender


def test_it_touches_the_hour_in_which_the_same_order_was_counted(divided: Site) -> None:
    divided.land(order(-60, "v-60"))
    bring_up_to_date(divided)
    divided.land(order(-120, "v-120"))
    divided.load()
    assert hours(divided) == {9: True, 10: False, 11: False}


def test_an_order_that_is_repeated_touches_no_hour_before(divided: Site) -> None:
    divided.land(order(-120, "v-120"))
    bring_up_to_date(divided)
    divided.land(order(-60, "v-60"))
    divided.load()
    assert hours(divided) == {9: True, 10: True, 11: False}


def test_what_a_server_says_of_an_order_touches_the_hour_of_what_a_page_said(divided: Site) -> None:
    divided.land(order(-120, "v-120", _is_trusted=False, _record_source="web:1"))
    bring_up_to_date(divided)
    divided.land(order(-60, "v-60"))
    divided.load()
    assert hours(divided) == {9: True, 10: False, 11: False}


def test_a_visit_that_turns_out_to_be_a_bots_touches_the_hour_it_was_counted_in(divided: Site) -> None:
    divided.land(view("/again", -119, _visitor_id="v-120"))
    bring_up_to_date(divided)
    more_than_one_view = {"behaviour": {"views_without_engagement": 1}}
    rules.apply(divided.connection, divided.tenant_hk, read_rules(more_than_one_view))
    assert hours(divided) == {9: True, 10: False, 11: True}
    bring_up_to_date(divided)
    assert divided.value("SELECT sum(visits) FROM business.rollup_hour_w WHERE dimension = 'all'") == 2


def test_what_is_removed_touches_all_hours_of_its_day(divided: Site) -> None:
    divided.value(
        "SELECT business.remove_events(%s, ARRAY(SELECT site_event_hk FROM business.event_b WHERE event_timestamp = %s))",
        divided.tenant_hk,
        NOON - timedelta(hours=2),
    )
    assert hours(divided) == {9: False, 10: False, 11: False}


def test_a_question_of_today_reads_hours_that_are_over_no_more(divided: Site, owner: Connection) -> None:
    """What they were counted to is what is answered: here something else, for the test to see."""
    owner.execute(
        "UPDATE business.rollup_hour_w SET visits = visits + 10 WHERE dimension = 'all' AND hour = %s",
        (NOON - timedelta(hours=3),),
    )
    days = {"dateFrom": f"{DAY}", "dateTo": f"{DAY}"}
    assert divided.ask("overview", **days)["data"]["metrics"]["visits"] == 13


def test_an_hour_that_a_load_touches_while_it_is_counted_stays_due(divided: Site, url: str) -> None:
    divided.land(view("/late", -115, _visitor_id="v-120"))
    divided.load()
    divided.land(view("/later", -114, _visitor_id="v-120"))
    with connect(url, "footfall_worker") as holding, connect(url, "footfall_worker") as counting, ThreadPoolExecutor(1) as thread:
        with holding.transaction():
            # what the hour was counted to goes first: there it waits, and has looked at when the hour was touched
            holding.execute("SELECT FROM business.rollup_hour_w FOR UPDATE")
            counted = thread.submit(counting.execute, "SELECT business.roll_up_hour('infinity')")
            while holding.execute("SELECT FROM pg_locks WHERE NOT granted").fetchone() is None:
                time.sleep(0.01)
            divided.load()
        counted.result()
    assert hours(divided) == {9: True, 10: False, 11: True}


def test_a_day_that_is_over_is_summed_up_and_after_some_days_divided_no_longer(divided: Site) -> None:
    assert divided.value("SELECT business.roll_up_due('0', %s)", datetime(2100, 1, 1, tzinfo=UTC)) == 1
    assert hours(divided) == {9: True, 10: True, 11: True}
    rolled = "SELECT day, is_rolled_up, is_divided FROM business.day_w"
    assert divided.rows(rolled) == [(DAY, True, True)]
    assert divided.value("SELECT business.roll_up_due('0', %s)", NOON + timedelta(days=3)) == 0
    assert divided.value("SELECT business.roll_up_due('0', %s)", NOON + timedelta(days=4)) == 1
    assert (divided.rows(rolled), hours(divided)) == ([(DAY, True, False)], {})
    assert divided.rows("SELECT 1 FROM business.rollup_hour_w") == []


def test_a_day_of_few_visits_is_not_divided(site: Site) -> None:
    site.land(view("/", 0, _visitor_id="v"), view("/", 0, _visitor_id="w"))
    site.load()
    never = "SELECT business.roll_up_due('1000 years', %s)"
    assert site.value(never, NOON) == 0
    assert site.value("SELECT business.divide_day(%s, 3)", NOON) == 0
    assert site.value("SELECT business.divide_day(%s, 2)", NOON) == 1


def test_a_day_that_is_quiet_is_rolled_up_as_a_whole(site: Site) -> None:
    site.land(view("/", 0, _visitor_id="v"))
    site.load()
    site.roll_up()
    assert site.rows("SELECT day, is_rolled_up, is_divided FROM business.day_w") == [(DAY, True, False)]
    assert hours(site) == {}
