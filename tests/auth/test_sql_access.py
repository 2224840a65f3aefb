"""A tenant's own login on the store: it sees that tenant, whatever it says, and changes nothing (T12)."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from footfall.auth import grant_sql_access, revoke_sql_access
from footfall.database import Connection
from site_under_test import NOON, Site, view

VIEWS = ("event_v", "visit_v", "rollup_v", "day_v", "event_balance_v")


@pytest.fixture
def two(worker: Connection) -> tuple[Site, Site]:
    """Two tenants with the same traffic; one has rollups, the other not yet."""
    one, other = Site(worker, "one"), Site(worker, "other")
    for site in (one, other):
        site.land(view("/a", 0, session_id="s", _visitor_id="v"), view("/b", 1, session_id="s", _visitor_id="v"))
    one.load()
    one.close()
    one.value("SELECT business.roll_up_due('0', %s)", NOON.replace(year=2100))
    return one, other


@pytest.fixture
def analyst(two, owner: Connection, url: str) -> Iterator[Connection]:
    """A session of tenant one's login."""
    role, password = grant_sql_access(owner, "one")
    with psycopg.connect(url, user=role, password=password, autocommit=True) as connection:
        yield connection
    revoke_sql_access(owner, "one")


def test_it_sees_its_tenant_in_every_view_and_no_other(two, analyst: Connection) -> None:
    one, _ = two
    for view_name in VIEWS:
        tenants = {tenant for (tenant,) in analyst.execute(f"SELECT tenant_hk FROM api.{view_name}")}
        assert tenants == {one.tenant_hk}, view_name


def test_no_setting_and_no_role_shows_it_another_tenant(two, analyst: Connection) -> None:
    one, other = two
    analyst.execute("SELECT set_config('app.tenant_hk', %s, false)", (other.tenant_hk.hex(),))
    assert analyst.execute("SELECT DISTINCT tenant_hk FROM business.site_event_h").fetchall() == [(one.tenant_hk,)]
    reply = analyst.execute('SELECT api.track_analytics(\'{"tenantId": "other"}\')').fetchone()[0]
    assert reply["debug_info"]["error"] == "tenant_mismatch"
    for role in ("footfall_worker", "footfall_reader", "footfall_ingest"):
        with pytest.raises(errors.InsufficientPrivilege):
            analyst.execute(f"SET ROLE {role}")
    for table in ("raw.site_tracking_events_r", "auth.access_key", "auth.visitor_secret", "auth.sql_access", "raw.load_batch"):
        with pytest.raises(errors.InsufficientPrivilege):
            analyst.execute(f"SELECT * FROM {table}")


def test_it_asks_the_plans_report_without_naming_its_tenant(two, analyst: Connection) -> None:
    reply = analyst.execute('SELECT api.track_analytics(\'{"dateFrom": "2026-03-01", "dateTo": "2026-03-31"}\')').fetchone()[0]
    assert reply["data"]["overview"]["pageViews"] == 2
    assert reply["data"]["metadata"]["tenant_id"] == "one"


def test_it_changes_nothing_even_when_it_asks_to_write(two, analyst: Connection) -> None:
    analyst.execute("SET default_transaction_read_only = off")
    for statement in (
        "DELETE FROM business.event_b",
        "UPDATE business.visit_b SET events = 0",
        "INSERT INTO ref.goal SELECT * FROM ref.goal",
        "SELECT auth.grant_sql_access('', 'x')",
        "SELECT business.rebuild_marts('')",
        "SELECT util.secure_access()",
        "CREATE TABLE public.mine (x integer)",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            analyst.execute(statement)


def test_a_second_grant_changes_the_password_and_a_revocation_ends_it(two, owner: Connection, url: str) -> None:
    role, password = grant_sql_access(owner, "one")
    assert grant_sql_access(owner, "one") != (role, password)
    assert revoke_sql_access(owner, "one") is True
    assert revoke_sql_access(owner, "one") is False
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, user=role)
