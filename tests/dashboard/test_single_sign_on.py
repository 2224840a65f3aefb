"""Single sign-on in a browser: to a real provider on this machine, and back."""

import warnings
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from footfall.auth import reset_password
from footfall.business import change_tenant
from footfall.database import Connection, administering, pool
from server_process import ServerProcess, free_port
from site_under_test import Site

with warnings.catch_warnings(record=True):
    from oidc_provider_mock import run_server_in_thread

# the provider stands on an Authlib that tells of its next version
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


PASSWORD = "a good long one"


@pytest.fixture
def issuer() -> Iterator[str]:
    """A provider of single sign-on that knows Ann, in no group yet."""
    with run_server_in_thread() as server:
        url = f"http://localhost:{server.server_port}"
        put(url, groups=[])
        yield url


@pytest.fixture
def page(browser: Browser, url: str, site: Site, issuer: str) -> Iterator[Page]:
    """The page of a server that trusts the provider."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = {
        "FOOTFALL_PUBLIC_URL": address,
        "FOOTFALL_OIDC_ISSUER": issuer,
        "FOOTFALL_OIDC_CLIENT_ID": "footfall",
        "FOOTFALL_OIDC_CLIENT_SECRET": "s3cret",
        "FOOTFALL_OIDC_ROLES": "analysts=acme:viewer",
    }
    with ServerProcess(url, port=port, **settings):
        page = browser.new_page(base_url=address)
        yield page
        page.close()


def put(issuer: str, **claims) -> None:
    body = {"email": "ann@example.org", "email_verified": True, **claims}
    httpx2.put(f"{issuer}/users/ann", json=body).raise_for_status()


def sign_on(page: Page) -> None:
    page.get_by_role("button", name="Sign in with single sign-on").click()
    page.locator("input[name=sub]").first.fill("ann")
    page.get_by_role("button", name="Authorize").click()


def test_one_goes_to_the_provider_and_comes_back_and_a_site_may_want_that(
    page: Page, issuer: str, site: Site, url: str, worker: Connection
) -> None:
    page.goto("/")
    sign_on(page)
    expect(page.get_by_role("alert")).to_contain_text("None of your groups may look at anything here")
    put(issuer, groups=["analysts"])
    sign_on(page)
    overview = page.get_by_role("heading", level=1, name="Overview")
    expect(overview).to_be_visible()

    reset_password(worker, "ann@example.org", PASSWORD)
    with pool(url, "footfall_admin", size=1) as administrators, administering(administrators, site.tenant_hk) as connection:
        change_tenant(connection, require_single_sign_on=True)
    page.goto("/")
    page.get_by_label("E-mail address").fill("ann@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("This site is shown only to who signs in by single sign-on")).to_be_visible()
    sign_on(page)
    expect(overview).to_be_visible()
