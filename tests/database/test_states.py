"""Stores that earlier versions filled open in this one: all is there, counted by today's meanings, with nobody rebuilding it.

The states are dumps that tools/keep_state.py made of one small store: each in the version whose last migration it is named after,
or in the commit. (The script is younger than the first five commits: there it ran with what they had instead of its imports.)
"""

import itertools
import json
import lzma
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from footfall import api, schema
from footfall.business import all_checks, run_check
from footfall.database import Connection, Store, connect
from footfall.settings import Settings
from footfall.worker import work_once
from schema_lines import difference, schema_lines

STATES = sorted((Path(__file__).parent / "states").glob("*.sql.xz"))
NOON = "2026-11-20T12:00:00Z"
RELATIONS = """
    SELECT c.oid::regclass::text, c.relispartition, has_any_column_privilege(%s, c.oid, 'SELECT') FROM pg_class c
    WHERE c.relnamespace::regnamespace::text IN ('util', 'auth', 'ref', 'raw', 'staging', 'business', 'archive', 'api')
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    ORDER BY 1
"""
_numbers = itertools.count()


@pytest.fixture(scope="module", params=STATES, ids=lambda state: state.name.removesuffix(".sql.xz"))
def upgraded(request: pytest.FixtureRequest, server: str, template: str) -> Iterator[str]:
    """The URL of an earlier store after `footfall migrate` and one round of the worker. (The template has made the roles.)

    Restoring one takes longer than looking at it: the tests of a state share it, and none takes anything away.
    """
    name = f"state_{next(_numbers)}"
    url = make_conninfo(server, dbname=name)
    with psycopg.connect(server, autocommit=True) as connection:
        if connection.info.server_version < 180000:
            pytest.skip("a dump of PostgreSQL 18 is for no older server")
        connection.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
        connection.execute(f"ALTER DATABASE {name} SET footfall.now = '{NOON}'")
    restore = [*Store(url).psql(), "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    done = subprocess.run(restore, input=lzma.decompress(request.param.read_bytes()), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    with connect(url) as owner:
        schema.deploy(owner)
    work_once(url, Settings())
    yield url
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def fresh(server: str, template: str) -> set[str]:
    """The schema of a store that has no history."""
    with connect(make_conninfo(server, dbname=template)) as owner:
        return schema_lines(owner)


@pytest.fixture
def store(upgraded: str) -> Iterator[Connection]:
    """A connection as the worker's role."""
    with connect(upgraded, "footfall_worker") as connection:
        yield connection


def test_every_check_is_clean(store: Connection):
    found = [finding for check in all_checks() if (finding := run_check(store, check))]
    assert {finding.check.code: finding.rows for finding in found} == {}


def test_the_schema_is_that_of_a_fresh_store(upgraded: str, fresh: set[str]):
    with connect(upgraded) as owner:
        assert difference(schema_lines(owner), fresh) == []


def test_nothing_is_lost_and_figures_have_todays_meanings(store: Connection):
    """As the story tells them: 40 visits of one to five steps, six with ties, orders, a refund, a view without a time."""
    assert _overview(store, "acme") == {
        "visits": 49,
        "page_views": 96,
        "views_without_visit": 5,
        "conversions": 12,
        "refunds": 30,
        "revenue": sum(40 + number for number in range(4, 40, 5)) + 50 + 51 + 100 - 30 + 12.5,
    }


def test_the_plans_report_says_what_every_version_said(store: Connection):
    """All but what got another meaning: a session was also what is nobody's, and orders without a number counted once."""
    question = json.dumps({"tenantId": "acme", "dateFrom": NOON[:10], "dateTo": NOON[:10]})
    report = store.execute("SELECT api.track_analytics(%s) -> 'data'", (question,)).fetchone()[0]
    figures = {name: report[name] for name in ("overview", "interactions", "conversions", "conversionFunnel")}
    assert figures == {
        "overview": {
            "pageViews": 96,
            "totalEvents": 149,
            "totalSessions": 49,  # 55
            "uniqueVisitors": 44,
            "avgPagesPerSession": 1.86,  # 1.75
            "avgSessionDurationMinutes": 1.65,  # 1.47
        },
        "interactions": {"itemInteractions": 24, "uniquePagesVisited": 10, "contactInteractions": 0},
        "conversions": {
            "conversionRate": 50,
            "transactionStarts": 16,
            "completedTransactions": 12,
            "totalConversionValue": 675.5,  # 624.5
        },
        "conversionFunnel": {"funnel_start": 16, "funnel_progress": 0, "funnel_complete": 8, "conversion_rate": 50},
    }


def test_views_of_one_moment_are_in_the_order_in_which_they_were_sent(store: Connection):
    tied = store.execute(
        """
        SELECT DISTINCT d.entry_page_url, d.exit_page_url, n.page_bk, x.page_bk
        FROM business.site_session_h h
        JOIN business.site_session_details_s d ON d.site_session_hk = h.site_session_hk AND d.load_end_date IS NULL
        JOIN business.visit_b v ON v.site_session_hk = h.site_session_hk
        CROSS JOIN LATERAL (SELECT p.site_page_bk AS page_bk FROM business.site_page_h p WHERE p.site_page_hk = v.entry_page_hk) n
        CROSS JOIN LATERAL (SELECT p.site_page_bk AS page_bk FROM business.site_page_h p WHERE p.site_page_hk = v.exit_page_hk) x
        WHERE h.site_session_bk LIKE 'tied-%'
        """
    ).fetchall()
    site = "www.acme.example/tied"
    assert tied == [(f"https://{site}/a", f"https://{site}/c", f"{site}/a", f"{site}/c")]


def test_what_was_sent_before_and_comes_again_is_a_duplicate(upgraded: str, store: Connection):
    """Also an event without a time, which its first receipt alone tells."""
    before = store.execute("SELECT count(*) FROM business.site_event_h").fetchone()
    store.execute(
        """
        SELECT raw.ingest_tracking_events(r.tenant_id, array_agg(NULL::inet), array_agg(NULL::text), array_agg(r.raw_payload))
        FROM raw.site_tracking_events_r r GROUP BY r.tenant_id
        """
    )
    work_once(upgraded, Settings())
    assert store.execute("SELECT count(*) FROM business.site_event_h").fetchone() == before


def test_nobody_reads_another_tenants_rows_whatever_relation_they_name(upgraded: str, store: Connection):
    """Each relation and each partition by its name, as a tenant's own login, as who answers its questions, as other roles."""
    tenants = dict(store.execute("SELECT tenant_bk, tenant_hk FROM auth.tenant_h").fetchall())
    with connect(upgraded) as owner:
        login = owner.execute("SELECT auth.grant_sql_access(%s, 'a-password')", (tenants["acme"],)).fetchone()[0]
        for role in (login, "footfall_reader", "footfall_admin", "footfall_ingest"):
            relations = owner.execute(RELATIONS, (role,)).fetchall()
            partitions = {name: is_readable for name, is_partition, is_readable in relations if is_partition}
            assert len(partitions) > 20
            assert not any(partitions.values()), role
            owner.execute("SELECT set_config('app.tenant_hk', %s, false)", (tenants["acme"].hex(),))
            owner.execute(f"SET SESSION AUTHORIZATION {role}")
            for name in (name for name, _, is_readable in relations if is_readable):
                try:
                    rows = owner.execute(f"SELECT DISTINCT to_jsonb(r) ->> 'tenant_hk' FROM {name} r").fetchall()
                except psycopg.errors.InsufficientPrivilege:
                    continue
                assert {tenant for (tenant,) in rows} <= {"\\x" + tenants["acme"].hex(), "\\x", None}, f"{role} reads {name}"
            seen = owner.execute("SELECT count(*) FROM pg_stats WHERE schemaname IN ('raw', 'staging', 'business')").fetchone()
            assert seen == (0,), role
            owner.execute("RESET SESSION AUTHORIZATION")
        owner.execute("SELECT auth.revoke_sql_access(%s)", (tenants["acme"],))


def _overview(connection: Connection, tenant_id: str) -> dict[str, Any]:
    figures = ["visits", "page_views", "views_without_visit", "conversions", "refunds", "revenue"]
    day = NOON[:10]
    reply = api.answer(connection, "overview", {"tenantId": tenant_id, "dateFrom": day, "dateTo": day})
    assert reply["success"], reply
    return {figure: reply["data"]["metrics"][figure] for figure in figures}
