"""Signing in by a passkey, alone or after the password, as a browser does it: cookies, codes, limits, tenants that want more."""

import time
from collections.abc import Iterator

import pyotp
import pytest
from httpx2 import Response
from sender import VISITOR
from starlette.testclient import TestClient

from footfall.auth import add_account, reset_password, set_role
from footfall.business import change_tenant
from footfall.database import Connection, administering, pool
from footfall.settings import PublicUrl, Settings
from footfall.web import application
from footfall.web.passkeys import relying_party
from site_under_test import HUMAN, Site
from software_authenticator import Authenticator

OURS = {"X-Footfall-Request": "1", "X-Footfall-Tenant": "acme"}
PASSWORD = "a good long one"
ANN = "ann@example.org"
PUBLIC = "https://stats.example.com"


@pytest.fixture
def ann(site: Site, worker: Connection) -> str:
    """The owner of acme."""
    add_account(worker, ANN, "Ann", PASSWORD)
    set_role(worker, ANN, "acme", "owner")
    return ANN


@pytest.fixture
def client(url: str, ann: str) -> Iterator[TestClient]:
    """A browser, where the server is reached at PUBLIC."""
    with TestClient(
        application(Settings(public_url=PublicUrl(PUBLIC)), url), base_url=PUBLIC, client=(VISITOR, 50_000)
    ) as client:
        client.headers["User-Agent"] = HUMAN
        yield client


@pytest.fixture
def authenticator() -> Authenticator:
    """What Ann has in her pocket."""
    return Authenticator(PUBLIC)


def ask(client: TestClient, method: str, path: str, **body) -> Response:
    return client.request(method, f"/api/session{path}", headers=OURS, json=body)


def sign_in(client: TestClient, **more) -> Response:
    return ask(client, "POST", "", email=ANN, password=PASSWORD, **more)


def code_of(answer: Response) -> str:
    return answer.json()["debug_info"]["error"]


def made(client: TestClient, authenticator: Authenticator) -> list[str]:
    """A passkey of who is signed in; returns the recovery codes."""
    options = ask(client, "POST", "/passkeys", password=PASSWORD).json()["data"]
    kept = ask(client, "POST", "/passkeys/confirm", name="the phone", passkey=authenticator.make(options))
    assert kept.status_code == 200, kept.text
    return kept.json()["data"]["recoveryCodes"]


def by_passkey(client: TestClient, authenticator: Authenticator) -> Response:
    options = ask(client, "POST", "/passkey").json()["data"]
    return ask(client, "POST", "/passkey/confirm", passkey=authenticator.show(options))


def test_one_makes_one_signs_out_and_in_with_it_alone_and_removes_it(client: TestClient, authenticator: Authenticator) -> None:
    assert client.get("/api/session", headers=OURS).json()["debug_info"]["passkeys"] is True
    sign_in(client)
    made(client, authenticator)
    ask(client, "DELETE", "")
    assert by_passkey(client, authenticator).json()["data"] == {"email": ANN}
    assert client.get("/api/session", headers=OURS).json()["data"]["email"] == ANN
    (here,) = [one for one in client.get("/api/session/all", headers=OURS).json()["data"] if one["this"]]
    assert here["method"] == "passkey"
    (own,) = client.get("/api/session/passkeys", headers=OURS).json()["data"]
    assert ask(client, "POST", f"/passkeys/{own['passkey']}", name="the old phone").status_code == 200
    assert code_of(ask(client, "POST", f"/passkeys/{own['passkey']}/end", password="not mine at all")) == "password_wrong"
    assert ask(client, "POST", f"/passkeys/{own['passkey']}/end", password=PASSWORD).status_code == 200
    assert client.get("/api/session/passkeys", headers=OURS).json()["data"] == []
    assert code_of(by_passkey(client, authenticator)) == "passkey_unknown"


def test_after_the_password_it_is_asked_for_and_a_recovery_code_stands_for_it(
    client: TestClient, authenticator: Authenticator
) -> None:
    sign_in(client)
    codes = made(client, authenticator)
    ask(client, "DELETE", "")
    needed = sign_in(client)
    assert code_of(needed) == "code_needed"
    options = needed.json()["debug_info"]["passkey"]
    assert len(options["allowCredentials"]) == 1
    assert code_of(sign_in(client, code="123456")) == "code_wrong"
    assert client.get("/api/session", headers=OURS).status_code == 401
    shown = authenticator.show(options)
    assert code_of(ask(client, "POST", "", email=ANN, password="a wrong long one", passkey=shown)) == "sign_in_refused"
    assert sign_in(client, passkey=shown).status_code == 200
    assert client.get("/api/session/all", headers=OURS).json()["data"][0]["method"] == "password_and_passkey"
    assert code_of(sign_in(client, passkey=shown)) == "challenge_unknown", "each is for once"
    assert sign_in(client, code=codes[0]).status_code == 200
    assert code_of(sign_in(client, code=codes[0])) == "code_wrong"


def test_a_wrong_password_does_not_tell_whether_there_are_passkeys(client: TestClient, authenticator: Authenticator) -> None:
    sign_in(client)
    made(client, authenticator)
    ask(client, "DELETE", "")
    refused = ask(client, "POST", "", email=ANN, password="a wrong long one").json()["debug_info"]
    assert refused == {"error": "sign_in_refused"}
    asked = [ask(client, "POST", "/passkey").json()["data"] for _ in range(2)]
    assert all(not one["allowCredentials"] for one in asked)


def test_anothers_passkey_is_no_second_factor_of_mine(
    client: TestClient, authenticator: Authenticator, worker: Connection
) -> None:
    sign_in(client)
    made(client, authenticator)
    add_account(worker, "bob@example.org", "Bob", PASSWORD)
    bobs = Authenticator(PUBLIC)
    ask(client, "POST", "", email="bob@example.org", password=PASSWORD)
    made(client, bobs)
    ask(client, "DELETE", "")
    options = sign_in(client).json()["debug_info"]["passkey"]
    assert code_of(sign_in(client, passkey=bobs.show(options))) == "passkey_invalid"
    options = ask(client, "POST", "", email="bob@example.org", password=PASSWORD).json()["debug_info"]["passkey"]
    assert code_of(sign_in(client, passkey=authenticator.show(options))) == "passkey_invalid", "what Bob was asked"


def test_beside_an_authenticator_either_opens(client: TestClient, authenticator: Authenticator) -> None:
    sign_in(client)
    totp = pyotp.parse_uri(ask(client, "POST", "/second-factor", password=PASSWORD).json()["data"]["uri"])
    ask(client, "POST", "/second-factor/confirm", code=totp.at(time.time() - 30))
    assert made(client, authenticator) == [], "the recovery codes there were stay"
    ask(client, "DELETE", "")
    options = sign_in(client).json()["debug_info"]["passkey"]
    assert sign_in(client, passkey=authenticator.show(options)).status_code == 200
    assert sign_in(client, code=totp.now()).status_code == 200


def test_a_tenant_that_wants_a_second_factor_has_one(
    client: TestClient, authenticator: Authenticator, site: Site, url: str
) -> None:
    sign_in(client)
    made(client, authenticator)
    assert client.post("/api/setup/tenant", json={"requireSecondFactor": True}, headers=OURS).status_code == 200
    assert client.get("/api/analytics/overview", headers=OURS).status_code == 200, "it was shown when it was made"
    ask(client, "DELETE", "")
    by_passkey(client, authenticator)
    assert client.get("/api/analytics/overview", headers=OURS).status_code == 200
    assert ask(client, "POST", "/password", old=PASSWORD, new="another good one").status_code == 200
    assert client.get("/api/analytics/overview", headers=OURS).status_code == 200, "and after another password, too"


def test_a_tenant_that_wants_single_sign_on_is_not_shown_to_a_passkey(
    client: TestClient, authenticator: Authenticator, site: Site, url: str
) -> None:
    sign_in(client)
    made(client, authenticator)
    with pool(url, "footfall_admin", size=1) as administrators, administering(administrators, site.tenant_hk) as connection:
        change_tenant(connection, require_single_sign_on=True)
    ask(client, "DELETE", "")
    assert by_passkey(client, authenticator).status_code == 200
    for path in ("/api/analytics/overview", "/api/setup", "/api/quality"):
        assert code_of(client.get(path, headers=OURS)) == "single_sign_on_needed", path


def test_who_was_given_a_password_chooses_one_first(client: TestClient, worker: Connection) -> None:
    worker.execute("UPDATE auth.account SET one_time = 'new'")
    sign_in(client)
    assert code_of(ask(client, "POST", "/passkeys", password=PASSWORD)) == "password_not_own"


def test_a_new_password_leaves_passkeys_and_does_not_let_them_use_it_up(
    client: TestClient, authenticator: Authenticator, worker: Connection
) -> None:
    sign_in(client)
    made(client, authenticator)
    reset_password(worker, ANN, "another good one")
    worker.execute("UPDATE auth.account SET one_time = 'new'")
    assert by_passkey(client, authenticator).status_code == 200
    assert client.get("/api/session", headers=OURS).json()["data"]["passwordIsUsedUp"] is False
    assert worker.execute("SELECT one_time FROM auth.account").fetchone() == ("new",)


def test_only_own_pages_ask_and_answer(client: TestClient, authenticator: Authenticator) -> None:
    sign_in(client)
    forged = {"Origin": "https://evil.example"} | OURS
    for path in ("/passkeys", "/passkeys/confirm", "/passkeys/1", "/passkeys/1/end", "/passkey", "/passkey/confirm"):
        body = {"password": PASSWORD, "name": "x", "passkey": {}}
        assert code_of(client.post(f"/api/session{path}", json=body, headers=forged)) == "request_forged", path
        without = client.post(f"/api/session{path}", json=body, headers={"X-Footfall-Tenant": "acme"})
        assert code_of(without) == "request_forged", path
    client.cookies.clear()
    for path in ("/passkeys", "/passkeys/confirm", "/passkeys/1", "/passkeys/1/end"):
        assert code_of(client.post(f"/api/session{path}", json=body, headers=OURS)) == "not_signed_in", path


def test_what_is_asked_is_known_by_a_cookie_that_scripts_cannot_read(client: TestClient, authenticator: Authenticator) -> None:
    sign_in(client)
    made(client, authenticator)
    asked = ask(client, "POST", "/passkey")
    cookie = asked.headers["Set-Cookie"]
    assert cookie.startswith("__Host-footfall_passkey=")
    assert all(part in cookie for part in ("HttpOnly", "Secure", "SameSite=lax", "Max-Age=300"))
    client.cookies.clear()
    shown = authenticator.show(asked.json()["data"])
    assert code_of(ask(client, "POST", "/passkey/confirm", passkey=shown)) == "challenge_unknown", "in another browser"


def test_trying_is_slow(client: TestClient, authenticator: Authenticator) -> None:
    sign_in(client)
    made(client, authenticator)
    ask(client, "DELETE", "")
    forged = Authenticator(PUBLIC, credential_id=authenticator.credential_id, handle=authenticator.handle)
    codes = [code_of(by_passkey(client, forged)) for _ in range(12)]
    assert (codes[0], codes[-1]) == ("passkey_invalid", "rate_limited")
    asked = [ask(client, "POST", "/passkey").status_code for _ in range(60)]
    assert asked[-1] == 429


def test_another_process_gets_the_answer(client: TestClient, authenticator: Authenticator, url: str) -> None:
    sign_in(client)
    made(client, authenticator)
    options = ask(client, "POST", "/passkey").json()["data"]
    with TestClient(application(Settings(public_url=PublicUrl(PUBLIC)), url), base_url=PUBLIC) as other:
        other.cookies.update(client.cookies)
        assert ask(other, "POST", "/passkey/confirm", passkey=authenticator.show(options)).status_code == 200


def test_a_guest_has_none(client: TestClient) -> None:
    sign_in(client)
    body = {"label": "x", "days": 1, "password": ""}
    link = client.post("/api/setup/links", json=body, headers=OURS).json()["data"]["link"]
    client.cookies.clear()
    client.post("/api/share", json={"link": link}, headers=OURS)
    guest = OURS | {"X-Footfall-Share": link[:8]}
    assert code_of(client.post("/api/session/passkeys", json={"password": ""}, headers=guest)) == "role_needed"
    assert client.get("/api/session/passkeys", headers=guest).json()["data"] == []


# --- where they work -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "host", "origin"),
    [
        ("https://stats.example.com", "stats.example.com", "https://stats.example.com"),
        ("https://Stats.Example.com:443", "stats.example.com", "https://stats.example.com"),
        ("https://stats.example.com:8443", "stats.example.com", "https://stats.example.com:8443"),
        ("http://localhost:8700", "localhost", "http://localhost:8700"),
        ("http://shop.localhost", "shop.localhost", "http://shop.localhost"),
    ],
)
def test_they_belong_to_the_host(address: str, host: str, origin: str) -> None:
    here = relying_party(address)
    assert here is not None
    assert (here.host, here.origin) == (host, origin)


@pytest.mark.parametrize(
    "address",
    [
        "http://stats.example.com",
        "http://127.0.0.1:8700",
        "https://192.0.2.1",
        "https://[::1]",
        "http://[",
        "http://",
        "https://x:y",
    ],
)
def test_browsers_make_none_for_numbers_and_what_is_not_encrypted(address: str) -> None:
    assert relying_party(address) is None


def test_without_the_setting_the_request_says_where_and_where_they_cannot_be_it_is_said(url: str, ann: str) -> None:
    with TestClient(application(Settings(), url), base_url="http://localhost:8700") as here:
        assert ask(here, "POST", "/passkey").json()["data"]["rpId"] == "localhost"
    with TestClient(application(Settings(), url), base_url="http://stats.example.com") as plain:
        assert plain.get("/api/session", headers=OURS).json()["debug_info"]["passkeys"] is False
        refused = ask(plain, "POST", "/passkey")
        assert (code_of(refused), refused.status_code) == ("passkeys_unavailable", 404)
        assert "FOOTFALL_PUBLIC_URL" in refused.json()["message"]
        assert sign_in(plain).status_code == 200


def test_with_the_setting_no_other_host_asks(client: TestClient, authenticator: Authenticator) -> None:
    sign_in(client)
    client.headers["Host"] = "evil.example"
    assert ask(client, "POST", "/passkey").json()["data"]["rpId"] == "stats.example.com"
