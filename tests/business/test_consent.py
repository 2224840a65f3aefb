"""What visitors allow is kept as it was sent, each time, with what it was about; and can be asked for."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footfall.database import Connection
from site_under_test import NOON, Site, at, view

DAYS = {"dateFrom": "2026-03-01", "dateTo": "2026-03-31"}
SAID = {"given": True, "purposes": ["statistics", "advertising"], "version": "2026-11", "at": "2026-03-10T11:59:00Z"}


def statements(site: Site) -> list[tuple[Any, ...]]:
    """What was said, in order: state, purposes, version, minutes from noon at which the visitor said so."""
    return [
        (state, purposes, version, (moment - NOON).total_seconds() / 60)
        for state, purposes, version, moment in site.rows(
            "SELECT consent_state, purposes, text_version, consented_at FROM business.site_session_consent_s"
            " ORDER BY stated_at, raw_event_id"
        )
    ]


def visits_by_consent(site: Site, **more: Any) -> dict[str, int]:
    reply = site.ask("breakdown", dimension="consent", **DAYS, **more)
    assert reply["success"], reply
    return {row["value"]: row["visits"] for row in reply["data"]["rows"]}


def notes(site: Site) -> list[list[str]]:
    return [[flag for flag in flags if "consent" in flag] for flags in site.staged("validation_flags")]


def test_what_was_allowed_is_kept_with_its_purposes_its_text_and_its_time(site: Site) -> None:
    site.land(view("/", 0, session_id="s", consent=SAID), view("/p", 1, session_id="s"))
    site.settle()
    assert statements(site) == [("granted", ["statistics", "advertising"], "2026-11", -1)]
    assert site.failing_checks() == []


def test_a_consent_that_is_withdrawn_is_another_row_and_the_first_one_stays(site: Site) -> None:
    site.land(view("/", 0, session_id="s", consent=SAID))
    site.load()
    site.land(view("/p", 5, session_id="s", consent=False))
    site.settle()
    assert [(state, minutes) for state, _, _, minutes in statements(site)] == [("granted", -1), ("denied", 5)]
    assert visits_by_consent(site) == {"denied": 1}
    assert site.failing_checks() == []


def test_both_of_one_load_are_kept(site: Site) -> None:
    site.land(view("/", 0, session_id="s", consent=False), view("/p", 0.1, session_id="s", consent=True))
    site.settle()
    assert [state for state, *_ in statements(site)] == ["denied", "granted"]
    assert visits_by_consent(site) == {"granted": 1}


def test_visits_can_be_asked_for_by_what_was_allowed(site: Site) -> None:
    site.land(
        view("/", 0, session_id="yes", consent=True),
        view("/", 1, session_id="no", consent={"given": False, "version": "2"}),
        view("/", 2, session_id="silent"),
        view("/p", 3, session_id="silent"),
    )
    site.settle()
    assert visits_by_consent(site) == {"granted": 1, "denied": 1, "unknown": 1}
    for state, views in (("granted", 1), ("denied", 1), ("unknown", 2)):
        reply = site.ask("overview", filter=f"consent=={state}", **DAYS)
        assert (reply["data"]["metrics"]["visits"], reply["data"]["metrics"]["page_views"]) == (1, views)
        as_of = site.ask("overview", filter=f"consent=={state}", asOf="2100-01-01T00:00:00Z", **DAYS)
        assert as_of["data"]["metrics"] == reply["data"]["metrics"]
    before = visits_by_consent(site)
    site.value("SELECT business.rebuild_marts(%s)", site.tenant_hk)
    site.roll_up()
    assert visits_by_consent(site) == before
    assert site.failing_checks() == []


def test_an_earlier_load_date_knows_nothing_of_what_was_said_later(site: Site) -> None:
    site.land(view("/", 0, session_id="s"))
    site.settle()
    then = site.value("SELECT max(load_date) FROM raw.load_batch")
    site.land(view("/p", 1, session_id="s", consent=True))
    site.settle()
    asked = {"filter": "consent==granted", **DAYS}
    assert site.ask("overview", **asked)["data"]["metrics"]["visits"] == 1
    assert site.ask("overview", asOf=then.isoformat(), **asked)["data"]["metrics"]["visits"] == 0


def test_a_session_that_comes_back_says_it_for_the_visit_in_which_it_was_said(site: Site) -> None:
    site.land(
        view("/", 0, session_id="s", consent=True),
        view("/", 600, session_id="s"),
        view("/", 1200, session_id="s", consent=False),
    )
    site.settle()
    assert visits_by_consent(site) == {"granted": 1, "unknown": 1, "denied": 1}
    assert site.failing_checks() == []


def test_a_visit_without_a_session_id_has_a_consent_too(site: Site) -> None:
    site.land(view("/", 25, _visitor_id="v"), view("/p", 40, _visitor_id="v", consent=True))
    site.settle()
    assert visits_by_consent(site) == {"granted": 1}
    assert site.failing_checks() == []


def test_a_visit_is_shown_with_all_that_was_said_in_it(site: Site) -> None:
    site.land(view("/", 0, session_id="s", consent=SAID), view("/p", 5, session_id="s", consent=False))
    site.settle()
    session = site.value("SELECT encode(site_session_hk, 'hex') FROM business.visit_b LIMIT 1")
    told = site.ask("session", session=session, **DAYS)["data"]["consent"]
    assert [(one["state"], one.get("version")) for one in told] == [("granted", "2026-11"), ("denied", None)]
    assert told[0]["purposes"] == ["statistics", "advertising"]
    assert told[0]["at"].startswith("2026-03-10T11:59")


@pytest.mark.parametrize(
    "said",
    [
        "yes",
        1,
        [True],
        {"given": "yes"},
        {"purposes": "statistics"},
        {"purposes": ["x"] * 21},
        {"purposes": ["x" * 51]},
        {"purposes": [""]},
        {"purposes": [1]},
        {"version": "x" * 101},
        {"version": 2},
        {"at": "yesterday"},
        {"at": "2030-01-01T00:00:00Z"},
        {"at": None},
    ],
    ids=repr,
)
def test_what_cannot_be_understood_is_no_consent_and_the_event_counts(site: Site, said: object) -> None:
    site.land(view("/", 0, session_id="s", consent=said))
    site.settle()
    assert (statements(site), notes(site)) == ([], [["consent_ignored"]])
    assert visits_by_consent(site) == {"unknown": 1}


@pytest.mark.parametrize("said", [None, {"purposes": []}, {"purposes": ["x" * 50] * 20, "version": "x" * 100}, {}], ids=repr)
def test_what_is_at_the_limits_is_taken(site: Site, said: object) -> None:
    site.land(view("/", 0, session_id="s", consent=said))
    site.load()
    assert notes(site) == [[]]
    assert len(statements(site)) == (said is not None)


def test_who_asks_not_to_be_tracked_has_said_nothing(site: Site) -> None:
    site.land(view("/", 0, session_id="s", consent=SAID, _do_not_track=True))
    site.settle()
    assert statements(site) == []


def test_a_replay_writes_nothing_and_a_removed_event_takes_what_it_said_with_it(site: Site, owner: Connection) -> None:
    events = [view("/", 0, session_id="s", consent=True), view("/p", 5, session_id="s", consent=False)]
    site.land(*events)
    site.load()
    site.land(*events)
    site.settle()
    assert [state for state, *_ in statements(site)] == ["granted", "denied"]
    last = site.value("SELECT site_event_hk FROM business.site_session_consent_s WHERE consent_state = 'denied'")
    assert owner.execute("SELECT business.remove_events(%s, %s)", (site.tenant_hk, [last])).fetchone() == (1,)
    site.settle()
    assert [state for state, *_ in statements(site)] == ["granted"]
    assert visits_by_consent(site) == {"granted": 1}
    # raw and staging are left to who removes
    assert [code for code in site.failing_checks() if not code.startswith(("balance.", "staging."))] == []


@given(
    said=st.lists(st.tuples(st.sampled_from([None, True, False]), st.sampled_from("ab")), min_size=1, max_size=6),
    order=st.randoms(use_true_random=False),
    cut=st.integers(0, 6),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_and_the_loads_in_which_it_comes_change_nothing(
    worker: Connection, said: list[tuple[bool | None, str]], order: Any, cut: int
) -> None:
    site = Site.another(worker)
    events = [view("/", minute, session_id=session, consent=state) for minute, (state, session) in enumerate(said)]
    order.shuffle(events)
    for part in (events[:cut], events[cut:]):
        if part:
            site.land(*part)
            site.load()
    site.settle()
    expected: dict[str, int] = {}
    for session in {session for _, session in said}:
        stated = [state for state, of in said if of == session and state is not None]
        word = {True: "granted", False: "denied", None: "unknown"}[stated[-1] if stated else None]
        expected[word] = expected.get(word, 0) + 1
    assert visits_by_consent(site) == expected


def test_what_was_said_long_ago_may_be_said_again(site: Site) -> None:
    moment = (NOON - timedelta(days=400)).isoformat()
    site.land(view("/", 0, session_id="s", consent={"at": moment}, event_timestamp=at(0)))
    site.load()
    assert statements(site)[0][3] == -400 * 1440
