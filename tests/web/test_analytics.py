"""The reports over HTTP: as in SQL, refused by name, given up in time, and live."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import get_args
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import msgspec
import pyarrow.parquet as pq
import pytest
from sender import client_of
from starlette.testclient import TestClient

from footfall import api
from footfall.api import export
from footfall.api.questions.parsing import keys_about
from footfall.api.questions.question import Figure
from footfall.auth import add_key
from footfall.settings import Settings
from footfall.web import application, report_wire, wire
from site_under_test import Site, at, view

MARCH = {"dateFrom": "2026-03-01", "dateTo": "2026-03-31"}
STEPS = ["event_type==page_view", "event_action==complete"]


@pytest.fixture(scope="module")
def busy(module_site: Site) -> Site:
    """A visit of everything, and another one: of a tenant that all tests share, which only ask."""
    site, german = module_site, {"language": "de", "timezone": "Europe/Berlin"}
    step = {"evt_type": "transaction_step", "evt_action": "complete", "item_id": "sku", "session_id": "s"}
    site.land(
        view("/?utm_source=n&utm_medium=email", 0, session_id="s", _visitor_id="v_1", **german),
        {"evt_type": "item_interaction", "item_id": "sku", "evt_label": "Shoe", "session_id": "s", "event_timestamp": at(1)},
        step | {"event_timestamp": at(2), "evt_value": 9, "transaction_id": "o-1", "properties": {"plan": "pro"}},
        view("/b", 3, _visitor_id="v_2"),
    )
    site.settle()
    api.add_goal(site.connection, "acme", "Buy", "event_action==complete", None, None)
    return site


@pytest.fixture(scope="module")
def client(module_url: str) -> Iterator[TestClient]:
    """A client of the server of that tenant."""
    with client_of(module_url) as client:
        yield client


@pytest.fixture(scope="module")
def keys(busy: Site) -> dict[str, str]:
    """A key of each kind of it."""
    return keys_of(busy)


def keys_of(site: Site) -> dict[str, str]:
    return {kind: add_key(site.connection, site.tenant_id, kind, "test")[1] for kind in ("write", "read", "admin")}


def key_of(site: Site, kind: str) -> str:
    column = {"session": "site_session_hk", "visitor": "site_visitor_hk"}[kind]
    found = f"SELECT encode({column}, 'hex') FROM business.visit_b WHERE tenant_hk = %s AND page_views = 1"
    return site.value(f"{found} ORDER BY events DESC LIMIT 1", site.tenant_hk)


def questions(site: Site) -> dict[str, dict]:
    """One for each report."""
    asked = {name: dict(MARCH) for name in api.REPORTS} | {"realtime": {}}
    asked["overview"] |= {"compare": ["previous_period", "previous_year"], "filter": "source==n,source==direct;language!=fr"}
    asked["timeseries"] |= {"interval": "week", "metrics": ["visits", "revenue", "bounce_rate"]}
    asked["breakdown"] |= {"dimension": "property:plan", "metrics": ["visits", "revenue"], "sort": "-revenue"}
    asked["funnel"] |= {"steps": STEPS, "dimension": "country", "order": "loose", "window": 60}
    asked["paths"] |= {"of": "events", "depth": 2}
    asked["session"] |= {"session": key_of(site, "session")}
    asked["visitor"] |= {"visitor": key_of(site, "visitor")}
    return asked


@pytest.mark.parametrize("report", api.REPORTS)
def test_a_report_is_the_same_by_get_and_by_post(client, keys, busy: Site, report: str) -> None:
    question, headers = questions(busy)[report], {"X-Footfall-Key": keys["read"]}
    posted = client.post(f"/api/analytics/{report}", json=question, headers=headers)
    flat = {key: ",".join(value) if isinstance(value, list) and key != "steps" else value for key, value in question.items()}
    got = client.get(f"/api/analytics/{report}", params=flat, headers=headers)
    answers = [reply | {"data": reply["data"] | {"metadata": 0}} for reply in (posted.json(), got.json())]
    if report == "realtime":  # minutes begin when it is asked
        answers = [answer | {"data": answer["data"] | {"minutes": 0}} for answer in answers]
    assert answers[0] == answers[1]
    assert posted.headers["cache-control"] == "no-store"
    described = report_wire.REPORTS[report].answer
    assert msgspec.to_builtins(msgspec.convert(posted.json()["data"], described)) == posted.json()["data"]


def test_every_report_is_described() -> None:
    assert tuple(report_wire.REPORTS) == tuple(api.REPORTS)
    for report, described in report_wire.REPORTS.items():
        figures = get_args(Figure) if report == "events" else [""]
        keys = {key for figure in figures for key in keys_about(api.REPORTS[report].keys, figure)}
        assert set(described.question.__struct_fields__) == keys, report


REFUSED = [
    ("overview", {"dateFrom": "soon"}, "date_invalid", "dateFrom", ""),
    ("overview", {"dateFrom": "2026-03-02", "dateTo": "2026-03-01"}, "range_inverted", "dateFrom", ""),
    ("overview", {"dateFrom": "1999-01-01"}, "range_too_long", "dateFrom", "3660"),
    ("overview", {"dateform": "2026-03-01"}, "key_unknown", "dateform", "dateFrom, dateTo"),
    ("overview", {"compare": ["last_week"]}, "value_unknown", "compare", "previous_period"),
    ("overview", {"asOf": "yesterday"}, "moment_invalid", "asOf", "ISO 8601"),
    ("overview", {"includeBots": "maybe"}, "value_unknown", "includeBots", "true"),
    ("overview", {"filter": "colour==red"}, "dimension_unknown", "filter", "source, channel"),
    ("overview", {"filter": "source"}, "filter_invalid", "filter", "dimension==value"),
    ("overview", {"filter": "source==a;"}, "filter_invalid", "filter", "each side"),
    ("overview", {"filter": ";"}, "filter_invalid", "filter", "each side"),
    ("overview", {"filter": "goal==Nothing"}, "goal_unknown", "filter", "Buy"),
    ("overview", {"filter": "source==" + "x" * 2000}, "filter_invalid", "filter", "2000"),
    ("timeseries", {"interval": "decade"}, "value_unknown", "interval", "minute, hour"),
    (
        "timeseries",
        {"interval": "minute", "dateFrom": "2026-03-01", "dateTo": "2026-03-09"},
        "range_too_long",
        "interval",
        "2 days",
    ),
    ("timeseries", {"interval": "hour", "metrics": ["bounce_rate"]}, "metric_unavailable", "metrics", "by day"),
    ("timeseries", {"metrics": ["likes"]}, "value_unknown", "metrics", "visitors, visits"),
    ("timeseries", {"metrics": {"a": 1}}, "value_unknown", "metrics", "visitors, visits"),
    ("breakdown", {}, "dimension_unknown", "dimension", "property:<key>"),
    ("breakdown", {"dimension": "page", "sort": "-visitors"}, "value_unknown", "sort", "page_views"),
    ("breakdown", {"dimension": "page", "limit": 5000}, "number_out_of_range", "limit", "1 to 1000"),
    ("breakdown", {"dimension": "page", "cursor": -1}, "number_out_of_range", "cursor", "0 to"),
    ("funnel", {}, "steps_invalid", "steps", "2 to 10"),
    ("funnel", {"steps": ["source==a"]}, "steps_invalid", "steps", "2 to 10"),
    ("funnel", {"steps": ["source==a", "nonsense"]}, "filter_invalid", "steps", "dimension==value"),
    ("funnel", {"steps": STEPS, "window": 0}, "number_out_of_range", "window", "1 to 525600"),
    ("retention", {"interval": "hour"}, "value_unknown", "interval", "day, week, month"),
    ("retention", {"interval": "day", "dateFrom": "2025-01-01", "dateTo": "2026-01-01"}, "range_too_long", "interval", "60"),
    ("paths", {"direction": "up"}, "value_unknown", "direction", "next, previous"),
    ("events", {"figure": "bounce_rate"}, "value_unknown", "figure", "page_views, visits"),
    ("events", {"figure": "visits", "steps": STEPS}, "key_unknown", "steps", "figure, limit, cursor"),
    ("events", {"figure": "funnel"}, "steps_invalid", "steps", "2 to 10"),
    ("events", {"figure": "funnel", "steps": STEPS, "step": 3}, "number_out_of_range", "step", "1 to 2"),
    ("events", {"figure": "funnel", "steps": STEPS, "dropped": "perhaps"}, "value_unknown", "dropped", "true, false"),
    ("events", {"figure": "retention", "cohort": "then"}, "date_invalid", "cohort", ""),
    ("events", {"figure": "retention", "interval": "hour"}, "value_unknown", "interval", "day, week, month"),
    ("events", {"figure": "paths", "level": 10}, "number_out_of_range", "level", "0 to 9"),
    ("session", {"session": "x"}, "key_invalid", "session", "hexadecimal"),
    ("realtime", {"dateFrom": "2026-03-01"}, "key_unknown", "dateFrom", "filter"),
]


@pytest.mark.parametrize(("report", "question", "code", "field", "allowed"), REFUSED)
def test_a_bad_question_is_told_which_key_is_to_blame_and_what_it_may_be(
    client, keys, busy: Site, report: str, question: dict, code: str, field: str, allowed: str
) -> None:
    reply = client.post(f"/api/analytics/{report}", json=question, headers={"X-Footfall-Key": keys["read"]})
    assert reply.status_code == 400
    debug = msgspec.json.decode(reply.content, type=wire.Failure).debug_info
    assert (debug.error, debug.field) == (code, field)
    assert allowed in (debug.allowed or "")
    assert reply.headers["x-footfall-reason"] == code


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("nonsense", b"{}", 404, "report_unknown"),
        ("overview", b"nonsense", 400, "body_not_json"),
        ("overview", b"[]", 400, "question_invalid"),
        ("overview", b'{"filter": "\\u0000"}', 400, "filter_invalid"),
        ("overview", b'{"limit": 1e400000}', 400, "body_not_json"),
        ("overview", b'{"filter": "' + b"x" * 70_000 + b'"}', 413, "body_too_large"),
        ("session", json.dumps({"session": "0" * 40}).encode(), 404, "session_unknown"),
        ("visitor", json.dumps({"visitor": "0" * 40}).encode(), 404, "visitor_unknown"),
    ],
)
def test_what_is_no_question_is_refused(client, keys, path: str, body: bytes, status: int, code: str) -> None:
    reply = client.post(f"/api/analytics/{path}", content=body, headers={"X-Footfall-Key": keys["read"]})
    assert (reply.status_code, reply.json()["debug_info"]["error"]) == (status, code)


def test_only_a_key_that_may_read_gets_an_answer(client, keys) -> None:
    for path in ("overview", "realtime/stream"):
        for key, status, code in (
            (None, 401, "key_missing"),
            ("x", 401, "key_unknown"),
            (keys["write"], 403, "key_may_not_read"),
        ):
            reply = client.get(f"/api/analytics/{path}", headers={"X-Footfall-Key": key} if key else {})
            assert (reply.status_code, reply.json()["debug_info"]["error"]) == (status, code)


def test_no_report_shows_another_tenant(client, busy: Site) -> None:  # T12
    headers = {"X-Footfall-Key": keys_of(Site.another(busy.connection))["read"]}
    for report, question in questions(busy).items():
        reply = client.post(f"/api/analytics/{report}", json=question, headers=headers)
        said = json.dumps(reply.json().get("data", {}))
        assert reply.status_code == (404 if report in ("session", "visitor") else 200), report
        assert "Shoe" not in said
        assert "acme" not in said
    forged = client.post("/api/analytics/overview", json={"tenantId": "acme"}, headers=headers)
    assert (forged.status_code, forged.json()["debug_info"]["error"]) == (403, "tenant_mismatch")


def test_an_answer_that_takes_too_long_is_given_up(url: str, site: Site, owner) -> None:
    key = add_key(site.connection, "acme", "read", "")[1]
    owner.execute(
        "CREATE OR REPLACE FUNCTION api.freshness(p_tenant_hk bytea) RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER AS"
        " $$BEGIN PERFORM pg_sleep(60); RETURN '{}'; END$$"
    )
    with TestClient(application(Settings(query_seconds=0.2), url)) as client:
        reply = client.get("/api/analytics/overview", headers={"X-Footfall-Key": key})
    assert (reply.status_code, reply.json()["debug_info"]["error"]) == (503, "query_too_heavy")
    assert int(reply.headers["retry-after"]) > 0


def test_the_live_stream_tells_each_event_once_also_to_a_client_that_comes_again(site: Site, served: str) -> None:
    key = add_key(site.connection, "acme", "read", "")[1]
    address = f"{served}/api/analytics/realtime/stream?key={key}"

    def send(label: str) -> None:
        event = {"evt_type": "contact_interaction", "evt_label": label, "event_id": label, "session_id": "s"}
        now = datetime.now(UTC)
        site.land(event | {"event_timestamp": now.isoformat()}, received=now)
        site.load()

    told, last_id = [], ""
    for labels in (["first", "second"], ["third"]):
        headers = {"Last-Event-ID": last_id} if last_id else {}
        with urlopen(Request(address, headers=headers), timeout=30) as stream:
            if not last_id:
                list(map(send, labels))
            for line in stream:
                if line.startswith(b"data: "):
                    told.append(json.loads(line[6:])["label"])
                elif line.startswith(b"id: "):
                    last_id = line[4:].decode().strip()
                    if told[-1:] == labels[-1:]:
                        break
        if labels == ["first", "second"]:
            send("third")  # while nobody listens
    assert told == ["first", "second", "third"]
    with pytest.raises(HTTPError, match="400"):
        urlopen(Request(address, headers={"Last-Event-ID": "x"}), timeout=30)


def test_a_server_stops_although_somebody_listens(site: Site, served: str) -> None:
    key = add_key(site.connection, "acme", "read", "")[1]
    stream = urlopen(f"{served}/api/analytics/realtime/stream?key={key}", timeout=30)
    assert stream.readline().startswith(b"retry")
    # the fixture ends the server, and fails when it does not end


def file_of(client, keys, report: str, form: str, **question):
    return client.get(f"/api/analytics/{report}.{form}", params=MARCH | question, headers={"X-Footfall-Key": keys["read"]})


def test_rows_of_a_report_come_as_a_file(client, keys, busy: Site) -> None:
    asked = {"dimension": "source", "metrics": "visits,revenue"}
    rows = [{"value": "direct", "visits": 1, "revenue": 0}, {"value": "n", "visits": 1, "revenue": 9}]
    text = file_of(client, keys, "breakdown", "csv", **asked)
    assert text.text.splitlines() == ["value,visits,revenue", "direct,1,0", "n,1,9"]
    assert text.headers["content-disposition"] == 'attachment; filename="acme-breakdown.csv"'
    lines = file_of(client, keys, "breakdown", "jsonl", **asked).text.splitlines()
    assert [json.loads(line) for line in lines] == rows
    parquet = pq.read_table(io.BytesIO(file_of(client, keys, "breakdown", "parquet", **asked).content))
    assert parquet.to_pylist() == rows


ROWS = {
    "timeseries": "buckets",
    "goals": "goals",
    "funnel": "steps",
    "retention": "cohorts",
    "paths": "links",
    "sessions": "sessions",
    "session": "events",
    "visitor": "sessions",
    "realtime": "events",
}


@pytest.mark.parametrize("report", api.REPORTS)
def test_every_report_has_files_of_the_rows_of_its_answer(client, keys, busy: Site, report: str) -> None:
    asked = {
        key: ",".join(value) if isinstance(value, list) and key != "steps" else value
        for key, value in questions(busy)[report].items()
    }
    headers = {"X-Footfall-Key": keys["read"]}
    answer = client.get(f"/api/analytics/{report}", params=asked, headers=headers).json()["data"]
    rows = answer[ROWS.get(report, "rows")] if report != "overview" else [answer["metrics"] | {"revenue_USD": 9}]
    of_form = {form: client.get(f"/api/analytics/{report}.{form}", params=asked, headers=headers) for form in export.FORMATS}
    assert [json.loads(line) for line in of_form["jsonl"].text.splitlines()] == rows
    columns = set().union(*rows)
    assert [set(row) for row in csv.DictReader(io.StringIO(of_form["csv"].text))] == [columns] * len(rows)
    parquet = pq.read_table(io.BytesIO(of_form["parquet"].content))
    assert (parquet.num_rows, set(parquet.column_names)) == (len(rows), columns)
    for form, reply in of_form.items():
        assert reply.headers["content-disposition"] == f'attachment; filename="acme-{report}.{form}"'
        assert reply.headers["cache-control"] == "no-store"


def test_a_visit_tells_the_properties_of_its_events_as_they_were_sent(client, busy: Site) -> None:
    site = Site.another(busy.connection)
    sent = {"plan": None, "tags": ["a", None], "deep": {"empty": None}}
    site.land(view("/", session_id="s", properties=sent), view("/b", 1, session_id="s"))
    site.settle()
    visit = site.value("SELECT encode(site_session_hk, 'hex') FROM business.visit_b WHERE tenant_hk = %s", site.tenant_hk)
    reply = client.post("/api/analytics/session", json={"session": visit}, headers={"X-Footfall-Key": keys_of(site)["read"]})
    first, second = reply.json()["data"]["events"]
    assert first["properties"] == sent
    assert "properties" not in second


def test_a_file_keeps_values_as_they_are_whatever_is_in_them(client, busy: Site) -> None:
    site = Site.another(busy.connection)
    keys = keys_of(site)
    odd = ['a "b", c', "d;e\nf", "Söhne ☃", "007"]
    site.land(*(view("/", minutes, session_id=f"s{minutes}", properties={"odd": value}) for minutes, value in enumerate(odd)))
    site.settle()
    asked = {"dimension": "property:odd", "metrics": "events"}
    rows = [{"value": value, "events": 1} for value in sorted(odd)]
    text = file_of(client, keys, "breakdown", "csv", **asked).content.decode()
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    assert read == [row | {"events": "1"} for row in rows]
    lines = file_of(client, keys, "breakdown", "jsonl", **asked).content.decode().splitlines()
    assert [json.loads(line) for line in lines] == rows
    assert pq.read_table(io.BytesIO(file_of(client, keys, "breakdown", "parquet", **asked).content)).to_pylist() == rows


def test_no_spreadsheet_computes_what_somebody_sent(client, busy: Site) -> None:
    site = Site.another(busy.connection)
    keys = keys_of(site)
    sent = ["=1+1", "+1", "-1", "@sum"]
    site.land(*(view("/", minutes, session_id=f"s{minutes}", properties={"odd": value}) for minutes, value in enumerate(sent)))
    site.settle()
    text = file_of(client, keys, "breakdown", "csv", dimension="property:odd", metrics="events").text
    assert [row["value"][0] for row in csv.DictReader(io.StringIO(text))] == ["'"] * 4


def test_a_file_may_hold_nothing(client, keys, busy: Site) -> None:
    nothing = {"dimension": "source", "dateFrom": "2020-01-01", "dateTo": "2020-01-02"}
    assert file_of(client, keys, "breakdown", "csv", **nothing).text.strip() == ""
    assert file_of(client, keys, "breakdown", "jsonl", **nothing).text == ""
    assert pq.read_table(io.BytesIO(file_of(client, keys, "breakdown", "parquet", **nothing).content)).num_rows == 0


def test_no_file_shows_another_tenant(client, keys, busy: Site) -> None:  # T12
    other = Site.another(busy.connection)
    theirs = keys_of(other)
    for form in export.FORMATS:
        given = file_of(client, theirs, "breakdown", form, dimension="item")
        assert f"{other.tenant_id}-" in given.headers["content-disposition"]
        assert b"sku" in file_of(client, keys, "breakdown", form, dimension="item").content
        assert b"sku" not in given.content
        forged = file_of(client, theirs, "breakdown", form, dimension="item", tenantId="acme")
        assert (forged.status_code, forged.json()["debug_info"]["error"]) == (403, "tenant_mismatch")
        refused = file_of(client, {"read": keys["write"]}, "breakdown", form, dimension="item")
        assert (refused.status_code, refused.json()["debug_info"]["error"]) == (403, "key_may_not_read")


def test_a_file_that_cannot_be_made_is_refused_like_its_report(client, keys, busy: Site) -> None:
    for report, form, code in (
        ("breakdown", "xls", "format_unknown"),
        ("nonsense", "csv", "report_unknown"),
        ("breakdown", "csv", "dimension_unknown"),
    ):
        assert file_of(client, keys, report, form).json()["debug_info"]["error"] == code
    assert client.get("/api/analytics/overview.csv").status_code == 401


def test_several_questions_are_answered_in_their_order_each_as_if_it_were_alone(client, keys, busy: Site) -> None:
    headers = {"X-Footfall-Key": keys["read"]}
    asked = [{"report": "overview"} | MARCH, {"report": "breakdown"} | MARCH, {"report": "goals"} | MARCH]
    replies = client.post("/api/analytics/many", json=asked, headers=headers).json()["data"]
    assert [reply["success"] for reply in replies] == [True, False, True]
    assert replies[0]["data"]["metrics"]["page_views"] == 2
    assert replies[1]["debug_info"]["error"] == "dimension_unknown"
    for wrong in (
        [{"report": "nonsense"}],
        [{"report": ["overview"]}],
        [{}],
        {"report": "overview"},
        [{"report": "overview"}] * 21,
    ):
        refused = client.post("/api/analytics/many", json=wrong, headers=headers)
        assert refused.json()["debug_info"]["error"] == "questions_invalid"
