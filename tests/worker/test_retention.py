"""Retention: what was kept for long enough goes, whole months at once where nobody wants them; what waits is never removed."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from footfall.auth import keep
from footfall.business.checks import all_checks, run_check
from footfall.database import Connection
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
