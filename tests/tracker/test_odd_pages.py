"""What odd pages do to the tracker, and the tracker not to them: each event for itself."""

import json

import pytest
from browsing import MORE_IS_THERE, VIEW, settle, until
from web_site import Host, WebSite

pytestmark = pytest.mark.usefixtures("without_vitals")


ODD = """() => {
    const ring = {}; ring.self = ring;
    const node = document.querySelector("h1"); node.__react = {node};
    for (const value of [10n, ring, node, window, new Date(NaN), Symbol("s"), () => 1, "x".repeat(1e6), Array(1e5).fill("y"),
                         "\\ud800\\0",
                         {get x() { throw new Error("no"); }}, {toJSON() { throw new Error("no"); }}])
      footfall.track("engagement", {action: "odd", properties: {value}});
    footfall.transaction("complete", {transaction_id: "O-1", value: 99, properties: {much: "z".repeat(1e5)}});
}"""


def test_whatever_an_event_holds_it_is_sent_and_so_are_its_neighbours(open_page, host: Host):
    page = open_page("/")
    page.wait_for_function(MORE_IS_THERE)
    page.evaluate(ODD)
    until(lambda: host.told().count(("engagement", "odd")), 12)
    until(lambda: ("transaction_step", "complete") in host.told(), wanted=True)
    assert all(len(json.dumps(request)) < 64_000 for request in host.requests)


@pytest.mark.parametrize("details", ["'x'.repeat(1e6)", "Array(1e5).fill('y')", "{0: 'x'.repeat(1e5), 1: 'y'.repeat(1e5), 2: 2}"])
def test_details_that_are_none_leave_the_event_what_it_is(open_page, host: Host, details: str):
    page = open_page("/")
    page.wait_for_function(MORE_IS_THERE)
    page.evaluate(f"() => footfall.track('engagement', {details})")
    until(lambda: ("engagement", None) in host.told(), wanted=True)


def test_an_event_that_cannot_be_said_before_the_rest_is_there_is_dropped_alone(open_page, host: Host, web_site: WebSite):
    web_site.body = """<script>addEventListener("DOMContentLoaded", () => {
        footfall.track("engagement", {action: "odd", properties: {n: 10n}}); footfall.contact(); });</script>"""
    open_page("/")
    until(lambda: ("contact_interaction", None) in host.told(), wanted=True)
    assert VIEW in host.told()


def test_patched_prototypes_and_missing_parts_of_the_browser_do_no_harm(open_page, host: Host):
    page = open_page(
        "/",
        script="""Array.prototype.toJSON = function () { return "[" + this.join() + "]"; }; Object.prototype.added = () => 1;
        navigator.sendBeacon = undefined; Object.defineProperty(window, "crypto", {value: undefined});
        Date.now = () => 1764158400000; performance.now = () => 1;""",
    )
    page.wait_for_function(MORE_IS_THERE)
    page.evaluate("() => { footfall.contact({properties: {list: [1, 2]}}); location.href = '/b'; }")
    until(lambda: host.told().count(VIEW), 2)
    contact = next(event for event in host.events if event["evt_type"] == "contact_interaction")
    assert contact["properties"] == {"list": [1, 2]}


def test_a_hook_that_throws_loses_its_event_alone_and_one_that_promises_is_awaited(open_page, host: Host, web_site: WebSite):
    web_site.attributes += " data-before-send=mine"
    web_site.head = """<script>async function later(event) { return {...event, page_title: "later"}; }
        function mine(event) { if (event.evt_action == "bad") throw new Error("no"); return later(event); }</script>"""
    page = open_page("/")
    page.evaluate("() => { footfall.track('engagement', {action: 'bad'}); footfall.contact(); }")
    until(lambda: ("contact_interaction", None) in host.told(), wanted=True)
    assert host.told() == [VIEW, ("contact_interaction", None)]
    assert {event["page_title"] for event in host.events} == {"later"}


@pytest.mark.parametrize("how", ["twice", "module"])
def test_a_snippet_that_is_there_twice_or_as_a_module_counts_each_view_once(open_page, host: Host, web_site: WebSite, how: str):
    loaded = "type=module" if how == "module" else "defer"
    tag = f'<script {loaded} src="{web_site.host}/footfall.js" data-key=ffw_test data-local data-vitals=off></script>'
    web_site.script = "footfall.js" if how == "twice" else "nothing.js"
    web_site.head = tag
    page = open_page("/a")
    page.wait_for_function(MORE_IS_THERE)
    page.evaluate("history.pushState({}, '', '/b')")
    until(lambda: host.told().count(VIEW), 2)
    settle(page)
    assert host.told().count(VIEW) == 2


def test_the_title_of_a_view_is_the_one_that_comes_after_its_address(open_page, host: Host):
    page = open_page("/a")
    page.wait_for_function(MORE_IS_THERE)
    page.evaluate("() => { history.pushState({}, '', '/b'); setTimeout(() => (document.title = 'B'), 40); }")
    until(lambda: host.told().count(VIEW), 2)
    assert [event["page_title"] for event in host.events if event["evt_type"] == "page_view"] == ["/a", "B"]


def test_what_is_typed_into_the_query_makes_no_view_and_a_page_behind_the_hash_does(open_page, host: Host, web_site: WebSite):
    web_site.attributes += " data-hash"
    page = open_page("/#/search")
    page.wait_for_function(MORE_IS_THERE)
    for typed in ("s", "sh", "shoe"):
        page.evaluate(f"history.replaceState({{}}, '', '/#/search?q={typed}')")
    page.evaluate("location.hash = '/thanks'")
    until(lambda: host.told().count(VIEW), 2)
    settle(page)
    views = [event for event in host.events if event["evt_type"] == "page_view"]
    assert [(view["page_url"].removeprefix(web_site.server.address), view["page_hash"]) for view in views] == [
        ("/#/search", True),
        ("/#/thanks", True),
    ]


def test_links_and_marked_elements_inside_web_components_are_heard_and_documents_do_no_harm(
    open_page, host: Host, web_site: WebSite
):
    web_site.body = """<x-card></x-card><script>customElements.define("x-card", class extends HTMLElement { connectedCallback() {
        this.attachShadow({mode: "open"}).innerHTML = `
        <button id=buy data-ff-event=item_interaction data-ff-item-id=sku-1>b</button>
        <form name=inner onsubmit="event.preventDefault()"><button id=go>go</button></form>`; } })</script>"""
    page = open_page("/")
    page.wait_for_function(MORE_IS_THERE)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.evaluate("() => { document.dispatchEvent(new Event('click')); dispatchEvent(new Event('click')); }")
    page.click("x-card #buy")
    page.click("x-card #go")
    until(host.told, [VIEW, ("item_interaction", None), ("engagement", "form_submit")])
    assert errors == []
