"""Retention of events and marts: whole months go, what was computed of them stays, and what nobody can tell is not told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from databases import Databases
from footfall.auth import hold, keep, lift_hold, preview_retention
from footfall.database import Connection, Store, connect
from footfall.errors import NotAccepted
from footfall.governance.persons import erase_person
from footfall.operations.proof.rebuild import Wanted, verify
from site_under_test import Site

JANUARY, FEBRUARY, MARCH = (datetime(2026, month, 10, 12, tzinfo=UTC) for month in (1, 2, 3))
MIDNIGHT = datetime(2026, 1, 31, 23, 50, tzinfo=UTC)
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
ALL_THREE = {"dateFrom": "2026-01-01", "dateTo": "2026-03-31"}
KEPT = {"dateFrom": "2026-02-01", "dateTo": "2026-03-31"}
EVENT_GRAIN = ("site_event_h", "site_event_details_s", "event_session_l", "event_page_l", "event_business_item_l", "event_b")


def sent(moment: datetime, kind: str = "page_view", **more: Any) -> dict[str, Any]:
    return {
        "evt_type": kind,
        "session_id": "s",
        "visitor_id": "ann",
        "page_url": "https://a.example/shoes",
        "event_timestamp": moment.isoformat(),
        "event_id": f"{kind}-{more.get('evt_action', '')}{moment:%m%d%H%M}",
    } | more


def months_of(site: Site, moments: tuple[datetime, ...] = (JANUARY, FEBRUARY, MARCH)) -> None:
    """In each month a visit of one session id with an order, and one of two days; a visit that goes on into February."""
    for moment in moments:
        for month in (moment, moment + timedelta(days=25)):
            site.connection.execute("SELECT util.ensure_month(%s, 'timestamptz')", (month,))
        site.set_clock(moment + timedelta(hours=1))
        order = {"evt_action": "complete", "transaction_id": f"o-{moment:%m}", "evt_value": 10}
        item = {"item_id": "shoe", "item_name": "Shoe", "evt_action": "view"}
        site.land(
            sent(moment),
            sent(moment + timedelta(minutes=1), "item_interaction", **item),
            sent(moment + timedelta(minutes=2), "transaction_step", evt_action="start"),
            sent(moment + timedelta(minutes=3), "transaction_step", **order),
            # of several days
            *(
                sent(
                    moment.replace(hour=23, minute=50) + timedelta(minutes=15 * n),
                    session_id=f"late-{moment:%m}",
                    visitor_id="bob",
                )
                for n in (0, 1)
            ),
            received=moment + timedelta(days=1),
        )
        if moment == JANUARY:
            site.land(
                *(sent(MIDNIGHT + timedelta(minutes=15 * n), session_id="over", visitor_id="cy") for n in (0, 1)),
                received=MIDNIGHT + timedelta(hours=1),
            )
        site.load()
        site.close(moment + timedelta(days=2))
        site.refresh(moment + timedelta(days=2))
    site.close(MARCH + timedelta(days=2))
    site.roll_up()


@pytest.fixture(scope="module")
def template_with_site(databases: Databases, template: str) -> Iterator[str]:
    """A tenant with visits of three months, beside another whose ids are the same."""

    def fill(owner: Connection) -> None:
        site, other = Site(owner, "acme"), Site(owner, "other")
        months_of(other)
        months_of(site)

    with databases.filled(template, fill, None) as name:
        yield name


@pytest.fixture
def site(owner: Connection) -> Site:
    site = Site(owner, "acme", is_there=True)
    site.set_clock(MARCH + timedelta(hours=1))
    return site


def other_of(site: Site) -> dict[str, int]:
    other = site.value("SELECT tenant_hk FROM auth.tenant_v WHERE public_id = 'other'")
    return {table: count(site, table, other) for table in (*EVENT_GRAIN, "visit_b", "rollup_b")}


def count(site: Site, table: str, tenant_hk: bytes | None = None) -> int:
    return int(site.value(f"SELECT count(*) FROM business.{table} WHERE tenant_hk = %s", tenant_hk or site.tenant_hk))


def retire(site: Site, layer: str, most: int | None = 1000) -> int:
    removed = 0
    while rows := site.value("SELECT business.retire(%s, %s, %s)", layer, NOW, most):
        removed += rows
    return removed


def foretold(site: Site) -> dict[tuple[str, str], int]:
    site.set_clock(NOW)
    return {(row["layer"], row["month"]): row["rows"] for row in preview_retention(site.connection, "acme")}


def figures(site: Site, **asked: str) -> list[Any]:
    """What days and visits can answer."""
    by = ("source", "device", "page", "event_type", "entry_page")
    answers = [site.ask("overview", **asked), *(site.ask("breakdown", dimension=dimension, **asked) for dimension in by)]
    answers.append(site.ask("timeseries", interval="week", **asked))
    assert all(answer["success"] for answer in answers), answers
    said = [{key: value for key, value in answer["data"].items() if key not in ("query", "metadata")} for answer in answers]
    return [*said, {key: value for key, value in site.report(**asked).items() if key != "metadata"}]


def test_events_of_months_go_as_foretold_and_what_was_counted_of_them_stays(site: Site, owner: Connection) -> None:
    before, others, visits = figures(site, **ALL_THREE), other_of(site), count(site, "visit_b")
    keep(owner, "events", 30, "acme")
    # of 8 events the two that go on into February stay
    assert foretold(site) == {("events", "2026-01"): 6}
    events = {table: count(site, table) for table in EVENT_GRAIN}
    slices = 0
    while site.value("SELECT business.retire('events', %s, 1)", NOW):
        slices += 1
    assert slices == 2, "visit by visit"
    gone = {table: events[table] - count(site, table) for table in EVENT_GRAIN}
    assert gone == dict.fromkeys(EVENT_GRAIN, 6) | {"event_business_item_l": 1}
    assert (foretold(site), count(site, "visit_b"), other_of(site)) == ({}, visits, others)
    assert figures(site, **ALL_THREE) == before
    assert site.failing_checks() == []
    # made anew from what is there, it is what it was
    owner.execute("SELECT business.rebuild_marts(%s)", (site.tenant_hk,))
    site.settle()
    assert figures(site, **ALL_THREE) == before
    assert site.failing_checks() == []


@pytest.mark.parametrize(
    ("report", "asked"),
    [
        ("events", {}),
        ("overview", {"asOf": "2100-01-01T00:00:00Z"}),
        ("overview", {"filter": "event_type==page_view"}),
        ("paths", {}),
    ],
)
def test_what_only_events_can_answer_is_not_answered_by_less(site: Site, owner: Connection, report: str, asked: Any) -> None:
    keep(owner, "events", 30, "acme")
    before = site.ask(report, **KEPT, **asked)
    assert before["success"], before
    retire(site, "events")
    refused = site.ask(report, **ALL_THREE, **asked)
    assert refused["debug_info"] == {"error": "events_gone", "field": "dateFrom", "allowed": "from 2026-02-01 on"}
    after = site.ask(report, **KEPT, **asked)
    for answer in (before, after):
        del answer["data"]["metadata"]
    assert after == before


def test_an_order_that_is_told_again_later_counts_once_though_its_first_event_has_gone(
    url: str, site: Site, owner: Connection
) -> None:
    def again(moment: datetime, number: str) -> dict[str, Any]:
        order = {"evt_action": "complete", "transaction_id": f"o-{number}", "evt_value": 10}
        return sent(moment, "transaction_step", session_id=f"again-{number}", event_id=f"again-{number}", **order)

    site.land(again(FEBRUARY + timedelta(hours=2), "01"), received=FEBRUARY + timedelta(days=1))
    site.settle()
    keep(owner, "events", 30, "acme")
    before, kept = figures(site, **ALL_THREE), figures(site, **KEPT)
    retire(site, "events")
    assert (figures(site, **ALL_THREE), figures(site, **KEPT)) == (before, kept)
    # February is counted anew; and one more of January is told again
    site.land(
        sent(FEBRUARY + timedelta(hours=5), session_id="new", event_id="new"),
        again(MARCH, "01") | {"event_id": "third"},
        received=NOW,
    )
    site.settle()
    was, now = before[0]["metrics"], figures(site, **ALL_THREE)[0]["metrics"]
    assert (now["conversions"], now["revenue"]) == (was["conversions"], was["revenue"])
    assert now["page_views"] == was["page_views"] + 1
    assert site.failing_checks() == []
    done = verify(Store(url), Wanted())
    assert done.is_proved, (done.failures, done.differences, done.limits)


def test_nothing_of_before_comes_back(site: Site, owner: Connection) -> None:
    keep(owner, "events", 30, "acme")
    before = figures(site, **ALL_THREE)
    retire(site, "events")
    events = count(site, "site_event_h")
    # late, of the same visit, a repetition; and an event type that is allowed now has the batch loaded again
    site.land(
        sent(JANUARY + timedelta(minutes=5), event_id="late"),
        sent(JANUARY),
        sent(MIDNIGHT, "own_type", event_id="own"),
        received=NOW,
    )
    site.land(sent(MARCH, "own_type", event_id="own-2"), received=NOW)
    site.load()
    owner.execute("SELECT set_config('app.tenant_hk', %s, false)", (site.tenant_hk.hex(),))
    owner.execute("SELECT business.add_event_type('own_type', 'c', 'a')")
    owner.execute("RESET app.tenant_hk")
    site.settle()
    assert count(site, "site_event_h") == events + 1
    assert site.staged("validation_errors").count(["older_than_kept"]) == 2
    assert site.failing_checks() == []
    assert before[0]["metrics"]["visits"] == figures(site, **ALL_THREE)[0]["metrics"]["visits"]


def test_marts_go_where_events_have_gone_and_later_answers_stay(site: Site, owner: Connection) -> None:
    keep(owner, "marts", 30, "acme")
    assert foretold(site) == {}, "there are events of those days"
    assert retire(site, "marts") == 0
    keep(owner, "events", 20, "acme")
    before, others = figures(site, **KEPT), other_of(site)
    rows = count(site, "visit_b") + count(site, "rollup_b")
    expected = foretold(site)
    retire(site, "events")
    assert retire(site, "marts", most=1) == expected[("marts", "2026-01")]
    # the visit that goes on into February stays
    assert rows - count(site, "visit_b") - count(site, "rollup_b") >= expected[("marts", "2026-01")]
    assert [layer for layer, _ in foretold(site)] == []
    assert other_of(site) == others
    assert figures(site, **KEPT) == before
    assert site.ask("overview", **ALL_THREE)["debug_info"]["error"] == "figures_gone"
    assert site.value("SELECT api.track_analytics(%s)", '{"tenantId": "acme", "dateFrom": "2026-01-01"}')["debug_info"][
        "error"
    ] == ("figures_gone")
    assert site.failing_checks() == []
    owner.execute("UPDATE business.day_w SET is_rolled_up = false")
    site.roll_up()
    assert figures(site, **KEPT) == before
    assert site.failing_checks() == []


def test_a_hold_keeps_them_and_what_waits_to_be_counted_is_counted_first(site: Site, owner: Connection) -> None:
    for layer in ("events", "marts"):
        keep(owner, layer, 30)
    hold(owner, "acme", "case 4711")
    hold(owner, "other", "case 4711")
    assert (foretold(site), retire(site, "events"), retire(site, "marts")) == ({}, 0, 0)
    lift_hold(owner, "acme")
    owner.execute("UPDATE business.day_w SET is_rolled_up = false WHERE day = '2026-01-10' AND tenant_hk = %s", (site.tenant_hk,))
    assert retire(site, "events") == 0
    site.roll_up()
    assert retire(site, "events") == 6
    assert retire(site, "marts") > 0
    told = site.value(
        "SELECT count(*) FROM auth.audit_event WHERE action = 'retention.applied' AND tenant_hk = %s", site.tenant_hk
    )
    assert told == 2


@pytest.mark.parametrize("is_let_go", [False, True])
def test_somebody_of_whom_events_have_gone_can_be_deleted_from_what_is_left(
    site: Site, owner: Connection, url: str, is_let_go: bool
) -> None:
    others = other_of(site)
    keep(owner, "events", 30, "acme")
    if is_let_go:  # staging does not know them any more
        assert site.value("SELECT business.forget_proved('2100-01-01', '1 day')") > 0
    retire(site, "events")
    assert site.failing_checks() == []
    with connect(url, "footfall_worker") as worker:
        with pytest.raises(NotAccepted, match="only deleted"):
            erase_person(worker, site.tenant_hk, "visitor", "ann")
        erase_person(worker, site.tenant_hk, "visitor", "ann", "delete")
    site.settle()
    assert site.failing_checks() == []
    assert other_of(site) == others
    of_ann = "FROM business.visit_b v JOIN business.site_visitor_h h USING (site_visitor_hk) WHERE h.site_visitor_bk = 'ann'"
    assert site.value(f"SELECT count(*) {of_ann} AND h.tenant_hk = %s", site.tenant_hk) == 0
    sent_by = "SELECT count(*) FROM raw.site_tracking_events_r WHERE raw_payload ->> 'visitor_id' = 'ann' AND tenant_hk = %s"
    assert site.value(sent_by, site.tenant_hk) == 0


def test_a_store_made_anew_has_lost_the_same(site: Site, owner: Connection, url: str) -> None:
    keep(owner, "events", 30, "acme")
    keep(owner, "marts", 30, "acme")
    site.set_clock(NOW)
    assert retire(site, "events", most=3) == 6
    assert retire(site, "marts") > 0
    site.land(
        sent(JANUARY + timedelta(minutes=5), event_id="late"),
        sent(MARCH + timedelta(minutes=5), event_id="in-time"),
        received=NOW,
    )
    site.set_clock(NOW + timedelta(hours=1))
    site.settle()
    done = verify(Store(url), Wanted())
    assert done.is_proved, done
    owner.execute("UPDATE business.visit_b SET events = events + 1 WHERE day = '2026-02-10'")
    assert not verify(Store(url), Wanted()).is_proved
