"""What visitors ask about their data: owners find, hand over and erase over HTTP, in their own tenant; nobody else does."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from footfall.auth import add_account, add_key, hold, set_role, tenant_key
from footfall.database import Connection, administering, connect, pool
from footfall.governance import Wish, all_entries
from footfall.governance.persons import find_person
from site_under_test import Site, view

OURS = {"X-Footfall-Request": "1", "X-Footfall-Tenant": "acme"}
PASSWORD = "correct horse battery"
JANE = {"kind": "visitor", "id": "jane"}


@pytest.fixture
def people(site: Site) -> Site:
    """Ann owns acme, where Jane and Joe were; Olga owns another tenant, where another Jane was."""
    other = Site(site.connection, "other")
    for name, tenant, role in (
        ("ann", "acme", "owner"),
        ("adam", "acme", "admin"),
        ("vic", "acme", "viewer"),
        ("olga", "other", "owner"),
    ):
        add_account(site.connection, f"{name}@example.org", name.title(), PASSWORD)
        set_role(site.connection, f"{name}@example.org", tenant, role)
    for one in (site, other):
        one.land(
            view("/", 0, session_id="s", visitor_id="jane", user_id="jane-17", page_title=f"Hello Jane of {one.tenant_id}"),
            view("/a", 1, session_id="s", visitor_id="jane"),
            view("/", 2, session_id="t", visitor_id="joe", page_title="Hello Joe"),
        )
        one.settle()
    return site


def sign_in(client: TestClient, name: str) -> None:
    client.cookies.clear()
    reply = client.post("/api/session", json={"email": f"{name}@example.org", "password": PASSWORD}, headers=OURS)
    assert reply.status_code == 200, reply.text


def post(client: TestClient, path: str, body: dict[str, Any], **headers: str):
    return client.post(f"/api/setup/privacy/{path}", json=body, headers=OURS | headers)


def code_of(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json()["debug_info"]["error"]


CALLS = (
    ("POST", "find", JANE),
    ("POST", "export", JANE),
    ("POST", "erase", JANE | {"confirmation": "jane", "mode": "delete"}),
    ("GET", "requests", None),
    ("POST", "requests", {"kind": "access"}),
    ("POST", "requests/1", {"state": "done"}),
    ("GET", "receipts", None),
)


def test_only_owners_of_the_tenant_may(client: TestClient, people: Site) -> None:
    def all_of(**headers: str) -> set[int]:
        return {
            client.request(method, f"/api/setup/privacy/{path}", json=body, headers=OURS | headers).status_code
            for method, path, body in CALLS
        }

    assert all_of() == {401}
    for name, expected in (("adam", {403}), ("vic", {403}), ("olga", {404})):
        sign_in(client, name)
        assert all_of() == expected, name
    client.cookies.clear()
    _, key = add_key(people.connection, "acme", "admin", "server")
    assert all_of(**{"X-Footfall-Key": key}) == {401}, "a key is nobody who answers for it"
    assert find_person(people.connection, people.tenant_hk, "visitor", "jane").events == 2


def test_somebody_is_found_and_counted_by_layer(client: TestClient, people: Site) -> None:
    sign_in(client, "ann")
    found = post(client, "find", JANE).json()["data"]
    assert (found["visitors"], found["users"], found["sessions"]) == (["jane"], ["jane-17"], ["s"])
    assert (found["events"], found["known"]) == (2, {"visitors": 1, "users": 1, "sessions": 1})
    assert [one["layer"] for one in found["layers"]] == ["raw", "staging", "vault", "judgements", "marts", "work"]
    assert found["layers"][0] == {"layer": "raw", "rows": 2, "tables": 1}
    nobody = post(client, "find", {"kind": "email", "id": "nobody@home.example"}).json()["data"]
    assert (nobody["events"], nobody["layers"]) == (0, [])
    told = all_entries(people.connection, people.tenant_hk, Wish(action="visitor.found"))
    assert [(row["who"], row["subject"]) for row in told] == [("ann@example.org", "email"), ("ann@example.org", "visitor")]
    assert "jane" not in str(told)


def test_what_is_held_is_handed_over_and_told(client: TestClient, people: Site) -> None:
    sign_in(client, "ann")
    reply = post(client, "export", {"kind": "user", "id": " jane-17 "})
    assert (reply.status_code, reply.headers["content-type"], reply.headers["cache-control"]) == (
        200,
        "application/zip",
        "no-store",
    )
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        raw = json.loads(archive.read("raw/site_tracking_events_r.json"))
        said = "".join(archive.read(name).decode() for name in archive.namelist())
        assert "index.txt" in archive.namelist()
    assert len(raw) == 2
    assert "Hello Jane of acme" in said
    assert not [word for word in ("Jane of other", "Hello Joe") if word in said]
    (told,) = all_entries(people.connection, people.tenant_hk, Wish(action="visitor.exported"))
    assert (told["who"], told["via"], told["request_id"]) == ("ann@example.org", "dashboard", reply.headers["x-request-id"])
    assert code_of(post(client, "export", {"kind": "visitor", "id": "nobody"})) == (404, "person_unknown")


@pytest.mark.parametrize("mode", ["forget", "delete"])
def test_somebody_is_erased_with_a_receipt_and_the_request_is_answered(client: TestClient, people: Site, mode: str) -> None:
    sign_in(client, "ann")
    asked = post(client, "requests", {"kind": "erasure", "reference": "ticket-1", "received": "2026-11-01"}).json()["data"]
    assert (asked["request"], asked["due_on"], asked["state"]) == (1, "2026-12-01", "open")
    body = JANE | {"mode": mode, "request": 1}
    assert code_of(post(client, "erase", body | {"confirmation": "joe"})) == (400, "confirmation_wrong")
    unknown = post(client, "erase", body | {"confirmation": "jane", "request": 7})
    assert code_of(unknown) == (400, "request_unknown")
    assert post(client, "find", JANE).json()["data"]["events"] == 2, "nothing was erased yet"
    reply = post(client, "erase", body | {"confirmation": " jane "})
    assert reply.status_code == 200, reply.text
    receipt = reply.json()["data"]
    assert (receipt["number"], receipt["mode"], receipt["counts"]["raw.site_tracking_events_r"]) == (1, mode, 2)
    for one in (JANE, {"kind": "user", "id": "jane-17"}, {"kind": "session", "id": "s"}):
        assert post(client, "find", one).json()["data"]["layers"] == []
    (row,) = client.get("/api/setup/privacy/requests", headers=OURS).json()["data"]
    assert (row["state"], row["receipt"]) == ("done", 1)
    assert client.get("/api/setup/privacy/receipts", headers=OURS).json()["data"] == [receipt]
    (told,) = all_entries(people.connection, people.tenant_hk, Wish(action="visitor.erased"))
    assert (told["who"], told["via"], told["details"]["receipt"]) == ("ann@example.org", "dashboard", receipt["hash"])
    assert post(client, "find", {"kind": "visitor", "id": "joe"}).json()["data"]["events"] == 1
    assert find_person(people.connection, tenant_key(people.connection, "other"), "visitor", "jane").events == 2
    people.settle()
    assert people.failing_checks() == []


def test_a_legal_hold_keeps_them_also_from_who_calls_past_the_refusal(client: TestClient, people: Site, url: str) -> None:
    hold(people.connection, "acme", "case 4711")
    sign_in(client, "ann")
    assert code_of(post(client, "erase", JANE | {"confirmation": "jane"})) == (409, "tenant_held")
    with pool(url, "footfall_admin", size=1) as administrators:
        with pytest.raises(psycopg.DatabaseError, match="tenant_held"), administering(administrators, people.tenant_hk) as one:
            one.execute(
                "SELECT business.gather_own_person('{visitor}', '{jane}', 100, true); SELECT business.erase_own_person('delete')"
            )
    assert post(client, "find", JANE).json()["data"]["events"] == 2


def test_requests_are_put_down_and_closed(client: TestClient, people: Site) -> None:
    sign_in(client, "ann")
    today = datetime.now(UTC).date()
    assert post(client, "requests", {"kind": "access", "law": "ccpa"}).json()["data"]["due_on"] == str(today + timedelta(days=45))
    assert post(client, "requests/1", {"state": "refused"}).json()["data"]["state"] == "refused"
    assert code_of(post(client, "requests/1", {"state": "done"})) == (400, "request_unknown")
    sign_in(client, "olga")
    theirs = client.get("/api/setup/privacy/requests", headers=OURS | {"X-Footfall-Tenant": "other"})
    assert theirs.json()["data"] == []


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("find", {"kind": "name", "id": "jane"}, "body_invalid"),
        ("find", {"kind": "user", "id": ""}, "body_invalid"),
        ("find", {"kind": "user", "id": "x" * 501}, "body_invalid"),
        ("export", {"kind": "user"}, "body_invalid"),
        ("erase", JANE, "body_invalid"),
        ("erase", JANE | {"confirmation": "jane", "mode": "hide"}, "body_invalid"),
        ("erase", {"kind": "visitor", "id": "nobody", "confirmation": "nobody"}, "person_unknown"),
        ("find", {"kind": "user", "id": "a\u0000b"}, "value_invalid"),
        ("requests", {"kind": "revenge"}, "body_invalid"),
        ("requests", {"kind": "access", "received": "yesterday"}, "date_invalid"),
        ("requests", {"kind": "access", "received": "2999-01-01"}, "date_invalid"),
        ("requests", {"kind": "access", "reference": "x" * 101}, "body_invalid"),
        ("requests/1", {"state": "open"}, "body_invalid"),
        ("requests/99999999999999999999", {"state": "done"}, "request_unknown"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(client: TestClient, people: Site, path: str, body: Any, code: str) -> None:
    sign_in(client, "ann")
    reply = post(client, path, body)
    assert code_of(reply)[1] == code, reply.text
    assert reply.status_code in (400, 404)


def test_the_webs_role_reaches_nobody_but_by_these_functions(people: Site, url: str, owner: Connection) -> None:
    """It acts on one tenant; what is laid out, and what leads to people, it cannot read or write by itself."""
    owner.execute("SELECT util.close_catalog()")  # a copy of a database does not take along who may make temporary tables
    with pool(url, "footfall_admin", size=1) as administrators:
        with administering(administrators, people.tenant_hk) as connection:
            gather = "SELECT business.gather_own_person('{visitor}', '{jane}', 100, false)"
            assert connection.execute(gather).fetchone() == (True,)
            told = connection.execute("SELECT business.tell_own_person() ->> 'events'").fetchone()
            assert told == ("2",)
            unlisted = "SELECT count(*) FROM business.rows_of_own_person('auth.erasure_secret')"
            assert connection.execute(unlisted).fetchone() == (0,)
        for statement in (
            f"{gather}; SELECT * FROM pg_temp.person_id",
            "SELECT * FROM auth.tombstone",
            "SELECT * FROM auth.erasure_secret",
            "SELECT * FROM raw.site_tracking_events_r",
            "UPDATE auth.privacy_request SET state = 'done'",
            "DELETE FROM auth.erasure",
            "CREATE TEMP TABLE planted (kind text, id text)",
            "SELECT business.forget_person(util.current_tenant())",
        ):
            with (
                pytest.raises(psycopg.errors.InsufficientPrivilege),
                administering(administrators, people.tenant_hk) as connection,
            ):
                connection.execute(statement)
    for role in ("footfall_reader", "footfall_ingest"):
        with connect(url, role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(gather)
