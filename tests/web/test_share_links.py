"""Whoever has a share link sees figures of one tenant, and nothing else of it, until the link ends."""

import json
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from databases import Databases
from footfall import api
from footfall.auth import add_account, add_key, add_share_link, hash_password, list_share_links, remove_share_link, set_role
from site_under_test import Site, view

OURS = {"X-Footfall-Request": "1"}
MARCH = {"dateFrom": "2026-03-01", "dateTo": "2026-03-31"}
PASSWORD = "correct horse battery"
# all others tell what single visitors did, or what a tenant noted of them
OF_MANY = {"overview", "timeseries", "breakdown", "goals", "funnel", "retention", "paths", "items", "engagement", "vitals"}


@pytest.fixture(scope="module")
def template_with_site(databases: Databases, template: str) -> Iterator[str]:
    """Five visits of acme, and one of another tenant."""
    with databases.filled(template, lambda connection: trade(Site(connection, "acme"))) as name:
        yield name


@pytest.fixture
def shop(site: Site) -> Site:
    return site


def trade(site: Site) -> None:
    for number in range(5):
        who = {"session_id": f"s{number}", "_visitor_id": f"v{number}"}
        site.land(view("/", number, **who), view("/a", number + 1, **who))
    Site(site.connection, "other").land(view("/secret", session_id="x"))
    site.settle()


def link(site: Site, *, days: int = 30, password: str = "") -> str:
    return add_share_link(site.connection, "acme", "the board", days, hash_password(password) if password else None)


def guest(token: str, tenant: str = "acme") -> dict[str, str]:
    """The headers of a page behind a link."""
    return OURS | {"X-Footfall-Share": token[:8], "X-Footfall-Tenant": tenant}


def open_link(client: TestClient, token: str, password: str = "") -> str:
    reply = client.post("/api/share", json={"link": token, "password": password}, headers=OURS)
    return "opened" if reply.status_code == 200 else code(reply)


def code(reply) -> str:
    return reply.json()["debug_info"]["error"]


def sign_in(site: Site, client: TestClient, name: str, tenant: str, role: str) -> None:
    add_account(site.connection, f"{name}@example.org", name.title(), PASSWORD)
    set_role(site.connection, f"{name}@example.org", tenant, role)
    client.cookies.clear()
    person = {"email": f"{name}@example.org", "password": PASSWORD}
    assert client.post("/api/session", json=person, headers=OURS).status_code == 200


def make_link(client: TestClient, tenant: str = "acme", **body):
    return client.post("/api/setup/links", json={"label": "x"} | body, headers=OURS | {"X-Footfall-Tenant": tenant})


def test_a_guest_sees_figures(client, shop):
    token = link(shop)
    assert open_link(client, token) == "opened"
    person = client.get("/api/session", headers=guest(token)).json()["data"]
    assert [(tenant["tenant"], tenant["role"]) for tenant in person["tenants"]] == [("acme", "guest")]
    assert person["email"] == ""
    overview = client.get("/api/analytics/overview", params=MARCH, headers=guest(token))
    assert overview.json()["data"]["metrics"]["page_views"] == 10
    many = client.post("/api/analytics/many", json=[{"report": "breakdown", "dimension": "page"} | MARCH], headers=guest(token))
    assert many.json()["data"][0]["success"]
    assert client.get("/api/setup/funnels", headers=guest(token)).json()["data"] == []
    assert client.get(f"/api/analytics/overview.csv?share={token[:8]}&tenant=acme").status_code == 200


def test_a_guest_sees_the_figures_of_its_tenant_and_of_no_other(client, shop):
    token = link(shop)
    open_link(client, token)
    pages = client.get("/api/analytics/breakdown", params=MARCH | {"dimension": "page"}, headers=guest(token)).json()["data"]
    assert [row["value"] for row in pages["rows"]] == ["acme.example/", "acme.example/a"]
    days = client.get("/api/analytics/timeseries", params=MARCH | {"metrics": "visits"}, headers=guest(token)).json()["data"]
    assert [day["start"] for day in days["buckets"] if day["visits"]] == ["2026-03-10"]


FEW = [
    ("overview", {"filter": "country==IN"}),
    ("overview", {"filter": {"and": ["country==IN", "page==/"]}}),
    ("timeseries", {"interval": "day", "filter": "country==IN"}),
    ("timeseries", {"interval": "minute"}),
    ("timeseries", {"interval": "hour", "filter": "page==/"}),
    ("breakdown", {"dimension": "page", "filter": "country==IN;device==desktop"}),
    ("items", {"filter": "visit:page==/alone"}),
    ("goals", {"filter": "page==/alone"}),
    ("funnel", {"steps": ["page==/", "page==/alone"]}),
    ("paths", {"start": "country==IN"}),
    ("retention", {"filter": "country==IN"}),
]


@pytest.fixture
def alone(shop) -> Site:
    """Among six visits one from another country, and an order of it."""
    order = {"evt_type": "transaction_step", "evt_action": "complete", "evt_value": 20, "currency": "USD", "item_id": "boat"}
    who = {"session_id": "alone", "_visitor_id": "alone", "timezone": "Asia/Kolkata"}
    shop.land(view("/", 7, **who), view("/alone", 8, **who), view("/alone", 9, **who, **order))
    shop.settle()
    return shop


@pytest.mark.parametrize(("report", "question"), FEW)
def test_a_guest_cannot_single_a_visit_out(client, alone, report: str, question: dict):
    token = link(alone)
    open_link(client, token)
    reply = client.post(f"/api/analytics/{report}", json=MARCH | {"dateTo": "2026-03-10"} | question, headers=guest(token))
    assert (reply.status_code, code(reply)) == (403, "group_too_small")
    (one,) = client.post("/api/analytics/many", json=[{"report": report} | MARCH | question], headers=guest(token)).json()["data"]
    assert one["debug_info"]["error"] == "group_too_small"
    if isinstance(question.get("filter", ""), str) and report != "paths":
        file = client.get(f"/api/analytics/{report}.csv", params=MARCH | question, headers=guest(token))
        assert code(file) == "group_too_small"


ROWS_OF_MANY = [
    ("breakdown", {"dimension": "page"}, "rows", ["acme.example/", "acme.example/a"]),
    ("breakdown", {"dimension": "page", "metrics": "page_views"}, "rows", ["acme.example/", "acme.example/a"]),
    ("breakdown", {"dimension": "page", "across": "country"}, "rows", ["acme.example/", "acme.example/a"]),
    ("breakdown", {"dimension": "country"}, "rows", [None]),
    ("items", {}, "rows", []),
    ("paths", {"start": "page==/"}, "links", [None]),
]


@pytest.mark.parametrize(("report", "question", "rows", "expected"), ROWS_OF_MANY)
def test_a_guest_sees_no_row_of_a_few_visits(client, alone, report: str, question: dict, rows: str, expected: list):
    token = link(alone)
    open_link(client, token)
    said = client.get(f"/api/analytics/{report}", params=MARCH | question, headers=guest(token)).json()["data"][rows]
    assert [row.get("value") for row in said][: len(expected)] == expected
    assert all(row.get("visits", 5) >= 5 for row in said)
    assert [set(row) & {"visits"} for row in said if question.get("metrics") == "page_views"] in ([], [set()] * len(said))
    file = client.get(f"/api/analytics/{report}.jsonl", params=MARCH | question, headers=guest(token))
    assert [json.loads(line) for line in file.text.splitlines()] == [row | {} for row in said]


def test_what_is_refused_to_guests_is_not_to_those_who_signed_in(client, alone):
    sign_in(alone, client, "vera", "acme", "viewer")
    for report, question in FEW:
        reply = client.post(
            f"/api/analytics/{report}",
            json={"dateFrom": "2026-03-10", "dateTo": "2026-03-10"} | question,
            headers=OURS | {"X-Footfall-Tenant": "acme"},
        )
        assert reply.status_code == 200, (report, reply.text)


def test_of_all_reports_and_their_files_a_guest_sees_those_that_are_of_many(client, shop):
    token = link(shop)
    open_link(client, token)
    for form in ("", ".csv", ".jsonl", ".parquet"):
        replies = {
            report: client.get(f"/api/analytics/{report}{form}", params=MARCH, headers=guest(token)) for report in api.REPORTS
        }
        assert {report for report, reply in replies.items() if reply.status_code != 403} == OF_MANY
        assert {code(reply) for reply in replies.values() if reply.status_code == 403} == {"role_needed"}


def test_a_guest_does_not_get_among_many_answers_what_it_may_not_see_alone(client, shop):
    token = link(shop)
    open_link(client, token)
    for report in api.REPORTS:
        asked = [{"report": "overview"}, {"report": report}]
        reply = client.post("/api/analytics/many", json=asked, headers=guest(token))
        assert (reply.status_code == 200) == (report in OF_MANY), report


@pytest.mark.parametrize(
    ("report", "question"),
    [
        ("breakdown", '{"dimension": "property:plan"}'),
        ("breakdown", '{"dimension": "\\u0070roperty:plan"}'),
        ("overview", '{"filter": "p\\u0072operty:plan==pro"}'),
        ("paths", '{"start": "property\\u003aplan==pro"}'),
        ("funnel", '{"steps": ["page==/", "\\u0070roperty:plan==pro"]}'),
        ("many", '[{"report": "breakdown", "dimension": "\\u0070roperty:plan"}]'),
    ],
)
def test_a_guest_sees_no_property_however_its_name_is_written(client, shop, report: str, question: str):
    token = link(shop)
    open_link(client, token)
    reply = client.post(f"/api/analytics/{report}", content=question, headers=guest(token))
    assert (reply.status_code, code(reply)) == (403, "role_needed")


@pytest.mark.parametrize(
    "address",
    [
        "/api/analytics/sessions",
        "/api/analytics/events",
        "/api/analytics/properties",
        "/api/analytics/breakdown?dimension=property:user_id",
        "/api/analytics/overview?filter=property:user_id==42",
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
    token = link(shop)
    open_link(client, token)
    reply = client.get(address, headers=guest(token))
    assert (reply.status_code, code(reply)) == (403, "role_needed")
    in_query = address + ("&" if "?" in address else "?") + f"share={token[:8]}&tenant=acme"
    assert client.get(in_query, headers=OURS).status_code == 403


def test_a_guest_changes_nothing(client, shop):
    token = link(shop)
    open_link(client, token)
    for address, body in (
        ("/api/setup/keys", {"kind": "read"}),
        ("/api/setup/goals", {"goal": "g", "filter": "page==/"}),
        ("/api/setup/funnels", {"funnel": "f", "steps": ["page==/", "page==/a"]}),
        ("/api/setup/links", {"label": "more"}),
        ("/api/setup/pack", {"industry": "saas"}),
        ("/api/quality/reprocess", {"reason": "x"}),
        ("/api/setup/people", {"email": "me@example.org", "role": "owner"}),
    ):
        assert code(client.post(address, json=body, headers=guest(token))) == "role_needed", address


def test_a_guest_sees_no_other_tenant(client, shop):
    token = link(shop)
    open_link(client, token)
    other = client.get("/api/analytics/overview", headers=guest(token, "other"))
    assert (other.status_code, code(other)) == (404, "tenant_unknown")
    for address in (
        "/api/analytics/breakdown?dimension=page",
        "/api/analytics/breakdown.csv?dimension=page",
        "/api/setup/funnels",
    ):
        reply = client.get(address, params=MARCH, headers=guest(token, "other"))
        assert (reply.status_code, code(reply)) == (404, "tenant_unknown")


def test_who_is_signed_in_elsewhere_sees_either_tenant_from_its_own_side(client, shop):
    sign_in(shop, client, "olga", "other", "owner")
    token = link(shop)
    open_link(client, token)
    as_olga = OURS | {"X-Footfall-Tenant": "other"}
    assert client.get("/api/analytics/sessions", headers=as_olga).status_code == 200
    assert client.get("/api/analytics/overview", headers=guest(token)).status_code == 200
    assert code(client.get("/api/analytics/overview", headers=guest(token) | as_olga)) == "tenant_unknown"
    for headers in (OURS | {"X-Footfall-Tenant": "acme"}, OURS):
        assert code(client.get("/api/analytics/overview?tenant=acme", headers=headers)) == "tenant_unknown"
    assert code(client.get("/api/analytics/sessions", headers=guest(token))) == "role_needed"


def test_the_token_of_a_guest_makes_nobody_more_than_a_guest(client, shop):
    token = link(shop)
    open_link(client, token)
    ((_, opened),) = client.cookies.items()
    client.cookies.clear()
    client.cookies.set("footfall_sign_in", opened)
    as_person = OURS | {"X-Footfall-Tenant": "acme"}
    assert client.get("/api/analytics/overview", headers=as_person).status_code == 200
    for address in ("/api/analytics/sessions", "/api/setup", "/api/quality", "/api/store"):
        assert code(client.get(address, headers=as_person)) == "role_needed"


def test_without_a_link_opened_nobody_is_a_guest(client, shop):
    headers = guest(link(shop))
    assert client.get("/api/analytics/overview", headers=headers).status_code == 401
    guessed = headers | {"Cookie": f"footfall_share_{headers['X-Footfall-Share']}=guess"}
    assert code(client.get("/api/analytics/overview", headers=guessed)) == "not_signed_in"


def test_a_key_that_is_shown_answers_for_its_own_tenant_also_behind_a_link(client, shop):
    token = link(shop)
    open_link(client, token)
    key = {"X-Footfall-Key": add_key(shop.connection, "other", "read", "")[1]}
    assert client.get("/api/analytics/overview", headers=guest(token) | key).json()["data"]["metadata"]["tenant_id"] == "other"


def test_another_site_cannot_make_a_browser_open_a_link(client, shop):
    body = {"link": link(shop)}
    assert code(client.post("/api/share", json=body)) == "request_forged"
    assert code(client.post("/api/share", json=body, headers=OURS | {"Origin": "https://evil.example"})) == "request_forged"


def test_the_token_of_a_guest_lasts_as_long_as_the_link_and_is_out_of_reach_of_scripts(client, shop):
    for days, most in ((1, 1), (3660, 14)):
        token = link(shop, days=days)
        reply = client.post("/api/share", json={"link": token}, headers=OURS)
        said = dict(part.partition("=")[::2] for part in reply.headers["set-cookie"].split("; "))
        assert {f"footfall_share_{token[:8]}", "HttpOnly", "SameSite"} <= set(said)
        assert token not in reply.headers["set-cookie"]
        assert most * 86_400 - 60 < int(said["Max-Age"]) <= most * 86_400


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_an_owner_and_an_admin_make_links_and_end_them(client, shop, role: str):
    sign_in(shop, client, "ann", "acme", role)
    token = make_link(client, label="the board", days=7, password="open sesame").json()["data"]["link"]
    listed = client.get("/api/setup", headers=OURS | {"X-Footfall-Tenant": "acme"}).json()["data"]["links"]
    assert [(one["label"], one["has_password"]) for one in listed] == [("the board", True)]
    assert token not in str(listed)
    assert open_link(client, token, "open sesame") == "opened"
    assert client.get("/api/analytics/overview", headers=guest(token)).status_code == 200
    address = f"/api/setup/links/{listed[0]['link']}"
    assert client.delete(address, headers=OURS | {"X-Footfall-Tenant": "acme"}).status_code == 200
    assert code(client.get("/api/analytics/overview", headers=guest(token))) == "not_signed_in"
    assert open_link(client, token, "open sesame") == "share_link_unknown"


def test_a_viewer_neither_makes_nor_sees_nor_ends_links_and_nobody_makes_another_tenants(client, shop):
    link(shop)
    ((number,),) = shop.rows("SELECT share_link_id FROM auth.share_link")
    assert code(make_link(client)) == "not_signed_in"
    sign_in(shop, client, "vic", "acme", "viewer")
    assert code(make_link(client)) == "role_needed"
    as_vic = OURS | {"X-Footfall-Tenant": "acme"}
    assert client.get("/api/setup", headers=as_vic).json()["data"]["links"] == []
    assert code(client.delete(f"/api/setup/links/{number}", headers=as_vic)) == "role_needed"
    sign_in(shop, client, "olga", "other", "owner")
    assert code(make_link(client)) == "tenant_unknown"
    assert len(list_share_links(shop.connection, "acme")) == 1


def test_a_link_lasts_a_day_to_ten_years(client, shop):
    sign_in(shop, client, "ann", "acme", "owner")
    for wrong in ({"days": 0}, {"days": 3661}, {"days": "30"}, {"label": "x" * 101}):
        assert code(make_link(client, **wrong)) == "body_invalid", wrong
    assert list_share_links(shop.connection, "acme") == []


def test_who_is_signed_in_besides_is_a_guest_behind_the_link(client, shop):
    add_account(shop.connection, "ann@example.org", "Ann", PASSWORD)
    set_role(shop.connection, "ann@example.org", "acme", "owner")
    client.post("/api/session", json={"email": "ann@example.org", "password": PASSWORD}, headers=OURS)
    token = link(shop)
    open_link(client, token)
    assert client.get("/api/setup/keys", headers=guest(token)).status_code == 403
    assert client.get("/api/setup/keys", headers=OURS | {"X-Footfall-Tenant": "acme"}).status_code == 200


def test_a_link_with_a_password_opens_with_it_alone_and_guessing_is_slowed_down(client, shop):
    token = link(shop, password="open sesame")
    assert open_link(client, token) == "password_needed"
    assert open_link(client, token, "open barley") == "password_wrong"
    assert open_link(client, token, "open sesame") == "opened"
    assert open_link(client, token) == "password_needed"
    assert [open_link(client, token, "guess") for _ in range(11)][-1] == "rate_limited"


def elsewhere(client: TestClient, number: int) -> TestClient:
    """A client at another address, of the same server."""
    return TestClient(client.app, client=(f"198.51.100.{number}", 50_000))


def test_guessing_at_one_link_from_many_addresses_is_slowed_down_and_at_many_links_from_one(client, shop):
    one = link(shop, password="open sesame")
    guesses = [open_link(elsewhere(client, number), one, "guess") for number in range(80)]
    assert (guesses[0], guesses[-1]) == ("password_wrong", "rate_limited")
    assert 10 < guesses.count("password_wrong") < 70
    guesses = [open_link(client, f"link-{number}", "guess") for number in range(80)]
    assert (guesses[0], guesses[-1]) == ("share_link_unknown", "rate_limited")
    assert 10 < guesses.count("share_link_unknown") < 70


def test_who_guesses_is_told_when_to_come_back_and_keeps_nobody_else_out(client, shop):
    token = link(shop, password="open sesame")
    for _ in range(11):
        open_link(client, token, "guess")
    again = client.post("/api/share", json={"link": token, "password": "open sesame"}, headers=OURS)
    assert (again.status_code, code(again)) == (429, "rate_limited")
    assert 0 < int(again.headers["retry-after"]) <= 120
    assert open_link(elsewhere(client, 1), token, "open sesame") == "opened"


def test_a_whole_office_opens_a_link_without_a_password_at_once(client, shop):
    token = link(shop)
    assert {open_link(client, token) for _ in range(25)} == {"opened"}


def test_a_guest_has_no_password_to_change(client, shop):
    token = link(shop)
    open_link(client, token)
    reply = client.post("/api/session/password", json={"old": PASSWORD, "new": "staple and paper"}, headers=guest(token))
    assert 400 <= reply.status_code < 500


def test_a_link_that_has_ended_opens_nothing_and_its_guests_are_out(client, shop):
    token = link(shop)
    open_link(client, token)
    ((number,),) = shop.rows("SELECT share_link_id FROM auth.share_link")
    remove_share_link(shop.connection, "acme", number)
    assert client.get("/api/session", headers=guest(token)).status_code == 401
    assert open_link(client, token) == "share_link_unknown"
    expired = link(shop, days=1)
    open_link(client, expired)
    shop.connection.execute("UPDATE auth.share_link SET expires_at = now() - interval '1 s'")
    assert client.get("/api/session", headers=guest(expired)).status_code == 401
    assert open_link(client, expired) == "share_link_unknown"
    assert list_share_links(shop.connection, "acme") == []


def test_the_store_knows_neither_link_nor_password(client, shop):
    token = link(shop, password="open sesame")
    open_link(client, token, "open sesame")
    kept = json.dumps([shop.rows("SELECT l::text FROM auth.share_link l"), shop.rows("SELECT s::text FROM auth.sign_in s")])
    assert token not in kept
    assert "sesame" not in kept


def test_two_links_may_be_open_beside_each_other(client, shop):
    ours = link(shop)
    theirs = add_share_link(shop.connection, "other", "", 30, None)
    assert [open_link(client, ours), open_link(client, theirs)] == ["opened", "opened"]
    assert client.get("/api/analytics/overview", headers=guest(ours)).status_code == 200
    assert client.get("/api/analytics/overview", headers=guest(theirs, "other")).status_code == 200
    assert client.get("/api/analytics/overview", headers=guest(theirs, "acme")).status_code == 404
