"""Retention: what was kept for long enough goes, whole months at once where nobody wants them; what waits is never removed."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footfall.auth import hold, keep, lift_hold, preview_retention
from footfall.business.checks import all_checks, run_check
from footfall.database import Connection
from footfall.errors import NotAccepted
from footfall.settings import Settings
from footfall.worker import work_once
from site_under_test import Site

JANUARY, FEBRUARY, MARCH = (datetime(2026, month, 10, 12, tzinfo=UTC) for month in (1, 2, 3))
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.fixture
def sites(owner: Connection) -> tuple[Site, Site]:
    """Two tenants with three events each, received in January, in February and in March."""
    acme, other = Site(owner, "acme"), Site(owner, "other")
    for moment in (JANUARY, FEBRUARY, MARCH):
        owner.execute("SELECT util.ensure_month(%s, 'timestamptz')", (moment,))
        for site in (acme, other):
            receive(site, moment)
    acme.load()
    return acme, other


def receive(site: Site, moment: datetime) -> None:
    event = {"evt_type": "page_view", "session_id": f"{moment:%m}", "page_url": "https://a.example/"}
    site.land(event | {"event_id": f"{moment:%m}", "event_timestamp": moment.isoformat()}, received=moment)


def months(connection: Connection, table: str, site: Site) -> list[int]:
    rows = connection.execute(
        f"SELECT extract(month FROM received_timestamp)::integer FROM {table} WHERE tenant_hk = %s ORDER BY 1", (site.tenant_hk,)
    )
    return [month for (month,) in rows]


def apply(connection: Connection, layer: str, now: datetime = NOW) -> tuple[int, int]:
    """What the worker does, at a moment of our own: months dropped, rows deleted."""
    months_due = connection.execute("SELECT util.months_to_drop(%s, %s)", (layer, now)).fetchall()
    dropped = [
        connection.execute("SELECT util.drop_month(%s, %s, %s)", (layer, month, now)).fetchone() for (month,) in months_due
    ]
    assert all(done for (done,) in dropped)
    return len(dropped), connection.execute("SELECT util.delete_expired(%s, %s)", (layer, now)).fetchone()[0]


def assert_clean(connection: Connection) -> None:
    assert [finding for check in all_checks() if (finding := run_check(connection, check))] == []


RAW, STAGING = "raw.site_tracking_events_r", "staging.site_events_staging"


def test_without_a_rule_everything_is_kept_for_ever(sites, owner: Connection) -> None:
    for layer in ("raw", "staging"):
        assert apply(owner, layer, NOW + timedelta(days=10_000)) == (0, 0)


def test_a_month_that_nobody_wants_is_dropped(sites, owner: Connection) -> None:
    keep(owner, "raw", 30)
    assert apply(owner, "raw") == (1, 2)  # January whole, the two events of 10 February one by one
    for site in sites:
        assert months(owner, RAW, site) == [3]
        assert months(owner, STAGING, site) == [1, 2, 3]
    assert owner.execute("SELECT to_regclass('raw.site_tracking_events_r_202601')").fetchone() == (None,)
    assert_clean(owner)
    assert apply(owner, "raw") == (0, 0)


def test_a_tenants_own_rule_comes_before_the_general_one(sites, owner: Connection) -> None:
    acme, other = sites
    keep(owner, "staging", 60)
    keep(owner, "staging", 15, "acme")
    assert apply(owner, "staging") == (0, 3)
    assert (months(owner, STAGING, acme), months(owner, STAGING, other)) == ([3], [2, 3])
    assert months(owner, RAW, acme) == [1, 2, 3]
    # staging tells no more what became of them; the queue still does
    assert acme.rows("SELECT fate FROM raw.site_tracking_events_v WHERE tenant_id = 'acme' ORDER BY raw_event_id") == [
        ("processed",),
        ("processed",),
        ("loaded",),
    ]
    assert_clean(owner)


def test_a_rule_that_is_taken_away_brings_nothing_back_but_keeps_the_rest(sites, owner: Connection) -> None:
    acme, _ = sites
    keep(owner, "raw", 30, "acme")
    apply(owner, "raw")
    keep(owner, "raw", None, "acme")
    assert apply(owner, "raw", NOW + timedelta(days=1000)) == (0, 0)
    assert months(owner, RAW, acme) == [3]
    assert_clean(owner)


def test_what_waits_to_be_loaded_is_never_removed(sites, owner: Connection) -> None:
    acme, other = sites
    receive(acme, JANUARY)
    keep(owner, "raw", 1)
    months_dropped, _ = apply(owner, "raw")
    assert months_dropped == 0
    assert (months(owner, RAW, acme), months(owner, RAW, other)) == ([1, 1, 2, 3], [])
    acme.load()
    months_dropped, _ = apply(owner, "raw")
    assert months_dropped == 2
    assert months(owner, RAW, acme) == []
    assert_clean(owner)


def test_the_vault_keeps_what_raw_and_staging_have_lost(sites, owner: Connection) -> None:
    acme, _ = sites
    before = acme.report(dateFrom="2026-01-01", dateTo="2026-03-31")["overview"]
    keep(owner, "raw", 1)
    keep(owner, "staging", 1)
    apply(owner, "staging")
    apply(owner, "raw")
    assert acme.report(dateFrom="2026-01-01", dateTo="2026-03-31")["overview"] == before
    assert before["pageViews"] == 3


def test_the_worker_applies_the_rules_and_freezes_the_months_that_are_over(sites, owner: Connection, url: str) -> None:
    keep(owner, "raw", 30)  # the clock of the worker is the real one: all of it is long ago
    acme, _ = sites
    acme.close()
    acme.roll_up()
    owner.execute("SELECT pg_stat_force_next_flush()")
    work_once(url, Settings())
    assert months(owner, RAW, acme) == []
    frozen = "SELECT count(*) FROM pg_stat_user_tables WHERE relname ~ '^site_event_h_20260[1-3]$' AND last_vacuum IS NOT NULL"
    assert owner.execute(frozen).fetchone() == (3,)
    owner.execute("SELECT pg_stat_force_next_flush()")
    assert owner.execute("SELECT count(*) FROM util.months_to_freeze(now())").fetchone() == (0,)


def test_only_a_month_that_nobody_wants_can_be_dropped(sites, owner: Connection) -> None:
    keep(owner, "raw", 30)
    for table in ("raw.site_tracking_events_r_202603", "business.site_event_h", "nonsense"):
        assert owner.execute("SELECT util.drop_month('raw', %s, %s)", (table, NOW)).fetchone() == (False,)


def test_the_door_does_not_wait_for_a_month_that_is_being_read(sites, owner: Connection, url: str) -> None:
    keep(owner, "raw", 30)
    with psycopg.connect(url) as reader:
        reader.execute("SELECT count(*) FROM raw.site_tracking_events_r")  # a backup, say
        with pytest.raises(psycopg.errors.LockNotAvailable):
            owner.execute("SELECT util.drop_month('raw', 'raw.site_tracking_events_r_202601', %s)", (NOW,))
    assert apply(owner, "raw") == (1, 2)


PERSONAL = ("user_id", "user_agent", "screen_resolution", "viewport_size", "client_hints", "visitor_ip_hash")


@pytest.fixture
def known(owner: Connection) -> Site:
    """A tenant that knows much of three visits of one person, in January, in February and in March."""
    site = Site(owner, "acme")
    for moment in (JANUARY, FEBRUARY, MARCH):
        owner.execute("SELECT util.ensure_month(%s, 'timestamptz')", (moment,))
        visit(site, moment)
        site.load()
        site.close()
        refresh_visitors(site, moment)
    site.roll_up()
    return site


def visit(site: Site, moment: datetime, **more: object) -> None:
    told = {
        "evt_type": "page_view",
        "session_id": f"{moment:%m%d}",
        "visitor_id": "ann",
        "user_id": "customer-4711",
        "page_url": "https://a.example/shoes",
        "page_referrer": "https://www.google.com/",
        "screen_resolution": f"19{moment:%m}x1080",
        "viewport_width": "1280",
        "viewport_height": "720",
        "language": "de",
        "timezone": "Europe/Berlin",
    }
    site.land(told | more | {"event_id": f"{moment:%m%d%H%M}", "event_timestamp": moment.isoformat()}, received=moment)


def refresh_visitors(site: Site, moment: datetime) -> None:
    site.connection.execute("SELECT business.refresh_due('site_visitor_details', '0', util.current_load_date(), 1000)")


def personal(site: Site) -> list[int]:
    """The months of sessions of whom something personal is known."""
    known = " OR ".join(f"{column} IS NOT NULL" for column in PERSONAL)
    rows = site.connection.execute(
        f"SELECT extract(month FROM entry_timestamp)::integer FROM business.site_session_context_s"
        f" WHERE tenant_hk = %s AND ({known}) ORDER BY 1",
        (site.tenant_hk,),
    )
    return [month for (month,) in rows]


def retire_context(connection: Connection, now: datetime = NOW, most: int = 2000) -> int:
    return connection.execute("SELECT business.retire_context(%s, %s)", (now, most)).fetchone()[0]


def reports(site: Site) -> list[dict[str, object]]:
    asked = {"dateFrom": "2026-01-01", "dateTo": "2026-03-31"}
    by = ("source", "channel", "referrer", "device", "browser", "browser_version", "os", "language", "country", "entry_page")
    questions = [
        ("overview", {}),
        *(("breakdown", {"dimension": dimension}) for dimension in by),
        ("overview", {"asOf": "2100-01-01T00:00:00Z"}),
        ("retention", {"interval": "week"}),
        ("sessions", {}),
    ]
    answers = [site.ask(report, **asked, **more) for report, more in questions]
    assert all(answer["success"] for answer in answers), answers
    return [{key: said for key, said in answer["data"].items() if key not in ("query", "metadata")} for answer in answers]


def test_what_is_personal_goes_when_its_time_is_over_and_no_figure_changes(known: Site, owner: Connection) -> None:
    before = reports(known)
    assert before[0]["metrics"]["visits"] == 3
    keep(owner, "context", 30)
    assert retire_context(owner) > 0
    assert personal(known) == [3]
    assert retire_context(owner) == 0
    assert reports(known) == before
    assert_clean(owner)
    owner.execute("SELECT business.rebuild_marts(%s)", (known.tenant_hk,))
    known.roll_up()
    assert reports(known) == before
    assert_clean(owner)


def test_what_is_personal_of_a_visitor_goes_from_their_history_too(known: Site, owner: Connection) -> None:
    rows = (
        "SELECT last_visit_date < '2026-02-18', user_agent IS NULL AND screen_resolution IS NULL"
        " FROM business.site_visitor_details_s"
    )
    assert sorted(set(known.rows(rows))) == [(False, False), (True, False)]
    keep(owner, "context", 30)
    retire_context(owner)
    assert sorted(set(known.rows(rows))) == [(False, False), (True, True)]
    assert_clean(owner)


def test_rows_that_differed_in_what_was_personal_alone_are_no_finding(known: Site, owner: Connection) -> None:
    # what came first in the latest visit says of another screen, and of nothing else
    visit(known, MARCH - timedelta(minutes=1), evt_type="engagement", session_id=f"{MARCH:%m%d}", screen_resolution="800x600")
    known.load()
    known.close()
    refresh_visitors(known, MARCH)
    repeated = "SELECT count(*) - count(DISTINCT hash_diff) FROM business.site_visitor_details_s"
    assert known.value(repeated) == 0
    keep(owner, "context", 1)
    retire_context(owner)
    assert known.value(repeated) == 1
    assert_clean(owner)


def test_what_comes_late_of_long_ago_loses_what_is_personal_as_well(known: Site, owner: Connection) -> None:
    keep(owner, "context", 30)
    retire_context(owner)
    visit(known, JANUARY + timedelta(days=1))
    known.load()
    assert personal(known) == [1, 3]
    assert retire_context(owner) == 1
    assert personal(known) == [3]
    assert_clean(owner)


def test_it_goes_in_slices_and_comes_to_the_same(known: Site, owner: Connection) -> None:
    keep(owner, "context", 30)
    slices = 0
    while retire_context(owner, most=1):
        slices += 1
    assert slices > 1
    assert personal(known) == [3]
    assert_clean(owner)


def test_a_preview_says_what_then_goes_by_month(known: Site, owner: Connection) -> None:
    keep(owner, "raw", 30)
    keep(owner, "staging", 15)
    keep(owner, "context", 30)
    foretold = preview_at(owner)
    assert {(layer, month): rows for layer, month, rows, _ in foretold} == {
        ("raw", "2026-01"): 1,
        ("raw", "2026-02"): 1,
        ("staging", "2026-01"): 1,
        ("staging", "2026-02"): 1,
        ("context", "2026-01"): 2,  # the session, and the visitor as of then
        ("context", "2026-02"): 2,
    }
    assert all(size > 0 for *_, size in foretold)
    before = {table: len(months(owner, table, known)) for table in (RAW, STAGING)}
    apply(owner, "raw")
    apply(owner, "staging")
    assert retire_context(owner) == 4
    gone = {table: before[table] - len(months(owner, table, known)) for table in (RAW, STAGING)}
    assert gone == {RAW: 2, STAGING: 2}
    assert preview_at(owner) == []


def test_a_rule_can_be_looked_at_before_it_is_one(known: Site, owner: Connection) -> None:
    other = Site(owner, "other")
    keep(owner, "context", 5000, "other")
    visit(other, JANUARY)
    other.load()
    tenants = {row["tenant"] for row in preview_retention(owner, layer="context", days=1)}
    assert tenants == {"acme"}, "the general rule is not that of who has one of their own"
    assert {row["tenant"] for row in preview_retention(owner, "other", "context", 1)} == {"other"}
    assert preview_retention(owner, layer="context") == []
    assert personal(known) == [1, 2, 3]


def test_a_legal_hold_keeps_everything_of_a_tenant_until_it_is_lifted(sites, owner: Connection) -> None:
    acme, other = sites
    for layer in ("raw", "staging", "context"):
        keep(owner, layer, 1)
    hold(owner, "acme", "case 4711")
    assert {row["tenant"] for row in preview_retention(owner)} == {"other"}
    for layer in ("raw", "staging"):
        apply(owner, layer)
    retire_context(owner)
    assert (months(owner, RAW, acme), months(owner, RAW, other)) == ([1, 2, 3], [])
    assert (months(owner, STAGING, acme), months(owner, STAGING, other)) == ([1, 2, 3], [])
    assert personal(acme) == [1, 2, 3]
    lift_hold(owner, "acme")
    for layer in ("raw", "staging"):
        apply(owner, layer)
    assert months(owner, RAW, acme) == months(owner, STAGING, acme) == []
    assert_clean(owner)


def test_a_hold_has_a_reason_and_one_that_is_not_there_cannot_be_lifted(known: Site, owner: Connection) -> None:
    for reason in ("", "  ", "x" * 501):
        with pytest.raises(NotAccepted, match="say why"):
            hold(owner, "acme", reason)
    with pytest.raises(NotAccepted, match="no hold"):
        lift_hold(owner, "acme")


@given(days=st.integers(1, 90), most=st.integers(1, 9), held=st.booleans())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_rule_what_goes_is_what_was_foretold(known: Site, days: int, most: int, held: bool) -> None:
    connection = known.connection
    with connection.transaction(force_rollback=True):
        keep(connection, "context", days)
        if held:
            hold(connection, "acme", "case")
        foretold = sum(rows for _, _, rows, _ in preview_at(connection))
        gone = 0
        while rows := retire_context(connection, most=most):
            gone += rows
        assert gone == foretold
        assert (gone == 0) == (held or (NOW - timedelta(days=days)).date() <= JANUARY.date())


def preview_at(connection: Connection, now: datetime = NOW) -> list[tuple[str, str, int, int]]:
    return connection.execute(
        "SELECT layer, to_char(month, 'YYYY-MM'), found, bytes FROM business.retention_preview(%s)", (now,)
    ).fetchall()
