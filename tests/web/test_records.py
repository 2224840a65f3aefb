"""The record of processing over HTTP: owners read it, and nobody else does."""

import pytest
from starlette.testclient import TestClient

from footfall.auth import add_account, set_role
from footfall.database import Connection
from footfall.governance import Wish, all_entries
from footfall.governance.records import PURPOSES
from site_under_test import Site

OURS = {"X-Footfall-Request": "1", "X-Footfall-Tenant": "acme"}
PASSWORD = "correct horse battery"


@pytest.fixture
def people(site: Site, worker: Connection) -> Site:
    Site(worker, "other")
    for name, tenant, role in (("ann", "acme", "owner"), ("adam", "acme", "admin"), ("olga", "other", "owner")):
        add_account(worker, f"{name}@example.org", name.title(), PASSWORD)
        set_role(worker, f"{name}@example.org", tenant, role)
    return site


def sign_in(client: TestClient, name: str) -> None:
    client.cookies.clear()
    assert (
        client.post("/api/session", json={"email": f"{name}@example.org", "password": PASSWORD}, headers=OURS).status_code == 200
    )


def test_owners_read_the_record_and_nobody_else_does(client: TestClient, people: Site) -> None:
    for path in ("/api/setup/records", "/api/setup/records.md"):
        client.cookies.clear()
        assert client.get(path, headers=OURS).status_code == 401
        for stranger in ("adam", "olga"):
            sign_in(client, stranger)
            assert client.get(path, headers=OURS).status_code in (403, 404)
        sign_in(client, "ann")
        assert client.get(path, headers=OURS).status_code == 200
    found = client.get("/api/setup/records", headers=OURS).json()["data"]
    assert (found["tenant"], {one["name"] for one in found["purposes"]}) == ("acme", {one.name for one in PURPOSES})


def test_the_file_says_the_same_and_that_it_was_taken_is_told(client: TestClient, people: Site, owner: Connection) -> None:
    sign_in(client, "ann")
    assert client.get("/api/setup/records.md", headers=OURS).text.startswith("# Record of processing: Acme (`acme`)")
    told = all_entries(owner, people.tenant_hk, Wish(action="export"))
    assert [(row["who"], row["subject"]) for row in told] == [("ann@example.org", "records.md")]
