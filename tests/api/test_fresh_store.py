"""A store of one minute: there are no statistics yet, and no plan may loop over what was loaded for each row of it."""

import json
from typing import Any

import pytest

from footfall import api
from footfall.api import asking
from footfall.api.statements import compiled
from footfall.database import Connection
from site_under_test import Site, view

VISITS = 600
DAY = {"dateFrom": "2026-03-10", "dateTo": "2026-03-10"}
# what one row of a statement may be touched: by scans, sorts, windows, groups, one after the other
PASSES = 120


@pytest.fixture
def fresh(site: Site) -> Site:
    """Visits of one event each, of visitors and pages of their own, just loaded."""
    site.land(*(view(f"/{number}", number, session_id=f"s{number}", _visitor_id=f"v{number}") for number in range(VISITS)))
    site.load()
    return site


QUESTIONS = [
    ("overview", {"filter": "visit:page==/7"}),
    ("overview", {"filter": "!visitor:page=~1;page=~2"}),
    ("breakdown", {"dimension": "page", "filter": "country==", "metrics": ["visits", "bounce_rate", "revenue"]}),
    ("breakdown", {"dimension": "page", "across": "device", "metrics": ["page_views", "bounce_rate", "revenue"]}),
    ("breakdown", {"dimension": "page", "metrics": ["time_on_page", "lcp"], "sort": "lcp"}),
    ("paths", {}),
    ("paths", {"direction": "previous", "of": "events"}),
    ("funnel", {"steps": ["page=~1", "page=~2"], "dimension": "page"}),
    ("retention", {"interval": "day", "filter": "page=~1"}),
    ("retention", {"interval": "day", "dimension": "source"}),
    ("goals", {}),
    ("items", {}),
    ("engagement", {}),
    ("events", {"figure": "visits"}),
]


@pytest.mark.parametrize(("report", "question"), QUESTIONS)
def test_a_question_reads_a_fresh_store_once(fresh: Site, monkeypatch: pytest.MonkeyPatch, report: str, question: dict) -> None:
    touched = []

    def rows(connection: Connection, statement: compiled.Statement, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        explained = compiled.Statement(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text}", statement.parameters)
        ((plans,),) = compiled.rows(connection, explained, values)
        touched.append(rows_touched(plans[0]["Plan"]))
        return compiled.rows(connection, statement, values)

    monkeypatch.setattr(asking, "rows", rows)
    assert api.answer(fresh.connection, report, {"tenantId": "acme", **DAY, **question})["success"]
    assert 0 < max(touched) < PASSES * VISITS


@pytest.mark.parametrize("dimension", ["all", "source", "page", "item"])
def test_a_day_that_is_not_rolled_up_is_counted_at_once(fresh: Site, owner: Connection, dimension: str) -> None:
    ((definition,),) = owner.execute("SELECT pg_get_functiondef('business.count_figures'::regproc)").fetchall()
    for text, other in (
        ("business.count_figures", "public.explained"),
        ("RETURNS SETOF business.rollup_hour_w", "RETURNS SETOF json"),
        (" STABLE\n", "\n"),
        ("$query$\n    WITH", "$query$ EXPLAIN (ANALYZE, FORMAT JSON) WITH"),
    ):
        assert text in definition
        definition = definition.replace(text, other)
    owner.execute(definition)
    ((plans,),) = owner.execute(
        "SELECT public.explained(%s, '{2026-03-10}', %s, 'infinity', NULL)", (fresh.tenant_hk, [dimension])
    ).fetchall()
    plan = (json.loads(plans) if isinstance(plans, str) else plans)[0]["Plan"]
    assert 0 < rows_touched(plan) < PASSES * VISITS


def rows_touched(node: dict[str, Any]) -> int:
    """The rows that a plan's nodes give or throw away, each time that they are asked."""
    thrown = sum(node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Join Filter", "Index Recheck"))
    return int((node["Actual Rows"] + thrown) * node["Actual Loops"]) + sum(map(rows_touched, node.get("Plans", [])))
