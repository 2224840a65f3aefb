"""The audit log on the dashboard: an owner sees what was done to their site, an operator all, nobody else any."""

import re

from playwright.sync_api import expect

from footfall.auth import add_key, set_role
from footfall.database import acting_as, connect
from footfall.database.acting import Actor
from footfall.database.connection import Connection
from site_under_test import Site


def test_an_owner_reads_and_filters_what_was_done(open_as, shop: Site, module_url: str) -> None:
    with acting_as(Actor("cli", "sysadmin", "cli")), connect(module_url, "footfall_worker") as connection:
        _do_things(connection)
    page = open_as("ann", "/?tenant=acme")
    page.get_by_role("link", name="Audit log").click()
    expect(page.get_by_role("heading", name="Who did what")).to_be_visible()
    rows = page.locator("tbody tr")
    first = rows.filter(has_text="A key was made").first
    expect(first).to_contain_text("sysadmin")
    expect(first).to_contain_text("label: web site")
    expect(rows.filter(has_text="got a role").first).to_contain_text("vic@example.org")
    expect(rows.filter(has_text="got a role").first).to_contain_text("role: viewer → admin")
    page.get_by_label("What").select_option("key")
    page.get_by_label("Who", exact=True).fill("SYSADMIN")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("action=key"))
    expect(rows).to_have_count(1)
    page.reload()
    expect(page.get_by_label("Who", exact=True)).to_have_value("SYSADMIN")
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="CSV").click()
    assert "key.created" in downloaded.value.path().read_text()
    page.get_by_label("Who", exact=True).fill("nobody of that name")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("Nothing of the kind was done.")).to_be_visible()


def test_an_operator_reads_of_all_sites_which_it_was(open_as, shop: Site) -> None:
    page = open_as("opa", "/audit-all?tenant=acme")
    expect(page.get_by_role("heading", name="Audit log of all")).to_be_visible()
    expect(page.locator("tbody tr").filter(has_text="A tenant was added").filter(has_text="rival").first).to_be_visible()


def test_nobody_else_finds_the_pages(open_as, shop: Site) -> None:
    for path in ("/audit?tenant=acme", "/audit-all?tenant=acme"):
        page = open_as("vic", path)
        expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
        expect(page.get_by_role("link", name="Audit log")).to_have_count(0)


def _do_things(connection: Connection) -> None:
    add_key(connection, "acme", "write", "web site")
    set_role(connection, "vic@example.org", "acme", "admin")
    set_role(connection, "vic@example.org", "acme", "viewer")
    set_role(connection, "vic@example.org", "acme", "admin")
