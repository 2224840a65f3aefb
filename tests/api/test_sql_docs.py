"""The statements of docs/sql.md are what a tenant's own login may run, and mean what the reports say."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from footfall.auth import grant_sql_access, revoke_sql_access
from footfall.database import Connection
from site_under_test import BOT, Site, view

PAGE = (Path(__file__).parents[2] / "docs" / "sql.md").read_text()
STATEMENTS = [
    statement.strip()
    for block in re.findall(r"<!-- run -->\n```sql\n(.*?)```", PAGE, re.DOTALL)
    for statement in block.split(";\n")
    if statement.strip()
]


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
        sql = re.sub(
            r"\$__time(From|To)\(\)", lambda match: {"From": "(now() - interval '30 d')", "To": "now()"}[match[1]], statement
        )
        assert analyst.execute(sql).fetchall(), statement


def test_visitors_by_source_in_sql_are_those_of_the_report(analyst: Connection) -> None:
    (statement,) = [statement for statement in STATEMENTS if "distinct visitors by source" in statement]
    reply = analyst.execute("SELECT api.report_breakdown(%s)", (json.dumps({"dimension": "source", "metrics": ["visitors"]}),))
    rows = reply.fetchone()[0]["data"]["rows"]
    assert [(row["value"], row["visitors"]) for row in rows] == analyst.execute(statement).fetchall()
    assert rows == [{"value": "direct", "visitors": 4}]  # one who came again and again, and one each day
