"""Questions are data: each source that claims one says the same, no text of a question gets into SQL, and filters are trees."""

import ast
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlglot import exp

from footfall import api
from footfall.api.questions import plan
from footfall.api.questions.conditions import parse_condition, parse_filter
from footfall.api.questions.formulas import asked_metric
from footfall.api.statements import fragments
from footfall.api.statements.compiled import compiled, statement_of
from footfall.api.statements.fragments import sql
from footfall.errors import NotAccepted
from site_under_test import Site, view

API = Path(api.__file__).parent
DAYS = {"dateFrom": "2026-03-10", "dateTo": "2026-03-11"}
METRICS = ["visitors", "visits", "page_views", "bounce_rate", "conversions", "revenue"]


@pytest.fixture(scope="module")
def busy(module_site: Site) -> Site:
    """Three visits of two visitors on two days; one saw pricing and bought, one saw pricing alone, one neither."""
    site = module_site
    buy = {"evt_type": "transaction_step", "evt_action": "complete", "evt_value": 20, "currency": "USD"}
    site.land(
        view("/pricing", 0, session_id="a", _visitor_id="ann", timezone="Europe/Berlin"),
        view("/docs", 1, session_id="a", _visitor_id="ann"),
        view("/cart", 2, session_id="a", _visitor_id="ann", **buy),
        view("/pricing", 5, session_id="b", _visitor_id="ben", timezone="Asia/Kolkata"),
        view("/", 24 * 60, session_id="c", _visitor_id="ann", timezone="Europe/Berlin"),
    )
    site.settle()
    return site


QUESTIONS = [
    ("overview", {}),
    ("overview", {"filter": "country==DE"}),
    ("timeseries", {"interval": "day", "metrics": METRICS}),
    ("timeseries", {"interval": "week", "metrics": METRICS, "filter": "country==IN,country=="}),
    ("breakdown", {"dimension": "country", "metrics": METRICS}),
    ("breakdown", {"dimension": "page", "metrics": ["page_views", "visits", "bounce_rate"]}),
    ("breakdown", {"dimension": "country", "across": "browser", "metrics": METRICS}),
    ("retention", {"interval": "day"}),
    ("retention", {"interval": "day", "dimension": "country"}),
    ("sessions", {"filter": "country==DE"}),
]


@pytest.mark.parametrize(("report", "question"), QUESTIONS)
def test_each_source_that_claims_a_question_says_the_same(
    busy: Site, monkeypatch: pytest.MonkeyPatch, report: str, question: dict
) -> None:
    said = {}
    for number, source in enumerate(api.REPORTS[report].sources):
        asked = DAYS | question | ({"asOf": "2100-01-01T00:00:00Z"} if source is plan.VAULT else {})
        with monkeypatch.context() as only:
            only.setattr(plan, "_objection", without(api.REPORTS[report].sources[:number]))
            compiled.cache_clear()
            reply = api.answer(busy.connection, report, {"tenantId": "acme", **asked}, is_explained=True)["data"]
        if reply["explanation"]["source"] == source.name:
            said[source.name] = {key: value for key, value in reply.items() if key not in {"query", "metadata", "explanation"}}
    compiled.cache_clear()
    assert len(said) > 1
    assert [answer for answer in said.values() if answer != said["vault"]] == []


def without(cheaper: tuple[plan.Source, ...]) -> Callable:
    objection = plan._objection  # noqa: SLF001  the one place where a source is ruled out
    return lambda source, question: "left out" if source in cheaper else objection(source, question)


@pytest.mark.parametrize(
    ("condition", "pages"),
    [
        ("visit:page==/pricing;visit:page==/docs", {"/pricing", "/docs", "/cart"}),
        ("visit:page==/pricing;!visit:event_action==complete", {"/pricing"}),
        ("visitor:page==/docs;page==/", {"/"}),
        ("!visitor:page==/docs", {"/pricing"}),
        ({"visit": "page==/pricing;page==/docs"}, set()),
        ({"and": [{"visit": "page==/docs"}, {"not": "page==/docs"}]}, {"/pricing", "/cart"}),
        ({"or": ["page==/", {"visitor": {"not": "country==DE"}}]}, {"/", "/pricing"}),
        ({"and": []}, {"/", "/pricing", "/docs", "/cart"}),
        ('{"or": ["page==/", "page==/docs"]}', {"/", "/docs"}),
    ],
)
def test_a_condition_may_be_about_the_whole_visit_or_visitor(busy: Site, condition: object, pages: set[str]) -> None:
    for moment in ({}, {"asOf": "2100-01-01T00:00:00Z"}):
        reply = busy.ask("breakdown", dimension="page", filter=condition, **DAYS, **moment)
        assert {row["value"].removeprefix("acme.example") for row in reply["data"]["rows"]} == pages


@pytest.mark.parametrize(
    "condition",
    [{}, {"and": ["source==a"], "or": []}, {"or": []}, {"xor": []}, ["source==a"], 7, "!page==/", {"not": {"visit": 1}}],
)
def test_what_is_no_condition_is_refused(condition: object) -> None:
    with pytest.raises(NotAccepted) as refused:
        parse_condition(condition, {}, "filter")
    assert refused.value.code == "filter_invalid"


def test_conditions_within_conditions_have_an_end() -> None:
    condition: object = "source==a"
    for _ in range(12):
        condition = {"not": condition}
    with pytest.raises(NotAccepted, match="within each other"):
        parse_condition(condition, {}, "filter")


def test_a_slip_of_the_pen_is_told_what_was_probably_meant() -> None:
    with pytest.raises(NotAccepted, match="did you mean country"):
        parse_filter("cuntry==DE", {}, "filter")


def test_an_overview_shows_what_is_known_at_once_and_what_it_is_told_to(busy: Site) -> None:
    reply = api.answer(busy.connection, "overview", {"tenantId": "acme", **DAYS}, is_explained=True)["data"]
    assert reply["explanation"]["source"] == "rollups"
    assert "revenue" in reply["metrics"]
    assert "lcp" not in reply["metrics"]
    told = busy.ask("overview", metrics=["lcp", "visits", "lcp / visits"], compare="previous_period", **DAYS)["data"]
    assert told["metrics"] == {"lcp": None, "visits": 3, "lcp / visits": None}
    assert told["comparison"]["previous_period"]["change"] == {"lcp": None, "visits": None, "lcp / visits": None}


def test_pairs_of_values_come_page_by_page_and_add_up(busy: Site) -> None:
    asked = {"dimension": "page", "across": "country", "metrics": ["events"], "sort": "events", "limit": 1, **DAYS}
    rows = []
    cursor = 0
    while cursor is not None:
        said = busy.ask("breakdown", cursor=cursor, **asked)["data"]
        rows += said["rows"]
        cursor = said["nextCursor"]
    assert {(row["value"], row["across"]): row["events"] for row in rows} == {
        ("acme.example/", "DE"): 1,
        ("acme.example/cart", "DE"): 1,
        ("acme.example/docs", "DE"): 1,
        ("acme.example/pricing", "DE"): 1,
        ("acme.example/pricing", "IN"): 1,
    }
    assert len(rows) == 5


def test_a_formula_of_metrics_is_one(busy: Site) -> None:
    rows = busy.ask("breakdown", dimension="country", metrics=["revenue / visits", "visits"], sort="-revenue / visits", **DAYS)[
        "data"
    ]["rows"]
    assert rows == [
        {"value": "DE", "visits": 2, "revenue / visits": 10},
        {"value": "IN", "visits": 1, "revenue / visits": 0},
    ]
    whole = busy.ask("timeseries", interval="month", metrics="(page_views - visits) / (visits - 3)", **DAYS)["data"]["buckets"]
    assert whole == [{"start": "2026-03-01", "(page_views - visits) / (visits - 3)": 0}]


@pytest.mark.parametrize(
    "formula", ["revenue /", "revenue // visits", "likes / visits", "__import__('os')", "visits ** 9", "a" * 300]
)
def test_what_is_no_formula_is_refused(formula: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the parser says what it is
        asked_metric(formula)


def test_who_asks_is_told_how_it_was_found(busy: Site) -> None:
    said = api.answer(busy.connection, "overview", {"tenantId": "acme", "filter": "page==/x' OR TRUE--"}, is_explained=True)[
        "data"
    ]
    assert said["explanation"]["source"] == "events"
    assert said["explanation"]["sources"]["rollups: figures of days"] == "no: not without a filter"
    assert "TRUE--" not in "".join(said["explanation"]["statements"])


def test_a_shape_that_was_seen_is_not_written_again(busy: Site) -> None:
    busy.ask("breakdown", dimension="property:plan", filter="country==DE", **DAYS)
    before = compiled.cache_info()
    busy.ask("breakdown", dimension="property:colour", filter="country==AT|CH", limit=7, cursor=3, dateFrom="2026-03-01")
    assert compiled.cache_info().misses == before.misses


@pytest.mark.parametrize(
    ("text", "slot", "filled"),
    [
        ("x AND :a", "b OR c", "x AND (b OR c)"),
        (":a OR x", "b AND c", "(b AND c) OR x"),
        ("x - :a", "b + c", "x - (b + c)"),
        ("NOT :a", "b = c", "NOT (b = c)"),
        ("f(:a)", "b OR c", "f(b OR c)"),
        (":a::text", "b || c", "CAST(b || c AS TEXT)"),
    ],
)
def test_what_fills_a_slot_binds_as_it_did(text: str, slot: str, filled: str) -> None:
    assert sql(text, a=slot).sql("postgres", normalize_functions=False) == filled


def test_alternatives_are_alternatives_wherever_they_stand(busy: Site) -> None:
    of_visit = busy.ask("breakdown", dimension="page", filter={"visit": {"or": ["page==/docs", "page==/nowhere"]}}, **DAYS)
    assert {row["value"] for row in of_visit["data"]["rows"]} == {f"acme.example/{page}" for page in ("pricing", "docs", "cart")}
    # no page view is one of these
    ways = busy.ask("paths", start="event_action==complete,event_label==nothing", direction="previous", **DAYS)["data"]
    assert ways["visits"] == 0


def test_threads_that_ask_at_once_read_and_write_sql_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """sqlglot's dialects are made when they are first needed: a thread that came meanwhile read `$name` as a column, for ever."""
    at_once = [0, 0]
    parse_one, write = fragments.parse_one, exp.Expr.sql

    def alone(action: Callable) -> Callable:
        def act(*arguments: object, **options: object) -> object:
            at_once[0] += 1
            at_once[1] = max(at_once)
            time.sleep(0.005)
            at_once[0] -= 1
            return action(*arguments, **options)

        return act

    monkeypatch.setattr(fragments, "parse_one", alone(parse_one))
    monkeypatch.setattr(exp.Expr, "sql", alone(write))
    with ThreadPoolExecutor(6) as threads:
        said = list(threads.map(lambda number: statement_of(sql(f"{number} + $x")).text, range(30)))
    assert said == [f"{number} + $1" for number in range(30)]
    assert at_once[1] == 1


def test_no_sql_is_put_together_as_text() -> None:
    glued = []
    for file in API.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            is_sql = isinstance(node, ast.Call) and _name(node) in {"sql", "execute", "parse_one"} and node.args
            # compiled.py puts a comment before what is written already
            if is_sql and isinstance(node.args[0], ast.JoinedStr | ast.BinOp) and file.name != "compiled.py":
                glued.append(f"{file.name}:{node.lineno}")
    assert glued == []


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
