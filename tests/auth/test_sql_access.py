"""A tenant's own login on the store: it sees that tenant, whatever it says, and changes nothing (T12)."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

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
    # a database that is made of a template has none of the template's own privileges
    owner.execute("SELECT util.close_catalog()")
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


def test_its_name_tells_nobody_whose_it_is(two, owner: Connection, analyst: Connection) -> None:
    grant_sql_access(owner, "other")
    names = [name for (name,) in analyst.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'footfall_sql_%'")]
    assert len(names) >= 2
    assert not any("one" in name or "other" in name for name in names)
    revoke_sql_access(owner, "other")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_advisory_lock(hashtextextended('footfall:load', 0))",
        "SELECT pg_try_advisory_xact_lock_shared(1, 2)",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT lo_creat(-1)",
        "CREATE TEMP TABLE mine AS SELECT 1",
        "SELECT * FROM util.work FOR UPDATE",
        "SELECT util.take_turn('load')",
        "SELECT auth.end_overdue_sql('0s')",
        "SELECT util.close_catalog()",
        "SET temp_file_limit = -1",
        "SET ROLE footfall_analyst; SELECT lo_create(0)",
    ],
)
def test_it_has_nothing_to_stop_others_with(two, analyst: Connection, statement: str) -> None:
    analyst.execute("SET default_transaction_read_only = off")
    *before, last = statement.split("; ")
    for part in before:
        analyst.execute(part)
    with pytest.raises(errors.InsufficientPrivilege):
        analyst.execute(last)


@pytest.mark.parametrize("holds", ["a snapshot", "a statement"])
def test_what_takes_too_long_is_ended_whatever_it_sets(two, analyst: Connection, worker: Connection, holds: str) -> None:
    for setting in ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"):
        analyst.execute(f"SET {setting} = 0")
    assert worker.execute("SELECT auth.end_overdue_sql()").fetchone() == (0,)
    with ThreadPoolExecutor(1) as threads:
        if holds == "a snapshot":
            analyst.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
        else:
            endless = threads.submit(analyst.execute, "SELECT count(*) FROM generate_series(1, 1000000000000)")
        for _ in range(200):
            if ended := worker.execute("SELECT auth.end_overdue_sql('0.2s')").fetchone()[0]:
                break
            time.sleep(0.05)
        assert ended == 1
        with pytest.raises(psycopg.OperationalError):
            analyst.execute("SELECT 1") if holds == "a snapshot" else endless.result()


def test_a_revocation_is_always_possible_and_ends_what_is_open(two, owner: Connection, url: str) -> None:
    role, password = grant_sql_access(owner, "one")
    owner.execute(
        f"GRANT SELECT ON raw.load_batch TO {role}; GRANT CREATE ON SCHEMA public TO {role}; GRANT pg_monitor TO {role}"
    )
    with psycopg.connect(url, user=role, password=password, autocommit=True) as session:
        session.execute("SET default_transaction_read_only = off")
        session.execute("CREATE TABLE public.mine (x integer)")
        assert revoke_sql_access(owner, "one") is True
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, user=role, password=password)
    assert owner.execute("SELECT to_regclass('public.mine'), count(*) FROM pg_roles WHERE rolname = %s", (role,)).fetchone() == (
        None,
        0,
    )


def test_a_login_of_a_former_version_ends_when_a_new_one_is_made(two, owner: Connection) -> None:
    one, _ = two
    owner.execute("CREATE ROLE footfall_sql_one_0123abcd LOGIN IN ROLE footfall_analyst")
    owner.execute("INSERT INTO auth.sql_access VALUES ('footfall_sql_one_0123abcd', %s, now())", (one.tenant_hk,))
    role, _ = grant_sql_access(owner, "one")
    roles = owner.execute("SELECT role_name FROM auth.sql_access WHERE tenant_hk = %s", (one.tenant_hk,)).fetchall()
    assert roles == [(role,)]
    assert owner.execute("SELECT FROM pg_roles WHERE rolname = 'footfall_sql_one_0123abcd'").rowcount == 0
    revoke_sql_access(owner, "one")
