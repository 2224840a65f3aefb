"""A visit has an end: a session id that comes back after its silence, or goes on for more than a day, begins another visit."""

from collections import defaultdict
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import Fact, assign_sessions

from footfall.business import Scope, all_checks, run_check
from footfall.database import connect
from site_under_test import NOON, RECEIVED, Site, view

LATER = RECEIVED + timedelta(days=5)  # when all of them have happened
BEFORE, AFTER = NOON - timedelta(days=9), NOON + timedelta(days=9)


def hit(minute: float, session: str | None = "s", visitor: str = "v") -> dict:
    """A view that tells by its campaign which event its visit began with."""
    whose = {"_visitor_id": visitor} if session is None else {"session_id": session, "_visitor_id": visitor}
    return view(f"/{minute}?utm_source=from{minute}", minute, event_id=f"{session}-{visitor}-{minute}", _received=LATER, **whose)


def minute_of(moment: datetime) -> float:
    return round((moment - NOON).total_seconds() / 60, 4)


def by_visit(rows: list[tuple]) -> list[list[float]]:
    """Rows (visit, moment) as lists of minutes from noon."""
    visits = defaultdict(list)
    for visit, moment in rows:
        visits[visit].append(minute_of(moment))
    return sorted(sorted(minutes) for minutes in visits.values())


def visits(site: Site) -> list[list[float]]:
    return by_visit(
        site.rows("SELECT site_session_hk, event_timestamp FROM business.event_b WHERE tenant_hk = %s", site.tenant_hk)
    )


def visits_as_of(site: Site, load_date: datetime) -> list[tuple]:
    return site.rows(
        "SELECT site_session_hk, event_timestamp, source FROM business.events_as_of(%s, %s, %s, %s)",
        *(site.tenant_hk, BEFORE, AFTER, load_date),
    )


def expected(minutes: list[float], session: str | None = "s") -> list[list[float]]:
    facts = [
        Fact(m, NOON + timedelta(minutes=m), "page_view", "view", session_id=session, visitor="v") for m in sorted(set(minutes))
    ]
    assign_sessions(facts)
    found = defaultdict(list)
    for fact in facts:
        found[fact.session].append(minute_of(fact.moment))
    return sorted(found.values())


def test_what_was_known_of_a_visit_is_not_of_the_one_that_an_earlier_event_makes_of_it(site: Site) -> None:
    site.land(hit(1500))
    site.settle()
    assert site.rows("SELECT is_bounce FROM business.visit_b") == [(True,)]
    # now the session's first visit is of the day before, and what was its first event begins another
    site.land(hit(0))
    site.load()
    assert site.rows("SELECT start_day, is_bounce FROM business.visit_b") == [(None, None)] * 2
    then = site.value("SELECT max(load_date) FROM raw.load_batch")
    march = {"dateFrom": "2026-03-01", "dateTo": "2026-03-31"}
    said = site.ask("overview", **march)["data"]["metrics"]
    assert said["bounce_rate"] == 0
    site.settle()
    assert site.ask("overview", **march)["data"]["metrics"]["bounce_rate"] == 100
    assert site.ask("overview", **march, asOf=then.isoformat())["data"]["metrics"] == said
    assert site.failing_checks() == []


@pytest.mark.parametrize(
    ("minutes", "ends"),
    [
        ([0, 30], [[0, 30]]),  # exactly half an hour of silence is not yet the end
        ([0, 30.01], [[0], [30.01]]),
        ([0, 300], [[0], [300]]),
        ([0, 10, 45, 46, 300], [[0, 10], [45, 46], [300]]),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_session_id_that_comes_back_after_its_silence_begins_another_visit(site: Site, minutes, ends, at_once) -> None:
    for one in [map(hit, minutes)] if at_once else [[hit(minute)] for minute in minutes]:
        site.land(*one)
        site.load()
    site.settle()
    assert visits(site) == ends == expected(minutes)
    assert site.value("SELECT count(*) FROM business.site_session_details_s") == len(ends)
    assert site.failing_checks() == []


@pytest.mark.parametrize("session", ["s", None])
def test_a_visit_lasts_a_day_at_most(site: Site, session: str | None) -> None:
    minutes = [20 * n for n in range(3 * 72 + 10)]
    site.land(*(hit(minute, session) for minute in minutes))
    site.settle()
    found = visits(site)
    assert found == expected(minutes, session)
    assert [len(visit) for visit in found] == [72, 72, 72, 10]
    assert site.failing_checks() == []


def test_what_was_there_before_a_late_event_is_found_again(site: Site) -> None:
    """The end of a day moves with its beginning: events change visits, and a visit has other facts of its first event."""
    minutes = [20 * n for n in range(100)]
    site.land(*map(hit, minutes))
    site.settle()
    site.land(hit(-25), received=LATER + timedelta(hours=1))
    site.load()
    assert visits(site) == expected([-25, *minutes])
    firsts = site.rows(
        "SELECT min(first_event_timestamp), min(source), max(source) FROM business.visit_b GROUP BY site_session_hk"
    )
    assert sorted((minute_of(first), least, most) for first, least, most in firsts) == [
        (-25, "from-25", "from-25"),
        (1420, "from1420", "from1420"),
    ]
    site.settle()
    assert site.failing_checks() == []


def test_the_visits_of_one_session_id_are_of_one_visitor_and_of_their_own_sources(site: Site) -> None:
    site.land(
        view("/?utm_source=news&utm_medium=email", 0, event_id="a", session_id="s", visitor_id="me"),
        view("/b", 90, event_id="b", session_id="s", visitor_id="me", page_referrer="https://www.google.com/"),
        view("/c", 95, event_id="c", session_id="s", visitor_id="me"),
    )
    site.settle()
    asked = {"dateFrom": "2026-03-10", "dateTo": "2026-03-10"}
    metrics = site.ask("overview", **asked)["data"]["metrics"]
    assert [metrics[name] for name in ("visits", "visitors", "page_views", "bounce_rate", "visit_duration")] == [2, 1, 3, 50, 150]
    found = site.ask("sessions", **asked)["data"]["sessions"]
    assert [(one["source"], one["page_views"], one["entry_page"]) for one in found] == [
        ("google", 2, "acme.example/b"),
        ("news", 1, "acme.example/"),
    ]
    for one, pages in zip(found, (["/b", "/c"], ["/"]), strict=True):
        reply = site.ask("session", session=one["session"])["data"]
        assert [event["page"] for event in reply["events"]] == [f"acme.example{page}" for page in pages]
    visitor = site.ask("visitor", visitor=found[0]["visitor"])["data"]
    assert (visitor["visitor"]["visits"], len(visitor["sessions"])) == (2, 2)
    assert site.rows("SELECT total_sessions, total_page_views FROM business.site_visitor_details_s") == [(2, 3)]


def test_a_session_id_that_never_comes_back_has_one_row_and_nothing_beside_it(site: Site) -> None:
    for minute in (0, 20, 45):
        site.land(hit(minute))
        site.load()
    site.land(hit(-20))
    site.settle()
    assert site.rows("SELECT of_session_hk, is_split, chain_session_hk FROM business.site_session_w") == [(None, False, None)]
    assert site.value("SELECT count(*) FROM business.site_session_visit_s") == 0
    assert site.value("SELECT count(*) FROM business.site_session_h") == 1


def test_a_late_event_between_two_visits_makes_them_one(site: Site) -> None:
    for minute in (0, 50, 51, 200):
        site.land(hit(minute))
    site.settle()
    before = site.value("SELECT max(load_date) FROM raw.load_batch")
    assert visits(site) == [[0], [50, 51], [200]]
    site.land(hit(25), received=LATER + timedelta(hours=1))
    site.load()
    site.settle()
    assert visits(site) == [[0, 25, 50, 51], [200]]
    assert by_visit([row[:2] for row in visits_as_of(site, before)]) == [[0], [50, 51], [200]]
    # what was told of the visit that is none any more is taken back
    assert sorted(site.rows("SELECT total_events FROM business.site_session_details_s WHERE load_end_date IS NULL")) == [
        (0,),
        (1,),
        (4,),
    ]
    assert site.failing_checks() == []


def test_visits_of_before_there_was_an_end_stay_as_they_were_and_what_comes_later_has_one(site: Site, url: str) -> None:
    silence = "CREATE OR REPLACE FUNCTION business.visit_timeout() RETURNS interval IMMUTABLE PARALLEL SAFE RETURN interval '{}'"
    with connect(url) as owner:
        owner.execute(silence.format("10 years"))
        site.land(hit(0), hit(300))
        site.settle()
        owner.execute("UPDATE business.site_session_w SET has_end = false, look_at = '-infinity'")
        owner.execute(silence.format("30 minutes"))
    before = site.value("SELECT max(load_date) FROM raw.load_batch")
    site.value("SELECT business.rebuild_marts(%s)", site.tenant_hk)
    assert visits(site) == [[0, 300]]
    assert site.failing_checks() == []
    site.land(hit(150), hit(310), hit(400), hit(410))
    site.settle()
    assert visits(site) == [[0, 150, 300, 310], [400, 410]]
    assert by_visit([row[:2] for row in visits_as_of(site, before)]) == [[0, 300]]
    assert site.failing_checks() == []


def test_nobody_can_send_the_key_of_a_later_visit(site: Site) -> None:
    site.land(hit(0), hit(60))
    site.load()
    key = site.value("SELECT site_session_bk FROM business.site_session_h WHERE record_source = 'computed:visit'")
    site.land(hit(61, session=key), hit(62, session=key.strip()))
    site.settle()
    assert visits(site) == [[0], [60], [61, 62]]
    assert site.failing_checks() == []


def test_without_the_staged_events_a_visit_has_what_is_known_of_its_session(site: Site) -> None:
    minutes = [20 * n for n in range(100)]
    site.land(*map(hit, minutes))
    site.settle()
    site.connection.execute("DELETE FROM staging.site_events_staging")
    site.connection.execute("DELETE FROM raw.site_tracking_events_r")
    site.land(hit(-25), received=LATER + timedelta(hours=1))
    site.load()
    sources = site.rows("SELECT DISTINCT min(first_event_timestamp), min(source) FROM business.visit_b GROUP BY site_session_hk")
    # a day began 25 minutes earlier: of the event that begins the second visit now nothing is known any more, but of the next one
    assert sorted((minute_of(first), source) for first, source in sources) == [(-25, "from-25"), (1420, "from1440")]


def test_a_visit_that_a_late_event_cut_elsewhere_is_closed_anew(site: Site) -> None:
    """Its events are as they were: that it begins at another half hour is all that changed."""
    site.land(*(hit(27 * n, None) for n in range(70)))
    site.settle()
    site.land(hit(-25, None), received=LATER + timedelta(hours=1))
    site.settle()
    assert site.failing_checks() == []
    details = site.rows(
        "SELECT total_events FROM business.site_session_details_s WHERE load_end_date IS NULL AND total_events > 0"
    )
    assert sum(events for (events,) in details) == 71


GAPS = st.one_of(
    st.sampled_from([0.001, 1, 10, 29, 30, 30.1, 31, 45, 59, 61, 90, 700]).map(lambda gap: [gap]),
    # long enough for a day without a silence
    st.tuples(st.sampled_from([27, 30]), st.integers(20, 60)).map(lambda run: [run[0]] * run[1]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    gaps=st.lists(GAPS, min_size=1, max_size=6).map(lambda parts: [gap for part in parts for gap in part]),
    order=st.randoms(use_true_random=False),
    cuts=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    session=st.sampled_from(["s", "s", "s", None]),
)
def test_whatever_the_order_of_arrival_visits_are_those_of_the_oracle(module_url: str, gaps, order, cuts, session) -> None:
    """T04, T09: at every load date the visits of the events that were known then, each with the source of its first event."""
    minutes, minute = [], 0.0
    for gap in gaps:
        minute = round(minute + gap, 3)
        minutes.append(minute)
    with connect(module_url, "footfall_worker") as connection:
        site = Site.another(connection)
        arriving = list(minutes)
        order.shuffle(arriving)
        known: list[float] = []
        answers = []
        while arriving:
            size = cuts[len(answers) % len(cuts)] if len(answers) < 9 else len(arriving)
            now, arriving = arriving[:size], arriving[size:]
            known += now
            # some of it again: a replay changes nothing
            site.land(*(hit(m, session) for m in [*now, *known[:2]]))
            site.load()
            if order.random() < 0.5:
                site.close()
            answers.append((site.value("SELECT max(load_date) FROM raw.load_batch WHERE job = 'load'"), expected(known, session)))
        for load_date, ends in answers:
            rows = visits_as_of(site, load_date)
            assert by_visit([row[:2] for row in rows]) == ends
            if session is not None:
                assert {(min(visit), f"from{min(visit)}") for visit in ends} == {
                    (min(minute_of(m) for v, m, _ in rows if v == visit), source) for visit, _, source in rows
                }
        assert visits(site) == answers[-1][1]
        marts = site.table("business.event_b"), site.table("business.visit_b")
        site.value("SELECT business.rebuild_marts(%s)", site.tenant_hk)
        for table, before in zip(("event_b", "visit_b"), marts, strict=True):
            now = site.table(f"business.{table}")
            assert now == before, table
        site.settle()
        scope = Scope(tenant_hk=site.tenant_hk)
        assert [check.code for check in all_checks() if run_check(connection, check, scope)] == []
