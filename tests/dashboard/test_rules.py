"""Rules on the dashboard: an owner writes one into a form, looks at what it would change, puts it in force, takes it back."""

from concurrent.futures import ThreadPoolExecutor

from playwright.sync_api import expect

from footfall.database import connect
from footfall.operations.rule_tasks import do_next
from site_under_test import HUMAN, Site, view


def test_an_owner_tries_a_rule_applies_it_and_takes_it_back(open_as, shop: Site, module_url: str) -> None:
    with connect(module_url, "footfall_worker") as connection:
        shop.connection = connection
        shop.land(view("/", 0, session_id="s-probe", _user_agent=f"{HUMAN} AcmeProbe/1.0"))
        shop.settle()

    def work() -> None:
        with connect(module_url, "footfall_worker") as worker:
            while not do_next(worker, module_url):
                pass

    page = open_as("ann", "/?tenant=acme")
    page.get_by_role("link", name="Rules", exact=True).click()
    page.on("dialog", lambda dialog: dialog.accept())
    expect(page.get_by_text("There are no rules of your own: the general ones hold.")).to_be_visible()
    page.get_by_role("button", name="+ Add a bot").click()
    bots = page.locator("fieldset").filter(has=page.get_by_text("Whose user agent has this text in it is a bot."))
    bots.get_by_label("Name").fill("Uptime check")
    bots.get_by_label("Text in the user agent").fill("AcmeProbe/")
    said = page.locator(".outcome-of-rules")
    with ThreadPoolExecutor(1) as worker:
        for button, begins in (
            ("Preview", "Preview:"),
            ("Apply", "Version 1 is in force:"),
            ("Revert", "Version 2 is in force:"),
        ):
            page.get_by_label("Try it on").select_option("")
            page.get_by_label("Reason").fill("our check is no visitor")
            page.get_by_role("button", name=button, exact=True).click()
            done = worker.submit(work)
            expect(said).to_contain_text(begins)
            done.result()
            expect(said).to_contain_text(
                "1 event of 1 visit: traffic " + ("bot → human" if button == "Revert" else "human → bot")
            )
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("takes back version 1")
    expect(rows.nth(1)).to_contain_text("Bots: 1")
    expect(rows.nth(1)).to_contain_text("ann@example.org")
    expect(rows.nth(1)).to_contain_text("our check is no visitor")


def test_nobody_else_finds_the_page(open_as, shop: Site) -> None:
    page = open_as("vic", "/rules?tenant=acme")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    expect(page.get_by_role("link", name="Rules", exact=True)).to_have_count(0)
