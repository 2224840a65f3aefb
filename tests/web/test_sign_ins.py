"""Sign-ins are seen, ended, and end by themselves; passwords are one's own."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from footfall.auth import add_account, add_key, set_role
from footfall.database import Connection
from footfall.settings import PublicUrl, Settings
from footfall.web import application
from site_under_test import Site

OURS = {"X-Footfall-Request": "1", "X-Footfall-Tenant": "acme"}
PASSWORD = "a good long one"


@pytest.fixture
def ann(site: Site, worker: Connection) -> str:
    """The owner of acme."""
    add_account(worker, "ann@example.org", "Ann", PASSWORD)
    set_role(worker, "ann@example.org", "acme", "owner")
    return "ann@example.org"


def sign_in(client: TestClient, email: str, password: str = PASSWORD, agent: str = "Firefox"):
    client.cookies.clear()
    return client.post("/api/session", json={"email": email, "password": password}, headers=OURS | {"User-Agent": agent})


def ask(client: TestClient, method: str, path: str, **body):
    return client.request(method, path, headers=OURS, json=body)


def code(answer) -> str:
    return answer.json()["debug_info"]["error"]


def test_one_sees_where_one_is_signed_in_and_ends_it_elsewhere(client: TestClient, ann: str) -> None:
    sign_in(client, ann, agent="the phone")
    phone = dict(client.cookies)
    sign_in(client, ann, agent="the desk")
    there = ask(client, "GET", "/api/session/all").json()["data"]
    assert [(row["agent"], row["this"]) for row in there] == [("the desk", True), ("the phone", False)]
    ended = there[1]["sign_in"]
    assert ask(client, "DELETE", f"/api/session/all/{ended}").json()["data"] == {"ended": 1}
    assert code(ask(client, "DELETE", f"/api/session/all/{ended}")) == "sign_in_unknown"
    assert ask(client, "GET", "/api/session").status_code == 200
    client.cookies.clear()
    client.cookies.update(phone)
    assert code(ask(client, "GET", "/api/session")) == "not_signed_in"


def test_nobody_ends_anothers(client: TestClient, ann: str, worker: Connection) -> None:
    add_account(worker, "bob@example.org", "Bob", PASSWORD)
    sign_in(client, ann)
    (anns,) = worker.execute("SELECT sign_in_id FROM auth.sign_in").fetchone()  # type: ignore[misc]
    sign_in(client, "bob@example.org")
    assert code(ask(client, "DELETE", f"/api/session/all/{anns}")) == "sign_in_unknown"
    assert ask(client, "DELETE", "/api/session/all/others").json()["data"] == {"ended": 0}
    assert worker.execute("SELECT count(*) FROM auth.sign_in").fetchone() == (2,)


def test_a_sign_in_that_nobody_uses_ends(client: TestClient, ann: str, worker: Connection) -> None:
    sign_in(client, ann)
    worker.execute("UPDATE auth.sign_in SET last_seen_at = now() - interval '2 days'")
    assert ask(client, "GET", "/api/session").status_code == 200
    assert worker.execute("SELECT now() - last_seen_at < interval '1 minute' FROM auth.sign_in").fetchone() == (True,)
    worker.execute("UPDATE auth.sign_in SET last_seen_at = now() - interval '4 days'")
    assert code(ask(client, "GET", "/api/session")) == "not_signed_in"


def test_with_another_password_every_sign_in_ends_and_this_one_begins_anew(client: TestClient, ann: str) -> None:
    sign_in(client, ann)
    before = dict(client.cookies)
    assert ask(client, "POST", "/api/session/password", old=PASSWORD, new="another good one").status_code == 200
    assert ask(client, "GET", "/api/session").status_code == 200
    assert dict(client.cookies) != before
    client.cookies.clear()
    client.cookies.update(before)
    assert code(ask(client, "GET", "/api/session")) == "not_signed_in"


@pytest.mark.parametrize("common", ["1234567890", "Password123", "qwertyuiop"])
def test_what_is_tried_first_is_no_password(client: TestClient, ann: str, common: str) -> None:
    sign_in(client, ann)
    assert code(ask(client, "POST", "/api/session/password", old=PASSWORD, new=common)) == "password_common"
    assert code(ask(client, "POST", "/api/setup/links", label="x", days=1, password=common)) == "password_common"


def test_what_an_owner_was_shown_is_for_one_sign_in(client: TestClient, ann: str) -> None:
    sign_in(client, ann)
    shown = ask(client, "POST", "/api/setup/people", email="nora@example.org", role="viewer").json()["data"]["password"]
    assert sign_in(client, "nora@example.org", shown).status_code == 200
    assert ask(client, "GET", "/api/session").json()["data"]["passwordIsUsedUp"] is True
    nora = dict(client.cookies)
    assert code(sign_in(client, "nora@example.org", shown)) == "password_used"
    client.cookies.update(nora)
    assert ask(client, "POST", "/api/session/password", old=shown, new="noras very own").status_code == 200
    assert ask(client, "GET", "/api/session").json()["data"]["passwordIsUsedUp"] is False
    assert sign_in(client, "nora@example.org", "noras very own").status_code == 200


def test_an_owner_gives_a_new_one_to_who_is_theirs_alone(client: TestClient, ann: str, worker: Connection) -> None:
    sign_in(client, ann)
    shown = ask(client, "POST", "/api/setup/people", email="nora@example.org", role="viewer").json()["data"]["password"]
    again = ask(client, "POST", "/api/setup/people/nora@example.org/password").json()["data"]["password"]
    assert code(sign_in(client, "nora@example.org", shown)) == "sign_in_refused"
    assert sign_in(client, "nora@example.org", again).status_code == 200
    sign_in(client, ann)
    Site(worker, "other")
    set_role(worker, "nora@example.org", "other", "viewer")
    assert code(ask(client, "POST", "/api/setup/people/nora@example.org/password")) == "account_elsewhere"
    assert code(ask(client, "POST", "/api/setup/people/nobody@example.org/password")) == "account_elsewhere"


def test_a_key_says_who_made_it_and_ends_by_itself(client: TestClient, ann: str, worker: Connection) -> None:
    sign_in(client, ann)
    made = ask(client, "POST", "/api/setup/keys", kind="read", label="for a month", days=30).json()["data"]
    (listed,) = ask(client, "GET", "/api/setup/keys").json()["data"]
    assert (listed["created_by"], listed["expires_at"] > listed["created_at"]) == (ann, True)
    overview = "/api/analytics/overview"
    assert client.get(overview, headers={"X-Footfall-Key": made["secret"]}).status_code == 200
    _, ended = add_key(worker, "acme", "read", "ended", days=1)
    worker.execute("UPDATE auth.access_key SET expires_at = now() WHERE label = 'ended'")
    assert code(client.get(overview, headers={"X-Footfall-Key": ended})) == "key_unknown"
    assert code(ask(client, "POST", "/api/setup/keys", kind="read", days=0)) == "days_invalid"


# --- where people reach the server ---------------------------------------------------------------------------------------------

PUBLIC = "https://stats.example.com"


@pytest.fixture
def behind_a_proxy(url: str, ann: str) -> Iterator[TestClient]:
    """Reached at PUBLIC by people, and by a proxy that does not pass the host on."""
    with TestClient(application(Settings(public_url=PublicUrl(PUBLIC)), url), base_url="http://127.0.0.1:8700") as client:
        yield client


def test_a_proxy_that_does_not_pass_the_host_on_keeps_nobody_out(behind_a_proxy: TestClient, ann: str) -> None:
    body = {"email": ann, "password": PASSWORD}
    answer = behind_a_proxy.post("/api/session", json=body, headers=OURS | {"Origin": PUBLIC})
    assert answer.status_code == 200
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-footfall_sign_in=")
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert (
        code(behind_a_proxy.post("/api/session", json=body, headers=OURS | {"Origin": "https://evil.example"}))
        == "request_forged"
    )


@pytest.mark.parametrize("path", ["/", "/health/live", "/api/session", "/openapi.json", "/footfall.js", "/no/such/page"])
def test_browsers_are_told_to_ask_encrypted(behind_a_proxy: TestClient, path: str) -> None:
    assert "max-age=31536000" in behind_a_proxy.get(path).headers["Strict-Transport-Security"]


def test_so_are_those_who_send_events_and_nobody_without_encryption(behind_a_proxy: TestClient, client: TestClient) -> None:
    assert "Strict-Transport-Security" in behind_a_proxy.post("/api/tracking/events").headers
    assert "Strict-Transport-Security" not in client.get("/health/live").headers


def test_the_refusal_says_what_does_not_fit(client: TestClient, ann: str) -> None:
    body = {"email": ann, "password": PASSWORD}
    refused = client.post("/api/session", json=body, headers=OURS | {"Origin": PUBLIC})
    assert code(refused) == "request_forged"
    assert PUBLIC in refused.json()["message"]
    assert "FOOTFALL_PUBLIC_URL" in refused.json()["message"]


@pytest.mark.parametrize(("said", "status"), [("same-origin", 200), ("cross-site", 403), ("same-site", 403)])
def test_a_browser_that_says_whose_page_it_is_is_believed(client: TestClient, ann: str, said: str, status: int) -> None:
    body = {"email": ann, "password": PASSWORD}
    headers = OURS | {"Origin": PUBLIC, "Sec-Fetch-Site": said}
    assert client.post("/api/session", json=body, headers=headers).status_code == status


def test_no_answer_leads_to_a_host_that_a_request_names(client: TestClient) -> None:
    for path in ("/guide", "/docs/", "/setup/", "/guide/ask"):
        answer = client.get(path, headers={"Host": "evil.example"}, follow_redirects=False)
        assert "evil.example" not in answer.headers.get("Location", "")


@pytest.mark.parametrize("wrong", ["stats.example.com", "ftp://stats.example.com", "https://stats.example.com/footfall"])
def test_an_address_without_a_path_is_needed(wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        PublicUrl(wrong)
