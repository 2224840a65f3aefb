"""From a page with the snippet, through server and worker, to the dashboard: exactly what the visitor did."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from shop_day import PASSWORD
from web_site import WebSite

from footfall.auth import add_account, add_key, set_role
from server_process import ServerProcess
from site_under_test import Site

SHOP = """
    <h1>Shop</h1>
    <a id=next href="/red-shoe">Red shoe</a>
    <button id=cart data-ff-event="item_interaction" data-ff-action="add_to_cart" data-ff-item-id="sku-1"
        data-ff-item-type="product" data-ff-item-name="Red shoe" data-ff-prop-size="42">Add to cart</button>
    <button id=checkout data-ff-event="transaction_step" data-ff-action="start" data-ff-funnel="checkout">Check out</button>
    <button id=pay onclick="footfall.transaction('complete',
        {funnel: 'checkout', label: 'paid', transaction_id: 'o-77', value: '59.90', currency: 'EUR'})">Pay</button>
"""


@pytest.fixture
def served_shop(url: str) -> Iterator[ServerProcess]:
    with ServerProcess(url) as server:
        yield server


@pytest.fixture
def shop(worker, served_shop: ServerProcess) -> Iterator[tuple[Site, WebSite]]:
    """A tenant with an owner, and its web site."""
    site = Site(worker, "acme", industry="e-commerce", currency="EUR")
    add_account(worker, "ann@example.org", "Ann", PASSWORD)
    set_role(worker, "ann@example.org", "acme", "owner")
    web_site = WebSite(served_shop.address, add_key(worker, "acme", "write", "site")[1])
    web_site.attributes = "data-local data-vitals=off"
    web_site.body = SHOP
    with web_site.server:
        yield site, web_site


@pytest.fixture
def visitor(visitors_browser: Browser) -> Iterator[Page]:
    context = visitors_browser.new_context(locale="de-DE", timezone_id="Europe/Berlin")
    yield context.new_page()
    context.close()


@pytest.fixture
def dashboard(browser: Browser, served_shop: ServerProcess) -> Iterator[Page]:
    context = browser.new_context(base_url=served_shop.address)
    body = {"email": "ann@example.org", "password": PASSWORD}
    assert context.request.post("/api/session", data=body, headers={"X-Footfall-Request": "1"}).ok
    yield context.new_page()
    context.close()


def arrived(site: Site, events: int) -> None:
    """Wait until so many events have been received, then load them as the worker does."""
    for _ in range(200):
        if site.value("SELECT count(*) FROM raw.site_tracking_events_r") >= events:
            break
        time.sleep(0.1)
    site.load()


def kinds(site: Site) -> list[tuple[str, str, int]]:
    return site.rows(
        "SELECT d.event_type, d.event_action, count(*) FROM business.site_event_details_s d"
        " WHERE d.event_action <> 'attention' GROUP BY 1, 2 ORDER BY 1, 2"
    )


def buy(page: Page, web_site: WebSite) -> None:
    page.goto(f"{web_site.server.address}/")
    page.wait_for_function("() => window.footfall?.leave")
    page.click("#next")
    page.wait_for_url("**/red-shoe")
    page.wait_for_function("() => window.footfall?.leave")
    page.click("#cart")
    page.click("#checkout")
    page.click("#pay")


DONE = [
    ("item_interaction", "add_to_cart", 1),
    ("page_view", "view", 2),
    ("transaction_step", "complete", 1),
    ("transaction_step", "start", 1),
]


def test_the_dashboard_shows_exactly_what_a_visitor_did(shop, visitor: Page, dashboard: Page):
    site, web_site = shop
    buy(visitor, web_site)
    visitor.wait_for_timeout(600)
    visitor.goto("about:blank")
    arrived(site, 6)
    assert kinds(site) == DONE

    dashboard.goto("/?period=7d&metric=page_views")
    shown = {
        label: dashboard.locator(".card", has_text=label).locator(".value")
        for label in ("Visitors", "Visits", "Page views", "Orders", "Conversion rate", "Revenue")
    }
    expected = {
        "Visitors": "1",
        "Visits": "1",
        "Page views": "2",
        "Orders": "1",
        "Conversion rate": "100.0%",
        "Revenue": "€59.90",
    }
    for label, value in expected.items():
        expect(shown[label]).to_have_text(value)
    pages = dashboard.locator(".panel", has=dashboard.get_by_role("heading", name="Pages", exact=True))
    expect(pages.locator("tbody th")).to_have_text(["/", "/red-shoe"])
    expect(dashboard.locator(".panel", has=dashboard.get_by_role("heading", name="Products"))).to_contain_text("Red shoe")
    expect(dashboard.locator(".panel", has=dashboard.get_by_role("heading", name="Locations"))).to_contain_text("Germany")

    dashboard.goto("/why?period=7d&figure=revenue")
    expect(dashboard.locator(".proved")).to_have_text("✓ The values of its events sum up to €59.90. 1 to 1 are below.")
    dashboard.goto("/quality")
    expect(dashboard.locator(".equation .proved")).to_have_text("✓ nothing is lost")


def test_a_server_that_is_down_and_comes_back_loses_nothing_and_counts_nothing_twice(shop, served_shop, visitor: Page):
    site, web_site = shop
    visitor.goto(f"{web_site.server.address}/")
    visitor.wait_for_function("() => window.footfall?.leave")
    arrived(site, 1)
    served_shop.stop()
    visitor.evaluate("history.pushState({}, '', '/red-shoe')")
    for button in ("#cart", "#checkout", "#pay"):
        visitor.click(button)
    visitor.wait_for_timeout(2500)  # it has tried, and tried again
    served_shop.start()
    arrived(site, 6)
    visitor.wait_for_timeout(3000)  # whatever is still sent again
    site.load()
    assert kinds(site) == DONE
    assert site.value("SELECT count(*) FROM business.site_event_h") == site.value(
        "SELECT count(DISTINCT r.raw_payload ->> 'event_id') FROM raw.site_tracking_events_r r"
    )
