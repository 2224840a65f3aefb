"""The plan's report against a brute-force oracle in plain Python (T16), and the questions it refuses."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import Fact, track_analytics

from footfall.database import connect
from site_under_test import BOT, NOON, Site, at, view

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]
ITEMS = {"a": "Shoe", "b": "Boot", "c": "Sock"}
# around the change to summer time in Berlin and the end of a month
BASE = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
DAY = BASE.date()


@st.composite
def events(draw) -> dict:
    """One event as a generator of traffic sees it: small alphabets, so that things meet."""
    kind = draw(
        st.sampled_from(["page_view"] * 4 + ["item_interaction"] * 2 + ["transaction_step"] * 3 + ["contact_interaction"])
    )
    midnight = draw(st.sampled_from([0, 12 * 60, 36 * 60, 60 * 60]))  # near midnight somewhere
    return {
        "kind": kind,
        "minutes": round(midnight + draw(st.floats(-90, 90)), 2),
        "visitor": draw(st.sampled_from(["v_1", "v_2", "v_3", None])),
        "session": draw(st.sampled_from([None, None, "s-1", "s-2"])),
        "page": draw(st.sampled_from(["/", "/a", "/b", None])),
        "item": draw(st.sampled_from(list(ITEMS))) if kind != "page_view" else None,
        "action": draw(st.sampled_from(["start", "start", "progress", "complete", "complete", "abandon", "refund"])),
        "value": draw(st.sampled_from([0, 5, 19.9, -5])),
        "currency": draw(st.sampled_from([None, "EUR"])),
        "transaction": draw(st.sampled_from([None, "o-1", "o-2"])),
        "bot": draw(st.integers(0, 9)) == 0,
        "times": draw(st.sampled_from([1, 1, 1, 2])),
    }


def as_sent(number: int, event: dict) -> dict:
    sent = {
        "evt_type": event["kind"],
        "event_id": f"e-{number}",
        "event_timestamp": at(event["minutes"], BASE),
        "session_id": event["session"],
        "page_url": event["page"] and f"https://acme.example{event['page']}",
        "_visitor_id": event["visitor"],
        "_received": BASE + timedelta(days=9),
    }
    if event["bot"]:
        sent["_user_agent"] = BOT
    if event["item"]:
        sent |= {"item_id": event["item"], "item_name": ITEMS[event["item"]]}
    if event["kind"] == "transaction_step":
        sent |= {
            "evt_action": event["action"],
            "evt_value": event["value"],
            "currency": event["currency"],
            "transaction_id": event["transaction"],
            "funnel": "checkout",
        }
    return sent


def as_fact(number: int, event: dict) -> Fact:
    is_step = event["kind"] == "transaction_step"
    return Fact(
        key=number,
        # milliseconds, as a tracker writes them
        moment=datetime.fromisoformat(at(event["minutes"], BASE)),
        type=event["kind"],
        action=event["action"] if is_step else "",
        session_id=event["session"],
        visitor=event["visitor"],
        page=event["page"],
        item=event["item"],
        item_name=ITEMS.get(event["item"]),
        value=event["value"] if is_step else 0,
        currency=(event["currency"] if is_step else None) or "USD",
        transaction=event["transaction"] if is_step else None,
        funnel="checkout",
        is_bot=event["bot"],
    )


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    traffic=st.lists(events(), max_size=30, unique_by=lambda event: event["minutes"]),
    zone=st.sampled_from(ZONES),
    first=st.integers(-2, 3),
    days=st.integers(0, 3),
    order=st.randoms(use_true_random=False),
    cut=st.sampled_from([3, 10, 30]),
    rolled=st.sampled_from(["never", "always", "in the end"]),
)
def test_the_report_is_what_plain_python_counts(module_url: str, traffic, zone, first, days, order, cut, rolled) -> None:  # T16
    """For generated traffic of any order, with duplicates, bots, late arrivals, ranges that begin and end at any midnight."""
    with connect(module_url, "footfall_worker") as connection:
        site = Site.another(connection, time_zone=zone)
        sent = [as_sent(number, event) for number, event in enumerate(traffic) for _ in range(event["times"])]
        order.shuffle(sent)
        while sent:
            site.land(*sent[:cut])
            del sent[:cut]
            site.load()
            site.close()
            if rolled == "always" or (rolled == "in the end" and not sent):
                site.roll_up()
        start, end = DAY + timedelta(days=first), DAY + timedelta(days=first + days)
        said = site.report(dateFrom=start.isoformat(), dateTo=end.isoformat())
        expected = track_analytics([as_fact(number, event) for number, event in enumerate(traffic)], start, end, zone)
        assert rounded(said) == rounded(expected)
        assert said["conversions"]["conversionRate"] == said["conversionFunnel"]["conversion_rate"] <= 100


def rounded(report: dict) -> dict:
    """Numbers as the report rounds them; the report itself, not what surrounds it."""
    parts = ("overview", "interactions", "conversions", "conversionFunnel")
    report = {part: {key: round(float(value) + 1e-9, 2) for key, value in report[part].items()} for part in parts} | {
        "topItems": [
            (item["item_name"], item["interactions"], round(item["conversion_value"], 2)) if isinstance(item, dict) else item
            for item in report["topItems"]
        ]
    }
    return report


def test_an_empty_range_is_all_zeros(site: Site) -> None:
    data = site.report()
    assert data["overview"] == {
        "totalSessions": 0,
        "uniqueVisitors": 0,
        "totalEvents": 0,
        "pageViews": 0,
        "avgSessionDurationMinutes": 0,
        "avgPagesPerSession": 0,
    }
    assert (data["topItems"], data["conversionFunnel"]["conversion_rate"]) == ([], 0)


def test_an_event_at_midnight_belongs_to_the_day_that_begins(worker) -> None:
    site = Site(worker, "berlin", time_zone="Europe/Berlin")
    midnight = datetime(2026, 3, 10, tzinfo=ZoneInfo("Europe/Berlin"))
    site.land(view("/", session_id="s", event_timestamp=midnight.isoformat()))
    site.load()
    days = {day: site.report(dateFrom=f"2026-03-{day:02}", dateTo=f"2026-03-{day:02}") for day in (9, 10, 11)}
    assert {day: data["overview"]["totalEvents"] for day, data in days.items()} == {9: 0, 10: 1, 11: 0}


def test_a_session_with_two_visitors_is_one_session_of_the_first(site: Site) -> None:  # D56, D63
    site.land(*(view(f"/{n}", n, session_id="s", _visitor_id=f"v_{n % 2}") for n in range(6)))
    site.settle()
    overview = site.report(dateFrom="2026-03-10", dateTo="2026-03-10")["overview"]
    assert (overview["totalSessions"], overview["uniqueVisitors"], overview["pageViews"]) == (1, 1, 6)


def test_what_counts_as_a_conversion_is_the_tenants_rule(site: Site, owner) -> None:  # C13
    owner.execute(
        "INSERT INTO ref.conversion_rule (tenant_hk, event_type, event_action, value, currency, valid_from)"
        " VALUES (%s, 'contact_interaction', 'submit', 40, 'USD', '2026-03-10T12:01:00Z')",
        (site.tenant_hk,),
    )
    site.land(
        *({"evt_type": "contact_interaction", "event_id": str(n), "event_timestamp": at(n), "session_id": "s"} for n in range(3))
    )
    site.land(
        {"evt_type": "transaction_step", "evt_action": "complete", "evt_value": 2, "event_timestamp": at(4), "session_id": "s"}
    )
    site.settle()
    conversions = site.report(dateFrom="2026-03-10", dateTo="2026-03-10")["conversions"]
    assert conversions["totalConversionValue"] == 40 + 40 + 2  # the first contact came before the rule
    assert site.value("SELECT total_conversion_value FROM business.site_session_details_s WHERE load_end_date IS NULL") == 82


def test_values_in_other_currencies_are_told_apart(site: Site) -> None:
    step = {"evt_type": "transaction_step", "evt_action": "complete", "event_timestamp": at()}
    site.land(step | {"evt_value": 5, "transaction_id": "1"}, step | {"evt_value": 7, "currency": "EUR", "transaction_id": "2"})
    site.load()
    data = site.report(dateFrom="2026-03-10", dateTo="2026-03-10")
    assert data["conversions"]["totalConversionValue"] == 5
    assert data["metadata"]["values_in_other_currencies"] == {"EUR": 7}


def test_freshness_tells_how_far_the_answer_is_behind(site: Site) -> None:
    assert site.report()["metadata"]["data_freshness"]["lag_seconds"] == 0
    site.land(view("/", session_id="s"), received=NOON)
    freshness = site.report()["metadata"]["data_freshness"]
    assert datetime.fromisoformat(freshness["watermark"]) == NOON
    assert freshness["lag_seconds"] > 0


def test_the_last_thirty_days_up_to_today_are_the_default(site: Site) -> None:
    site.set_clock(NOON)
    assert site.report()["dateRange"] == {"from": "2026-02-09", "to": "2026-03-10"}
    assert site.report(dateTo="2026-01-31")["dateRange"] == {"from": "2026-01-02", "to": "2026-01-31"}


REFUSED = [
    ({"dateFrom": "now"}, "date_invalid", "dateFrom"),
    ({"dateTo": "10.03.2026"}, "date_invalid", "dateTo"),
    ({"dateTo": "2026-02-30"}, "date_invalid", "dateTo"),
    ({"dateFrom": 5}, "date_invalid", "dateFrom"),
    ({"dateFrom": "2026-03-02", "dateTo": "2026-03-01"}, "range_inverted", "dateFrom"),
    ({"dateFrom": "1999-01-01", "dateTo": "2026-03-01"}, "range_too_long", "dateFrom"),
]


@pytest.mark.parametrize(("request_", "code", "field"), REFUSED)
def test_a_question_that_makes_no_sense_is_refused_by_name(site: Site, request_, code, field) -> None:
    reply = ask(site, {"tenantId": "acme"} | request_)
    assert reply["success"] is False
    assert reply["error_code"] == "ANALYTICS_ERROR"
    assert (reply["debug_info"]["error"], reply["debug_info"]["field"]) == (code, field)


@pytest.mark.parametrize("request_", [{}, [], "acme", None, {"tenantId": None}])
def test_no_tenant_is_no_answer(site: Site, request_) -> None:  # D67
    assert ask(site, request_)["debug_info"]["error"] == "tenant_required"


def test_an_unknown_tenant_is_not_an_empty_one(site: Site) -> None:  # D67
    assert ask(site, {"tenantId": "nobody"})["debug_info"]["error"] == "tenant_unknown"


def test_what_fails_inside_is_not_told_to_the_caller(site: Site, owner) -> None:  # D15
    owner.execute("DROP FUNCTION business.rollups CASCADE")
    reply = ask(site, {"tenantId": "acme"})
    assert reply["debug_info"]["error"] == "internal"
    assert "rollups" not in str(reply)


def ask(site: Site, request) -> dict:
    import json

    return site.value("SELECT api.track_analytics(%s::jsonb)", json.dumps(request))


def test_dates_are_days_of_the_tenant() -> None:
    assert date(2026, 3, 28) == DAY
