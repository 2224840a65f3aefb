"""Signing in with a second factor, and a device that is known: what keeps others out, and nobody else."""

import time

import pyotp
import pytest
from starlette.testclient import TestClient

from footfall.auth import add_account, end_second_factor, second_factor, set_role
from footfall.database import Connection
from site_under_test import Site

OURS = {"X-Footfall-Request": "1", "X-Footfall-Tenant": "acme"}
PASSWORD = "a good long one"
ANN = "ann@example.org"


@pytest.fixture
def ann(site: Site, worker: Connection) -> str:
    """The owner of acme."""
    add_account(worker, ANN, "Ann", PASSWORD)
    set_role(worker, ANN, "acme", "owner")
    return ANN


def sign_in(client: TestClient, email: str = ANN, password: str = PASSWORD, code: str = ""):
    return client.post("/api/session", json={"email": email, "password": password, "code": code}, headers=OURS)


def ask(client: TestClient, method: str, path: str, **body):
    return client.request(method, path, headers=OURS, json=body)


def code_of(answer) -> str:
    return answer.json()["debug_info"]["error"]


def enrolled(client: TestClient) -> tuple[pyotp.TOTP, list[str]]:
    """An authenticator and recovery codes of who is signed in."""
    begun = ask(client, "POST", "/api/session/second-factor", password=PASSWORD).json()["data"]
    authenticator = pyotp.parse_uri(begun["uri"])
    assert authenticator.secret == begun["secret"]
    # of the step before: the codes of this one are still to be used
    code = authenticator.at(time.time() - 30)
    return authenticator, ask(client, "POST", "/api/session/second-factor/confirm", code=code).json()["data"]["recoveryCodes"]


def test_a_code_is_asked_for_and_opens_once(client: TestClient, ann: str) -> None:
    sign_in(client)
    authenticator, _ = enrolled(client)
    assert ask(client, "GET", "/api/session").json()["data"]["hasSecondFactor"] is True
    client.cookies.clear()
    assert code_of(sign_in(client)) == "code_needed"
    assert code_of(sign_in(client, password="a wrong long one", code=authenticator.now())) == "sign_in_refused"
    assert code_of(sign_in(client, code="000000")) == "code_wrong"
    assert ask(client, "GET", "/api/session").status_code == 401
    now = authenticator.now()
    assert sign_in(client, code=f" {now[:3]} {now[3:]} ").status_code == 200
    assert code_of(sign_in(client, code=now)) == "code_wrong", "somebody may have looked over the shoulder"


def test_recovery_codes_open_once_each_however_they_are_written(client: TestClient, ann: str) -> None:
    sign_in(client)
    _, codes = enrolled(client)
    assert len(set(codes)) == 10
    assert sign_in(client, code=codes[0].upper().replace("-", " ")).status_code == 200
    assert code_of(sign_in(client, code=codes[0])) == "code_wrong"
    assert sign_in(client, code=codes[1]).status_code == 200


def test_nothing_changes_before_a_code_has_confirmed_it(client: TestClient, ann: str) -> None:
    sign_in(client)
    assert code_of(ask(client, "POST", "/api/session/second-factor", password="not mine at all")) == "password_wrong"
    assert code_of(ask(client, "POST", "/api/session/second-factor/confirm", code="123456")) == "code_wrong"
    ask(client, "POST", "/api/session/second-factor", password=PASSWORD)
    assert sign_in(client).status_code == 200


def test_it_ends_with_the_password_or_by_the_operator(client: TestClient, ann: str, worker: Connection) -> None:
    sign_in(client)
    enrolled(client)
    assert code_of(ask(client, "POST", "/api/session/second-factor", password=PASSWORD)) == "second_factor_there"
    assert code_of(ask(client, "POST", "/api/session/second-factor/end", password="not mine at all")) == "password_wrong"
    assert ask(client, "POST", "/api/session/second-factor/end", password=PASSWORD).status_code == 200
    assert sign_in(client).status_code == 200
    enrolled(client)
    assert end_second_factor(worker, ANN)
    assert not end_second_factor(worker, ANN)
    assert sign_in(client).status_code == 200
    assert worker.execute("SELECT recovery_codes FROM auth.account").fetchone() == ([],)


def test_a_tenant_that_wants_one_shows_nothing_to_who_has_none(client: TestClient, ann: str, worker: Connection) -> None:
    add_account(worker, "vic@example.org", "Vic", PASSWORD)
    set_role(worker, "vic@example.org", "acme", "viewer")
    sign_in(client)
    assert code_of(ask(client, "POST", "/api/setup/tenant", requireSecondFactor=True)) == "second_factor_needed"
    enrolled(client)
    assert ask(client, "POST", "/api/setup/tenant", requireSecondFactor=True).status_code == 200
    assert ask(client, "GET", "/api/analytics/overview").status_code == 200
    client.cookies.clear()
    sign_in(client, "vic@example.org")
    for path in ("/api/analytics/overview", "/api/setup", "/api/quality"):
        assert code_of(ask(client, "GET", path)) == "second_factor_needed", path
    assert ask(client, "GET", "/api/session").json()["data"]["tenants"][0]["isLocked"] is True
    enrolled(client)
    assert ask(client, "GET", "/api/analytics/overview").status_code == 200


def test_codes_are_those_of_rfc_6238() -> None:
    """Appendix B, SHA-1, of which authenticators show the last six digits."""
    secret = b"12345678901234567890"
    for moment, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert second_factor.step_of(secret, code, moment) == moment // 30
        assert second_factor.step_of(secret, code, moment + 30) == moment // 30
        assert second_factor.step_of(secret, code, moment + 90) is None


def test_who_tries_an_account_from_elsewhere_does_not_keep_its_owner_out(client: TestClient, ann: str, site: Site) -> None:
    sign_in(client)
    device = client.cookies["footfall_device"]
    client.cookies.clear()
    tried = [sign_in(client, password=f"guess number {number}").status_code for number in range(14)]
    assert tried[-1] == 429
    assert sign_in(client).status_code == 429, "from nowhere known, and of this very address"
    client.cookies.set("footfall_device", device)
    assert sign_in(client).status_code == 200


def test_a_device_has_its_own_allowance_and_only_at_its_account(client: TestClient, ann: str, worker: Connection) -> None:
    add_account(worker, "bob@example.org", "Bob", PASSWORD)
    sign_in(client)
    device = client.cookies["footfall_device"]
    client.cookies.clear()
    client.cookies.set("footfall_device", device)
    guesses = [sign_in(client, password=f"guess number {number}").status_code for number in range(14)]
    assert guesses[-1] == 429, "whoever has the device guesses no quicker"
    assert sign_in(client, "bob@example.org").status_code == 200, "and Bob's allowance is Bob's"
