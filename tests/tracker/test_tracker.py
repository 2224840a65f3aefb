"""What the tracker sends, beacon by beacon, from a real browser."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from web_site import Host, Server, WebSite

VIEW = ("page_view", None)
ATTENTION = ("engagement", "attention")
VITALS = ("engagement", "web_vitals")
MORE_IS_THERE = "() => window.footfall?.leave"


def until(look: Callable[[], Any], wanted: Any) -> None:
    """Look again until it is so; what is never so fails with the difference."""
    for _ in range(100):
        if look() == wanted:
            return
        time.sleep(0.05)
    assert look() == wanted


def settle(page) -> None:
    """Give the tracker time to send what it has; what has not come by then never does."""
    page.wait_for_timeout(500)


@pytest.fixture(autouse=True)
def without_vitals(web_site: WebSite) -> None:
    """Their moment is the browser's: only their own test has them."""
    web_site.attributes = "data-local data-vitals=off"


def hide(page) -> None:
    """Another tab comes to the front, as far as the page can tell."""
    page.evaluate(
        "() => { for (const [name, value] of [['visibilityState', 'hidden'], ['hidden', true]])"
        " Object.defineProperty(document, name, {value, configurable: true});"
        " document.dispatchEvent(new Event('visibilitychange', {bubbles: true})); }"
    )


def show(page) -> None:
    page.evaluate(
        "() => { delete document.visibilityState; delete document.hidden;"
        " document.dispatchEvent(new Event('visibilitychange', {bubbles: true})); }"
    )


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
    assert (first["time_on_page"], second["time_on_page"]) == (10, 15)
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


def test_leaving_a_page_sends_what_is_not_acknowledged_by_beacon(open_page, host: Host, web_site: WebSite):
    page = open_page("/a")
    page.wait_for_function(MORE_IS_THERE)
    page.evaluate("() => { footfall.contact({label: 'newsletter'}); location.href = '/b'; }")
    until(lambda: host.told().count(VIEW), 2)
    assert ("contact_interaction", None) in host.told()
    assert ATTENTION in host.told()


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


@pytest.mark.parametrize(
    "wish",
    [
        "Object.defineProperty(navigator, 'doNotTrack', {value: '1'})",
        "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})",
    ],
)
def test_who_asks_not_to_be_tracked_is_not(open_page, host: Host, wish: str):
    page = open_page("/", script=wish)
    page.wait_for_function(MORE_IS_THERE)
    page.evaluate("() => { footfall.consent(true); footfall.track('engagement'); }")
    hide(page)
    settle(page)
    assert host.requests == []
    assert page.evaluate("localStorage.length") == 0


def test_local_and_automated_pages_are_not_counted_unless_asked_and_the_console_says_why(
    open_page, host: Host, web_site: WebSite
):
    web_site.attributes = "data-debug data-vitals=off"
    page = open_page("/")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.reload()
    settle(page)
    assert host.requests == []
    assert "footfall event local" in said


def test_required_consent_holds_everything_back_until_it_is_given(open_page, host: Host, web_site: WebSite):
    web_site.attributes += " data-consent=required"
    page = open_page("/")
    settle(page)
    assert host.requests == []
    assert page.evaluate("localStorage.length") == 0
    page.evaluate("footfall.consent(true)")
    until(host.told, [VIEW])
    visitor = host.events[0]["visitor_id"]
    page.reload()
    until(lambda: host.told().count(VIEW), 2)
    assert {event["visitor_id"] for event in host.events} == {visitor}
    page.evaluate("footfall.consent(false)")
    page.evaluate("footfall.track('engagement')")
    settle(page)
    assert len([told for told in host.told() if told == VIEW]) == 2
    assert page.evaluate("localStorage.length") == 0


def test_two_tabs_of_a_visitor_who_consents_share_one_id_and_double_nothing(open_page, host: Host):
    first = open_page("/one")
    until(host.told, [VIEW])
    first.evaluate("footfall.consent(true)")
    second = open_page("/two", same_profile=True)
    until(lambda: len(host.events), 2)
    first.evaluate("footfall.contact()")
    second.evaluate("footfall.contact()")
    until(lambda: len(host.events), 4)
    assert len({event["visitor_id"] for event in host.events[1:]}) == 1


def test_blocked_storage_changes_nothing_but_memory(open_page, host: Host):
    page = open_page("/", script="Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no'); }})")
    until(host.told, [VIEW])
    page.evaluate("() => { footfall.consent(true); footfall.contact(); }")
    until(host.told, [VIEW, ("contact_interaction", None)])
    assert host.events[1]["visitor_id"]


def test_who_opted_out_is_not_tracked_any_more(open_page, host: Host):
    page = open_page("/")
    until(host.told, [VIEW])
    page.evaluate("footfall.optOut()")
    page.reload()
    settle(page)
    assert host.told().count(VIEW) == 1
    page.evaluate("footfall.optOut(false)")
    page.reload()
    until(lambda: host.told().count(VIEW), 2)


def test_a_server_that_is_down_gets_the_same_events_later_and_is_asked_when_it_said(open_page, host: Host):
    host.status, host.headers = 503, {"retry-after": "40"}
    page = open_page("/", clock=True)
    page.clock.run_for(1_000)
    until(lambda: len(host.requests), 1)
    page.evaluate("footfall.contact()")
    page.clock.run_for(30_000)
    settle_real(page)
    assert len(host.requests) == 1
    host.status, host.headers = 202, {}
    page.clock.run_for(15_000)
    until(lambda: len(host.requests), 2)
    assert [event["event_id"] for event in host.requests[1]][:1] == [event["event_id"] for event in host.requests[0]]
    assert host.told() == [VIEW, ("contact_interaction", None)]
    page.clock.run_for(600_000)
    settle_real(page)
    assert len(host.requests) == 2


def test_offline_events_wait_with_growing_pauses_and_go_when_the_way_is_open(open_page, host: Host):
    page = open_page("/")
    until(host.told, [VIEW])
    page.context.set_offline(True)
    page.evaluate("for (let i = 0; i < 30; i++) footfall.track('engagement', {action: 'a' + i})")
    settle(page)
    assert len(host.events) == 1
    page.context.set_offline(False)
    until(lambda: len(host.events), 31)
    assert [event["evt_action"] for event in host.events[1:]] == [f"a{i}" for i in range(30)]


def test_events_that_a_page_could_not_send_are_sent_by_the_next_if_the_visitor_consented(
    open_page, host: Host, web_site: WebSite
):
    page = open_page("/")
    until(host.told, [VIEW])
    page.evaluate("footfall.consent(true)")
    host.status = 500
    page.evaluate("footfall.contact()")
    until(lambda: len(host.requests) > 1, wanted=True)
    page.evaluate("navigator.sendBeacon = () => false")
    page.goto("about:blank")

    def contacts() -> list[str]:
        events = [event for request in host.requests for event in request]
        return [event["event_id"] for event in events if event["evt_type"] == "contact_interaction"]

    settle(page)  # what was sent on leave is there
    before = len(contacts())
    host.status = 202
    page.goto(web_site.server.address)
    until(lambda: len(contacts()), before + 1)
    assert len(set(contacts())) == 1


def test_a_refused_request_is_not_sent_again(open_page, host: Host):
    host.status = 401
    page = open_page("/", clock=True)
    page.clock.run_for(1_000)
    until(lambda: len(host.requests), 1)
    page.clock.run_for(600_000)
    settle_real(page)
    assert len(host.requests) == 1


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


def settle_real(page) -> None:
    """As `settle`, for a page whose clock stands."""
    time.sleep(0.3)
    page.evaluate("0")


def test_many_calls_in_a_row_do_not_keep_each_other_from_being_sent(open_page, host: Host):
    page = open_page("/", clock=True)
    page.clock.run_for(1_000)
    until(host.told, [VIEW])
    for number in range(30):
        page.evaluate(f"footfall.track('engagement', {{action: 'a{number}'}})")
        page.clock.run_for(50)
    until(lambda: len(host.events) > 20, wanted=True)


def test_after_a_failure_what_was_beaconed_is_sent_once_more_by_the_next_page_if_the_visitor_consented(
    open_page, host: Host, web_site: WebSite
):
    page = open_page("/")
    until(host.told, [VIEW])
    page.evaluate("footfall.consent(true)")
    host.status = 503
    page.evaluate("footfall.contact()")
    until(lambda: len(host.requests), 2)
    page.goto("about:blank")
    until(lambda: len(contacts_of(host)) >= 2, wanted=True)  # what was sent on leave is there
    host.status = 202
    before = len(contacts_of(host))
    page.goto(web_site.server.address)
    until(lambda: len(contacts_of(host)), before + 1)
    assert len(set(contacts_of(host))) == 1


def test_consent_that_is_taken_back_in_one_tab_is_taken_back_in_all(open_page, host: Host):
    first = open_page("/one")
    first.evaluate("footfall.consent(true)")
    second = open_page("/two", same_profile=True)
    until(lambda: host.told().count(VIEW), 2)
    second.evaluate("footfall.consent(false)")
    first.wait_for_function("() => !localStorage.footfall")
    first.wait_for_timeout(100)
    first.evaluate("footfall.contact()")
    until(lambda: ("contact_interaction", None) in host.told(), wanted=True)
    assert "visitor_id" not in host.events[-1]
    assert first.evaluate("localStorage.length") == 0


def test_opting_out_holds_for_the_page_where_storage_is_blocked(open_page, host: Host):
    page = open_page("/", script="Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no'); }})")
    until(host.told, [VIEW])
    page.evaluate("() => { footfall.optOut(); footfall.contact(); }")
    settle(page)
    assert host.told() == [VIEW]


def test_what_another_script_wrote_under_our_name_does_no_harm(open_page, host: Host):
    open_page("/", script="localStorage.footfall = 'hello'")
    until(host.told, [VIEW])


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


@pytest.mark.parametrize(
    ("hostname", "is_counted"), [("xn--mller-kva.example", True), ("shop-git-main-acme.example", False), ("localhost", False)]
)
def test_international_names_are_no_previews(open_page, host: Host, web_site: WebSite, hostname: str, is_counted: bool):
    web_site.attributes = "data-vitals=off"
    context = open_page("/nothing").context
    page = context.new_page()
    page.add_init_script("Object.defineProperty(Navigator.prototype, 'webdriver', {get: () => false})")
    pages = lambda route: route.fulfill(  # noqa: E731
        content_type="text/html", body=f'<script src="{web_site.host}/footfall.js" data-key=ffw_test data-vitals=off></script>'
    )
    context.route(f"http://{hostname}/**", pages)
    # no public page may fetch from this machine itself
    context.route(f"{web_site.host}/**", lambda route: route.fulfill(response=route.fetch()))
    page.goto(f"http://{hostname}/")
    settle(page)
    assert len(host.events) == is_counted


def contacts_of(host: Host) -> list[str]:
    """The id of each contact, once for each time that it was sent."""
    return [event["event_id"] for request in host.requests for event in request if event["evt_type"] == "contact_interaction"]
