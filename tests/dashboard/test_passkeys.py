"""Passkeys in a browser, with an authenticator that Chromium plays: made, shown alone, shown after the password, removed."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from footfall.auth import add_account, set_role
from footfall.database import Connection
from server_process import ServerProcess, free_port
from site_under_test import Site, view

PASSWORD = "a good long one"
ANN = "ann@example.org"


@pytest.fixture
def page(browser: Browser, url: str, site: Site, worker: Connection) -> Iterator[Page]:
    """Ann's browser, at a name: browsers make no passkeys for numbers."""
    add_account(worker, ANN, "Ann", PASSWORD)
    set_role(worker, ANN, "acme", "owner")
    site.land(view("/", 0, session_id="s"))
    site.load()
    port = free_port()
    address = f"http://localhost:{port}"
    with ServerProcess(url, port=port, FOOTFALL_PUBLIC_URL=address):
        context = browser.new_context(base_url=address, reduced_motion="reduce")
        yield context.new_page()
        context.close()


@pytest.fixture
def authenticator(page: Page) -> CDPSession:
    """A phone that knows Ann's finger."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return session


def sign_in(page: Page) -> None:
    page.get_by_label("E-mail address").fill(ANN)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Sign out").click()


def test_ann_makes_one_signs_out_and_in_with_it_and_removes_it(page: Page, authenticator: CDPSession) -> None:
    overview = page.get_by_role("heading", level=1, name="Overview")
    page.goto("/")
    sign_in(page)
    expect(overview).to_be_visible()

    page.goto("/setup?tenant=acme&part=access")
    part = page.locator("section", has=page.get_by_role("heading", name="Passkeys"))
    expect(part.get_by_text("None yet.")).to_be_visible()
    part.get_by_label("Name").fill("my phone")
    part.get_by_label("Prove that it is you").fill(PASSWORD)
    part.get_by_role("button", name="Make a passkey").click()
    expect(part.get_by_role("cell", name="my phone")).to_be_visible()
    codes = part.get_by_label("Recovery codes of passkeys").inner_text().split()
    assert len(codes) == 10

    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(overview).to_be_visible()
    page.goto("/setup?tenant=acme&part=access")
    signed_in = page.get_by_role("table", name="Your sign-ins")
    expect(signed_in.get_by_role("row", name="now, here").get_by_role("cell", name="passkey", exact=True)).to_be_visible()

    sign_out(page)
    sign_in(page)
    expect(page.get_by_label("Code of your authenticator, or a recovery code")).to_be_visible()
    page.get_by_role("button", name="Show a passkey instead").click()
    expect(overview).to_be_visible()

    page.goto("/setup?tenant=acme&part=access")
    page.once("dialog", lambda dialog: dialog.accept("old phone"))
    part.get_by_role("button", name="Rename the passkey my phone").click()
    part.get_by_role("button", name="Remove the passkey old phone").click()
    part.get_by_label("Prove that it is you").fill(PASSWORD)
    part.get_by_role("button", name="Remove old phone").click()
    expect(part.get_by_text("None yet.")).to_be_visible()
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("this passkey opens nothing here")
    sign_in(page)
    expect(overview).to_be_visible()


def test_a_sign_in_that_ended_under_the_page_goes_on_with_a_passkey(
    page: Page, authenticator: CDPSession, worker: Connection
) -> None:
    page.goto("/")
    sign_in(page)
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    page.goto("/setup?tenant=acme&part=access")
    part = page.locator("section", has=page.get_by_role("heading", name="Passkeys"))
    part.get_by_label("Name").fill("my phone")
    part.get_by_label("Prove that it is you").fill(PASSWORD)
    part.get_by_role("button", name="Make a passkey").click()
    expect(part.get_by_role("cell", name="my phone")).to_be_visible()
    worker.execute("DELETE FROM auth.sign_in")
    page.get_by_role("link", name="Goals and funnels").click()
    again = page.get_by_role("dialog", name="Sign in again")
    again.get_by_role("button", name="Sign in with a passkey").click()
    expect(again).to_be_hidden()
    expect(page.get_by_role("heading", name="Goals", exact=True)).to_be_visible()


def test_who_thinks_better_of_it_is_told_and_signs_in_otherwise(page: Page, authenticator: CDPSession) -> None:
    page.goto("/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("The browser showed no passkey")
    sign_in(page)
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
