"""Single sign-on by a real provider on this machine (oidc-provider-mock), as a browser goes through it."""

import warnings
from collections.abc import Iterator

import httpx2
import pytest
from sender import VISITOR
from starlette.testclient import TestClient

from footfall.database import Connection
from footfall.settings import Settings
from footfall.web import application
from site_under_test import HUMAN, Site

with warnings.catch_warnings():
    # it stands on an Authlib that tells of its next version
    warnings.simplefilter("ignore")
    from oidc_provider_mock import run_server_in_thread

OURS = {"X-Footfall-Request": "1", "X-Footfall-Tenant": "acme"}
PASSWORD = "a good long one"
ANN = "ann@example.org"
ROLES = "analysts=acme:viewer admins=acme:admin owners=acme:owner ops=*:operator"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A provider of single sign-on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with run_server_in_thread() as server:
            yield f"http://localhost:{server.server_port}"


@pytest.fixture
def client(url: str, issuer: str, site: Site) -> Iterator[TestClient]:
    """A browser at a Footfall that trusts the provider."""
    settings = Settings.read(
        {
            "FOOTFALL_PUBLIC_URL": "http://testserver",
            "FOOTFALL_OIDC_ISSUER": issuer,
            "FOOTFALL_OIDC_CLIENT_ID": "footfall",
            "FOOTFALL_OIDC_CLIENT_SECRET": "s3cret",
            "FOOTFALL_OIDC_ROLES": ROLES,
        }
    )
    with TestClient(application(settings, url), client=(VISITOR, 50_000), follow_redirects=False) as client:
        client.headers["User-Agent"] = HUMAN
        yield client


def sign_on(client: TestClient, issuer: str, subject: str = "ann", **claims) -> str:
    """Go to the provider, be this subject there, and come back; where one lands."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        httpx2.put(f"{issuer}/users/{subject}", json={"email": ANN, "email_verified": True, "groups": ["analysts"], **claims})
        there = client.get("/api/session/oidc")
        assert there.status_code == 303
        back = httpx2.post(there.headers["location"], data={"sub": subject})
        assert back.status_code == 302, back.text
        return client.get(back.headers["location"]).headers["location"]


def who(client: TestClient) -> dict:
    return client.get("/api/session", headers=OURS).json()["data"]


def roles(connection: Connection, email: str = ANN) -> dict[str, str]:
    rows = connection.execute(
        "SELECT t.public_id, m.role FROM auth.membership m JOIN auth.account a USING (account_id)"
        " JOIN auth.tenant_v t USING (tenant_hk) WHERE a.email = %s",
        (email,),
    )
    return dict(rows.fetchall())


def test_somebody_new_signs_in_with_the_role_of_their_group(client: TestClient, issuer: str) -> None:
    assert sign_on(client, issuer, name="Ann") == "/"
    assert (who(client)["email"], who(client)["name"], who(client)["tenants"][0]["role"]) == (ANN, "Ann", "viewer")
    assert client.get("/api/analytics/overview", headers=OURS).status_code == 200
