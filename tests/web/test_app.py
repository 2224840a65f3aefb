"""Everything but the door: the report, the test, health, and the description of the API."""

import msgspec
import pytest

from footfall import api
from footfall.auth import add_key
from footfall.database import connect
from footfall.web import wire
from footfall.worker import load_pending
from site_under_test import Site, view

ANALYTICS = "/api/tracking/analytics"


def test_the_report_over_http_is_the_one_by_sql(client, keys, site: Site) -> None:
    site.land(view("/", 0, session_id="s"), view("/b", 5, session_id="s"))
    site.settle()
    reply = client.get(f"{ANALYTICS}?dateFrom=2026-03-01&dateTo=2026-03-31", headers={"X-Footfall-Key": keys["read"]})
    assert reply.status_code == 200
    assert reply.headers["cache-control"] == "no-store"
    said, by_sql = reply.json()["data"], site.report(dateFrom="2026-03-01", dateTo="2026-03-31")
    assert said | {"metadata": 0} == by_sql | {"metadata": 0}
    assert said["overview"]["pageViews"] == 2


def test_the_report_has_the_plans_shape_to_the_letter(client, keys) -> None:
    reply = client.get(ANALYTICS, headers={"Authorization": f"Bearer {keys['admin']}"})
    decoded = msgspec.json.decode(reply.content, type=wire.AnalyticsReply, strict=True)
    assert msgspec.to_builtins(decoded) == reply.json()


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("dateFrom=now", 400, "date_invalid"),
        ("dateFrom=2026-03-02&dateTo=2026-03-01", 400, "range_inverted"),
        ("dateFrom=1900-01-01", 400, "range_too_long"),
        ("tenantId=other", 403, "tenant_mismatch"),
    ],
)
def test_a_bad_question_is_refused_by_name(client, keys, query: str, status: int, code: str) -> None:
    reply = client.get(f"{ANALYTICS}?{query}&key={keys['read']}")
    assert (reply.status_code, reply.json()["debug_info"]["error"]) == (status, code)
    assert reply.headers["x-footfall-reason"] == code
    msgspec.json.decode(reply.content, type=wire.Failure)


def test_only_a_key_that_may_read_gets_an_answer(client, keys) -> None:
    for key, status, code in ((None, 401, "key_missing"), ("x", 401, "key_unknown"), (keys["write"], 403, "key_may_not_read")):
        reply = client.get(ANALYTICS, headers={"X-Footfall-Key": key} if key else {})
        assert (reply.status_code, reply.json()["debug_info"]["error"]) == (status, code)


def test_a_key_reads_its_own_tenant_only(client, keys, site: Site, worker) -> None:
    other = Site(worker, "other")
    other.land(view("/", 0, session_id="s"))
    other.settle()
    days = "dateFrom=2026-03-01&dateTo=2026-03-31"
    key = add_key(worker, "other", "read", "")[1]
    counts = [client.get(f"{ANALYTICS}?{days}&key={k}").json()["data"]["overview"]["totalEvents"] for k in (keys["read"], key)]
    assert counts == [0, 1]


def test_a_report_that_takes_too_long_is_cancelled_and_says_so(client, keys, owner, url: str) -> None:
    slow = """
        CREATE OR REPLACE FUNCTION business.conversion_identity(text, text, bytea, text, bytea, numeric, boolean) RETURNS text
        LANGUAGE plpgsql AS $$ BEGIN RAISE query_canceled; END $$"""
    owner.execute(slow.replace("CREATE OR REPLACE", "DROP FUNCTION business.conversion_identity CASCADE; CREATE"))
    owner.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA business TO footfall_reader")
    key = {"X-Footfall-Key": keys["write"]}
    client.post("/api/tracking/events", json={"evt_type": "transaction_step", "evt_action": "complete"}, headers=key)
    with connect(url, "footfall_worker") as worker:
        load_pending(worker, 10)
    reply = client.get(ANALYTICS, headers={"X-Footfall-Key": keys["read"]})
    assert (reply.status_code, reply.json()["debug_info"]["error"]) == (503, "query_too_heavy")


def test_the_test_answers_without_a_key_and_says_more_with_one(client, keys, site: Site) -> None:
    without = client.get("/api/tracking/test")
    assert (without.status_code, without.json()["data"]["status"]) == (200, "ok")
    msgspec.json.decode(without.content, type=wire.TestReply)
    assert client.get("/api/tracking/test", headers={"X-Footfall-Key": keys["write"]}).status_code == 200
    assert client.get("/api/tracking/test", headers={"X-Footfall-Key": "nonsense"}).status_code == 401


def test_the_server_lives_and_is_ready(client) -> None:
    assert client.get("/health/live").json() == {"status": "live", "reasons": []}
    assert client.get("/health/ready").json() == {"status": "ready", "reasons": []}


def test_a_server_that_is_not_ready_says_why(client, owner) -> None:
    owner.execute("UPDATE util.definition SET checksum = 'older' WHERE name = 'vault/load'")
    reply = client.get("/health/ready")
    assert (reply.status_code, reply.json()["reasons"][0]["code"]) == (503, "schema_outdated")
    assert "vault/load" in reply.json()["reasons"][0]["message"]


def test_a_server_without_its_store_lives_but_is_not_ready(client, url: str, server: str) -> None:
    import psycopg

    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        assert client.get("/health/live").status_code == 200
        reply = client.get("/health/ready")
        assert (reply.status_code, reply.json()["reasons"][0]["code"]) == (503, "store_unavailable")
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/api/tracking", 404)])
def test_errors_everywhere_have_one_shape(client, path: str, status: int) -> None:
    reply = client.get(path)
    assert reply.status_code == status
    assert reply.json() == {
        "success": False,
        "message": "Not Found",
        "error_code": "REQUEST_ERROR",
        "debug_info": {"error": "not_found"},
    }
    assert client.post("/health/live").json()["debug_info"]["error"] == "method_not_allowed"


def test_the_api_describes_itself(client) -> None:
    document = client.get("/openapi.json").json()
    of_dashboard = {
        path for path, operations in document["paths"].items() if "dashboard" in next(iter(operations.values()))["tags"]
    }
    assert {"/api/session", "/api/share", "/api/setup/keys", "/api/quality", "/api/trace/{event}"} < of_dashboard
    assert set(document["paths"]) - of_dashboard == {
        "/api/analytics/many",
        "/api/analytics/{report}.{form}",
        "/api/tracking/events",
        "/api/tracking/events.js",
        "/api/tracking/analytics",
        "/api/tracking/test",
        *(f"/api/analytics/{report}" for report in api.REPORTS),
        "/api/analytics/realtime/stream",
        "/health/accepting",
        "/health/live",
        "/health/ready",
    }
    assert client.get("/docs").status_code == 200


@pytest.mark.parametrize("query", ["dateFrom=%00", "x=%00", "%00=1", "dateTo=2026-01-01%00"])
def test_a_nul_in_a_question_is_no_date_and_no_error(client, keys, query: str) -> None:
    reply = client.get(f"/api/tracking/analytics?{query}", headers={"X-Footfall-Key": keys["read"]})
    assert reply.status_code == (400 if query.startswith("date") else 200)
