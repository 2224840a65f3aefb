"""A visit's story: the same events leave Chromium, Firefox and WebKit."""

import time

import pytest
from web_site import Host, WebSite

from browsers import NAMES, driven

pytestmark = pytest.mark.browsers

HEAD = """<script>
    window.thrown = [];
    for (const name of ["error", "unhandledrejection"])
      addEventListener(name, (event) => thrown.push(String(event.message || event.reason)));
    function mine(event) { if (event.evt_action == "bad") throw new Error("no"); return event; }
</script>"""
BODY = """<h1>Shop</h1>
    <a id=out href="https://elsewhere.example/x" onclick="event.preventDefault()">away</a>
    <button id=buy data-ff-event=item_interaction data-ff-action=add_to_cart data-ff-item-id=sku-1>buy</button>"""


@pytest.mark.parametrize("name", NAMES)
def test_a_visit_tells_the_same_events_in_every_browser(name: str, host: Host, web_site: WebSite):
    # web vitals come at a moment of each browser's own
    web_site.attributes = "data-local data-vitals=off data-before-send=mine"
    web_site.head, web_site.body = HEAD, BODY
    with driven(name) as driver:
        driver.go(web_site.server.address + "/landing?utm_source=news&utm_campaign=spring")
        driver.until("!!window.footfall?.leave")
        driver.click("#out")
        driver.run("history.pushState({}, '', '/shoes'); setTimeout(() => (document.title = 'Shoes'), 40)")
        arrived(host, 4)
        driver.click("#buy")
        driver.run("footfall.consent(true); footfall.track('engagement', {action: 'bad'})")
        driver.run("footfall.transaction('complete', {transaction_id: 'O-1', value: 19.9, currency: 'EUR'})")
        arrived(host, 6)
        assert driver.run("return thrown") == []
        driver.go("about:blank")
        arrived(host, 7)

    landing = "/landing?utm_source=news&utm_campaign=spring"
    assert [
        (
            event["evt_type"],
            event.get("evt_action"),
            event["page_url"].removeprefix(web_site.server.address),
            event["page_title"],
            event["page_referrer"].removeprefix(web_site.server.address),
        )
        for event in host.events
    ] == [
        ("page_view", None, landing, landing, ""),
        ("engagement", "outbound_link", landing, landing, ""),
        ("engagement", "attention", landing, landing, ""),
        ("page_view", None, "/shoes", "Shoes", landing),
        ("item_interaction", "add_to_cart", "/shoes", "Shoes", landing),
        ("transaction_step", "complete", "/shoes", "Shoes", landing),
        ("engagement", "attention", "/shoes", "Shoes", landing),
    ]
    # who consents has one name, from then on
    assert len({event["visitor_id"] for event in host.events[5:]}) == 1
    assert (host.events[5]["transaction_id"], host.events[5]["evt_value"], host.events[5]["currency"]) == ("O-1", 19.9, "EUR")


def arrived(host: Host, count: int) -> None:
    """Wait until so many events are there."""
    end = time.monotonic() + 15
    while len(host.events) < count:
        assert time.monotonic() < end, host.told()
        time.sleep(0.05)
