"""What keeps an account and a site safe, in a browser: the second factor, sign-ins, hosts, the plan, one-time passwords."""

from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from footfall.auth import add_account, set_role
from footfall.database import Connection
from server_process import ServerProcess
from site_under_test import Site, view

PASSWORD = "correct horse battery"


@pytest.fixture
def page(browser: Browser, url: str, worker: Connection) -> Iterator[Page]:
    """The page of a server with one site, whose owner is Ann."""
    site = Site(worker, "acme")
    add_account(worker, "ann@example.org", "Ann", PASSWORD)
    set_role(worker, "ann@example.org", "acme", "owner")
    now = site.value("SELECT util.current_load_date()")
    site.land(view("/a", 0, session_id="s", event_timestamp=now.isoformat()), received=now)
    site.load()
    with ServerProcess(url) as server:
        page = browser.new_page(base_url=server.address)
        page.on("dialog", lambda dialog: dialog.accept())
        yield page
        page.close()


def sign_in(page: Page, email: str = "ann@example.org", password: str = PASSWORD) -> None:
    page.context.clear_cookies()
    page.goto("/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_second_factor_is_set_up_and_asked_for(page: Page) -> None:
    sign_in(page)
    page.get_by_role("link", name="Set-up").click()
    page.get_by_role("link", name="People and keys").click()
    factor = page.locator("section", has=page.get_by_role("heading", name="Second factor"))
    factor.get_by_text("Set it up").first.click()
    factor.get_by_label("Prove that it is you").fill(PASSWORD)
    factor.get_by_role("button", name="Set it up").click()
    authenticator = pyotp.parse_uri(factor.get_by_role("link", name="open it in the authenticator").get_attribute("href"))
    factor.get_by_label("The code that it shows").fill(authenticator.now())
    factor.get_by_role("button", name="Confirm").click()
    recovery = factor.get_by_label("Recovery codes").inner_text().split()
    assert len(recovery) == 10
    expect(factor.get_by_text("End it").first).to_be_visible()

    sign_in(page)
    page.get_by_label("Code of your authenticator").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("code_wrong")
    page.get_by_label("Code of your authenticator").fill(recovery[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Set-up")).to_be_visible()


def test_other_sign_ins_are_seen_and_ended(page: Page) -> None:
    sign_in(page)
    expect(page.get_by_role("link", name="Set-up")).to_be_visible()
    sign_in(page)
    page.get_by_role("link", name="Set-up").click()
    page.get_by_role("link", name="People and keys").click()
    signed_in = page.get_by_role("table", name="Your sign-ins").locator("tbody tr")
    expect(signed_in).to_have_count(2)
    page.get_by_role("button", name="End all other sign-ins").click()
    expect(signed_in).to_have_count(1)


def test_an_owner_names_the_hosts_and_sees_the_plan(page: Page, worker: Connection) -> None:
    sign_in(page)
    page.get_by_role("link", name="Set-up").click()
    page.get_by_role("button", name="Propose those above").click()
    hosts = page.locator("section", has=page.get_by_role("heading", name="Whose pages may send"))
    hosts.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Done")).to_be_visible()
    allowed = worker.execute("SELECT allowed_hosts FROM auth.tenant_v").fetchone()
    assert allowed == (["acme.example"],)
    page.get_by_role("link", name="Site", exact=True).click()
    expect(page.get_by_role("table", name="Limits").get_by_text("300,000,000")).to_be_visible()


def test_an_owner_says_what_is_no_referral(page: Page, worker: Connection) -> None:
    sign_in(page)
    page.get_by_role("link", name="Set-up").click()
    part = page.locator("section", has=page.get_by_role("heading", name="What is no referral"))
    part.get_by_label("Further hosts of your own").fill("acme.shop, acme.blog")
    part.get_by_label("Never begin a visit").fill("pay.acme.example")
    part.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Done")).to_be_visible()
    saved = worker.execute("SELECT own_hosts, ignored_referrers FROM auth.tenant_v").fetchone()
    assert saved == (["acme.blog", "acme.shop"], ["pay.acme.example"])
    page.reload()
    expect(part.get_by_label("Further hosts of your own")).to_have_value("acme.blog, acme.shop")


def test_who_has_a_password_for_one_sign_in_is_asked_for_their_own(page: Page) -> None:
    sign_in(page)
    page.get_by_role("link", name="Set-up").click()
    page.get_by_role("link", name="People and keys").click()
    people = page.locator("section", has=page.get_by_role("heading", name="People", exact=True))
    people.get_by_label("E-mail address").fill("nora@example.org")
    people.get_by_role("button", name="Give the role").click()
    shown = people.locator(".secret code").inner_text()
    sign_in(page, "nora@example.org", shown)
    page.get_by_role("link", name="Choose your own").click()
    page.get_by_label("Current password").fill(shown)
    page.get_by_label("New password").fill("noras very own words")
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("status").filter(has_text="Done")).to_be_visible()
    sign_in(page, "nora@example.org", "noras very own words")
    expect(page.get_by_text("was for this sign-in only")).to_have_count(0)
    expect(page.get_by_role("link", name="Set-up")).to_be_visible()
