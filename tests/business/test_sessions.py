"""Visits by 30 minutes of silence, closed when they are over and revised when late events change them (T06, T09, T10)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import Fact, assign_sessions

from footfall.business import all_checks, run_check
from footfall.database import connect
from site_under_test import NOON, RECEIVED, Site, at, view

DETAILS = "business.site_session_details_s"


def visits(site: Site) -> list[list[float]]:
    """The site's visits as lists of minutes from noon, by what the vault says."""
    rows = site.rows("""
        SELECT array_agg(extract(epoch FROM d.event_timestamp - %s) / 60 ORDER BY d.event_timestamp)
        FROM business.event_session_l l
        JOIN business.site_event_details_s d USING (site_event_hk)
        LEFT JOIN business.site_session_same_as_s a ON a.site_session_hk = l.site_session_hk AND a.load_end_date IS NULL
        WHERE l.tenant_hk = %s
        GROUP BY coalesce(a.same_as_session_hk, l.site_session_hk)
        ORDER BY 1""", NOON, site.tenant_hk)  # fmt: skip
    return [[float(minute) for minute in minutes] for (minutes,) in rows]


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([0], [[0]]),
        ([0, 29], [[0, 29]]),
        ([0, 30], [[0, 30]]),  # exactly half an hour of silence is not yet the end
        ([0, 30.01], [[0], [30.01]]),
        ([29, 31], [[29, 31]]),  # two half hours, one visit
        ([1, 59], [[1], [59]]),  # neighbouring half hours, two visits
        ([10, 35, 62, 90, 119], [[10, 35, 62, 90, 119]]),
        ([10, 35, 66, 90], [[10, 35], [66, 90]]),
    ],
)
def test_a_visit_ends_after_thirty_minutes_of_silence(site: Site, minutes: list, expected: list) -> None:
    site.land(*(view("/", minute, _visitor_id="v") for minute in minutes))
    site.settle()
    assert visits(site) == expected
    assert site.value(f"SELECT count(*) FROM {DETAILS} WHERE total_events > 0") == len(expected)


def test_visitors_do_not_share_visits(site: Site) -> None:
    site.land(view("/", 0, _visitor_id="v_1"), view("/", 1, _visitor_id="v_2"))
    site.settle()
    assert visits(site) == [[0], [1]]


def test_an_event_of_nobody_is_a_session_of_its_own(site: Site) -> None:
    site.land(view("/", 0, event_id="a", _do_not_track=True), view("/", 1, event_id="b", _do_not_track=True))
    site.settle()
    assert visits(site) == [[0], [1]]
    assert site.value("SELECT count(*) FROM business.site_visitor_h") == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    gaps=st.lists(st.sampled_from([1, 10, 29, 29.9, 30, 30.1, 31, 59, 61, 90]), min_size=1, max_size=12),
    order=st.randoms(use_true_random=False),
    cut=st.integers(1, 4),
)
def test_whatever_the_order_of_arrival_visits_are_those_of_the_oracle(module_url: str, gaps, order, cut) -> None:
    """Late events close gaps: half hours that were closed as sessions of their own become one visit."""
    minutes, minute = [], 0.0
    for gap in gaps:
        minute = round(minute + gap, 1)
        minutes.append(minute)
    with connect(module_url, "footfall_worker") as connection:
        site = Site.another(connection)
        arriving = [view("/", minute, _visitor_id="v") for minute in minutes]
        order.shuffle(arriving)
        while arriving:
            site.land(*arriving[:cut])
            del arriving[:cut]
            site.load()
            site.close()
        facts = [Fact(m, NOON + timedelta(minutes=m), "page_view", "view", visitor="v") for m in minutes]
        assign_sessions(facts)
        expected = {}
        for fact, m in zip(facts, minutes, strict=True):
            expected.setdefault(fact.session, []).append(m)
        assert visits(site) == sorted(expected.values())


def test_a_session_says_what_happened_in_it(site: Site) -> None:
    step = {"evt_type": "transaction_step", "funnel": "checkout", "item_id": "b", "session_id": "s"}
    site.land(
        view("/a?utm_source=n&utm_medium=email", 0, session_id="s", page_referrer="https://www.google.com/"),
        view("/b", 2, session_id="s"),
        {"evt_type": "item_interaction", "evt_label": "A", "item_id": "a", "event_timestamp": at(3), "session_id": "s"},
        step | {"evt_action": "start", "event_timestamp": at(4)},
        step | {"evt_action": "complete", "event_timestamp": at(5), "evt_value": "12.50", "transaction_id": "o-1"},
        step | {"evt_action": "complete", "event_timestamp": at(6), "evt_value": "12.50", "transaction_id": "o-1"},
        step | {"evt_action": "complete", "event_timestamp": at(7), "evt_value": "3", "currency": "EUR", "transaction_id": "o-2"},
        {"evt_type": "contact_interaction", "event_timestamp": at(7.5), "session_id": "s"},
    )
    site.settle()
    row = site.table(DETAILS)[0]
    said = {key: row[key] for key in row if not key.endswith(("_hk", "date", "diff"))}
    assert said == {
        "session_start_time": "2026-03-10T12:00:00+00:00",
        "session_end_time": "2026-03-10T12:07:30+00:00",
        "total_page_views": 2,
        "total_events": 8,
        "session_duration_seconds": 450,
        "entry_page_url": "https://acme.example/a?utm_source=n&utm_medium=email",
        "exit_page_url": "https://acme.example/b",
        "referrer_url": "https://www.google.com/",
        "utm_source": "n",
        "utm_medium": "email",
        "utm_campaign": None,
        "is_bounce": False,
        "items_viewed": ["item:a", "item:b"],
        "transaction_attempted": True,
        "transaction_completed": True,
        "total_conversion_value": 12.5,  # the thank-you page was loaded twice: one order
        "business_context": {
            "industry": "general",
            "funnel_steps": ["checkout_step:complete", "checkout_step:start"],
            "contacts": 1,
            "values_in_other_currencies": ["EUR 3.0000"],
        },
        "traffic_class": "human",
        "record_source": "computed:site_session_details",
    }


@pytest.mark.parametrize(
    ("more", "is_bounce"),
    [
        ([], True),
        ([{"evt_type": "engagement", "session_id": "s", "event_timestamp": at(1)}], True),
        ([view("/b", 1, session_id="s")], False),
        ([{"evt_type": "contact_interaction", "session_id": "s", "event_timestamp": at(1)}], False),
    ],
)
def test_a_bounce_is_one_page_view_and_nothing_done(site: Site, more: list, is_bounce: bool) -> None:
    site.land(view("/", 0, session_id="s"), *more)
    site.settle()
    assert site.value(f"SELECT is_bounce FROM {DETAILS}") is is_bounce


def test_a_session_is_closed_when_it_has_been_silent_for_thirty_minutes_and_not_before(site: Site) -> None:
    site.land(view("/", 0, session_id="s"), view("/", 10, session_id="s"))
    site.load()
    site.close(NOON + timedelta(minutes=40))
    assert site.value(f"SELECT count(*) FROM {DETAILS}") == 0
    assert site.rows("SELECT is_open, total_events, is_bounce FROM business.site_session_current_v") == [(True, 2, None)]
    site.close(NOON + timedelta(minutes=40, seconds=1))
    assert site.value(f"SELECT count(*) FROM {DETAILS}") == 1
    assert site.rows("SELECT is_open, total_events, is_bounce FROM business.site_session_current_v") == [(False, 2, False)]


@given(
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from("abc"), st.booleans()), min_size=1, max_size=25),
    st.lists(st.integers(1, 12), min_size=1, max_size=5),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_due_by_its_index_is_what_is_due(module_url: str, events: list, sizes: list) -> None:
    """Whatever comes when, in whatever pieces, with looks in vain between: as many visits are over as without the index."""
    with connect(module_url) as connection:
        site = Site.another(connection)
        first = 0
        for turn in range(len(events)):
            size = sizes[turn % len(sizes)]
            piece, first = events[first : first + size], first + size
            site.land(
                *[
                    view(f"/{turn}", minutes, **({"session_id": who} if has_id else {"_visitor_id": who}))
                    for minutes, who, has_id in piece
                ]
            )
            site.load()
            moment = NOON + timedelta(minutes=20 * (turn + 1))
            over = site.value(
                "SELECT count(*) FROM (SELECT FROM business.site_session_w w GROUP BY root_session_hk"
                " HAVING bool_or(is_open AND last_event_timestamp < %s - business.visit_timeout())"
                " AND max(last_event_timestamp) < %s - business.visit_timeout()) o",
                moment,
                moment,
            )
            assert site.value("SELECT business.close_sessions(%s)", moment) == over
            assert site.value("SELECT business.close_sessions(%s)", moment) == 0
        assert "sessions.due" not in site.failing_checks()


def test_a_long_visit_is_looked_at_again_when_it_may_be_over(site: Site) -> None:
    for minute in range(0, 100, 10):
        site.land(view("/", minute, session_id="s"))
        site.load()
        assert site.value("SELECT business.close_sessions(%s)", NOON + timedelta(minutes=minute, seconds=1)) == 0
    assert site.value("SELECT look_at > %s FROM business.site_session_w", NOON + timedelta(minutes=60))
    assert site.value("SELECT business.close_sessions(%s)", NOON + timedelta(minutes=120)) == 0
    assert site.value("SELECT business.close_sessions(%s)", NOON + timedelta(minutes=121)) == 1


def test_closing_again_writes_nothing(site: Site) -> None:
    site.land(view("/", 0, session_id="s"))
    site.settle()
    site.connection.execute("UPDATE business.site_session_w SET is_open = true")
    site.close()
    assert site.value(f"SELECT count(*) FROM {DETAILS}") == 1


def test_a_late_event_revises_the_session_now_but_not_as_of_before(site: Site) -> None:  # T09, T10
    site.land(view("/", 0, session_id="s"))
    site.settle()
    before = site.value("SELECT max(load_date) FROM raw.load_batch")
    site.land(view("/late", 5, session_id="s"), received=RECEIVED + timedelta(days=20))
    site.settle()
    as_of = f"SELECT total_events, is_bounce FROM {DETAILS[:-2]}_as_of(%s)"
    assert site.rows(as_of, before) == [(1, True)]
    assert site.rows(as_of, before + timedelta(days=999)) == [(2, False)]
    assert site.rows("SELECT total_events FROM business.site_session_details_current_v") == [(2,)]


def test_a_half_hour_that_was_closed_and_then_joined_leaves_an_empty_row(site: Site) -> None:
    """The sum over current rows stays right, and what was said before can still be asked."""
    site.land(view("/a", 5, _visitor_id="v"), view("/c", 50, _visitor_id="v"))
    site.settle()
    before = site.value("SELECT max(load_date) FROM raw.load_batch")
    assert visits(site) == [[5], [50]]
    site.land(view("/b", 28, _visitor_id="v"))
    site.settle()
    assert visits(site) == [[5, 28, 50]]
    current = site.rows(f"SELECT total_events, total_page_views FROM {DETAILS} WHERE load_end_date IS NULL ORDER BY 1")
    assert current == [(0, 0), (3, 3)]
    assert site.rows(f"SELECT total_events FROM {DETAILS[:-2]}_as_of(%s)", before) == [(1,), (1,)]
    assert [finding for check in all_checks() if (finding := run_check(site.connection, check))] == []


def test_a_load_that_touches_a_session_while_it_is_closed_leaves_it_open(site: Site, url: str) -> None:
    """The closer waits for the loader's row and then sees that it knows less than was loaded."""
    site.land(view("/", 0, session_id="s"))
    site.load()
    site.land(view("/b", 1, session_id="s"))
    with connect(url, "footfall_worker") as loader:
        with loader.transaction():
            batch_ids = loader.execute("SELECT business.claim_batches(10)").fetchone()[0]
            loader.execute("SELECT business.load_claimed(%s)", (batch_ids,))
            site.connection.execute("SET lock_timeout = '200ms'")
            with pytest.raises(Exception, match="lock timeout"):
                site.close()
        site.connection.execute("SET lock_timeout = 0")
    site.close()
    assert site.rows(f"SELECT total_events FROM {DETAILS} WHERE load_end_date IS NULL") == [(2,)]


def test_a_session_id_that_looks_like_an_inferred_one_holds_nothing_up(site: Site) -> None:
    site.land(view("/", 0, visitor_id="x"))
    site.load()
    name = site.value("SELECT site_session_bk FROM business.site_session_h")
    other = Site(site.connection, "other")
    other.land(view("/", 0, visitor_id="x"), view("/b", 1, session_id=name), view("/c", 2, visitor_id="x"))
    other.load()
    assert other.rows("SELECT DISTINCT fate FROM raw.site_tracking_events_v WHERE tenant_id = 'other'") == [("loaded",)]
    assert other.value("SELECT count(*) FROM business.site_session_w WHERE tenant_hk = %s", other.tenant_hk) == 1
    other.settle()


def test_a_sum_beyond_the_range_of_money_closes_all_the_same(site: Site) -> None:
    done = {"evt_type": "transaction_step", "evt_action": "complete", "session_id": "s", "evt_value": "99999999999999"}
    site.land(*[view("/", n, visitor_id="v") | done | {"transaction_id": f"t{n}"} for n in range(3)])
    site.settle()
    assert site.value("SELECT total_conversion_value FROM business.site_session_details_s") == Decimal("99999999999999.9999")
    assert site.value("SELECT lifetime_value FROM business.site_visitor_details_s") == Decimal("99999999999999.9999")


def test_a_page_of_an_endless_host_is_described_all_the_same(site: Site) -> None:
    site.land(view("/", 0, session_id="s") | {"page_url": f"https://{'a' * 400}.example/"})
    site.settle()
    assert len(site.value("SELECT page_hostname FROM business.site_page_details_s")) == 253
