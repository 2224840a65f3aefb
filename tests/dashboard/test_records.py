"""The record of processing on the dashboard: an owner reads what is stored, why, and how long; nobody else finds it."""

from playwright.sync_api import expect

from footfall.auth import hold, keep, lift_hold
from footfall.database import connect
from site_under_test import Site


def test_an_owner_reads_what_is_stored_why_and_how_long(open_as, shop: Site, module_url: str) -> None:
    with connect(module_url, "footfall_worker") as connection:
        keep(connection, "context", 395)
        hold(connection, "acme", "case 4711")
        page = open_as("ann", "/?tenant=acme")
        page.get_by_role("link", name="Records of processing").click()
        expect(page.get_by_role("heading", name="What is stored, why, and how long")).to_be_visible()
        expect(page.get_by_text("case 4711")).to_be_visible()
        context = page.locator("section").filter(has=page.get_by_role("heading", name="Personal context of visits and visitors"))
        expect(context).to_contain_text("until the legal hold is lifted")
        expect(context).to_contain_text("site_session_context_s.user_id")
        lift_hold(connection, "acme")
    page.reload()
    expect(context).to_contain_text("395 days, as the operator has it")
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="Markdown").click()
    assert downloaded.value.path().read_text().startswith("# Record of processing")


def test_nobody_else_finds_the_page(open_as, shop: Site) -> None:
    page = open_as("vic", "/records?tenant=acme")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    expect(page.get_by_role("link", name="Records of processing")).to_have_count(0)
