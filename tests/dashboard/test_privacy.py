"""Privacy requests on the dashboard: an owner puts one down, finds the visitor, hands over what is held, and forgets them."""

import zipfile

from playwright.sync_api import expect

from footfall.database import connect
from site_under_test import Site, view


def test_an_owner_answers_what_a_visitor_asked(open_as, shop: Site, module_url: str) -> None:
    with connect(module_url, "footfall_worker") as connection:
        shop.connection = connection
        shop.land(view("/", 0, session_id="s-jane", visitor_id="jane-browser", user_id="jane-17", page_title="Hello Jane"))
        shop.settle()
    page = open_as("ann", "/?tenant=acme")
    page.get_by_role("link", name="Privacy requests").click()
    register = page.locator("section").filter(has=page.get_by_role("heading", name="Register of requests"))
    register.get_by_label("Asked").select_option("erasure")
    register.get_by_label("Received").fill("2026-03-02")
    register.get_by_label("Reference").fill("ticket-512")
    register.get_by_role("button", name="Put it down").click()
    row = register.locator("tbody tr")
    expect(row).to_contain_text("ticket-512")
    expect(row).to_contain_text("open, overdue")

    held = page.locator("section").filter(has=page.get_by_role("heading", name="What is held about a visitor"))
    held.get_by_label("Id of the visitor").fill("nobody-17")
    held.get_by_role("button", name="Find").click()
    expect(held.get_by_text("Nothing is held about anybody of this id.")).to_be_visible()
    held.get_by_label("Id of the visitor").fill("jane-17")
    held.get_by_role("button", name="Find").click()
    expect(held.locator("dl")).to_contain_text("jane-browser")
    expect(held.locator("tbody tr").first).to_contain_text("As received")
    with page.expect_download() as downloaded:
        held.get_by_role("button", name="Download all of it").click()
    with zipfile.ZipFile(downloaded.value.path()) as archive:
        assert "Hello Jane" in archive.read("raw/site_tracking_events_r.json").decode()

    forget = held.get_by_role("button", name="Forget for ever")
    expect(forget).to_be_disabled()
    held.get_by_label("Type the id again to confirm").fill("jane-18")
    expect(forget).to_be_disabled()
    held.get_by_label("Type the id again to confirm").fill("jane-17")
    held.get_by_label("Answers").select_option(label="request 1 ticket-512")
    forget.click()
    expect(held.get_by_role("status")).to_contain_text("Receipt 1.")
    expect(row).to_contain_text("answered on")
    expect(row).to_contain_text("receipt 1")
    receipts = page.locator("section").filter(has=page.get_by_role("heading", name="Receipts of erasures"))
    expect(receipts.locator("tbody tr")).to_contain_text("forgotten")
    held.get_by_role("button", name="Find").click()
    expect(held.get_by_text("Nothing is held about anybody of this id.")).to_be_visible()


def test_nobody_else_finds_the_page(open_as, shop: Site) -> None:
    page = open_as("vic", "/privacy?tenant=acme")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    expect(page.get_by_role("link", name="Privacy requests")).to_have_count(0)
