"""Whoever has a share link sees figures of one tenant, and nothing else of it, until the link ends."""

import json

import pytest
from starlette.testclient import TestClient

from footfall.auth import add_account, add_share_link, list_share_links, remove_share_link, set_role
from site_under_test import Site, view

OURS = {"X-Footfall-Request": "1"}
GUEST = OURS | {"X-Footfall-Share": "1", "X-Footfall-Tenant": "acme"}
MARCH = {"dateFrom": "2026-03-01", "dateTo": "2026-03-31"}
PASSWORD = "correct horse battery"


@pytest.fixture
def shop(site: Site) -> Site:
    site.land(view("/", session_id="s", _visitor_id="v"), view("/a", 1, session_id="s", _visitor_id="v"))
    Site(site.connection, "other").land(view("/secret", session_id="x"))
    site.settle()
    return site


def link(site: Site, *, days: int = 30, password: str = "") -> str:
    return add_share_link(site.connection, "acme", "the board", days, password)


def open_link(client: TestClient, token: str, password: str = "") -> str:
    reply = client.post("/api/share", json={"link": token, "password": password}, headers=OURS)
    return "opened" if reply.status_code == 200 else code(reply)


def code(reply) -> str:
    return reply.json()["debug_info"]["error"]


def test_a_guest_sees_figures(client, shop):
    assert open_link(client, link(shop)) == "opened"
    person = client.get("/api/session", headers=GUEST).json()["data"]
    assert [(tenant["tenant"], tenant["role"]) for tenant in person["tenants"]] == [("acme", "guest")]
    assert person["email"] == ""
    overview = client.get("/api/analytics/overview", params=MARCH, headers=GUEST)
    assert overview.json()["data"]["metrics"]["page_views"] == 2
    many = client.post("/api/analytics/many", json=[{"report": "breakdown", "dimension": "page"} | MARCH], headers=GUEST)
    assert many.json()["data"][0]["success"]
    assert client.get("/api/setup/funnels", headers=GUEST).json()["data"] == []
    assert client.get("/api/analytics/overview.csv?share=1&tenant=acme").status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/api/analytics/sessions",
        "/api/analytics/events",
        "/api/analytics/realtime",
        "/api/analytics/session?session=" + "0" * 40,
        "/api/analytics/visitor?visitor=" + "0" * 40,
        "/api/analytics/realtime/stream",
        "/api/analytics/sessions.csv",
        "/api/quality",
        "/api/trace/" + "0" * 40,
        "/api/setup",
        "/api/setup/keys",
        "/api/setup/goals",
        "/api/store",
    ],
)
def test_a_guest_sees_nobody_and_no_setting(client, shop, address: str):
    open_link(client, link(shop))
    reply = client.get(address, headers=GUEST)
    assert (reply.status_code, code(reply)) == (403, "role_needed")
    hidden = client.post("/api/analytics/many", json=[{"report": "overview"}, {"report": "sessions"}], headers=GUEST)
    assert code(hidden) == "role_needed"


def test_a_guest_changes_nothing(client, shop):
    open_link(client, link(shop))
    for address, body in (
        ("/api/setup/keys", {"kind": "read"}),
        ("/api/setup/goals", {"goal": "g", "filter": "page==/"}),
        ("/api/setup/funnels", {"funnel": "f", "steps": ["page==/", "page==/a"]}),
        ("/api/setup/links", {"label": "more"}),
        ("/api/setup/pack", {"industry": "saas"}),
        ("/api/quality/reprocess", {"reason": "x"}),
        ("/api/setup/people", {"email": "me@example.org", "role": "owner"}),
    ):
        assert code(client.post(address, json=body, headers=GUEST)) == "role_needed", address


def test_a_guest_sees_no_other_tenant(client, shop):
    open_link(client, link(shop))
    other = client.get("/api/analytics/overview", headers=GUEST | {"X-Footfall-Tenant": "other"})
    assert (other.status_code, code(other)) == (404, "tenant_unknown")


def test_who_is_signed_in_besides_is_a_guest_behind_the_link(client, shop):
    add_account(shop.connection, "ann@example.org", "Ann", PASSWORD)
    set_role(shop.connection, "ann@example.org", "acme", "owner")
    client.post("/api/session", json={"email": "ann@example.org", "password": PASSWORD}, headers=OURS)
    open_link(client, link(shop))
    assert client.get("/api/setup/keys", headers=GUEST).status_code == 403
    assert client.get("/api/setup/keys", headers=OURS | {"X-Footfall-Tenant": "acme"}).status_code == 200


def test_a_link_with_a_password_opens_with_it_alone_and_guessing_is_slowed_down(client, shop):
    token = link(shop, password="open sesame")
    assert open_link(client, token) == "password_needed"
    assert open_link(client, token, "open barley") == "password_wrong"
    assert open_link(client, token, "open sesame") == "opened"
    assert [open_link(client, token, "guess") for _ in range(11)][-1] == "rate_limited"


def test_a_link_that_has_ended_opens_nothing_and_its_guests_are_out(client, shop):
    token = link(shop)
    open_link(client, token)
    ((number,),) = shop.rows("SELECT share_link_id FROM auth.share_link")
    remove_share_link(shop.connection, "acme", number)
    assert client.get("/api/session", headers=GUEST).status_code == 401
    assert open_link(client, token) == "share_link_unknown"
    expired = link(shop, days=1)
    open_link(client, expired)
    shop.connection.execute("UPDATE auth.share_link SET expires_at = now() - interval '1 s'")
    assert client.get("/api/session", headers=GUEST).status_code == 401
    assert open_link(client, expired) == "share_link_unknown"
    assert list_share_links(shop.connection, "acme") == []


def test_the_store_knows_neither_link_nor_password(client, shop):
    token = link(shop, password="open sesame")
    open_link(client, token, "open sesame")
    kept = json.dumps([shop.rows("SELECT l::text FROM auth.share_link l"), shop.rows("SELECT s::text FROM auth.sign_in s")])
    assert token not in kept
    assert "sesame" not in kept
