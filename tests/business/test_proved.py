"""VALID rows of staging go once the vault holds what they say, and whatever needs them does without, or has them staged again."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_reprocess import allow_banners, balance, reprocess
from test_visits_end import LATER, hit

from footfall.database import connect
from footfall.settings import Settings
from footfall.worker.loop import forget_proved
from site_under_test import BOT, NOON, RECEIVED, Site, contents, view

NEXT_WEEK = RECEIVED + timedelta(days=7)


def forget(site: Site, most: int = 200) -> int:
    """All that is proved, as if a week had passed; returns how many rows."""
    site.connection.execute("UPDATE raw.ingest_batch SET load_date = load_date")  # whatever the clock says of when it was loaded
    gone = 0
    while rows := site.value("SELECT business.forget_proved(util.current_load_date() + interval '7 days', '3 days', %s)", most):
        gone += rows
    return gone


def staged(site: Site) -> list[tuple]:
    return site.rows("SELECT raw_event_id, validation_status FROM staging.site_events_staging ORDER BY 1")


@pytest.fixture
def mixed(site: Site) -> Site:
    """One batch with two good events, a repetition, an unknown type, and an event without a type; all loaded."""
    site.land(
        view("/", session_id="s"),
        view("/", session_id="s"),
        {"evt_type": "banner", "event_id": "b", "session_id": "s"},
        {"event_id": "nothing", "session_id": "s"},
        view("/b", 5, session_id="s", _user_agent=BOT),
    )
    site.settle()
    return site


def test_what_the_vault_holds_goes_and_the_rest_stays(mixed: Site) -> None:
    before = contents(mixed.connection)
    fates = mixed.fates()
    assert forget(mixed) == 2
    # the vault tells neither repetitions nor what was refused
    assert staged(mixed) == [(2, "VALID"), (3, "INVALID"), (4, "INVALID")]
    assert mixed.fates() == fates == ["loaded", "duplicate", "invalid", "invalid", "loaded"]
    assert contents(mixed.connection) == before
    assert mixed.failing_checks() == []
    assert forget(mixed) == 0


def test_nothing_goes_before_its_time_or_before_it_is_loaded(site: Site) -> None:
    site.set_clock(RECEIVED)
    site.land(view("/", session_id="s"))
    assert site.value("SELECT business.forget_proved(%s, '3 days')", NEXT_WEEK) == 0
    site.set_clock(NEXT_WEEK - timedelta(days=2))
    site.load()
    # it was received long ago, and loaded two days ago
    assert site.value("SELECT business.forget_proved(%s, '3 days')", NEXT_WEEK) == 0
    assert site.value("SELECT business.forget_proved(%s, '3 days')", NEXT_WEEK + timedelta(days=2)) == 1
    site.land(view("/2", session_id="s"), received=NEXT_WEEK)
    assert site.value("SELECT business.forget_proved(%s, '3 days')", NEXT_WEEK + timedelta(days=20)) == 0


def test_what_the_vault_has_lost_stays_and_is_found(mixed: Site) -> None:
    mixed.connection.execute("DELETE FROM business.site_event_details_s WHERE raw_event_id = 5")
    assert forget(mixed) == 1
    assert (5, "VALID") in staged(mixed)
    assert "balance.loaded" in mixed.failing_checks()


def test_a_slice_takes_some_batches_and_the_next_one_the_rest(site: Site) -> None:
    for number in range(7):
        for session, second in (("a", 0), ("b", 0), ("c", 1)):  # several are received in one moment
            site.land(view(f"/{number}", number, session_id=session), received=RECEIVED + timedelta(seconds=second))
    site.load()
    assert site.value("SELECT business.forget_proved(util.current_load_date() + interval '7 days', '3 days', 3)") == 14
    assert site.value("SELECT business.forget_proved(util.current_load_date() + interval '7 days', '3 days', 3)") == 7
    assert staged(site) == []
    assert site.failing_checks() == []


def test_the_worker_forgets_after_three_days_or_never(mixed: Site) -> None:
    mixed.set_clock(NOON + timedelta(days=2000))
    assert forget_proved(mixed.connection, Settings.read({"FOOTFALL_STAGING_DAYS": "0"})) == 0
    assert forget_proved(mixed.connection, Settings.read({})) == 2


def test_what_was_refused_is_tried_again_and_nothing_else(mixed: Site) -> None:
    """Even if rules of now would refuse what was loaded: it stays loaded, and every event is counted once."""
    forget(mixed)
    allow_banners(mixed)
    mixed.connection.execute("UPDATE auth.tenant_details_s SET allowed_hosts = '{elsewhere.example}'")
    assert reprocess(mixed, "evt_type_unknown") == 1
    mixed.settle()
    assert balance(mixed) == {"received": 5, "loaded": 3, "duplicate": 1, "invalid": 1, "pending": 0}
    assert mixed.failing_checks() == []


def test_a_batch_that_is_queued_by_hand_changes_nothing(mixed: Site) -> None:
    forget(mixed)
    before = contents(mixed.connection)
    mixed.connection.execute("UPDATE raw.ingest_batch SET processing_status = 'PENDING'")
    mixed.settle()
    assert contents(mixed.connection) == before
    assert balance(mixed) == {"received": 5, "loaded": 2, "duplicate": 1, "invalid": 2, "pending": 0}
    assert mixed.failing_checks() == []


@given(
    st.lists(st.tuples(st.integers(-60, 3000), st.sampled_from("ab")), min_size=3, max_size=30, unique=True),
    st.integers(1, 29),
)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_visits_that_late_events_cut_anew_say_the_same_with_and_without_staging(module_url: str, events: list, cut: int) -> None:
    with connect(module_url) as connection:
        said = []
        for is_forgotten in (False, True):
            site = Site.another(connection)
            for part, received in ((events[:cut], LATER), (events[cut:], LATER + timedelta(hours=1))):
                site.land(*[hit(minute, session) for minute, session in part], received=received)
                site.load()
                if is_forgotten:
                    forget(site)
            query = (
                "SELECT min(v.first_event_timestamp), min(v.source), min(v.channel), sum(v.events) FROM business.visit_b v"
                " WHERE v.tenant_hk = %s GROUP BY v.site_session_hk ORDER BY 1, 2"
            )
            said.append(site.rows(query, site.tenant_hk))
        assert said[0] == said[1]


def test_a_staged_row_that_is_needed_once_more_goes_again(site: Site) -> None:
    site.land(*[hit(20 * n) for n in range(100)])
    site.settle()
    forget(site)
    site.land(hit(-25), received=LATER + timedelta(hours=1))
    site.load()
    sources = site.rows("SELECT DISTINCT min(first_event_timestamp), min(source) FROM business.visit_b GROUP BY site_session_hk")
    assert sorted(source for _, source in sources) == ["from-25", "from1420"]
    assert len(staged(site)) == 1
    assert site.failing_checks() == []
