"""Whatever changes or reveals something over HTTP is told: who, by what, what before and after; and only to who may know."""

import csv
import io
import json
import re
import time
from dataclasses import dataclass
from typing import Any

import pyotp
import pytest
from starlette.testclient import TestClient

from footfall.auth import (
    OF_NO_TENANT,
    add_account,
    add_key,
    add_operator_token,
    add_share_link,
    list_keys,
    list_share_links,
    set_person,
    set_role,
)
from footfall.database import Connection
from footfall.governance import Wish, all_entries, verify
from footfall.web import openapi
from site_under_test import Site, view

OURS = {"X-Footfall-Request": "1", "X-Footfall-Tenant": "acme"}
PASSWORD = "correct horse battery"


@pytest.fixture
def people(site: Site) -> Site:
    """Ann owns acme, Adam administers it, Vic may look at it, Olga owns another tenant, Opa runs the service."""
    Site(site.connection, "other")
    for name, tenant, role in (
        ("ann", "acme", "owner"),
        ("adam", "acme", "admin"),
        ("vic", "acme", "viewer"),
        ("olga", "other", "owner"),
        ("opa", None, None),
    ):
        add_account(site.connection, f"{name}@example.org", name.title(), PASSWORD, is_operator=name == "opa")
        if tenant:
            set_role(site.connection, f"{name}@example.org", tenant, role)
    site.connection.execute("INSERT INTO auth.site VALUES (%s, 'shop', '{shop.example}', now())", (site.tenant_hk,))
    return site


def sign_in(client: TestClient, name: str, password: str = PASSWORD, **more: str):
    client.cookies.clear()
    return client.post("/api/session", json={"email": f"{name}@example.org", "password": password} | more, headers=OURS)


def told(site: Site, chain: bytes | None = None, **wish: Any) -> list[dict[str, Any]]:
    return all_entries(site.connection, site.tenant_hk if chain is None else chain, Wish(**wish))


@dataclass(frozen=True)
class Doing:
    """What somebody does, and what is told of it."""

    action: str
    body: dict[str, Any] | None = None
    who: str = "ann"
    path: str = ""


KEY = {"kind": "read", "label": "tool"}
GOAL = {"goal": "Signed up", "filter": "page==/welcome", "value": 5}
FUNNEL = {"funnel": "Sale", "steps": ["page==/", "page==/paid"]}
LINK = {"label": "board", "days": 5, "password": "open please now"}
TYPE = {"type": "quiz", "category": "play", "action": "finish"}
JANE = {"kind": "visitor", "id": "jane"}
# in an order in which each finds what it needs
DOINGS = {
    "POST /api/session": Doing("sign_in.succeeded", {"email": "ann@example.org", "password": PASSWORD}),
    "POST /api/setup/keys": Doing("key.created", KEY),
    "DELETE /api/setup/keys/{key}": Doing("key.revoked", path="/api/setup/keys/{key}"),
    "POST /api/setup/goals": Doing("goal.created", GOAL, "adam"),
    "DELETE /api/setup/goals/{goal}": Doing("goal.removed", who="adam", path="/api/setup/goals/Signed up"),
    "POST /api/setup/funnels": Doing("funnel.created", FUNNEL),
    "DELETE /api/setup/funnels/{funnel}": Doing("funnel.removed", path="/api/setup/funnels/Sale"),
    "POST /api/setup/pack": Doing("goal.created", {"industry": "e-commerce"}),
    "POST /api/setup/people": Doing("role.changed", {"email": "new@example.org", "role": "viewer"}),
    "POST /api/setup/people/{email}/password": Doing("password.changed", {}, path="/api/setup/people/new@example.org/password"),
    "DELETE /api/setup/people/{email}": Doing("role.changed", path="/api/setup/people/new@example.org"),
    "POST /api/setup/links": Doing("share_link.created", LINK),
    "POST /api/share": Doing("share_link.opened", {"link": "{link}"}, who=""),
    "DELETE /api/setup/links/{link}": Doing("share_link.removed", path="/api/setup/links/{number}"),
    "POST /api/setup/tenant": Doing("tenant.changed", {"currency": "EUR", "allowedHosts": ["acme.example"]}),
    "POST /api/setup/event-types": Doing("event_type.created", TYPE),
    "DELETE /api/setup/event-types/{type}": Doing("event_type.removed", path="/api/setup/event-types/quiz"),
    "POST /api/setup/tenants": Doing(
        "tenant.created", {"tenant": "third", "name": "Third", "industry": "general", "timeZone": "UTC", "currency": "USD"}, "opa"
    ),
    "POST /api/setup/privacy/requests": Doing("privacy_request.created", {"kind": "access", "reference": "ticket-1"}),
    "POST /api/setup/privacy/requests/{request}": Doing(
        "privacy_request.changed", {"state": "done"}, path="/api/setup/privacy/requests/1"
    ),
    "POST /api/setup/privacy/find": Doing("visitor.found", JANE),
    "POST /api/setup/privacy/export": Doing("visitor.exported", JANE),
    "POST /api/setup/privacy/erase": Doing("visitor.erased", JANE | {"confirmation": "jane"}),
    "POST /api/quality/reprocess": Doing("events.reprocessed", {"reason": "evt_type_unknown"}),
    "POST /api/session/second-factor": Doing("second_factor.changed", {"password": PASSWORD}),
    "POST /api/session/second-factor/confirm": Doing("second_factor.created", {"code": "{code}"}),
    "POST /api/session/second-factor/end": Doing("second_factor.removed", {"password": PASSWORD}),
    "DELETE /api/session/all/{sign_in}": Doing("sign_in.ended", path="/api/session/all/{sign_in}"),
    "DELETE /api/session/all/others": Doing("sign_in.ended"),
    "POST /api/session/password": Doing("password.changed", {"old": PASSWORD, "new": "another horse battery"}, "vic"),
    "DELETE /api/session": Doing("sign_in.ended"),
}
ELSEWHERE = """
    SELECT auth.open_sign_in(a.account_id, NULL, sha256(random()::text::bytea), '1 day', 'another browser', false, false)
    FROM auth.account a WHERE a.email = 'ann@example.org'
"""
# what changes nothing that anybody has to answer for, or is told elsewhere, and why
UNTOLD = {
    "POST /api/setup/rules/diff": "asks",
    "POST /api/setup/rules/preview": "asks",
    "POST /api/setup/rules/apply": "a worker does it, and tells in the owner's name: test_rules.py",
    "POST /api/setup/rules/revert": "as above",
    "POST /api/tracking/events": "the door: events are counted and traced one by one, and are no one's deed",
    "POST /api/tracking/events.js": "the door, under another name",
    "POST /api/analytics/many": "asks",
    "POST /api/session/oidc": "needs a provider: test_single_sign_on.py",
    "POST /api/session/passkey": "asks: nothing is changed yet",
    "POST /api/session/passkey/confirm": "needs an authenticator; a sign-in is told as all are",
    "POST /api/session/passkeys": "asks: nothing is changed yet",
    "POST /api/session/passkeys/confirm": "needs an authenticator; what becomes of passkeys is told by their table",
    "POST /api/session/passkeys/{passkey}": "needs a passkey; as above",
    "POST /api/session/passkeys/{passkey}/end": "needs a passkey; as above",
}


def changing_operations() -> set[str]:
    return {
        f"{method.upper()} {path}"
        for path, methods in openapi.document()["paths"].items()
        for method in methods
        if method in ("post", "put", "patch", "delete")
        and not (path.startswith("/api/analytics/") and path != "/api/analytics/many")
    }


def test_every_operation_that_changes_something_is_told_or_said_not_to_be() -> None:
    assert changing_operations() == set(DOINGS) | set(UNTOLD)


def test_who_does_something_over_http_is_told_with_what_they_did(client: TestClient, people: Site) -> None:
    """One after the other, all that the dashboard can do."""
    worker = people.connection
    people.land(view("/", 0, session_id="s", visitor_id="jane"))
    people.settle()
    known: dict[str, Any] = {}
    who = ""
    for operation, doing in DOINGS.items():
        method, path = operation.split()
        if doing.who not in ("", who) or client.get("/api/session").status_code != 200:
            who = doing.who
            sign_in(client, who)
        if operation.endswith(("{sign_in}", "/others")):
            worker.execute(ELSEWHERE)
            known["sign_in"] = next(one["sign_in"] for one in _data(client, "/api/session/all") if not one["this"])
        if "second-factor" in path and known.get("secret") and path.endswith("/confirm"):
            known["code"] = pyotp.TOTP(known["secret"]).at(time.time() - 30)
        if path == "/api/setup/links/{link}":
            known["number"] = list_share_links(worker, "acme")[0]["link"]
        if path == "/api/share":
            known["link"] = add_share_link(worker, "acme", "guests", 3, None)
        before = len(_all(worker))
        body = {name: value.format(**known) if isinstance(value, str) else value for name, value in (doing.body or {}).items()}
        sent = {} if doing.body is None else {"json": body}
        reply = client.request(method, (doing.path or path).format(**known), headers=OURS, **sent)
        assert reply.status_code == 200, (operation, reply.text)
        if not operation.endswith("/export"):
            known |= {name: value for name, value in (reply.json()["data"] or {}).items() if name in ("key", "secret")}
        new = _all(worker)[before:]
        row = next((one for one in new if one["action"] == doing.action), None)
        assert row is not None, (operation, [one["action"] for one in new])
        expected = ("person", f"{doing.who}@example.org") if doing.who else ("guest", "guests")
        assert (row["kind"], row["who"], row["via"]) == (*expected, "dashboard"), operation
        assert row["request_id"] == reply.headers["x-request-id"], operation
    text = str(worker.execute("SELECT array_agg(e::text) FROM auth.audit_event e").fetchone())
    assert not re.findall(r"example\.org|horse|open please|argon2|" + known["secret"], text), "no address, no secret"
    assert verify(worker)[1] == []


def test_what_changed_is_told_as_it_was_and_as_it_is(client: TestClient, people: Site) -> None:
    sign_in(client, "ann")
    for value in (5, 7, 7):
        client.post("/api/setup/goals", json=GOAL | {"value": value}, headers=OURS)
    changed, created, *_ = told(people, action="goal")
    assert (changed["action"], changed["subject"], changed["details"]) == ("goal.changed", "Signed up", {"value": [5, 7]})
    assert created["details"] == {"filter": [None, "page==/welcome"], "value": [None, 5]}
    client.post("/api/setup/people", json={"email": "vic@example.org", "role": "admin"}, headers=OURS)
    row = told(people)[0]
    assert (row["action"], row["subject"], row["details"]) == ("role.changed", "vic@example.org", {"role": ["viewer", "admin"]})


def test_an_address_that_is_gone_is_a_number(client: TestClient, people: Site) -> None:
    sign_in(client, "adam")
    client.post("/api/setup/goals", json=GOAL, headers=OURS)
    assert told(people, action="goal")[0]["who"] == "adam@example.org"
    people.connection.execute("DELETE FROM auth.account WHERE email = 'adam@example.org'")
    assert re.fullmatch("[0-9]+", told(people, action="goal")[0]["who"])
    assert verify(people.connection)[1] == []


def test_failures_are_told_and_a_flood_of_them_is_a_row_a_minute(client: TestClient, people: Site) -> None:
    for _ in range(5):
        sign_in(client, "ann", "not hers at all")
        sign_in(client, "nobody", "whatever it was")
    (failed,) = told(people, action="sign_in")
    assert (failed["action"], failed["who"], failed["subject"]) == ("sign_in.failed", "nobody", "ann@example.org")
    assert failed["details"] == {"reason": "sign_in_refused"}
    (unknown,) = told(people, OF_NO_TENANT, action="sign_in.failed")
    assert (unknown["subject"], unknown["details"]) == ("", {"reason": "sign_in_refused"})
    people.value("SELECT auth.tell_repeated(util.current_load_date() + interval '30 seconds')")
    assert len(told(people, action="sign_in.failed")) == 1
    people.value("SELECT auth.tell_repeated(util.current_load_date() + interval '61 seconds')")
    assert [row["details"] for row in told(people, action="sign_in.failed")] == [{"untold": 4}, {"reason": "sign_in_refused"}]
    sign_in(client, "ann", "not hers at all")
    assert len(told(people, action="sign_in.failed")) == 3


def test_who_knows_the_password_and_has_no_code_is_told_apart(client: TestClient, people: Site) -> None:
    sign_in(client, "ann")
    secret = client.post("/api/session/second-factor", json={"password": PASSWORD}, headers=OURS).json()["data"]["secret"]
    code = pyotp.TOTP(secret).at(time.time() - 30)
    codes = client.post("/api/session/second-factor/confirm", json={"code": code}, headers=OURS).json()["data"]["recoveryCodes"]
    sign_in(client, "ann")
    assert told(people)[0]["action"] == "sign_in.code_asked"
    sign_in(client, "ann", code="000000")
    assert told(people)[0]["details"] == {"reason": "code_wrong"}
    sign_in(client, "ann", code=codes[0])
    assert [(row["action"], row["who"]) for row in told(people, limit=2)] == [
        ("sign_in.succeeded", "ann@example.org"),
        ("recovery_code.used", "ann@example.org"),
    ]


def test_a_person_of_two_tenants_signs_in_to_both_chains_and_an_operator_to_that_of_none(
    client: TestClient, people: Site
) -> None:
    set_role(people.connection, "ann@example.org", "other", "viewer")
    sign_in(client, "ann")
    sign_in(client, "opa")
    rows = all_entries(people.connection, None, Wish(action="sign_in.succeeded"))
    assert {(row["tenant"], row["who"]) for row in rows} == {
        ("acme", "ann@example.org"),
        ("other", "ann@example.org"),
        (None, "opa@example.org"),
    }


def test_an_operator_who_looks_in_is_told_to_the_tenant_once_an_hour(client: TestClient, people: Site) -> None:
    sign_in(client, "opa")
    assert told(people, action="operator") == []
    for _ in range(3):
        assert client.get("/api/setup", headers=OURS).status_code == 200
    (row,) = told(people, action="operator.looked_in")
    assert (row["kind"], row["who"]) == ("person", "opa@example.org")
    sign_in(client, "ann")
    client.get("/api/setup", headers=OURS)
    assert len(told(people, action="operator")) == 1


def test_downloads_are_told_by_key_by_person_and_by_guest(client: TestClient, people: Site) -> None:
    people.land(view("/a", session_id="s"))
    people.settle()
    _, secret = add_key(people.connection, "acme", "read", "spreadsheet")
    asked = {"dateFrom": "2026-03-10", "dateTo": "2026-03-10", "dimension": "page"}
    for _ in range(3):
        file = client.get("/api/analytics/breakdown.csv", params=asked, headers={"X-Footfall-Key": secret})
        assert file.status_code == 200, file.text
    (by_key,) = told(people, action="export")
    assert (by_key["kind"], by_key["who"], by_key["via"]) == ("key", "spreadsheet", "api")
    assert (by_key["subject"], by_key["details"]) == ("breakdown.csv", {"rows": 1})
    sign_in(client, "vic")
    client.get("/api/analytics/breakdown.jsonl", params=asked, headers=OURS)
    assert told(people, action="export")[0]["who"] == "vic@example.org"
    link = add_share_link(people.connection, "acme", "board", 3, None)
    client.cookies.clear()
    client.post("/api/share", json={"link": link}, headers=OURS)
    guest = client.get("/api/analytics/breakdown.csv", params=asked | {"tenant": "acme", "share": link})
    assert guest.status_code == 200, guest.text
    assert told(people, action="export")[0]["who"] == "board"


def test_an_operators_program_is_told_by_its_token(client: TestClient, people: Site) -> None:
    _, token = add_operator_token(people.connection, "billing")
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/operator/usage.csv", headers=headers).status_code == 200
    assert client.get("/api/operator/tenants/acme", headers=headers).status_code == 200
    (file,), (looked_in,) = told(people, OF_NO_TENANT, action="export"), told(people, action="operator.looked_in")
    assert (file["kind"], file["who"], file["via"]) == ("token", "billing", "api")
    assert (looked_in["kind"], looked_in["who"]) == ("token", "billing")


MAY = {"ann": 200, "opa": 200, "adam": 403, "vic": 403, "olga": 404}


@pytest.mark.parametrize("who", MAY)
def test_a_tenants_audit_log_is_its_owners(client: TestClient, people: Site, who: str) -> None:
    sign_in(client, who)
    for path in ("/api/setup/audit", "/api/setup/audit.csv"):
        assert client.get(path, headers=OURS).status_code == MAY[who], path
    for path in ("/api/operator/audit", "/api/operator/audit.csv"):
        assert client.get(path, headers=OURS).status_code == (200 if who == "opa" else 403), path


def test_no_key_and_no_guest_reads_an_audit_log(client: TestClient, people: Site) -> None:
    for kind in ("write", "read", "admin"):
        _, secret = add_key(people.connection, "acme", kind, "x")
        for path in ("/api/setup/audit", "/api/operator/audit"):
            assert client.get(path, headers={"X-Footfall-Key": secret}).status_code in (401, 403), path
    link = add_share_link(people.connection, "acme", "board", 3, None)
    client.post("/api/share", json={"link": link}, headers=OURS)
    assert client.get("/api/setup/audit", params={"tenant": "acme", "share": link}).status_code == 403


def test_the_audit_log_is_filtered_and_taken_along(client: TestClient, people: Site) -> None:
    sign_in(client, "adam")
    client.post("/api/setup/goals", json=GOAL | {"goal": "=1+1"}, headers=OURS)
    sign_in(client, "ann")
    client.post("/api/setup/keys", json=KEY, headers=OURS)
    rows = _data(client, "/api/setup/audit", who="ADAM", action="goal")
    assert [(row["tenant"], row["action"], row["who"]) for row in rows] == [("acme", "goal.created", "adam@example.org")]
    assert _data(client, "/api/setup/audit", who="adam", action="key") == []
    assert _data(client, "/api/setup/audit", since="2999-01-01") == []
    assert len(_data(client, "/api/setup/audit", until="2999-01-01", limit="2")) == 2
    first, second = (_data(client, "/api/setup/audit", limit="1", offset=str(number))[0]["seq"] for number in (0, 1))
    assert first == second + 1
    text = client.get("/api/setup/audit.csv", headers=OURS, params={"action": "goal"}).text
    (line,) = csv.DictReader(io.StringIO(text))
    assert (line["subject"], json.loads(line["details"])["value"]) == ("'=1+1", [None, 5])
    assert _data(client, "/api/setup/audit")[0]["action"] == "export.downloaded"
    for wrong in ({"since": "yesterday"}, {"limit": "0"}, {"offset": "-1"}):
        assert client.get("/api/setup/audit", headers=OURS, params=wrong).status_code == 400, wrong
    sign_in(client, "opa")
    assert {row["tenant"] for row in _data(client, "/api/operator/audit")} == {"acme", "other", None}
    assert {row["tenant"] for row in _data(client, "/api/operator/audit", tenant="operators")} == {None}
    assert {row["tenant"] for row in _data(client, "/api/operator/audit", tenant="other")} == {"other"}


def test_a_change_that_is_refused_is_not_told(client: TestClient, people: Site, worker: Connection) -> None:
    sign_in(client, "ann")
    before = len(told(people))
    assert client.delete("/api/setup/people/ann@example.org", headers=OURS).status_code == 409
    assert client.post("/api/setup/goals", json=GOAL | {"filter": "nonsense"}, headers=OURS).status_code == 400
    assert len(told(people)) == before
    assert {key["kind"] for key in list_keys(worker, "acme")} == set()


def test_an_owner_who_is_given_the_same_role_again_is_no_news(people: Site, owner: Connection) -> None:
    with owner.transaction():
        owner.execute("SELECT set_config('app.tenant_hk', %s, true)", (people.tenant_hk.hex(),))
        set_person(owner, "ann@example.org", "owner", None)
    assert len([row for row in told(people, action="role") if row["subject"] == "ann@example.org"]) == 1


def _all(connection: Connection) -> list[dict[str, Any]]:
    """All rows, the latest last."""
    return all_entries(connection, None, Wish(limit=10_000))[::-1]


def _data(client: TestClient, path: str, **asked: str) -> Any:
    reply = client.get(path, headers=OURS, params=asked)
    assert reply.status_code == 200, reply.text
    return reply.json()["data"]
