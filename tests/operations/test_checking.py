"""Checks of a part of the store: a tenant's, since a moment, within a time; on one snapshot."""

from datetime import timedelta

import pytest

from footfall.business import Scope, all_checks
from footfall.database import connect
from footfall.operations.checking import run_checks
from site_under_test import NOON, Site, view


@pytest.fixture
def two(site: Site) -> tuple[Site, Site]:
    """Two tenants' sites, with events of a day and of the day before, all settled."""
    other = Site(site.connection, "other")
    for one in (site, other):
        one.land(view("/early", -24 * 60, session_id="a"), view("/", 0, session_id="b"), view("/next", 1, session_id="b"))
        one.settle()
    return site, other


def red(url: str, scope: Scope = Scope()) -> set[str]:  # noqa: B008  frozen
    """The codes of the checks that find something."""
    return {one.check.code for one in run_checks(url, all_checks(), scope) if one.finding}


def test_every_check_is_run_whatever_is_looked_at(url: str, two: tuple[Site, Site]):
    site, _ = two
    for scope in (Scope(), Scope(tenant_hk=site.tenant_hk), Scope(since=NOON - timedelta(hours=1))):
        done = list(run_checks(url, all_checks(), scope))
        assert {one.check.code for one in done} == {check.code for check in all_checks()}
        assert all(one.is_finished and one.finding is None for one in done)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE business.site_event_details_s SET event_label = 'x' WHERE tenant_hk = %s", "site_event_details_s.hash_diff"),
        ("UPDATE business.event_b SET event_label = 'x' WHERE tenant_hk = %s", "marts.events"),
        ("UPDATE business.visit_b SET events = 7 WHERE tenant_hk = %s", "marts.visits"),
        ("UPDATE raw.ingest_batch SET event_count = 7 WHERE tenant_hk = %s", "raw.batches"),
        ("UPDATE business.rollup_b SET visits = 7 WHERE tenant_hk = %s", "marts.rollups"),
        ("DELETE FROM business.day_w WHERE tenant_hk = %s", "marts.days"),
        ("UPDATE business.site_session_details_s SET total_events = 7 WHERE tenant_hk = %s", "sessions.details"),
    ],
)
def test_what_is_wrong_with_a_tenant_is_found_with_it_and_not_with_another(
    url: str, two: tuple[Site, Site], owner, change: str, code: str
):
    site, other = two
    owner.execute(change, (other.tenant_hk,))
    assert code in red(url, Scope(tenant_hk=other.tenant_hk))
    assert code in red(url)
    assert red(url, Scope(tenant_hk=site.tenant_hk)) == set()


def test_what_was_wrong_before_is_not_found_since(url: str, two: tuple[Site, Site], owner):
    owner.execute("UPDATE business.event_b SET event_label = 'x' WHERE event_timestamp < %s", (NOON - timedelta(hours=12),))
    assert red(url, Scope(since=NOON - timedelta(hours=1))) == set()
    assert red(url, Scope(since=NOON - timedelta(days=2))) == {"marts.events", "marts.rollups"}


def test_what_there_is_no_time_for_is_said(url: str, two: tuple[Site, Site]):
    done = list(run_checks(url, all_checks(), Scope(), seconds=0))
    assert len(done) == len(all_checks())
    assert not any(one.is_finished for one in done)


def test_what_is_loaded_meanwhile_is_in_none_of_them(url: str, two: tuple[Site, Site]):
    site, _ = two
    running = run_checks(url, all_checks(), Scope())
    found = [next(running).finding]
    with connect(url, "footfall_worker"):
        site.land(view("/more", 2, session_id="b"))
        site.load()
    assert [*found, *(one.finding for one in running)] == [None] * len(all_checks())
