"""Whose visit an event belongs to, and what counts as one: consent in mid-visit, events of nobody, events at the same time."""

import pytest

from site_under_test import NOON, Site, at, view

DAY = NOON.date().isoformat()


def overview(site: Site, **question) -> dict:
    reply = site.ask("overview", dateFrom=DAY, dateTo=DAY, compare="none", **question)
    assert reply["success"], reply
    return reply["data"]["metrics"]


def breakdown(site: Site, dimension: str, metric: str) -> dict[str, float]:
    asked = site.ask("breakdown", dateFrom=DAY, dateTo=DAY, dimension=dimension, metrics=[metric])
    return {row["value"]: row[metric] for row in asked["data"]["rows"]}


CONSENTING = [
    view("/", 0, event_id="a", _visitor_id="v_edge", page_referrer="https://www.google.com/"),
    view("/b", 1, event_id="b", _visitor_id="v_edge", visitor_id="me"),
    view("/c", 2, event_id="c", _visitor_id="v_edge", visitor_id="me"),
]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
@pytest.mark.parametrize("one_by_one", [False, True])
def test_who_consents_in_mid_visit_is_one_visitor_on_one_visit(site: Site, order: tuple, one_by_one: bool) -> None:
    for number in order:
        site.land(CONSENTING[number])
        if one_by_one:
            site.load()
    site.settle()
    metrics = overview(site)
    assert (metrics["visits"], metrics["visitors"], metrics["page_views"], metrics["bounce_rate"]) == (1, 1, 3, 0)
    assert breakdown(site, "source", "visits") == {"google": 1}
    assert site.failing_checks() == []


def test_who_consented_is_the_same_visitor_when_they_come_back(site: Site) -> None:
    site.land(*CONSENTING, view("/", 300, event_id="d", _visitor_id="v_other_edge", visitor_id="me"))
    site.settle()
    metrics = overview(site)
    assert (metrics["visits"], metrics["visitors"]) == (2, 1)
    sessions = "SELECT total_sessions FROM business.site_visitor_details_s WHERE load_end_date IS NULL"
    assert site.rows(sessions) == [(2,)]


def test_a_consent_that_joins_a_visit_later_leaves_earlier_answers_as_they_were(site: Site) -> None:
    site.land(CONSENTING[1])
    site.load()
    before = site.value("SELECT max(load_date) FROM raw.load_batch").isoformat()
    site.land(CONSENTING[0])
    site.settle()
    assert overview(site, asOf=before)["visitors"] == overview(site)["visitors"] == 1
    assert (overview(site, asOf=before)["page_views"], overview(site)["page_views"]) == (1, 2)


def test_two_who_consent_behind_one_address_are_two(site: Site) -> None:
    """Nobody can tell whose the view before was: it stays by itself, or with the first of them."""
    site.land(
        view("/", 0, event_id="a", _visitor_id="v_office"),
        view("/b", 1, event_id="b", _visitor_id="v_office", visitor_id="ann"),
        view("/b", 1, event_id="c", _visitor_id="v_office", visitor_id="bob"),
    )
    site.settle()
    assert overview(site)["visitors"] == 3
    assert site.failing_checks() == []


def test_a_consented_visitor_of_half_an_hour_later_is_another_visit(site: Site) -> None:
    site.land(
        view("/", 0, event_id="a", _visitor_id="v_edge"), view("/b", 31, event_id="b", _visitor_id="v_edge", visitor_id="me")
    )
    site.settle()
    assert overview(site)["visits"] == 2


def test_views_of_visitors_who_ask_not_to_be_tracked_are_no_visits_and_in_no_rate(site: Site) -> None:
    asking = [view(f"/{n}", n, event_id=f"d{n}", _do_not_track=True) for n in range(3)]
    site.land(*asking, view("/", 5, event_id="e", _visitor_id="v_1"), view("/a", 6, event_id="f", _visitor_id="v_1"))
    site.settle()
    for question in ({}, {"filter": "page=~/"}, {"asOf": "2999-01-01T00:00:00Z"}):
        metrics = overview(site, **question)
        figures = ("visits", "visitors", "page_views", "views_without_visit", "views_per_visit", "bounce_rate")
        assert [metrics[figure] for figure in figures] == [1, 1, 5, 3, 2, 0], question
    assert breakdown(site, "page", "visits")["acme.example/1"] == 0
    assert site.value("SELECT count(*) FROM business.site_session_details_s") == 1
    reply = site.ask("sessions", dateFrom=DAY, dateTo=DAY)
    assert len(reply["data"]["sessions"]) == 1
    assert site.failing_checks() == []


def test_an_order_of_nobody_counts_and_is_of_no_visit(site: Site) -> None:
    """A server that knows its order and not whose it was."""
    site.land(order(80, "O-1"), view("/", 5, event_id="e", _visitor_id="v_1"))
    site.settle()
    metrics = overview(site)
    assert [metrics[key] for key in ("conversions", "revenue", "conversion_rate", "visits")] == [1, 80, 0, 1]


def order(value, transaction: str | None = None, minutes: float = 0, action: str = "complete", **more) -> dict:
    event = {"evt_type": "transaction_step", "evt_action": action, "evt_value": value, "funnel": "checkout"}
    return (
        event | {"transaction_id": transaction, "event_timestamp": at(minutes), "event_id": f"{action}-{minutes}-{value}"} | more
    )


@pytest.mark.parametrize(
    ("orders", "conversions", "revenue", "refunds"),
    [
        ([order(50), order(51, None, 1)], 2, 101, 0),
        ([order(50), order(50, None, 1)], 1, 50, 0),
        ([order(100, "O-1"), order(-100, "O-1", 1)], 1, 0, 100),
        ([order(100, "O-1"), order(30, "O-1", 1, "refund")], 1, 70, 30),
        ([order(100, "O-1"), order(-30, "O-1", 1, "Refund"), order(-30, "O-1", 2, "refund")], 1, 40, 60),
        ([order(30, "O-1", 9, "refund"), order(100, "O-1")], 1, 70, 30),
        ([order(100, "O-1"), order(None, "O-1", 1, "refund")], 1, 100, 0),
        ([order(100, "O-1"), order(30, "O-1", 1, "refund", currency="JPY")], 1, 100, 0),
        ([order("49,90", "O-1"), order("$49.99", "O-2", 1)], 2, 0, 0),
    ],
)
def test_orders_and_what_is_paid_back(site: Site, orders: list, conversions: int, revenue: float, refunds: float) -> None:
    site.land(*(one | {"session_id": "s"} for one in orders))
    site.settle()
    for question in ({}, {"filter": "event_type==transaction_step"}, {"asOf": "2999-01-01T00:00:00Z"}):
        metrics = overview(site, **question)
        assert [metrics[key] for key in ("conversions", "revenue", "refunds")] == [conversions, revenue, refunds], question
    assert site.failing_checks() == []


def test_events_at_the_same_time_go_by_the_order_in_which_they_were_sent(site: Site) -> None:
    """Clients that know whole seconds: three steps of forty visits in one second each."""
    for visit in range(40):
        steps = ["/landing?utm_source=news", "/cart", "/pay"]
        moment = at(visit)
        site.land(*(view(path, event_timestamp=moment, session_id=f"s{visit}", event_id=f"{visit}{path}") for path in steps))
    site.settle()
    steps = [f"page==/{page}" for page in ("landing", "cart", "pay")]
    funnel = site.ask("funnel", dateFrom=DAY, dateTo=DAY, steps=steps)["data"]
    assert [step["count"] for step in funnel["steps"]] == [40, 40, 40]
    assert breakdown(site, "entry_page", "visits") == {"acme.example/landing": 40}
    assert breakdown(site, "exit_page", "visits") == {"acme.example/pay": 40}
    assert breakdown(site, "source", "visits") == {"news": 40}
    paths = site.ask("paths", dateFrom=DAY, dateTo=DAY, start="page==/landing")["data"]
    assert [(link["source"], link["target"], link["visits"]) for link in paths["links"]] == [
        ("acme.example/landing", "acme.example/cart", 40),
        ("acme.example/cart", "acme.example/pay", 40),
        ("acme.example/pay", "(exit)", 40),
    ]
    before = site.table("business.visit_b"), site.table("business.event_b")
    site.value("SELECT business.rebuild_marts(%s)", site.tenant_hk)
    assert (site.table("business.visit_b"), site.table("business.event_b")) == before
