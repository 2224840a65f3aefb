"""Whoever runs the service sees all tenants and what they use, in a browser or by a program; nobody else does."""

import csv
from datetime import UTC, datetime, timedelta

import pytest

from footfall.auth import add_account, add_operator_token, rename_tenant, revoke_operator_token, set_plan, set_role
from site_under_test import Site, view

OURS = {"X-Footfall-Request": "1"}
PASSWORD = "correct horse battery"
ADDRESSES = ("/api/operator/tenants", "/api/operator/tenants/acme", "/api/operator/usage.csv")


def code(response) -> str:
    return response.json()["debug_info"]["error"]


def sign_in(client, name: str) -> None:
    client.cookies.clear()
    client.post("/api/session", json={"email": f"{name}@example.org", "password": PASSWORD}, headers=OURS)


@pytest.fixture
def three(site: Site) -> Site:
    """Acme sent three events today, of which one is invalid and one a duplicate; Bakery one forty days ago; Café nothing."""
    now = datetime.now(UTC)
    moment = {"event_timestamp": now.isoformat(), "session_id": "s"}
    site.land(
        view("/a", 0, **moment, event_id="1"),
        view("/a", 0, **moment, event_id="1"),
        {"evt_type": "nonsense"},
        received=now,
    )
    bakery, _ = Site(site.connection, "bakery"), Site(site.connection, "cafe")
    before = now - timedelta(days=40)
    for day in (before, now):
        site.connection.execute("SELECT util.ensure_partitions(%s, 0)", (day,))
    bakery.land(view("/b", 0, event_timestamp=before.isoformat(), session_id="s"), received=before)
    site.load()
    set_plan(site.connection, "acme", {"events_per_month": 12})
    for name, tenant in (("ann", "acme"), ("opa", None)):
        add_account(site.connection, f"{name}@example.org", name.title(), PASSWORD, is_operator=tenant is None)
        if tenant:
            set_role(site.connection, f"{name}@example.org", tenant, "owner")
    return site


@pytest.fixture
def token(three: Site) -> dict[str, str]:
    return {"Authorization": f"Bearer {add_operator_token(three.connection, 'billing')[1]}"}


def test_all_tenants_are_told_with_what_they_send(client, three, token):
    answer = client.get("/api/operator/tenants", headers=token).json()["data"]
    assert answer["total"] == 3
    rows = {row["tenant"]: row for row in answer["rows"]}
    told = ("events_24h", "invalid_share", "plan", "month_events", "events_30d")
    assert [rows["acme"][name] for name in told] == [3, 0.3333, 12, 3, 3]
    assert rows["bakery"]["events_24h"] == 0
    assert rows["bakery"]["last_event"][:10] == str((datetime.now(UTC) - timedelta(days=40)).date())
    assert (rows["cafe"]["last_event"], rows["cafe"]["bytes"]) == (None, 0)
    assert rows["acme"]["bytes"] > rows["bakery"]["bytes"] > 100


ORDERS = {
    "": ["acme", "bakery", "cafe"],
    "sort=name&order=desc": ["cafe", "bakery", "acme"],
    "sort=last_event&order=asc": ["bakery", "acme", "cafe"],
    "sort=invalid_share": ["acme", "bakery", "cafe"],
    "search=BAK": ["bakery"],
    "search=a+c": ["acme", "cafe"],
    "sort=tenant&order=asc&limit=1&offset=1": ["bakery"],
}
REFUSED = {
    "tenants?sort=colour": "sort_invalid",
    "tenants?order=up": "order_invalid",
    "tenants?limit=0": "limit_invalid",
    "tenants?limit=many": "limit_invalid",
    "tenants?offset=-1": "limit_invalid",
    "usage.csv?month=november": "month_invalid",
    "usage.csv?month=2026-13": "month_invalid",
}


def test_tenants_are_searched_sorted_and_told_in_pieces(client, three, token):
    for asked, found in ORDERS.items():
        answer = client.get(f"/api/operator/tenants?{asked}", headers=token).json()["data"]
        assert [row["tenant"] for row in answer["rows"]] == found, asked


def test_what_cannot_be_meant_is_refused(client, three, token):
    assert {asked: code(client.get(f"/api/operator/{asked}", headers=token)) for asked in REFUSED} == REFUSED


def test_one_tenant_is_told_with_its_plan_by_any_of_its_names(client, three, token):
    rename_tenant(three.connection, "acme", "shoes")
    for name in ("acme", "shoes"):
        answer = client.get(f"/api/operator/tenants/{name}", headers=token).json()["data"]
        assert (answer["tenant"], answer["first_id"], answer["events_24h"]) == ("shoes", "acme", 3)
        assert {limit["limit"]: (limit["used"], limit["most"]) for limit in answer["limits"]}["events_per_month"] == (3, 12)
    refused = client.get("/api/operator/tenants/nobody", headers=token)
    assert (refused.status_code, code(refused)) == (404, "tenant_unknown")


def test_a_months_usage_is_a_table_to_bill_by(client, three, token):
    set_plan(three.connection, None, {"events_per_month": 1000})
    three.connection.execute("UPDATE auth.tenant_details_s SET tenant_name = '=1+1' WHERE tenant_name = 'Cafe'")
    now = datetime.now(UTC)
    reply = client.get(f"/api/operator/usage.csv?month={now:%Y-%m}", headers=token)
    assert reply.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(reply.text.splitlines()))
    assert int(rows[0].pop("bytes")) > 100
    assert rows[0] == {
        "tenant": "acme",
        "name": "Acme",
        "plan": "12",
        "accepted_events": "3",
        "invalid": "1",
        "duplicates": "1",
    }
    assert [list(row.values()) for row in rows[1:]] == [
        ["bakery", "Bakery", "1000", "0", "0", "0", "0"],
        ["cafe", "'=1+1", "1000", "0", "0", "0", "0"],
    ]
    earlier = client.get(f"/api/operator/usage.csv?month={now - timedelta(days=40):%Y-%m}", headers=token)
    assert [row["accepted_events"] for row in csv.DictReader(earlier.text.splitlines())] == ["0", "1", "0"]


def test_a_token_that_is_revoked_expired_or_made_up_opens_nothing(client, three, token):
    number, lasting = add_operator_token(three.connection, "x", days=1)
    bearer = {"Authorization": f"Bearer {lasting}"}
    assert client.get(ADDRESSES[0], headers=bearer).status_code == 200
    three.connection.execute("UPDATE auth.operator_token SET expires_at = now() WHERE operator_token_id = %s", (number,))
    assert code(client.get(ADDRESSES[0], headers=bearer)) == "token_unknown"
    revoke_operator_token(three.connection, 1)
    for headers in (token, {"Authorization": "Bearer op_" + "x" * 32}):
        for address in ADDRESSES:
            refused = client.get(address, headers=headers)
            assert (refused.status_code, code(refused)) == (401, "token_unknown")
    assert lasting not in str(three.rows("SELECT * FROM auth.operator_token"))


def test_operators_look_with_their_sign_in_and_nobody_else_does(client, three, keys):
    for address in ADDRESSES:
        client.cookies.clear()
        assert code(client.get(address)) == "not_signed_in"
        assert code(client.get(address, headers={"X-Footfall-Key": keys["admin"]})) == "not_signed_in"
    sign_in(client, "ann")
    assert {code(client.get(address, headers=OURS)) for address in ADDRESSES} == {"role_needed"}
    sign_in(client, "opa")
    assert {client.get(address, headers=OURS).status_code for address in ADDRESSES} == {200}


def test_a_token_tells_of_no_event_and_changes_nothing(client, three, token):
    for address in ("/api/analytics/overview?tenant=acme", "/api/setup?tenant=acme", "/api/store", "/api/session"):
        assert client.get(address, headers=token).status_code == 401
    assert client.post("/api/tracking/events", json=view("/"), headers=token).status_code == 401


def test_a_session_tells_the_tenants_one_needs_and_finds_the_others(client, three):
    for number in range(60):
        Site(three.connection, f"customer-{number:02}")
    sign_in(client, "opa")
    tenants = [line["tenant"] for line in client.get("/api/session?tenant=customer-59").json()["data"]["tenants"]]
    assert tenants[:3] == ["acme", "bakery", "cafe"]
    assert (len(tenants), tenants[-1]) == (51, "customer-59")
    found = client.get("/api/session/tenants?search=customer+4").json()["data"]
    assert [line["tenant"] for line in found][:2] == ["customer-04", "customer-14"]
    assert client.get("/api/setup?tenant=customer-58").status_code == 200
    sign_in(client, "ann")
    assert [line["tenant"] for line in client.get("/api/session?tenant=bakery").json()["data"]["tenants"]] == ["acme"]
    assert client.get("/api/session/tenants?search=customer").json()["data"] == []


def test_a_disabled_tenant_is_refused_at_the_door_on_every_page_and_counted(client, three, keys):
    sign_in(client, "ann")
    three.connection.execute("UPDATE auth.tenant_details_s SET is_active = false WHERE tenant_hk = %s", (three.tenant_hk,))
    refused = client.post("/api/tracking/events", json=[view("/"), view("/b")], headers={"X-Footfall-Key": keys["write"]})
    assert (refused.status_code, code(refused)) == (403, "tenant_disabled")
    assert code(client.get("/api/analytics/overview", headers={"X-Footfall-Key": keys["read"]})) == "tenant_disabled"
    for address in ("/api/analytics/overview", "/api/setup", "/api/quality"):
        refused = client.get(f"{address}?tenant=acme", headers=OURS)
        assert (refused.status_code, code(refused)) == (403, "tenant_disabled")
    (line,) = client.get("/api/session").json()["data"]["tenants"]
    assert line["isDisabled"] is True
    client.__exit__()
    assert three.value("SELECT refused_count FROM raw.refusal WHERE reason = 'tenant_disabled'") == 2


def test_a_renamed_tenants_snippets_and_pages_go_on(client, three, keys):
    rename_tenant(three.connection, "acme", "shoes")
    for name in ("acme", "shoes"):
        reply = client.post(
            "/api/tracking/events", json=view("/") | {"tenantId": name}, headers={"X-Footfall-Key": keys["write"]}
        )
        assert (reply.status_code, reply.json()["data"]["tenant_id"]) == (202, "shoes")
    other = client.post("/api/tracking/events", json=view("/") | {"tenantId": "other"}, headers={"X-Footfall-Key": keys["write"]})
    assert code(other) == "tenant_mismatch"
    sign_in(client, "ann")
    assert [line["tenant"] for line in client.get("/api/session").json()["data"]["tenants"]] == ["shoes"]
    for name in ("acme", "shoes"):
        assert client.get(f"/api/analytics/overview?tenant={name}", headers=OURS).json()["success"]
        made = client.post(f"/api/setup/keys?tenant={name}", json={"kind": "read"}, headers=OURS)
        assert made.json()["success"]
    assert {key["tenant"] for key in client.get("/api/setup?tenant=shoes", headers=OURS).json()["data"]["keys"]} == {"shoes"}
