"""People sign in, see their tenants and no other's byte, and set up keys and goals as far as their role goes."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from sender import VIEW, post
from starlette.testclient import TestClient

from footfall.auth import PACKS, add_account, add_key, add_share_link, set_role
from footfall.settings import Settings
from footfall.web import application
from site_under_test import BOT, Site, at, view

OURS = {"X-Footfall-Request": "1"}
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
    asked = {key: saved[key] for key in ("steps", "order", "window", "per")}
    assert ask(client, "POST", "/api/analytics/funnel", **asked).status_code == 200
    assert ask(client, "DELETE", "/api/setup/funnels/To%20a").status_code == 200
    assert ask(client, "GET", "/api/setup/funnels").json()["data"] == []
    assert code(ask(client, "DELETE", "/api/setup/funnels/To%20a")) == "funnel_unknown"


def test_a_funnel_may_have_any_name_and_spaces_around_it_do_not_count(client, people):
    sign_in(client, "ann")
    for name in (" 50 % / Söhne; a|b ", "x" * 100):
        assert ask(client, "POST", "/api/setup/funnels", funnel=name, steps=["page==/", "page==/a"]).status_code == 200
        assert [saved["funnel"] for saved in ask(client, "GET", "/api/setup/funnels").json()["data"]] == [name.strip()]
        assert ask(client, "DELETE", f"/api/setup/funnels/{quote(name.strip(), safe='')}").status_code == 200


def test_an_admin_saves_funnels_a_viewer_only_sees_them(client, people):
    steps = ["page==/", "page==/a"]
    sign_in(client, "adam")
    assert ask(client, "POST", "/api/setup/funnels", funnel="To a", steps=steps).status_code == 200
    sign_in(client, "vic")
    assert code(ask(client, "POST", "/api/setup/funnels", funnel="To a", steps=steps[::-1])) == "role_needed"
    assert code(ask(client, "DELETE", "/api/setup/funnels/To%20a")) == "role_needed"
    assert code(ask(client, "POST", "/api/setup/pack", industry="saas")) == "role_needed"
    assert [saved["steps"] for saved in ask(client, "GET", "/api/setup/funnels").json()["data"]] == [steps]


NO_FUNNELS = [
    ({"funnel": ""}, "name_invalid"),
    ({"funnel": "   "}, "name_invalid"),
    ({"funnel": "x" * 101}, "name_invalid"),
    ({"funnel": "a\nb"}, "name_invalid"),
    ({"steps": ["page==/"]}, "steps_invalid"),
    ({"steps": ["page==/"] * 11}, "steps_invalid"),
    ({"steps": ["page==/", ""]}, "steps_invalid"),
    ({"steps": ["page==/", "nonsense"]}, "filter_invalid"),
    ({"steps": ["page==/", "colour==red"]}, "dimension_unknown"),
    ({"steps": ["page==/", "goal==Never"]}, "goal_unknown"),
    ({"window": 525_601}, "number_out_of_range"),
    ({"window": 0}, "number_out_of_range"),
    ({"order": "random"}, "body_invalid"),
    ({"per": "page"}, "body_invalid"),
]


def test_a_funnel_that_could_not_be_asked_is_refused(client, people):
    sign_in(client, "ann")
    replies = [
        (wrong, ask(client, "POST", "/api/setup/funnels", **{"funnel": "x", "steps": ["page==/", "page==/a"]} | wrong))
        for wrong, _ in NO_FUNNELS
    ]
    assert [(wrong, code(reply)) for wrong, reply in replies] == NO_FUNNELS
    assert {reply.status_code for _, reply in replies} == {400}
    assert ask(client, "GET", "/api/setup/funnels").json()["data"] == []


def test_an_industry_pack_brings_goals_and_a_funnel_that_can_be_asked(client, people):
    sign_in(client, "ann")
    for industry, pack in PACKS.items():
        assert ask(client, "POST", "/api/setup/pack", industry=industry).status_code == 200
        funnels = {saved["funnel"]: saved["steps"] for saved in ask(client, "GET", "/api/setup/funnels").json()["data"]}
        assert ask(client, "POST", "/api/analytics/funnel", steps=funnels[pack.conversions]).status_code == 200
    goals = {goal["goal"] for goal in ask(client, "GET", "/api/analytics/goals").json()["data"]["goals"]}
    assert {name for pack in PACKS.values() for name in pack.goal_names} == goals
    assert code(ask(client, "POST", "/api/setup/pack", industry="piracy")) == "industry_unknown"


def test_a_pack_leaves_what_has_other_names_and_comes_twice_to_the_same(client, people):
    sign_in(client, "ann")
    ask(client, "POST", "/api/setup/goals", goal="Ours", filter="page==/")
    ask(client, "POST", "/api/setup/funnels", funnel="Ours", steps=["page==/", "page==/a"])
    once = twice = None
    for _ in range(2):
        ask(client, "POST", "/api/setup/pack", industry="saas")
        once, twice = twice, ask(client, "GET", "/api/setup").json()["data"]
    assert once == twice
    assert {"Ours", *PACKS["saas"].goal_names} == {goal["goal"] for goal in twice["goals"]}
    assert {"Ours", PACKS["saas"].conversions} == {funnel["funnel"] for funnel in twice["funnels"]}


def test_people_are_the_owners_business_alone(client, people):
    for name in ("adam", "vic"):
        sign_in(client, name)
        assert code(ask(client, "POST", "/api/setup/people", email="adam@example.org", role="owner")) == "role_needed"
        assert code(ask(client, "DELETE", "/api/setup/people/ann%40example.org")) == "role_needed"
        assert ask(client, "GET", "/api/setup").json()["data"]["people"] == []
    sign_in(client, "ann")
    assert len(ask(client, "GET", "/api/setup").json()["data"]["people"]) == 3


def test_the_last_owner_stays_owner_until_there_is_another(client, people):
    sign_in(client, "ann")
    assert code(ask(client, "DELETE", "/api/setup/people/ann%40example.org")) == "last_owner"
    assert code(ask(client, "POST", "/api/setup/people", email="ann@example.org", role="viewer")) == "last_owner"
    assert ask(client, "POST", "/api/setup/people", email="adam@example.org", role="owner").status_code == 200
    assert ask(client, "DELETE", "/api/setup/people/ann%40example.org").status_code == 200


def test_a_share_links_password_is_as_long_as_any(client, people):
    sign_in(client, "ann")
    assert code(ask(client, "POST", "/api/setup/links", label="board", password="sesame")) == "password_too_short"
    assert ask(client, "POST", "/api/setup/links", label="board", password="open sesame").status_code == 200


def test_a_role_counts_at_once_also_for_who_is_signed_in(client, people):
    sign_in(client, "vic")
    token = client.cookies["footfall_sign_in"]
    roles = []
    for role in ("admin", "viewer", None):
        sign_in(client, "ann")
        if role:
            assert ask(client, "POST", "/api/setup/people", email=" VIC@example.org ", role=role).status_code == 200
        else:
            assert ask(client, "DELETE", "/api/setup/people/vic%40example.org").status_code == 200
        client.cookies.clear()
        client.cookies.set("footfall_sign_in", token)
        roles.append([tenant["role"] for tenant in client.get("/api/session").json()["data"]["tenants"]])
    assert roles == [["admin"], ["viewer"], []]
    assert code(ask(client, "GET", "/api/analytics/overview")) == "tenant_unknown"


def test_who_has_an_account_keeps_its_password_and_its_name(client, people):
    sign_in(client, "ann")
    assert ask(client, "POST", "/api/setup/people", email="vic@example.org", role="admin").json()["data"] == {"password": None}
    assert sign_in(client, "vic").status_code == 200
    assert client.get("/api/session").json()["data"]["name"] == "Vic"
    sign_in(client, "opa")
    assert ask(client, "POST", "/api/setup/people", email="olga@example.org", role="owner").json()["data"] == {"password": None}
    assert sign_in(client, "olga").status_code == 200
    assert client.get("/api/session").json()["data"]["name"] == "Olga"
    assert ask(client, "GET", "/api/setup", "other").status_code == 200


def test_who_has_no_address_gets_no_role_and_nobody_one_that_there_is_not(client, people):
    sign_in(client, "ann")
    for email in ("", "nobody", "@example.org", "a@", "a@b@c"):
        assert code(ask(client, "POST", "/api/setup/people", email=email, role="viewer")) == "email_invalid"
    for role in ("operator", "guest", ""):
        assert code(ask(client, "POST", "/api/setup/people", email="x@example.org", role=role)) == "body_invalid"
    assert people.value("SELECT count(*) FROM auth.account") == 5


def test_an_owner_brings_people_in_and_a_new_one_gets_a_password_that_works(client, people):
    sign_in(client, "ann")
    made = ask(client, "POST", "/api/setup/people", email="Nora@Example.org", role="admin").json()["data"]["password"]
    # whose address that is, nobody has proved: another owner may know the password
    assert code(ask(client, "POST", "/api/setup/people", email="olga@example.org", role="viewer")) == "account_elsewhere"
    sign_in(client, "opa")
    known = ask(client, "POST", "/api/setup/people", email="olga@example.org", role="viewer").json()["data"]["password"]
    assert known is None
    sign_in(client, "ann")
    assert ask(client, "POST", "/api/setup/people", email="olga@example.org", role="viewer").status_code == 200
    listed = [(person["email"], person["role"]) for person in ask(client, "GET", "/api/setup").json()["data"]["people"]]
    assert listed == [
        ("adam@example.org", "admin"),
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


def test_an_owner_renames_the_tenant_and_what_it_was_called_stays_in_history(client, people):
    sign_in(client, "adam")
    assert code(ask(client, "POST", "/api/setup/tenant", name="Mine", industry="saas")) == "role_needed"
    sign_in(client, "ann")
    for name in ("", "  ", "a\nb", "x" * 256):
        assert code(ask(client, "POST", "/api/setup/tenant", name=name, industry="saas")) == "name_invalid"
    before = people.rows("SELECT d.* FROM auth.tenant_details_s d ORDER BY d.tenant_hk, d.load_date")
    for _ in range(2):
        assert ask(client, "POST", "/api/setup/tenant", name=" Acme & Sons ", industry="saas").status_code == 200
    (tenant,) = client.get("/api/session").json()["data"]["tenants"]
    assert (tenant["name"], tenant["industry"]) == ("Acme & Sons", "saas")
    history = people.rows(
        "SELECT d.tenant_name, d.load_date, d.load_end_date, d.time_zone, d.currency, d.default_item_type"
        " FROM auth.tenant_details_s d WHERE d.tenant_hk = %s ORDER BY d.load_date",
        people.tenant_hk,
    )
    assert len(history) == 2
    assert (history[0][2], history[1][2]) == (history[1][1], None)
    assert history[0][3:] == history[1][3:]
    assert len(people.rows("SELECT FROM auth.tenant_details_s")) == len(before) + 1


def test_an_owner_changes_time_zone_currency_and_week_and_the_figures_follow(client, people):
    people.land({"evt_type": "page_view", "event_timestamp": "2026-03-10T23:30:00Z", "session_id": "s"})
    people.settle()
    changes = {"timeZone": "Asia/Kolkata", "currency": "INR", "weekStart": "sunday"}
    sign_in(client, "adam")
    assert code(ask(client, "POST", "/api/setup/tenant", **changes)) == "role_needed"
    sign_in(client, "ann")
    for wrong, refused in (("timeZone", "time_zone_unknown"), ("currency", "currency_invalid")):
        assert code(ask(client, "POST", "/api/setup/tenant", **changes | {wrong: "x"})) == refused
    assert ask(client, "POST", "/api/setup/tenant", weekStart="friday").status_code == 400
    assert ask(client, "POST", "/api/setup/tenant", **changes).status_code == 200
    (tenant,) = client.get("/api/session").json()["data"]["tenants"]
    assert {name: tenant[name] for name in changes} == changes
    assert people.rows("SELECT day::text FROM business.event_b") == [("2026-03-11",)]


def test_an_event_type_is_accepted_and_what_came_is_loaded(client, people):
    people.land({"evt_type": "quiz/1", "event_timestamp": "2026-03-10T12:00:00Z", "session_id": "s"})
    people.load()
    sign_in(client, "vic")
    first = ask(client, "GET", "/api/setup/event-types").json()["data"][0]
    assert (first["event_type"], first["known"], first["refused"]) == ("quiz/1", False, 1)
    assert code(ask(client, "POST", "/api/setup/event-types", type="quiz/1")) == "role_needed"
    sign_in(client, "adam")
    assert code(ask(client, "POST", "/api/setup/event-types", type=" ")) == "event_type_invalid"
    answer = ask(client, "POST", "/api/setup/event-types", type="quiz/1", category="games", action="finish")
    assert answer.json()["data"] == {"reprocessed": 1}
    people.load()
    assert people.rows("SELECT event_type, event_category FROM business.site_event_details_s") == [("quiz/1", "games")]
    assert ask(client, "DELETE", "/api/setup/event-types/quiz%2F1").status_code == 200
    assert code(ask(client, "DELETE", "/api/setup/event-types/page_view")) == "event_type_unknown"


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


NO_TENANTS = [
    ({"tenant": ""}, "tenant_id_invalid"),
    ({"tenant": "a b"}, "tenant_id_invalid"),
    ({"tenant": "../acme"}, "tenant_id_invalid"),
    ({"currency": "eur"}, "currency_invalid"),
    ({"timeZone": ""}, "time_zone_unknown"),
]


def test_a_tenant_that_makes_no_sense_is_refused_and_nothing_of_it_stays(client, people):
    sign_in(client, "opa")
    new = {"tenant": "fresh", "name": "Fresh", "industry": "saas", "timeZone": "Europe/Berlin", "currency": "EUR"}
    replies = [(wrong, code(ask(client, "POST", "/api/setup/tenants", **new | wrong))) for wrong, _ in NO_TENANTS]
    assert replies == NO_TENANTS
    assert [tenant["tenant"] for tenant in client.get("/api/session").json()["data"]["tenants"]] == ["acme", "other"]
    assert people.value("SELECT count(*) FROM ref.goal") == 0


def test_a_new_tenant_has_its_settings_and_is_nobodys_but_the_operators(client, people):
    sign_in(client, "opa")
    new = {"tenant": "fresh", "name": "Fresh", "industry": "saas", "timeZone": "Europe/Berlin", "currency": "EUR"}
    ask(client, "POST", "/api/setup/tenants", **new)
    assert new | {"role": "owner", "weekStart": "monday"} in client.get("/api/session").json()["data"]["tenants"]
    assert ask(client, "GET", "/api/setup", "fresh").json()["data"]["people"] == []
    sign_in(client, "ann")
    assert code(ask(client, "GET", "/api/setup", "fresh")) == "tenant_unknown"


def test_the_store_is_told_to_nobody_else(client, people):
    key = add_key(people.connection, "acme", "admin", "x")[1]
    client.cookies.clear()
    assert code(client.get("/api/store", headers={"X-Footfall-Key": key})) == "not_signed_in"
    for name in ("adam", "vic", "olga"):
        sign_in(client, name)
        assert code(ask(client, "GET", "/api/store")) == "role_needed"
    sign_in(client, "opa")
    people.land(view("/", session_id="s"))
    waiting = ask(client, "GET", "/api/store").json()["data"]["waiting"]
    assert (waiting["batches"], waiting["events"]) == (1, 1)
    people.load()
    health = ask(client, "GET", "/api/store").json()["data"]
    assert (health["waiting"]["batches"], health["failed"]) == (0, 0)
    assert health["loads"][0]["counts"]["site_event_h"] == 1


def test_invalid_events_are_tried_again_by_who_sets_up(client, people):
    dance = {"evt_type": "dance", "event_id": "d"}
    people.land(dance, received=datetime.now(UTC))
    people.load()
    sign_in(client, "vic")
    assert code(ask(client, "POST", "/api/quality/reprocess", reason="evt_type_unknown")) == "role_needed"
    sign_in(client, "olga")
    assert code(ask(client, "POST", "/api/quality/reprocess", reason="evt_type_unknown")) == "tenant_unknown"
    found = ask(client, "POST", "/api/quality/reprocess", "other", reason="evt_type_unknown").json()["data"]
    assert found == {"events": 0}
    people.connection.execute("INSERT INTO ref.event_type VALUES (%s, 'dance', 'engagement', 'click')", (people.tenant_hk,))
    sign_in(client, "adam")
    assert ask(client, "POST", "/api/quality/reprocess", reason="evt_type_missing").json()["data"] == {"events": 0}
    assert ask(client, "POST", "/api/quality/reprocess", reason="evt_type_unknown").json()["data"] == {"events": 1}
    queued = ask(client, "GET", "/api/quality").json()["data"]
    assert queued["invalid"] == []
    assert [(hour["received"], hour["loaded"], hour["invalid"], hour["pending"]) for hour in queued["balance"]] == [(1, 0, 0, 1)]
    people.load()
    after = ask(client, "GET", "/api/quality").json()["data"]
    assert [(hour["received"], hour["loaded"], hour["invalid"], hour["pending"]) for hour in after["balance"]] == [(1, 1, 0, 0)]


def test_bots_that_were_loaded_are_counted_by_name(client, people):
    now = datetime.now(UTC)
    just_now = {"event_timestamp": now.isoformat(), "session_id": "s"}
    people.land(*(view("/", number, **just_now) for number in range(3)), user_agent=BOT, received=now)
    people.land(view("/", 3, **just_now | {"session_id": "of a human"}), received=now)
    people.load()
    sign_in(client, "vic")
    assert ask(client, "GET", "/api/quality").json()["data"]["bots"] == [{"browser": "Googlebot", "events": 3}]
    sign_in(client, "olga")
    assert ask(client, "GET", "/api/quality", "other").json()["data"]["bots"] == []


def test_a_bot_that_sends_an_event_twice_was_loaded_once(client, people):
    for _ in range(2):
        now = datetime.now(UTC)
        people.land({"evt_type": "page_view", "event_id": "1", "session_id": "s"}, user_agent=BOT, received=now)
        people.load()
    sign_in(client, "vic")
    quality = ask(client, "GET", "/api/quality").json()["data"]
    assert quality["bots"] == [{"browser": "Googlebot", "events": sum(hour["loaded"] for hour in quality["balance"])}]


def test_what_is_another_tenants_cannot_be_taken_away(client, people):
    add_share_link(people.connection, "acme", "x", 30, None)
    ((link,),) = people.rows("SELECT share_link_id FROM auth.share_link")
    sign_in(client, "ann")
    ask(client, "POST", "/api/setup/funnels", funnel="F", steps=["page==/", "page==/a"])
    ask(client, "POST", "/api/setup/goals", goal="G", filter="page==/")
    sign_in(client, "olga")
    for address in (f"links/{link}", "funnels/F", "goals/G", "people/vic%40example.org"):
        assert ask(client, "DELETE", f"/api/setup/{address}", "acme").status_code == 404
        ask(client, "DELETE", f"/api/setup/{address}", "other")
    for what, body in (
        ("funnels", {"funnel": "F", "steps": ["page==/b", "page==/c"]}),
        ("goals", {"goal": "G", "filter": "page==/b"}),
        ("people", {"email": "new@example.org", "role": "owner"}),
        ("links", {"label": "x"}),
        ("pack", {"industry": "saas"}),
    ):
        assert code(ask(client, "POST", f"/api/setup/{what}", "acme", **body)) == "tenant_unknown"
        assert ask(client, "POST", f"/api/setup/{what}", "other", **body).status_code == 200
    elsewhere = ask(client, "POST", "/api/setup/people", "other", email="vic@example.org", role="owner")
    assert (elsewhere.status_code, code(elsewhere)) == (409, "account_elsewhere")
    sign_in(client, "ann")
    everything = ask(client, "GET", "/api/setup").json()["data"]
    assert [len(everything[what]) for what in ("links", "funnels", "goals", "people")] == [1, 1, 1, 3]
    assert [everything["funnels"][0]["steps"], everything["goals"][0]["filter"]] == [["page==/", "page==/a"], "page==/"]
    assert [person["role"] for person in everything["people"]] == ["admin", "owner", "viewer"]


LONG = "x" * 300
NOT_TO_BE_HELD = [
    ("POST", "/api/session", {"email": "a\0@example.org", "password": PASSWORD}),
    ("POST", "/api/setup/funnels", {"funnel": "a\0", "steps": ["page==/", "page==/a"]}),
    ("POST", "/api/setup/funnels", {"funnel": "a", "steps": ["page==/\0", "page==/a"]}),
    ("POST", "/api/setup/goals", {"goal": "a\0", "filter": "page==/"}),
    ("POST", "/api/setup/goals", {"goal": "a", "filter": "page==/\0"}),
    ("POST", "/api/setup/goals", {"goal": "a", "filter": "page==/", "value": 1e300}),
    ("POST", "/api/setup/goals", {"goal": "a", "filter": "page==/", "value": 1e16}),
    ("POST", "/api/setup/people", {"email": "a\0@example.org", "role": "viewer"}),
    ("POST", "/api/setup/people", {"email": f"{LONG}@example.org", "role": "viewer"}),
    ("POST", "/api/setup/keys", {"kind": "read", "label": "a\0"}),
    ("POST", "/api/setup/links", {"label": "a\0"}),
    ("POST", "/api/quality/reprocess", {"reason": "a\0"}),
    ("DELETE", "/api/setup/goals/%00", {}),
    ("DELETE", "/api/setup/funnels/%00", {}),
    ("DELETE", "/api/setup/people/a%00%40example.org", {}),
    *(
        (
            "POST",
            "/api/setup/tenants",
            {"tenant": "f", "name": "F", "industry": "i", "timeZone": "UTC", "currency": "EUR"} | wrong,
        )
        for wrong in ({"tenant": "a\0"}, {"name": "a\0"}, {"name": LONG}, {"industry": LONG}, {"timeZone": "a\0"})
    ),
]


def test_what_the_store_cannot_hold_is_refused(client, people):
    sign_in(client, "opa")
    replies = [(method, address, body, ask(client, method, address, **body)) for method, address, body in NOT_TO_BE_HELD]
    assert [(*asked, code(reply)) for *asked, reply in replies if code(reply) != "value_invalid"] == []
    assert {reply.status_code for *_, reply in replies} == {400}


def test_passwords_are_checked_two_at_a_time_and_nobody_is_turned_away_for_that(client, people, monkeypatch):
    from footfall.auth import accounts

    at_once = [0, 0]

    def is_right(_hash: str, _password: str) -> bool:
        at_once[0] += 1
        at_once[1] = max(at_once)
        time.sleep(0.05)
        at_once[0] -= 1
        return True

    monkeypatch.setattr(accounts.sign_ins, "is_password", is_right)
    with ThreadPoolExecutor(12) as threads:
        replies = list(threads.map(lambda number: sign_in(client, ("ann", "opa")[number % 2]), range(8)))
    assert {reply.status_code for reply in replies} == {200}
    assert at_once[1] == 2


def test_guessing_from_elsewhere_keeps_nobody_out(url: str, people):
    app = application(Settings().override(client_address_header="X-Forwarded-For"), url)
    with TestClient(app) as client:
        guesses = [sign_in(client, "ann", "guess", **{"X-Forwarded-For": "203.0.113.9"}).status_code for _ in range(12)]
        assert guesses[-1] == 429
        assert sign_in(client, "ann", **{"X-Forwarded-For": "198.51.100.1"}).status_code == 200
