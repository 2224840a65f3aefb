"""What the tracker sends, beacon by beacon, from a real browser."""

import json
from pathlib import Path

import pytest
from browsing import ATTENTION, MORE_IS_THERE, VIEW, VITALS, hide, settle, show, until
from web_site import Host, Server, WebSite

pytestmark = pytest.mark.usefixtures("without_vitals")
SCRUBBING = json.loads((Path(__file__).parents[1] / "scrubbing.json").read_text())


def test_a_page_view_says_what_the_wire_asks_for_and_keeps_nothing_in_the_browser(open_page, host: Host, web_site: WebSite):
    page = open_page(
        "/shoes?utm_source=mail#top", locale="de-DE", timezone_id="Europe/Berlin", viewport={"width": 800, "height": 600}
    )
    until(host.told, [VIEW])
    event = host.events[0]
    assert event.pop("event_id")
    assert event.pop("event_timestamp") <= event.pop("sent_at")
    assert event == {
        "evt_type": "page_view",
        "page_url": f"{web_site.server.address}/shoes?utm_source=mail",
        "page_title": "/shoes?utm_source=mail",
        "page_referrer": "",
        "screen_resolution": "800x600",
        "viewport_width": 800,
        "viewport_height": 600,
        "language": "de-DE",
        "timezone": "Europe/Berlin",
    }
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_each_page_of_a_single_page_application_is_a_view_with_the_one_before_as_referrer(
    open_page, host: Host, web_site: WebSite
):
    page = open_page("/a")
    page.wait_for_function(MORE_IS_THERE)
    page.evaluate("history.pushState({}, '', '/b')")
    page.evaluate("history.replaceState({}, '', '/b')")  # the same page once more
    page.evaluate("history.replaceState({}, '', '/c')")
    page.go_back()
    until(lambda: host.told().count(VIEW), 4)
    views = [event for event in host.events if event["evt_type"] == "page_view"]
    here = web_site.server.address
    assert [(view["page_url"], view["page_referrer"]) for view in views] == [
        (f"{here}/a", ""),
        (f"{here}/b", f"{here}/a"),
        (f"{here}/c", f"{here}/b"),
        (f"{here}/a", f"{here}/c"),
    ]


def test_attention_and_depth_of_a_view_are_told_when_the_page_is_hidden_and_grow_when_it_is_shown_again(open_page, host: Host):
    page = open_page("/", clock=True, viewport={"width": 800, "height": 600})
    page.wait_for_function(MORE_IS_THERE)
    page.clock.run_for(10_000)
    hide(page)
    until(host.told, [VIEW, ATTENTION])
    page.clock.run_for(60_000)  # nobody looks
    show(page)
    page.evaluate("scrollTo(0, 1e6)")
    page.clock.run_for(5_000)
    hide(page)
    until(host.told, [VIEW, ATTENTION, ATTENTION])
    first, second = host.events[1:]
    # the page's clock goes on by itself, too: on a busy machine by some seconds
    assert 10 <= first["time_on_page"] < 40
    assert 5 <= second["time_on_page"] - first["time_on_page"] < 35
    assert first["scroll_depth"] < 40
    assert second["scroll_depth"] == 100


def test_attention_belongs_to_the_view_that_had_it(open_page, host: Host, web_site: WebSite):
    page = open_page("/a", clock=True)
    page.wait_for_function(MORE_IS_THERE)
    page.clock.run_for(7_000)
    page.evaluate("history.pushState({}, '', '/b')")
    page.clock.run_for(2_000)
    hide(page)
    until(host.told, [VIEW, ATTENTION, VIEW, ATTENTION])
    told = [(event["page_url"].removeprefix(web_site.server.address), event.get("time_on_page")) for event in host.events]
    assert told == [("/a", None), ("/a", 7), ("/b", None), ("/b", 2)]


def test_a_page_that_comes_back_out_of_the_back_forward_cache_is_a_view(open_page, host: Host):
    page = open_page("/")
    until(host.told, [VIEW])
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    until(lambda: host.told().count(VIEW), 2)


def test_a_prerendered_page_is_a_view_when_it_is_shown(open_page, host: Host):
    page = open_page("/", script="Object.defineProperty(document, 'prerendering', {value: true, configurable: true})")
    settle(page)
    assert host.told() == []
    page.evaluate("document.dispatchEvent(new Event('prerenderingchange'))")
    until(host.told, [VIEW])


def test_links_that_lead_away_downloads_forms_and_marked_elements_are_heard(open_page, host: Host, web_site: WebSite):
    web_site.body = """
        <a id=out href="https://elsewhere.example/x?token=abc" onclick="event.preventDefault()">away</a>
        <a id=pdf href="/price-list.pdf" onclick="event.preventDefault()">list</a>
        <a id=near href="#near">near</a>
        <form name=search onsubmit="event.preventDefault()"><button id=go>go</button></form>
        <form data-ff-event=contact_interaction data-ff-label=callback onsubmit="event.preventDefault()">
            <button id=call>call</button></form>
        <button id=buy data-ff-event=item_interaction data-ff-action=add_to_cart data-ff-label=SKU-1
            data-ff-value=19.90 data-ff-currency=EUR
            data-ff-item-id=sku-1 data-ff-item-type=product data-ff-prop-size=42><b id=inside>buy</b></button>"""
    page = open_page("/")
    page.wait_for_function(MORE_IS_THERE)
    for element in ("out", "pdf", "near", "go", "call", "inside"):
        page.click(f"#{element}")
    until(lambda: len(host.events), 6)
    told = [{key: event[key] for key in event if key.startswith(("evt_", "item_", "curr", "prop"))} for event in host.events[1:]]
    assert told == [
        {"evt_type": "engagement", "evt_action": "outbound_link", "evt_label": "https://elsewhere.example/x?token=removed"},
        {"evt_type": "engagement", "evt_action": "download", "evt_label": f"{web_site.server.address}/price-list.pdf"},
        {"evt_type": "engagement", "evt_action": "form_submit", "evt_label": "search"},
        {"evt_type": "contact_interaction", "evt_label": "callback"},
        {
            "evt_type": "item_interaction", "evt_action": "add_to_cart", "evt_label": "SKU-1",
            "evt_value": "19.90", "currency": "EUR", "item_id": "sku-1", "item_type": "product", "properties": {"size": "42"},
        },
    ]  # fmt: skip


def test_a_page_that_is_not_there_says_so(open_page, host: Host, web_site: WebSite):
    web_site.status = 404
    open_page("/nowhere")
    until(host.told, [VIEW, ("engagement", "not_found")])
    assert host.events[1]["evt_label"] == "/nowhere"


def test_web_vitals_are_told_once_when_the_page_is_hidden(open_page, host: Host, web_site: WebSite):
    web_site.attributes = "data-local"
    page = open_page("/")
    page.wait_for_function(MORE_IS_THERE)
    settle(page)
    page.click("h1")
    hide(page)
    until(lambda: VITALS in host.told(), wanted=True)
    event = next(event for event in host.events if event.get("evt_action") == "web_vitals")
    assert {"fcp", "ttfb"} <= event["properties"].keys()


def test_web_vitals_are_those_of_the_page_that_was_opened_also_where_it_is_told_by_its_hash(
    open_page, host: Host, web_site: WebSite
):
    web_site.attributes = "data-local data-hash"
    page = open_page("/#/first")
    page.wait_for_function(MORE_IS_THERE)
    settle(page)
    page.evaluate("location.hash = '/second'")
    until(lambda: host.told().count(VIEW), 2)
    hide(page)
    until(lambda: VITALS in host.told(), wanted=True)
    event = next(event for event in host.events if event.get("evt_action") == "web_vitals")
    assert event["page_url"] == f"{web_site.server.address}/#/first"


def test_calls_made_before_the_script_is_there_are_kept(open_page, host: Host, web_site: WebSite):
    web_site.head = """<script>window.footfall = {q: []};
        for (const name of ["track", "page", "item", "transaction", "contact", "identify", "consent", "optOut"])
          footfall[name] = (...values) => footfall.q.push([name, ...values]);
        footfall.identify("customer-7"); footfall.transaction("start", {funnel: "checkout"});</script>"""
    open_page("/")
    until(host.told, [VIEW, ("transaction_step", "start")])
    assert host.events[1]["user_id"] == "customer-7"
    assert host.events[1]["funnel"] == "checkout"


def test_before_send_may_change_an_event_or_keep_it(open_page, host: Host, web_site: WebSite):
    web_site.attributes += " data-before-send=mine"
    web_site.head = (
        "<script>function mine(event) { if (event.evt_type == 'page_view') return {...event, page_title: 'ours'}; }</script>"
    )
    page = open_page("/")
    page.evaluate("footfall.track('engagement', {action: 'secret'})")
    settle(page)
    assert [(event["evt_type"], event["page_title"]) for event in host.events] == [("page_view", "ours")]


def test_what_looks_like_an_address_or_a_token_is_not_sent(open_page, host: Host, web_site: WebSite):
    open_page("/u/ann@example.org/reset/9f86d081884c7d659a2feaa0c55ad015?email=ann%40example.org&api_key=12&keyword=shoes")
    until(host.told, [VIEW])
    sent = host.events[0]["page_url"].removeprefix(web_site.server.address)
    assert sent == "/u/removed/reset/removed?email=removed&api_key=removed&keyword=shoes"


def test_a_strict_content_security_policy_is_enough(open_page, host: Host, web_site: WebSite):
    web_site.headers = {
        "content-security-policy": f"default-src 'none'; script-src {host.server.address}; connect-src {host.server.address}"
    }
    web_site.body = "<a id=pdf href=/price-list.pdf>list</a>"
    page = open_page("/")
    page.wait_for_function(MORE_IS_THERE)
    page.click("#pdf")
    until(host.told, [VIEW, ("engagement", "download")])


def test_the_core_script_sends_views_and_events(open_page, host: Host, web_site: WebSite):
    web_site.script = "footfall-core.js"
    page = open_page("/")
    page.evaluate("footfall.track('engagement', {action: 'play'})")
    until(host.told, [VIEW, ("engagement", "play")])


def test_the_es_module_is_the_same_tracker(open_page, host: Host, web_site: WebSite, tracker_module: Server):
    web_site.script = "nothing.js"
    web_site.head = f"""<script type=module>
        import {{ start }} from "{tracker_module.address}/footfall.js";
        window.footfall = start({{ key: "ffw_test", host: "{host.server.address}", local: true, vitals: "off" }});</script>"""
    page = open_page("/")
    page.wait_for_function(MORE_IS_THERE)
    page.evaluate("footfall.item({item_id: 'sku-1', label: 'Shoe'})")
    until(host.told, [VIEW, ("item_interaction", None)])


def test_context_menus_are_no_clicks_and_links_in_svg_no_trouble(open_page, host: Host, web_site: WebSite):
    web_site.body = """<button id=buy data-ff-event=contact_interaction>buy</button>
        <svg width=100 height=40><a href="#x"><rect id=svg width=100 height=40></rect></a></svg>
        <form onsubmit="event.preventDefault()"><input name=id hidden><button id=go>go</button></form>"""
    page = open_page("/")
    page.wait_for_function(MORE_IS_THERE)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.click("#buy", button="right")
    page.click("#svg")
    page.click("#go")
    until(host.told, [VIEW, ("engagement", "form_submit")])
    assert host.events[1]["evt_label"] == "form"
    assert errors == []


def test_an_ipad_says_that_it_is_a_tablet(open_page, host: Host):
    agent = (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15"
    )
    open_page("/", script="Object.defineProperty(navigator, 'maxTouchPoints', {get: () => 5})", user_agent=agent)
    until(host.told, [VIEW])
    assert host.events[0]["device_type"] == "tablet"


def test_what_is_secret_does_not_leave_the_browser_and_what_is_long_does(open_page, host: Host):
    cases = [case for case in SCRUBBING if case.get("where") != "server"]
    page = open_page("/")
    page.wait_for_function(MORE_IS_THERE)
    page.evaluate("(texts) => texts.forEach((label) => footfall.track('engagement', {label}))", [case["text"] for case in cases])
    until(lambda: len(host.events), 1 + len(cases))
    assert [event["evt_label"].replace("removed", "*") for event in host.events[1:]] == [case["becomes"] for case in cases]
