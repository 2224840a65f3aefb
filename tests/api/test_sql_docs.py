"""The statements of docs/ask/sql.md are what a tenant's own login may run, and mean what the reports say."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from footfall import api
from footfall.auth import grant_sql_access, revoke_sql_access
from footfall.database import Connection, connect
from site_under_test import BOT, Site, view

PAGE = (Path(__file__).parents[2] / "docs" / "ask" / "sql.md").read_text()
STATEMENTS = [
    re.sub(r"\$__timeGroupAlias\((\w+), '15m'\)", r"floor(extract(epoch from \1) / 900) * 900 AS time",
           re.sub(r"\$__timeFilter\((\w+)\)", r"\1 BETWEEN $__timeFrom() AND $__timeTo()", statement.strip()))
    .replace("$__timeFrom()", "(now() - interval '30 d')").replace("$__timeTo()", "now()")
    for block in re.findall(r"<!-- run -->\n```sql\n(.*?)```", PAGE, re.DOTALL)
    for statement in block.split(";\n")
    if statement.strip()
]  # fmt: skip


@pytest.fixture
def analyst(site: Site, owner: Connection, url: str) -> Iterator[Connection]:
    """The login of a tenant with some days of traffic up to now; not all of it rolled up."""
    now = datetime.now(UTC)
    for days in (40, 3, 1, 0):
        base = now - timedelta(days=days, hours=1)
        owner.execute("SELECT util.ensure_month(%s, 'bytea')", (base,))
        at = [(base + timedelta(minutes=minute)).isoformat() for minute in range(4)]
        site.land(
            view("/", days, session_id=f"s-{days}", event_timestamp=at[0], _visitor_id="v", properties={"plan": "pro"}),
            view("/b", days, session_id=f"t-{days}", event_timestamp=at[1], _visitor_id=f"v-{days}"),
            view("/c", days, session_id=f"b-{days}", event_timestamp=at[1], _user_agent=BOT),
            {"evt_type": "item_interaction", "item_id": "a", "session_id": f"s-{days}", "event_timestamp": at[2]},
            {"evt_type": "transaction_step", "evt_action": "complete", "evt_value": 5, "transaction_id": f"o-{days}",
             "session_id": f"s-{days}", "event_timestamp": at[3]},
            received=now,
        )  # fmt: skip
    site.load()
    site.close(now + timedelta(days=1))
    site.value("SELECT business.roll_up_due('0', %s)", now + timedelta(days=1))
    role, password = grant_sql_access(owner, "acme")
    with psycopg.connect(url, user=role, password=password, autocommit=True) as connection:
        yield connection
    revoke_sql_access(owner, "acme")


def test_every_statement_of_the_page_runs_and_finds_something(analyst: Connection) -> None:
    assert len(STATEMENTS) > 10
    for statement in STATEMENTS:
        assert analyst.execute(statement).fetchall(), statement


# joins that a tenant may well write, beside those of the page
JOINS = [
    "SELECT count(*) FROM api.event_v a JOIN api.event_v b USING (session) WHERE a.event_type = 'item_interaction'"
    " AND b.event_action = 'complete'",
    "SELECT count(*) FROM api.event_v a JOIN api.event_v b USING (visitor)"
    " WHERE a.event_action = 'complete' AND b.event_action = 'complete'",
    "SELECT count(*) FROM api.event_v e JOIN api.visit_v v USING (session, day)"
    " WHERE v.source = 'direct' AND e.page_title IS NULL",
    "SELECT count(*) FROM api.visit_v v"
    " WHERE NOT EXISTS (SELECT FROM api.event_v e WHERE e.session = v.session AND e.event_action = 'complete')",
    "SELECT count(*) FROM api.event_v e JOIN business.site_event_details_s d ON d.site_event_hk = e.event"
    " WHERE d.page_title IS NULL",
]


def test_no_statement_looks_at_a_tenants_events_again_and_again(
    site: Site, worker: Connection, owner: Connection, url: str
) -> None:
    """What a plan touches grows with the events, not with their square."""
    visits = 300
    now = datetime.now(UTC)
    for tenant in (site, Site(worker, "other")):
        for visit in range(visits):
            at = [(now - timedelta(hours=visit % 48 + 1, minutes=-minute)).isoformat() for minute in range(4)]
            name = {"session_id": f"s-{visit}", "_visitor_id": f"v-{visit % 200}"}
            tenant.land(
                view("/", event_id=f"{visit}-a", event_timestamp=at[0], properties={"plan": "pro"}, **name),
                {"evt_type": "item_interaction", "item_id": "a", "event_timestamp": at[1], **name},
                {"evt_type": "item_interaction", "item_id": "b", "event_timestamp": at[2], **name},
                {"evt_type": "transaction_step", "evt_action": "complete", "transaction_id": f"{visit}",
                 "event_timestamp": at[3], **name},
                received=now,
            )  # fmt: skip
        tenant.load()
        tenant.close(now + timedelta(days=1))
        tenant.roll_up()
    # as autovacuum does it: partitions, but not the tables that they are partitions of
    tables = "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'business'::regnamespace"
    for (table,) in owner.execute(tables).fetchall():
        owner.execute(f"ANALYZE {table}")
    role, password = grant_sql_access(owner, "acme")
    with psycopg.connect(url, user=role, password=password, autocommit=True) as connection:
        for statement in STATEMENTS + JOINS:
            (plan,) = connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}").fetchone()[0]
            assert rows_touched(plan["Plan"]) < 60 * visits * 4, statement
    revoke_sql_access(owner, "acme")


def rows_touched(node: dict[str, Any]) -> int:
    """The rows that a plan's nodes give or throw away, each time that they are asked."""
    thrown = sum(node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Join Filter", "Index Recheck"))
    return int((node["Actual Rows"] + thrown) * node["Actual Loops"]) + sum(map(rows_touched, node.get("Plans", [])))


def test_visitors_by_source_in_sql_are_those_of_the_report(url: str, analyst: Connection) -> None:
    (statement,) = [statement for statement in STATEMENTS if "distinct visitors by source" in statement]
    with connect(url, "footfall_worker") as worker:
        question = {"tenantId": "acme", "dimension": "source", "metrics": ["visitors"]}
        rows = api.answer(worker, "breakdown", question)["data"]["rows"]
    assert [(row["value"], row["visitors"]) for row in rows] == analyst.execute(statement).fetchall()
    assert rows == [{"value": "direct", "visitors": 4}]  # one who came again and again, and one each day
