"""The operators' page of all sites: what each sends, searched and sorted; and what is seen of a site that is disabled."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect
from shop_day import PASSWORD

from footfall.auth import NewTenant, add_account, add_tenant, rename_tenant
from server_process import ServerProcess
from site_under_test import Site, view


@pytest.fixture
def customers(worker) -> Site:
    """Sixty quiet sites, and acme, which has sent two events just now."""
    site, now = Site(worker, "acme"), datetime.now(UTC)
    worker.execute("SELECT util.ensure_partitions(%s, 0)", (now,))
    site.land(*(view("/", number, event_timestamp=now.isoformat(), session_id="s") for number in range(2)), received=now)
    site.load()
    for number in range(60):
        add_tenant(worker, NewTenant(f"customer-{number:02}", f"Customer number {number:02}"))
    add_account(worker, "opa@example.org", "Opa", PASSWORD, is_operator=True)
    return site


def test_operators_look_for_a_customer_and_open_it(browser, url: str, customers: Site):
    with ServerProcess(url) as server:
        page = browser.new_page(base_url=server.address)
        body = {"email": "opa@example.org", "password": PASSWORD}
        page.request.post("/api/session", data=body, headers={"X-Footfall-Request": "1"})
        page.goto("/?tenant=acme")
        page.get_by_role("link", name="Customers").click()
        expect(page.get_by_role("heading", name="61 sites")).to_be_visible()
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(50)
        expect(rows.first).to_contain_text("Acme acme")
        expect(rows.first.locator("td").first).to_have_text("2")
        page.get_by_role("link", name="Site", exact=True).click()
        page.get_by_role("link", name=re.compile("^Site")).click()
        expect(rows.first).to_contain_text("Customer number 59")
        page.get_by_role("link", name="More →").click()
        expect(rows).to_have_count(11)
        page.get_by_label("Search sites by name or id").fill("number 58")
        page.get_by_role("button", name="Search").click()
        expect(rows).to_have_count(1)
        page.get_by_role("link", name="Customer number 58").click()
        expect(page).to_have_url(re.compile("tenant=customer-58"))
        expect(page.get_by_role("button", name="Tenant: Customer number 58")).to_be_visible()
        with page.expect_download() as downloaded:
            page.goto("/customers?tenant=acme")
            page.get_by_role("link", name="this month", exact=True).click()
        assert downloaded.value.path().read_text().startswith("tenant,name,plan,accepted_events")
        rename_tenant(customers.connection, "customer-59", "shoes")
        page.goto("/quality?tenant=customer-59")
        expect(page).to_have_url(re.compile("tenant=shoes"))
        expect(page.get_by_role("button", name="Tenant: Customer number 59")).to_be_visible()
        customers.connection.execute("UPDATE auth.tenant_details_s SET is_active = false WHERE public_id = 'shoes'")
        page.reload()
        expect(page.get_by_role("alert")).to_contain_text("This site is disabled")
        page.close()


def test_nobody_else_finds_the_page(open_as):
    page = open_as("ann", "/customers?tenant=acme")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    assert page.get_by_role("link", name="Customers").count() == 0
