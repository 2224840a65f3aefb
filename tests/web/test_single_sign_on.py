"""Single sign-on by a real provider on this machine (oidc-provider-mock), as a browser goes through it."""

import time
import warnings
from collections.abc import Iterator
from functools import partial
from urllib.parse import parse_qs, urlsplit

import httpx2
import pyotp
import pytest
from httpx2 import Response
from sender import VISITOR
from starlette.testclient import TestClient

from footfall.auth import add_account, end_single_sign_on, reset_password, set_role
from footfall.business import change_tenant
from footfall.database import Connection, administering, pool
from footfall.settings import Settings
from footfall.web import application
from site_under_test import HUMAN, Site

with warnings.catch_warnings(record=True):
    from oidc_provider_mock import run_server_in_thread

# the provider stands on an Authlib that tells of its next version
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

OURS = {"X-Footfall-Request": "1", "X-Footfall-Tenant": "acme"}
PASSWORD = "a good long one"
ANN = "ann@example.org"
ROLES = "analysts=acme:viewer admins=acme:admin owners=acme:owner ops=*:operator"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A provider of single sign-on."""
    with run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def settings(issuer: str) -> Settings:
    """Those of a Footfall that trusts the provider."""
    return Settings.read(
        {
            "FOOTFALL_PUBLIC_URL": "http://testserver",
            "FOOTFALL_OIDC_ISSUER": issuer,
            "FOOTFALL_OIDC_CLIENT_ID": "footfall",
            "FOOTFALL_OIDC_CLIENT_SECRET": "s3cret",
            "FOOTFALL_OIDC_ROLES": ROLES,
        }
    )


@pytest.fixture
def client(url: str, settings: Settings, site: Site) -> Iterator[TestClient]:
    """A browser there."""
    with TestClient(application(settings, url), client=(VISITOR, 50_000), follow_redirects=False) as client:
        client.headers["User-Agent"] = HUMAN
        yield client


def way_back(client: TestClient, issuer: str, subject: str = "ann", **claims) -> str:
    """Go to the provider, and be this subject there; the address that leads back."""
    there = client.get("/api/session/oidc")
    assert there.status_code == 303
    known = {"email": ANN, "email_verified": True, "groups": ["analysts"], **claims}
    httpx2.put(f"{issuer}/users/{subject}", json=known).raise_for_status()
    return httpx2.post(there.headers["location"], data={"sub": subject}).headers["location"]


def sign_on(client: TestClient, issuer: str, subject: str = "ann", **claims) -> str:
    """Go there, and come back; where one lands."""
    return client.get(way_back(client, issuer, subject, **claims)).headers["location"]


def sign_in(client: TestClient, code: str = "") -> Response:
    return client.post("/api/session", json={"email": ANN, "password": PASSWORD, "code": code}, headers=OURS)


def who(client: TestClient) -> dict:
    return client.get("/api/session", headers=OURS).json()["data"]


def code_of(answer: Response) -> str:
    return answer.json()["debug_info"]["error"]


def role(connection: Connection, tenant: str = "acme", email: str = ANN) -> str | None:
    row = connection.execute(
        "SELECT m.role FROM auth.membership m JOIN auth.account a USING (account_id)"
        " WHERE a.email = %s AND m.tenant_hk = auth.tenant_named(%s)",
        (email, tenant),
    ).fetchone()
    return row and row[0]


def test_somebody_new_signs_in_with_the_role_of_their_group(client: TestClient, issuer: str) -> None:
    assert client.get("/api/session", headers=OURS).json()["debug_info"]["singleSignOn"] is True
    assert sign_on(client, issuer, name="Ann") == "/"
    assert (who(client)["email"], who(client)["name"], who(client)["tenants"][0]["role"]) == (ANN, "Ann", "viewer")
    assert client.get("/api/analytics/overview", headers=OURS).status_code == 200
    assert code_of(sign_in(TestClient(client.app))) == "sign_in_refused", "there is no password"


def test_who_is_in_no_group_gets_no_account(client: TestClient, issuer: str, worker: Connection) -> None:
    assert sign_on(client, issuer, groups=["cooks"]) == "/?sign-on=no_role"
    assert worker.execute("SELECT FROM auth.account").fetchall() == []
    assert client.get("/api/session", headers=OURS).status_code == 401


def test_roles_follow_the_groups_where_they_are_mapped_and_nowhere_else(
    client: TestClient, issuer: str, worker: Connection
) -> None:
    Site(worker, "other")
    sign_on(client, issuer, groups=["analysts", "admins"])
    assert role(worker) == "admin", "the highest"
    set_role(worker, ANN, "other", "viewer")
    sign_on(client, issuer, groups=["analysts"])
    assert (role(worker), role(worker, "other")) == ("viewer", "viewer")
    assert sign_on(client, issuer, groups=[]) == "/"
    assert (role(worker), role(worker, "other")) == (None, "viewer")
    set_role(worker, ANN, "other", None)
    assert sign_on(client, issuer, groups=[]) == "/?sign-on=no_role"


def test_the_last_owner_stays_whatever_the_groups_say(client: TestClient, issuer: str, worker: Connection) -> None:
    sign_on(client, issuer, groups=["owners"])
    sign_on(client, issuer, groups=[])
    assert role(worker) == "owner"
    add_account(worker, "bob@example.org", "Bob", PASSWORD)
    set_role(worker, "bob@example.org", "acme", "owner")
    sign_on(client, issuer, groups=["analysts"])
    assert role(worker) == "viewer"


def test_operators_are_who_their_group_says(client: TestClient, issuer: str) -> None:
    sign_on(client, issuer, groups=["ops"])
    assert who(client)["isOperator"] is True
    sign_on(client, issuer, groups=["analysts"])
    assert who(client)["isOperator"] is False


def test_an_account_is_linked_by_an_address_that_is_proved_and_its_password_ends(
    client: TestClient, issuer: str, worker: Connection
) -> None:
    add_account(worker, ANN, "Ann", PASSWORD)
    set_role(worker, ANN, "acme", "viewer")
    before = TestClient(client.app)
    assert sign_in(before).status_code == 200
    assert sign_on(client, issuer, email_verified=False) == "/?sign-on=email_taken"
    assert sign_on(client, issuer, email_verified="true") == "/?sign-on=email_taken", "a text is no truth"
    assert sign_in(before).status_code == 200
    assert sign_on(client, issuer) == "/"
    assert before.get("/api/session", headers=OURS).status_code == 401, "whoever knew the password may have made the account"
    assert code_of(sign_in(before)) == "sign_in_refused"
    assert sign_on(client, issuer, email="new@example.org") == "/"
    assert who(client)["email"] == ANN, "the subject says who it is, and not the address"
    assert sign_on(client, issuer, subject="ann anew") == "/?sign-on=email_taken", "an address may get another owner"
    assert end_single_sign_on(worker, ANN)
    assert client.get("/api/session", headers=OURS).status_code == 401
    assert sign_on(client, issuer, subject="ann anew") == "/"


def test_the_operator_keeps_a_password(client: TestClient, issuer: str, worker: Connection) -> None:
    add_account(worker, ANN, "Ann", PASSWORD, is_operator=True)
    sign_on(client, issuer, groups=["ops"])
    assert sign_in(client).status_code == 200


def test_a_second_factor_is_asked_for_unless_the_provider_did(client: TestClient, issuer: str, worker: Connection) -> None:
    add_account(worker, ANN, "Ann", PASSWORD, is_operator=True)
    sign_in(client)
    ask = partial(client.post, headers=OURS)
    begun = ask("/api/session/second-factor", json={"password": PASSWORD}).json()["data"]
    authenticator = pyotp.parse_uri(begun["uri"])
    ask("/api/session/second-factor/confirm", json={"code": authenticator.at(time.time() - 30)})
    client.cookies.clear()

    assert sign_on(client, issuer, groups=["ops"], amr=["pwd"]) == "/?sign-on=code_needed"
    assert client.get("/api/session", headers=OURS).status_code == 401
    assert code_of(TestClient(client.app).post("/api/session/oidc", json={"code": "1"}, headers=OURS)) == "sign_on_unknown"
    assert code_of(ask("/api/session/oidc", json={"code": "000000"})) == "code_wrong"
    assert ask("/api/session/oidc", json={"code": authenticator.now()}).status_code == 200
    assert who(client)["email"] == ANN
    client.cookies.clear()
    assert sign_on(client, issuer, groups=["ops"], amr=["pwd", "otp"]) == "/"


def test_a_tenant_that_wants_a_second_factor_believes_the_provider(client: TestClient, issuer: str, site: Site, url: str) -> None:
    with pool(url, "footfall_admin", size=1) as administrators, administering(administrators, site.tenant_hk) as connection:
        change_tenant(connection, require_second_factor=True)
    sign_on(client, issuer)
    assert code_of(client.get("/api/analytics/overview", headers=OURS)) == "second_factor_needed"
    sign_on(client, issuer, amr=["mfa"])
    assert client.get("/api/analytics/overview", headers=OURS).status_code == 200


def test_a_tenant_that_wants_single_sign_on_shows_nothing_to_who_has_a_password(
    client: TestClient, issuer: str, worker: Connection
) -> None:
    sign_on(client, issuer, groups=["owners"])
    reset_password(worker, ANN, PASSWORD)
    want = partial(client.post, "/api/setup/tenant", json={"requireSingleSignOn": True}, headers=OURS)
    sign_in(client)
    assert code_of(want()) == "single_sign_on_needed", "who asked would be locked out"
    sign_on(client, issuer, groups=["owners"])
    assert want().status_code == 200
    assert client.get("/api/analytics/overview", headers=OURS).status_code == 200
    sign_in(client)
    for path in ("/api/analytics/overview", "/api/setup", "/api/quality"):
        assert code_of(client.get(path, headers=OURS)) == "single_sign_on_needed", path
    assert who(client)["tenants"][0]["lacks"] == "single_sign_on"


def test_a_way_back_is_for_once_and_for_one_browser(client: TestClient, issuer: str, caplog: pytest.LogCaptureFixture) -> None:
    back = way_back(client, issuer)
    stranger = TestClient(client.app, follow_redirects=False)
    assert stranger.get(back).headers["location"] == "/?sign-on=sign_on_unknown", "it was begun elsewhere"
    stranger.get("/api/session/oidc")
    assert stranger.get(back).headers["location"] == "/?sign-on=sign_on_unknown", "another sign-on was begun there"
    cookie = client.cookies["footfall_sign_on"]
    assert client.get(back).headers["location"] == "/"
    client.cookies.clear()
    client.cookies.set("footfall_sign_on", cookie)
    assert client.get(back).headers["location"] == "/?sign-on=sign_on_unknown", "it was used"
    said = [record.getMessage() + str(vars(record)) for record in caplog.records if record.name.startswith("footfall")]
    assert not any(cookie in line or "eyJ" in line for line in said)


def test_a_way_back_ends_after_minutes(client: TestClient, issuer: str, worker: Connection) -> None:
    back = way_back(client, issuer)
    worker.execute("UPDATE auth.sign_on SET expires_at = util.current_load_date()")
    assert client.get(back).headers["location"] == "/?sign-on=sign_on_unknown"


def test_what_the_provider_refuses_is_said(client: TestClient) -> None:
    state = parse_qs(urlsplit(client.get("/api/session/oidc").headers["location"]).query)["state"][0]
    back = client.get("/api/session/oidc/callback", params={"error": "access_denied", "state": state})
    assert back.headers["location"] == "/?sign-on=sign_on_refused"


def test_the_cookie_is_kept_from_scripts_and_sent_when_one_comes_back(client: TestClient) -> None:
    cookie = client.get("/api/session/oidc").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_an_owner_gives_no_password_to_who_signs_in_by_single_sign_on(
    client: TestClient, issuer: str, worker: Connection
) -> None:
    sign_on(client, issuer, subject="ann", groups=["owners"])
    guest = TestClient(client.app, follow_redirects=False)
    sign_on(guest, issuer, subject="vic", email="vic@example.org")
    assert code_of(client.post("/api/setup/people/vic@example.org/password", json={}, headers=OURS)) == "account_elsewhere"


def test_without_a_provider_there_is_none(url: str, site: Site) -> None:
    with TestClient(application(Settings(), url), follow_redirects=False) as client:
        assert client.get("/api/session/oidc").status_code == 404
        assert client.get("/api/session", headers=OURS).json()["debug_info"]["singleSignOn"] is False


@pytest.mark.parametrize(("is_operator", "left"), [(False, 0), (True, 1)])
def test_passkeys_end_with_the_password_when_an_account_is_linked(
    client: TestClient, issuer: str, worker: Connection, is_operator: bool, left: int
) -> None:
    """Whoever knew the password may have made them; an operator's account was made by a command, and keeps both."""
    account = add_account(worker, ANN, "Ann", PASSWORD, is_operator=is_operator)
    worker.execute(
        "INSERT INTO auth.passkey (credential_id, account_id, relying_party, public_key, sign_count, transports, passkey_name,"
        " created_at) VALUES ('x', %s, 'localhost', 'x', 0, '{}', 'x', now())",
        (account,),
    )
    assert sign_on(client, issuer, groups=["ops"] if is_operator else ["analysts"]) == "/"
    assert worker.execute("SELECT count(*) FROM auth.passkey").fetchone() == (left,)
