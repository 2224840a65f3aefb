"""People change their passwords, and lose no more than their other sign-ins."""

import pytest
from starlette.testclient import TestClient

from footfall.auth import add_account, reset_password
from footfall.auth.accounts import passwords
from footfall.errors import NotAccepted
from site_under_test import Site

OURS = {"X-Footfall-Request": "1"}
OLD, NEW = "correct horse battery", "staple and paper"
HASHER = passwords._hasher  # noqa: SLF001  before the tests get a quicker one


@pytest.fixture
def ann(site: Site) -> Site:
    add_account(site.connection, "ann@example.org", "Ann", OLD)
    return site


def sign_in(client: TestClient, password: str) -> int:
    client.cookies.clear()
    body = {"email": "ann@example.org", "password": password}
    return client.post("/api/session", json=body, headers=OURS).status_code


def change(client: TestClient, old: str, new: str) -> str:
    reply = client.post("/api/session/password", json={"old": old, "new": new}, headers=OURS)
    return "changed" if reply.status_code == 200 else reply.json()["debug_info"]["error"]


def test_a_password_is_as_slow_to_guess_as_rfc_9106_wants_it() -> None:
    once, twice = HASHER.hash(OLD), HASHER.hash(OLD)
    assert once.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert once != twice
    assert passwords.is_password(once, OLD)
    assert not passwords.is_password(once, NEW)


def test_a_password_is_changed_by_who_knows_it_and_other_sign_ins_end(client, ann):
    sign_in(client, OLD)
    elsewhere = client.cookies["footfall_sign_in"]
    sign_in(client, OLD)
    assert change(client, "guess", NEW) == "password_wrong"
    assert change(client, OLD, "short") == "password_too_short"
    assert change(client, OLD, NEW) == "changed"
    assert client.get("/api/session").status_code == 200
    client.cookies.clear()
    client.cookies.set("footfall_sign_in", elsewhere)
    assert client.get("/api/session").status_code == 401
    assert [sign_in(client, OLD), sign_in(client, NEW)] == [401, 200]


def test_an_operator_gives_a_new_password_and_all_sign_ins_end(client, ann):
    sign_in(client, OLD)
    reset_password(ann.connection, "ANN@example.org", NEW)
    assert client.get("/api/session").status_code == 401
    assert sign_in(client, NEW) == 200
    with pytest.raises(NotAccepted, match="no account"):
        reset_password(ann.connection, "nobody@example.org", NEW)
