"""People sign in, see their tenants and no other's byte, and set up keys and goals as far as their role goes."""

from datetime import UTC, datetime

import pytest
from sender import VIEW, post
from starlette.testclient import TestClient

from footfall.auth import PACKS, add_account, add_share_link, set_role
from site_under_test import Site, at, view

OURS = {"X-Footfall-Request": "1"}
PASSWORD = "correct horse battery"


@pytest.fixture
def people(site: Site) -> Site:
    """Ann owns acme, Vic may look at it, Olga owns another tenant, Opa runs the service."""
    Site(site.connection, "other")
    for name, tenant, role in (
        ("ann", "acme", "owner"),
        ("vic", "acme", "viewer"),
        ("olga", "other", "owner"),
        ("opa", None, None),
    ):
        add_account(site.connection, f"{name}@example.org", name.title(), PASSWORD, is_operator=name == "opa")
        if tenant:
            set_role(site.connection, f"{name}@example.org", tenant, role)
    return site


def sign_in(client: TestClient, name: str, password: str = PASSWORD, **headers: str):
    client.cookies.clear()
    return client.post("/api/session", json={"email": f"{name}@example.org", "password": password}, headers=OURS | headers)


def code(response) -> str:
    return response.json()["debug_info"]["error"]


def test_who_signs_in_sees_their_tenants_and_keeps_the_token_where_scripts_cannot_read_it(client, people):
    reply = sign_in(client, "ann")
    assert {"HttpOnly", "SameSite=lax"} <= set(reply.headers["set-cookie"].split("; "))
    person = client.get("/api/session").json()["data"]
    assert person["email"] == "ann@example.org"
    assert [(tenant["tenant"], tenant["role"]) for tenant in person["tenants"]] == [("acme", "owner")]
    assert PASSWORD not in str(people.rows("SELECT * FROM auth.account"))


def test_a_wrong_password_and_an_unknown_person_are_refused_alike(client, people):
    wrong, unknown = sign_in(client, "ann", "something else"), sign_in(client, "nobody")
    assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json())
    assert code(wrong) == "sign_in_refused"


def test_guessing_is_slowed_down(client, people):
    replies = [sign_in(client, "ann", "guess") for _ in range(11)]
    assert replies[-1].status_code == 429
    assert int(replies[-1].headers["retry-after"]) > 0


def test_who_signed_out_is_nobody_also_with_the_old_token(client, people):
    sign_in(client, "ann")
    token = client.cookies["footfall_sign_in"]
    assert client.delete("/api/session", headers=OURS).status_code == 200
    client.cookies.set("footfall_sign_in", token)
    assert code(client.get("/api/session")) == "not_signed_in"


def test_another_site_can_make_a_browser_neither_sign_in_nor_change_anything(client, people):
    assert code(sign_in(client, "ann", Origin="https://evil.example")) == "request_forged"
    sign_in(client, "ann")
    body = {"kind": "read"}
    assert code(client.post("/api/setup/keys?tenant=acme", json=body)) == "request_forged"
    foreign = client.post("/api/setup/keys?tenant=acme", json=body, headers=OURS | {"Origin": "https://evil.example"})
    assert code(foreign) == "request_forged"


@pytest.mark.parametrize(
    "address",
    [
        "/api/analytics/overview",
        "/api/analytics/sessions",
        "/api/setup/keys",
        "/api/setup/goals",
        "/api/quality",
        "/api/tracking/analytics",
    ],
)
def test_nobody_sees_a_tenant_that_is_not_theirs(client, people, address):
    sign_in(client, "olga")
    refused = client.get(address, params={"tenant": "acme"})
    assert (refused.status_code, code(refused)) == (404, "tenant_unknown")
    assert refused.json() == client.get(address, params={"tenant": "never-was"}).json()
    assert client.get(address, params={"tenant": "other"}).status_code == 200


def test_ids_of_another_tenant_in_an_address_find_nothing(client, people):
    people.land(view("/secret", _visitor_id="v1"))
    people.settle()
    event, session, visitor = people.rows(
        "SELECT encode(site_event_hk, 'hex'), encode(site_session_hk, 'hex'), encode(site_visitor_hk, 'hex')"
        " FROM business.event_b"
    )[0]
    (key,) = people.rows(
        "INSERT INTO auth.access_key (key_hash, tenant_hk, kind, label, created_at)"
        " VALUES ('\\x01', %s, 'read', 'x', now()) RETURNING access_key_id",
        people.tenant_hk,
    )[0]
    sign_in(client, "ann")
    assert client.get(f"/api/trace/{event}?tenant=acme").json()["data"]["raw"]["raw_payload"]["page_url"].endswith("/secret")
    sign_in(client, "olga")
    for address in (
        f"/api/trace/{event}",
        f"/api/analytics/session?session={session}",
        f"/api/analytics/visitor?visitor={visitor}",
    ):
        reply = client.get(address, headers={"X-Footfall-Tenant": "other"})
        assert reply.status_code == 404, address
        assert "secret" not in reply.text
    assert client.delete(f"/api/setup/keys/{key}?tenant=other", headers=OURS).status_code >= 400
    assert people.value("SELECT revoked_at FROM auth.access_key WHERE access_key_id = %s", key) is None


def test_an_owner_makes_and_revokes_keys_a_viewer_only_looks(client, people):
    sign_in(client, "ann")
    made = client.post("/api/setup/keys?tenant=acme", json={"kind": "write", "label": "shop"}, headers=OURS).json()["data"]
    assert post(client, made["secret"], VIEW).status_code == 202
    assert client.delete(f"/api/setup/keys/{made['key']}?tenant=acme", headers=OURS).status_code == 200
    assert client.get("/api/setup/keys?tenant=acme").json()["data"][0]["revoked_at"]
    sign_in(client, "vic")
    refused = client.post("/api/setup/keys?tenant=acme", json={"kind": "write"}, headers=OURS)
    assert (refused.status_code, code(refused)) == (403, "role_needed")
    assert client.get("/api/setup/keys?tenant=acme").status_code == 200


def test_goals_are_defined_and_forgotten_and_a_wrong_filter_is_explained(client, people):
    sign_in(client, "ann")
    goal = {"goal": "Paid / online", "filter": "event_action==complete"}
    assert client.post("/api/setup/goals?tenant=acme", json=goal, headers=OURS).status_code == 200
    assert [row["goal"] for row in client.get("/api/setup/goals?tenant=acme").json()["data"]] == ["Paid / online"]
    assert (
        code(client.post("/api/setup/goals?tenant=acme", json=goal | {"filter": "colour==red"}, headers=OURS))
        == "dimension_unknown"
    )
    assert client.delete("/api/setup/goals/Paid%20%2F%20online?tenant=acme", headers=OURS).status_code == 200
    assert client.get("/api/setup/goals?tenant=acme").json()["data"] == []


def test_an_operator_has_every_tenant(client, people):
    sign_in(client, "opa")
    assert [tenant["tenant"] for tenant in client.get("/api/session").json()["data"]["tenants"]] == ["acme", "other"]
    assert client.get("/api/analytics/overview?tenant=other").status_code == 200


def test_quality_says_what_arrived_and_what_is_wrong_with_an_example(client, people):
    people.land({"evt_type": "dance", "evt_label": "tango"}, received=datetime.now(UTC))
    people.load()
    sign_in(client, "ann")
    data = client.get("/api/quality?tenant=acme").json()["data"]
    assert [(row["reason"], row["events"], row["example"]["evt_label"]) for row in data["invalid"]] == [
        ("evt_type_unknown", 1, "tango")
    ]
    assert [(hour["received"], hour["invalid"], hour["pending"]) for hour in data["balance"]] == [(1, 1, 0)]


def test_many_questions_are_answered_in_their_order(client, people):
    people.land(view("/", _visitor_id="v1"))
    people.settle()
    sign_in(client, "vic")
    span = {"dateFrom": at()[:10], "dateTo": at()[:10]}
    reply = client.post(
        "/api/analytics/many?tenant=acme",
        json=[
            {"report": "overview", **span},
            {"report": "breakdown", "dimension": "page", **span},
            {"report": "breakdown", "dimension": "x"},
        ],
        headers=OURS,
    )
    first, second, third = reply.json()["data"]
    assert first["data"]["metrics"]["page_views"] == 1
    assert second["data"]["rows"][0]["value"] == "acme.example/"
    assert third["debug_info"]["error"] == "dimension_unknown"
    refused = client.post("/api/analytics/many?tenant=acme", json=[{"report": "secrets"}], headers=OURS)
    assert code(refused) == "questions_invalid"


def ask(client: TestClient, method: str, path: str, of: str = "acme", **body):
    return client.request(method, path, json=body or None, headers=OURS | {"X-Footfall-Tenant": of})


def test_a_funnel_is_saved_changed_and_forgotten(client, people):
    sign_in(client, "ann")
    steps = ["page==/", "page==/a"]
    assert ask(client, "POST", "/api/setup/funnels", funnel="To a", steps=steps).status_code == 200
    assert ask(client, "POST", "/api/setup/funnels", funnel="To a", steps=steps, window=30, per="visitor").status_code == 200
    saved = {"funnel": "To a", "steps": steps, "order": "loose", "window": 30, "per": "visitor"}
    assert ask(client, "GET", "/api/setup/funnels").json()["data"] == [saved]
    assert ask(client, "DELETE", "/api/setup/funnels/To%20a").status_code == 200
    assert code(ask(client, "DELETE", "/api/setup/funnels/To%20a")) == "funnel_unknown"


@pytest.mark.parametrize(
    ("funnel", "steps", "refused"),
    [
        ("", ["page==/", "page==/a"], "name_invalid"),
        ("x", ["page==/"], "steps_invalid"),
        ("x", ["page==/", "nonsense"], "filter_invalid"),
        ("x", ["page==/", "colour==red"], "dimension_unknown"),
    ],
)
def test_a_funnel_that_could_not_be_asked_is_refused(client, people, funnel: str, steps: list[str], refused: str):
    sign_in(client, "ann")
    assert code(ask(client, "POST", "/api/setup/funnels", funnel=funnel, steps=steps)) == refused


def test_an_industry_pack_brings_goals_and_a_funnel_that_can_be_asked(client, people):
    sign_in(client, "ann")
    for industry, pack in PACKS.items():
        assert ask(client, "POST", "/api/setup/pack", industry=industry).status_code == 200
        funnels = {saved["funnel"]: saved["steps"] for saved in ask(client, "GET", "/api/setup/funnels").json()["data"]}
        assert ask(client, "POST", "/api/analytics/funnel", steps=funnels[pack.conversions]).status_code == 200
    goals = {goal["goal"] for goal in ask(client, "GET", "/api/analytics/goals").json()["data"]["goals"]}
    assert {name for pack in PACKS.values() for name in pack.goal_names} == goals
    assert code(ask(client, "POST", "/api/setup/pack", industry="piracy")) == "industry_unknown"


def test_an_owner_brings_people_in_and_a_new_one_gets_a_password_that_works(client, people):
    sign_in(client, "ann")
    made = ask(client, "POST", "/api/setup/people", email="Nora@Example.org", role="admin").json()["data"]["password"]
    known = ask(client, "POST", "/api/setup/people", email="olga@example.org", role="viewer").json()["data"]["password"]
    assert known is None
    listed = [(person["email"], person["role"]) for person in ask(client, "GET", "/api/setup").json()["data"]["people"]]
    assert listed == [
        ("ann@example.org", "owner"),
        ("nora@example.org", "admin"),
        ("olga@example.org", "viewer"),
        ("vic@example.org", "viewer"),
    ]
    assert sign_in(client, "nora", made).status_code == 200
    assert ask(client, "POST", "/api/setup/keys", kind="read").status_code == 200
    assert code(ask(client, "POST", "/api/setup/people", email="x@example.org", role="owner")) == "role_needed"
    assert sign_in(client, "olga").status_code == 200
    assert {tenant["tenant"] for tenant in client.get("/api/session").json()["data"]["tenants"]} == {"acme", "other"}
    sign_in(client, "ann")
    assert ask(client, "DELETE", "/api/setup/people/olga%40example.org").status_code == 200
    sign_in(client, "olga")
    assert {tenant["tenant"] for tenant in client.get("/api/session").json()["data"]["tenants"]} == {"other"}


def test_only_operators_add_tenants_and_see_the_store(client, people):
    new = {"tenant": "fresh", "name": "Fresh", "industry": "saas", "timeZone": "Europe/Berlin", "currency": "EUR"}
    sign_in(client, "ann")
    assert code(ask(client, "POST", "/api/setup/tenants", **new)) == "role_needed"
    assert code(ask(client, "GET", "/api/store")) == "role_needed"
    sign_in(client, "opa")
    assert ask(client, "POST", "/api/setup/tenants", **new).status_code == 200
    assert code(ask(client, "POST", "/api/setup/tenants", **new)) == "tenant_exists"
    assert code(ask(client, "POST", "/api/setup/tenants", **new | {"tenant": "more", "timeZone": "Mars"})) == "time_zone_unknown"
    assert len(ask(client, "GET", "/api/setup", "fresh").json()["data"]["goals"]) == 4
    assert ask(client, "GET", "/api/store").json()["data"]["partitions"]


def test_what_is_another_tenants_cannot_be_taken_away(client, people):
    add_share_link(people.connection, "acme", "x", 30, "")
    ((link,),) = people.rows("SELECT share_link_id FROM auth.share_link")
    sign_in(client, "ann")
    ask(client, "POST", "/api/setup/funnels", funnel="F", steps=["page==/", "page==/a"])
    ask(client, "POST", "/api/setup/goals", goal="G", filter="page==/")
    sign_in(client, "olga")
    for address in (f"links/{link}", "funnels/F", "goals/G", "people/vic%40example.org"):
        assert ask(client, "DELETE", f"/api/setup/{address}", "acme").status_code == 404
        ask(client, "DELETE", f"/api/setup/{address}", "other")
    sign_in(client, "ann")
    everything = ask(client, "GET", "/api/setup").json()["data"]
    assert [len(everything[what]) for what in ("links", "funnels", "goals", "people")] == [1, 1, 1, 2]
