"""Visitors, pages and items: computed at snapshots, and right (T15, definitions of docs/ask/metrics.md)."""

from collections import defaultdict
from datetime import timedelta
from itertools import zip_longest

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import Fact, assign_sessions, sessions_of

from footfall.database import connect
from site_under_test import BOT, NOON, Site, at, view


def step(action: str, minutes: float, session: str, **more) -> dict:
    return {
        "evt_type": "transaction_step",
        "evt_action": action,
        "event_timestamp": at(minutes),
        "session_id": session,
        "funnel": "checkout",
        **more,
    }


def look(item: str, minutes: float, session: str, **more) -> dict:
    return {"evt_type": "item_interaction", "item_id": item, "event_timestamp": at(minutes), "session_id": session, **more}


def current(site: Site, table: str, *columns: str) -> list[tuple]:
    return site.rows(f"SELECT {', '.join(columns)} FROM business.{table} WHERE load_end_date IS NULL ORDER BY 1")


def test_a_visitor_over_all_sessions(site: Site) -> None:
    site.land(
        view("/", 0, session_id="s-1", visitor_id="jo", language="de"),
        look("a", 1, "s-1", visitor_id="jo"),
        look("b", 2, "s-1", visitor_id="jo"),
        look("b", 3, "s-1", visitor_id="jo"),
        step("complete", 4, "s-1", visitor_id="jo", transaction_id="o-1", evt_value=10),
        view("/", 1440, session_id="s-2", visitor_id="jo", language="en", _received=NOON + timedelta(days=2)),
        step("complete", 1441, "s-2", visitor_id="jo", transaction_id="o-1", evt_value=10, _received=NOON + timedelta(days=2)),
        step("complete", 1442, "s-2", visitor_id="jo", transaction_id="o-2", evt_value=5, _received=NOON + timedelta(days=2)),
    )
    site.settle()
    columns = (
        "total_sessions", "total_page_views", "total_transactions", "lifetime_value", "favorite_items", "visitor_segment",
        "language", "device_type", "first_visit_date", "last_visit_date",
    )  # fmt: skip
    assert current(site, "site_visitor_details_s", *columns) == [
        (2, 2, 2, 15, ["item:b", "item:a"], "customer", "en", "desktop", NOON, NOON + timedelta(days=1))
    ]


def test_a_visitor_gets_at_most_one_row_a_day(site: Site) -> None:  # T15
    for hour in range(4):
        site.land(view("/", 60 * hour, session_id=f"s-{hour}", visitor_id="jo"))
        site.load()
        site.close()
        moment = NOON + timedelta(days=365, hours=hour)
        site.set_clock(moment)
        site.value("SELECT business.refresh_due('site_visitor_details', '1 day', %s)", moment)
    assert site.value("SELECT count(*) FROM business.site_visitor_details_s") == 1
    site.set_clock(NOON + timedelta(days=367))
    site.value("SELECT business.refresh_due('site_visitor_details', '1 day', %s)", NOON + timedelta(days=367))
    assert current(site, "site_visitor_details_s", "total_sessions") == [(4,)]


def test_a_visit_from_another_network_alone_makes_no_new_row(site: Site) -> None:
    """Viewport and time of the latest visit change all the time: they are stored, not compared."""
    site.land(view("/", 0, session_id="s", visitor_id="jo"))
    site.settle()
    site.connection.execute("UPDATE business.site_session_context_s SET viewport_size = '7x7'")
    keys = [key for (key,) in site.rows("SELECT site_visitor_hk FROM business.site_visitor_h")]
    assert site.value("SELECT business.refresh_site_visitor_details(%s, now())", keys) == 0


def test_segments_are_the_tenants_first_matching_rule(site: Site, owner) -> None:
    owner.execute("INSERT INTO ref.visitor_segment VALUES (%s, 1, 'whale', 0, 0, 100)", (site.tenant_hk,))
    site.land(
        step("complete", 0, "s-1", visitor_id="rich", evt_value=150), step("complete", 0, "s-2", visitor_id="poor", evt_value=5)
    )
    site.settle()
    rows = site.rows("""SELECT h.site_visitor_bk, d.visitor_segment FROM business.site_visitor_h h
                        JOIN business.site_visitor_details_s d USING (site_visitor_hk) ORDER BY 1""")
    assert rows == [("poor", "customer"), ("rich", "whale")]


def test_a_page_over_the_sessions_that_saw_it(site: Site) -> None:
    site.land(
        # came, read for 40 s by the client's own clock, went on, bought
        view("/a", 0, session_id="s-1", visitor_id="x", page_title="A"),
        {
            "evt_type": "engagement",
            "page_url": "https://acme.example/a",
            "time_on_page": 40,
            "session_id": "s-1",
            "event_timestamp": at(1),
        },
        view("/b", 2, session_id="s-1", visitor_id="x"),
        step("complete", 3, "s-1"),
        # came and left
        view("/a", 0, session_id="s-2", visitor_id="y", page_title="A"),
        # came to another page first, then here for a minute, then on
        view("/b", 0, session_id="s-3", visitor_id="x"),
        view("/a", 1, session_id="s-3", visitor_id="x", page_title="(3) A"),
        view("/c", 2, session_id="s-3", visitor_id="x"),
        view("/a", 0, session_id="s-4", _user_agent=BOT),
    )
    site.settle()
    columns = (
        "page_url", "page_title", "page_path", "page_hostname", "total_views", "unique_visitors", "avg_time_on_page",
        "bounce_rate::float", "conversion_rate::float",
    )  # fmt: skip
    assert current(site, "site_page_details_s", *columns)[0] == (
        "acme.example/a", "A", "/a", "acme.example", 3, 2, 50, 50.0, 33.33,
    )  # fmt: skip


def test_an_item_over_the_events_about_it(site: Site) -> None:
    site.land(
        look("sku", 0, "s-1", item_type="product", item_name="Shoe", item_value=10),
        look("sku", 1, "s-1", item_type="product", item_name="Red shoe", item_value="12.5", currency="EUR"),
        step("complete", 2, "s-1"),
        look("sku", 0, "s-2", item_type="product"),
        step("complete", 0, "s-3"),
        look("sku", 1, "s-3", item_type="product"),  # looked at it only after the purchase
        look("sku", 0, "s-4", item_type="product", _user_agent=BOT),
    )
    site.settle()
    columns = (
        "item_name",
        "item_type",
        "item_value::float",
        "item_currency",
        "total_interactions",
        "total_conversions",
        "conversion_rate::float",
    )
    # the latest event that names it, and the latest that says what it costs; events that do neither change nothing
    assert current(site, "business_item_details_s", *columns) == [("Red shoe", "product", 12.5, "EUR", 4, 1, 33.33)]


def test_an_item_is_popular_for_thirty_days(site: Site) -> None:
    site.set_clock(NOON + timedelta(days=1))
    site.land(look("sku", 0, "s-1"))
    site.load()
    site.close()
    site.set_clock(NOON + timedelta(days=29))
    site.refresh(NOON + timedelta(days=29))
    assert current(site, "business_item_details_s", "popularity_score", "is_active") == [(1, True)]
    keys = [key for (key,) in site.rows("SELECT business_item_hk FROM business.business_item_h")]
    site.value("SELECT business.refresh_business_item_details(%s, %s)", keys, NOON + timedelta(days=31))
    assert current(site, "business_item_details_s", "popularity_score", "is_active") == [(0, False)]


def test_a_snapshot_without_new_events_computes_nothing(site: Site) -> None:  # T15
    site.land(view("/", 0, session_id="s"), look("sku", 1, "s"))
    site.settle()
    loads = site.value("SELECT count(*) FROM raw.load_batch")
    site.settle()
    assert site.value("SELECT count(*) FROM raw.load_batch") == loads


def test_a_page_waits_for_its_snapshot(site: Site) -> None:
    site.land(view("/", 0, session_id="s"))
    site.settle()
    site.land(view("/", 5, session_id="s"))
    site.load()
    site.close()
    now = site.value("SELECT max(load_date) FROM raw.load_batch")
    assert site.value("SELECT business.refresh_due('site_page_details', '1 hour', %s)", now) == 0
    assert site.value("SELECT business.refresh_due('site_page_details', '1 hour', %s)", now + timedelta(hours=2)) == 1


def test_a_visitor_of_many_views_waits_for_longer(site: Site, owner) -> None:
    """All of them are read each time: so who comes most costs no more a day than one of ten thousand views."""
    site.land(view("/", 0, session_id="s", visitor_id="much"), view("/", 1, session_id="t", visitor_id="little"))
    site.settle()
    owner.execute(
        "UPDATE business.site_visitor_details_s d SET total_page_views = 120000 FROM business.site_visitor_h h"
        " WHERE h.site_visitor_hk = d.site_visitor_hk AND h.site_visitor_bk = 'much'"
    )
    site.land(view("/", 2, session_id="s", visitor_id="much"), view("/", 3, session_id="t", visitor_id="little"))
    site.load()
    site.close()
    now = site.value("SELECT max(load_date) FROM raw.load_batch")
    due = "SELECT business.refresh_due('site_visitor_details', '1 hour', %s)"
    assert site.value(due, now + timedelta(hours=2)) == 1
    assert site.value(due, now + timedelta(hours=11)) == 0
    assert site.value(due, now + timedelta(hours=13)) == 1


def test_a_visit_that_is_closed_while_its_visitor_is_computed_keeps_them_due(site: Site, url: str) -> None:
    site.land(view("/", 0, session_id="s", visitor_id="jo"))
    site.load()
    site.close()
    with connect(url, "footfall_worker") as other, other.transaction():
        assert other.execute("SELECT business.refresh_due('site_visitor_details', '0', now())").fetchone() == (1,)
        site.land(view("/", 1, session_id="s", visitor_id="jo"))
        site.load()
        site.close()
    assert site.value("SELECT count(*) FROM business.refresh_w WHERE satellite = 'site_visitor_details'") == 1


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_pages_and_visitors_agree_with_plain_python(module_url: str, data: st.DataObject) -> None:
    """Generated walks over a few pages; views, visitors, bounces and time on page counted by hand."""
    walks = data.draw(
        st.lists(
            st.tuples(
                st.sampled_from("xyz"), st.sampled_from("abc"), st.floats(0, 200).map(lambda m: round(m, 1)), st.booleans()
            ),
            min_size=1,
            max_size=25,
            unique_by=lambda walk: walk[2],
        )
    )
    with connect(module_url, "footfall_worker") as connection:
        site = Site.another(connection)
        facts = []
        for visitor, page, minutes, is_view in walks:
            kind = "page_view" if is_view else "contact_interaction"
            site.land(
                {
                    "evt_type": kind,
                    "page_url": f"https://a.example/{page}",
                    "event_timestamp": at(minutes),
                    "_visitor_id": visitor,
                }
            )
            facts.append(Fact(minutes, NOON + timedelta(minutes=minutes), kind, "", visitor=visitor, page=page))
        site.settle()
        assign_sessions(facts)
        views, seconds, entries, bounces, seen = (defaultdict(list) for _ in range(5))
        for of in sessions_of(facts).values():
            viewed = [fact for fact in of if fact.type == "page_view"]
            for fact, after in zip_longest(viewed, viewed[1:]):
                views[fact.page].append(fact)
                if after and after.moment - fact.moment <= timedelta(minutes=30):
                    seconds[fact.page].append((after.moment - fact.moment).total_seconds())
            if viewed:
                entries[viewed[0].page].append(len(of) == 1)
            for fact in of:
                seen[fact.page].append(fact.visitor)
                bounces[fact.visitor].append(fact)
        columns = "page_path, total_views, unique_visitors, avg_time_on_page::float, bounce_rate::float"
        rows = site.rows(
            f"SELECT {columns} FROM business.site_page_details_s WHERE load_end_date IS NULL AND tenant_hk = %s", site.tenant_hk
        )
        for path, total, unique, average, bounce_rate in rows:
            page = path[1:]
            assert (total, unique) == (len(views[page]), len(set(seen[page])))
            known = seconds[page]
            assert average is None if not known else abs(average - sum(known) / len(known)) <= 0.5
            entered = entries[page]
            assert bounce_rate is None if not entered else abs(bounce_rate - 100 * sum(entered) / len(entered)) <= 0.005
        assert {path[1:] for path, *_ in rows} == set(seen)
        visitors = site.rows(
            "SELECT h.site_visitor_bk, d.total_sessions, d.total_page_views FROM business.site_visitor_h h"
            " JOIN business.site_visitor_details_s d USING (site_visitor_hk)"
            " WHERE d.load_end_date IS NULL AND d.tenant_hk = %s ORDER BY 1",
            site.tenant_hk,
        )
        assert visitors == [
            (visitor, len({fact.session for fact in of}), sum(fact.type == "page_view" for fact in of))
            for visitor, of in sorted(bounces.items())
        ]
