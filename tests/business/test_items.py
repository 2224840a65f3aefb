"""Items are carried forward as pages are, and come to what all their visits come to, in whatever order events came and went."""

from datetime import timedelta

import pytest
import stories
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footfall.business import all_checks, run_check
from footfall.database import Connection, connect
from footfall.vault.checks import Scope
from site_under_test import BOT, NOON, Site, at, view

CHECKS = [check for check in all_checks() if check.code in ("marts.items", "marts.item_sums")]
DETAILS = "SELECT to_jsonb(d)::text FROM business.business_item_details_of(%s, %s) d ORDER BY 1"
ITEMS = "SELECT business_item_hk FROM business.business_item_h WHERE tenant_hk = %s"
# the definitions of docs/ask/metrics.md once more, read from all events of an item: as snapshots had it until version 52
WHOLE = """
WITH event AS (
    SELECT l.business_item_hk, v.root_session_hk, d.event_timestamp, d.raw_event_id, d.event_currency,
           d.business_item_info AS info,
           d.event_type = 'item_interaction' AND coalesce(j.traffic_class, d.traffic_class) = 'human' AS is_interaction
    FROM business.event_business_item_l l
    JOIN business.site_event_details_s d USING (site_event_hk)
    CROSS JOIN LATERAL business.visit_of(l.site_event_hk) AS v(root_session_hk)
    LEFT JOIN LATERAL business.judged_class(v.root_session_hk) j(traffic_class) ON true
    WHERE l.business_item_hk = ANY (%(items)s)
), visit AS (
    SELECT e.business_item_hk, e.root_session_hk, (
               SELECT max(d.event_timestamp) FROM business.visit_events(e.root_session_hk) d
               WHERE d.event_type = 'transaction_step' AND d.event_action = 'complete') >= min(e.event_timestamp) AS is_converted
    FROM event e WHERE e.is_interaction GROUP BY 1, 2
), outcome AS (
    SELECT v.business_item_hk, count(*) AS visits, count(*) FILTER (WHERE v.is_converted) AS converted FROM visit v GROUP BY 1
), latest AS (
    SELECT DISTINCT ON (e.business_item_hk, k.key) e.business_item_hk, k.key, k.value, e.event_currency
    FROM event e CROSS JOIN LATERAL jsonb_each(e.info) k
    ORDER BY e.business_item_hk, k.key, e.event_timestamp DESC, e.raw_event_id DESC
), said AS (
    SELECT l.business_item_hk, jsonb_object_agg(l.key, l.value) AS info,
           max(l.event_currency) FILTER (WHERE l.key = 'item_value') AS currency
    FROM latest l GROUP BY 1
), counted AS (
    SELECT e.business_item_hk, count(*) FILTER (WHERE e.is_interaction) AS interactions,
           count(*) FILTER (WHERE e.is_interaction AND e.event_timestamp > %(as_of)s::timestamptz - interval '30 days') AS recent
    FROM event e GROUP BY 1
)
SELECT to_jsonb(x)::text FROM (
    SELECT h.business_item_hk, h.tenant_hk,
           coalesce(s.info ->> 'item_name', substr(h.business_item_bk, strpos(h.business_item_bk, ':') + 1)) AS item_name,
           split_part(h.business_item_bk, ':', 1) AS item_type, s.info ->> 'item_category' AS item_category,
           s.info ->> 'item_description' AS item_description, (s.info ->> 'item_value')::numeric AS item_value,
           s.currency AS item_currency, c.recent > 0 AS is_active, c.recent AS popularity_score,
           round(100.0 * o.converted / o.visits, 2) AS conversion_rate, c.interactions AS total_interactions,
           coalesce(o.converted, 0) AS total_conversions, s.info -> 'item_metadata' AS business_metadata
    FROM business.business_item_h h
    JOIN counted c USING (business_item_hk) LEFT JOIN said s USING (business_item_hk) LEFT JOIN outcome o USING (business_item_hk)
) x ORDER BY 1
"""

events = st.fixed_dictionaries(
    {
        "evt_type": st.sampled_from(["item_interaction"] * 4 + ["transaction_step", "transaction_step of item", "page_view"]),
        "item": st.sampled_from("aab"),
        # half hours join, visits last for longer than they may, and ids come back; some of it was thirty days before the rest
        "minutes": st.one_of(
            st.integers(0, 100),
            st.integers(0, 1600),
            st.integers(-30 * 1440, -30 * 1440 + 90),
            st.integers(-31 * 1440, -28 * 1440),
        ),
        "who": stories.WHO,
        "name": st.sampled_from([None, "A", "B"]),
        "value": st.sampled_from([None, None, 7, 8.5]),
        "said": st.sampled_from([None, None, None, {"item_metadata": {"colour": "red"}}, {"item_category": "C"}]),
        "is_bot": stories.IS_BOT,
    }
)
steps = st.lists(
    st.one_of(
        st.lists(events, min_size=1, max_size=6),
        # late events of visits that were over, and counted
        st.tuples(st.just("settle"), st.lists(events, min_size=1, max_size=6)),
        stories.CLOSED,
        st.tuples(st.just("refresh"), st.just(0)),
        stories.REMOVED,
        stories.JUDGED,
        st.tuples(st.just("retire"), st.just(0)),
    ),
    min_size=3,
    max_size=9,
)


def look(item: str, minutes: float, session: str, **more) -> dict:
    return {"evt_type": "item_interaction", "item_id": item, "event_timestamp": at(minutes), "session_id": session, **more}


def sent(event: dict) -> dict:
    """As the door would have it; of nobody, where nobody is named."""
    evt_type, _, is_of_item = event["evt_type"].partition(" of ")
    payload = {"evt_type": evt_type, "page_url": "https://acme.example/"}
    if evt_type == "transaction_step":
        payload |= {"evt_action": "complete", "funnel": "checkout"}
    if is_of_item or evt_type == "item_interaction":
        payload |= {"item_id": event["item"], "item_name": event["name"], "item_value": event["value"]} | (event["said"] or {})
    return stories.sent(payload, event)


def findings(site: Site) -> list:
    return [finding for check in CHECKS if (finding := run_check(site.connection, check, Scope(site.tenant_hk)))]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=steps, days=st.integers(0, 62))
def test_what_is_carried_is_what_all_events_of_an_item_come_to(module_url: str, story: list, days: int) -> None:
    with connect(module_url, "footfall_worker") as connection:
        site = Site.another(connection)
        for step in story:
            match step:
                case ("close" | "remove" | "judge", _):
                    stories.tell(site, step)
                case ("refresh", _):
                    site.refresh()
                case ("settle", late):
                    site.settle()
                    site.land(*map(sent, late))
                    site.load()
                    site.close()
                case ("retire", _):
                    site.settle()
                    site.value("SELECT business.retire_events_of(%s, %s, 1000)", site.tenant_hk, NOON - timedelta(days=1))
                case _:
                    site.land(*map(sent, step))
                    site.load()
            assert findings(site) == [], step
        site.close()
        site.refresh()
        assert findings(site) == []
        items = [item for (item,) in site.rows(ITEMS, site.tenant_hk)]
        # those that retention took the last words of wait for it until they are met again
        site.value("SELECT business.sum_items(%s)", items)
        for moment in (NOON + timedelta(days=days, hours=days % 24), NOON + timedelta(minutes=days)):
            carried = site.rows(DETAILS, items, moment)
            whole = connection.execute(WHOLE, {"items": items, "as_of": moment}).fetchall()
            # of what retention removed nothing is told
            assert [row for row in carried if row in whole] == whole
            assert len(carried) == len(items)
        # all of their history is read
        carried = site.rows(DETAILS, items, NOON)
        site.value("SELECT business.forget_items(%s)", items)
        site.value("SELECT business.sum_items(%s)", items)
        assert carried == site.rows(DETAILS, items, NOON)
        stored = "SELECT count(*) FROM business.business_item_details_s WHERE tenant_hk = %s AND load_end_date IS NULL"
        assert site.value(stored, site.tenant_hk) == len(items)


def details(site: Site, *columns: str) -> list[tuple]:
    return site.rows(f"SELECT {', '.join(columns)} FROM business.business_item_details_s WHERE load_end_date IS NULL")


def test_a_visit_counts_for_its_items_when_it_is_over(site: Site) -> None:
    site.land(look("sku", 0, "s", item_name="Shoe"))
    site.load()
    site.refresh()
    assert details(site, "item_name") == []
    site.close()
    site.refresh()
    assert details(site, "item_name", "total_interactions") == [("Shoe", 1)]


def test_until_version_52_it_counted_at_once(site: Site) -> None:
    """A rebuild of what was loaded then comes to what was said then; nothing of it is carried."""
    site.land(look("sku", 0, "s", item_name="Shoe"))
    site.load()
    site.value(
        "INSERT INTO business.refresh_w SELECT 'business_item_details', business_item_hk, load_date, tenant_hk"
        " FROM business.business_item_h RETURNING 1"
    )
    assert site.value("SELECT business.refresh_due('business_item_details', '0', now(), 10, NULL, false)") == 1
    assert details(site, "item_name", "total_interactions") == [("Shoe", 1)]
    for table in ("item_w", "item_day_w", "item_visit_w"):
        assert site.rows(f"SELECT 1 FROM business.{table}") == []


def test_an_item_of_many_interactions_waits_no_longer_than_one_of_few(site: Site, owner: Connection) -> None:
    site.land(look("much", 0, "s"), look("little", 1, "s"))
    site.settle()
    owner.execute("UPDATE business.business_item_details_s SET total_interactions = 120000 WHERE item_name = 'much'")
    site.land(look("much", 5, "s"), look("little", 6, "s"))
    site.load()
    site.close()
    now = site.value("SELECT max(load_date) FROM raw.load_batch")
    assert site.value("SELECT business.refresh_due('business_item_details', '1 hour', %s)", now + timedelta(hours=2)) == 2


def test_what_comes_late_takes_the_place_of_what_was_known_of_its_visit(site: Site) -> None:
    columns = ("total_interactions", "conversion_rate::float", "popularity_score")
    site.land(look("sku", 0, "s"), look("sku", 0, "t"))
    site.settle()
    assert details(site, *columns) == [(2, 0, 0)]
    site.land(
        look("sku", 5, "s"),
        {"evt_type": "transaction_step", "evt_action": "complete", "event_timestamp": at(6), "session_id": "s", "funnel": "f"},
    )
    site.settle()
    assert details(site, *columns) == [(3, 50, 0)]
    assert findings(site) == []


def test_who_said_something_last_is_found_again_when_the_last_is_gone(site: Site) -> None:
    site.land(
        look("sku", 0, "oldest", item_name="Shoe"),
        look("sku", 100, "old", item_value=10, currency="EUR", item_category="c"),
        look("sku", 200, "new", item_name="Red shoe", item_category="d", _user_agent=BOT),
    )
    site.settle()
    columns = ("item_name", "item_category", "item_value::float", "item_currency", "total_interactions")
    assert details(site, *columns) == [("Red shoe", "d", 10, "EUR", 2)]
    site.value(
        "SELECT business.remove_events(%s, ARRAY(SELECT site_event_hk FROM business.site_event_details_s"
        " WHERE business_item_info ->> 'item_name' = 'Red shoe'))",
        site.tenant_hk,
    )
    site.settle()
    assert details(site, *columns) == [("Shoe", "c", 10, "EUR", 2)]


def test_thirty_days_begin_at_a_moment_also_in_the_midst_of_a_visit(site: Site) -> None:
    site.land(look("sku", 0, "s"), look("sku", 10, "s"), look("sku", 20 * 60, "t"), look("sku", 23 * 60, "u"))
    site.settle()
    items = [item for (item,) in site.rows(ITEMS, site.tenant_hk)]
    popular = "SELECT popularity_score FROM business.business_item_details_of(%s, %s)"
    moments = [-1, 0, 5, 10, 15, 20 * 60, 23 * 60]
    assert [site.value(popular, items, NOON + timedelta(days=30, minutes=m)) for m in moments] == [4, 3, 3, 2, 2, 1, 0]


def test_of_pages_and_items_that_are_gone_nothing_is_carried(site: Site) -> None:
    site.land(view("/", 0, session_id="s", page_title="Home"), look("sku", 1, "s", item_name="Shoe"))
    site.settle()
    tables = ("page_w", "page_title_w", "page_visit_w", "item_w", "item_day_w", "item_visit_w")
    assert [site.value(f"SELECT count(*) FROM business.{table}") for table in tables] == [1] * 6
    site.value(
        "SELECT business.remove_events(%s, ARRAY(SELECT site_event_hk FROM business.site_event_details_s))", site.tenant_hk
    )
    assert [site.value(f"SELECT count(*) FROM business.{table}") for table in tables] == [0] * 6


@pytest.mark.parametrize("history", [20, 400])
def test_a_snapshot_reads_no_more_of_an_item_that_has_been_there_for_long(site: Site, owner: Connection, history: int) -> None:
    """What one more visit costs its item: as many rows, however many visits met it before."""

    def met(days: float, session: str) -> dict:
        return look("sku", days * 1440, session, item_name="Shoe", item_value=10, currency="EUR")

    site.set_clock(NOON + timedelta(days=1))
    # one a day: the 30 days of the snapshot begin among them
    site.land(*[met(-days, f"old-{days}") for days in range(history)])
    site.settle()
    owner.execute("ANALYZE")
    site.land(met(0.01, "new"))
    site.load()
    read = """SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::integer FROM pg_stat_xact_user_tables
              WHERE schemaname = 'business' AND relname NOT LIKE 'day_w'"""
    with site.connection.transaction():
        # in a store of a few rows PostgreSQL would rather read them all
        site.connection.execute("SET LOCAL enable_seqscan = off")
        before = site.value(read)
        site.close()
        site.value("SELECT business.refresh_due('business_item_details', '0', %s)", NOON + timedelta(days=365))
        assert details(site, "item_name", "total_interactions", "popularity_score") == [
            ("Shoe", history + 1, min(history, 29) + 1)
        ]
        assert site.value(read) - before < 100
