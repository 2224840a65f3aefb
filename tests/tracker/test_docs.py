"""Every snippet of README and docs does in a browser what its page says, and the database takes what it sends."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from browsing import MORE_IS_THERE, settle, until
from documentation import PAGES, ROOT, blocks, name_of
from playwright.sync_api import Page
from web_site import Host, Server, WebSite

from footfall.demo.industries import INDUSTRIES
from footfall.web.wire import TrackingEvent
from site_under_test import Site

Event = dict[str, Any]

TRACKER_PAGE = ROOT / "docs" / "send" / "tracker.md"
TYPES = {"page_view", "item_interaction", "transaction_step", "contact_interaction", "engagement"}
STEPS = {"start", "progress", "complete", "abandon"}
KEYS = {field.encode_name for field in msgspec.structs.fields(TrackingEvent)}
NOTE_ERRORS = "window.errors = []; addEventListener('error', (event) => errors.push(event.message))"
# as a visitor would, but for leaving the page
USE_EVERYTHING = """() => {
    for (const type of ["click", "submit"]) addEventListener(type, (event) => event.preventDefault());
    for (const element of document.querySelectorAll("a, button")) if (!element.closest("form")) element.click();
    for (const form of document.forms) form.requestSubmit();
}"""


# what a page says, and what it means to somebody who tries it on this machine
MEANT = {
    "https://HOST": "https://HOST",
    "http://127.0.0.1:8700": "https://HOST",
    'data-key="WRITE_KEY"': 'data-key="ffw_test" data-local data-vitals="off"',
    'tracker.setAttribute("data-key", "WRITE_KEY")': 'Object.assign(tracker.dataset, {key: "ffw_test", local: 1, vitals: "off"})',
    'key: "WRITE_KEY"': 'key: "ffw_test", local: true, vitals: "off"',
    "key=WRITE_KEY": "key=ffw_test",
}
# a stand-in for what Shopify gives to a custom pixel: somebody begins and completes a checkout
SHOPIFY = """;window.analytics = { subscribe: (name, hear) => hear({
    id: "sh-" + name, timestamp: new Date().toISOString(), context: { document: { location } },
    data: { checkout: { order: { id: 5501 }, totalPrice: { amount: 143.5, currencyCode: "EUR" }, currencyCode: "EUR" } },
}) }"""


@dataclass(frozen=True)
class Snippet:
    """A block of a page that runs in a browser."""

    name: str
    heading: str
    language: str
    code: str

    @property
    def is_of_an_industry(self) -> bool:
        return self.heading.lower().replace(" ", "-") in {industry.industry for industry in INDUSTRIES}

    @property
    def starts_the_tracker(self) -> bool:
        return "WRITE_KEY" in self.code

    @property
    def needs_the_tracker(self) -> bool:
        """Neither a module, which is one, nor a pixel, which sends by itself."""
        return not self.code.startswith("import") and "fetch(" not in self.code


def snippets() -> list[Snippet]:
    found, seen = [], Counter[str]()
    for page in PAGES:
        for block in blocks(page):
            if block.language not in {"html", "js"} or block.mark == "not run" or block.file.endswith(".mjs"):
                continue
            about = block.heading if page == TRACKER_PAGE else name_of(page)
            seen[about] += 1
            name = about if seen[about] == 1 else f"{about} {seen[about]}"
            heading = block.heading if page == TRACKER_PAGE else ""
            found.append(Snippet(name, heading, block.language, block.code))
    return found


SNIPPETS = snippets()
arrived: dict[Snippet, list[Event]] = {}


@pytest.fixture
def run(
    open_page: Callable[..., Page], host: Host, web_site: WebSite, tracker_module: Server
) -> Callable[[Snippet], list[Event]]:
    """What arrives from a page with this snippet; each is run once, whichever tests ask."""

    def run_(snippet: Snippet) -> list[Event]:
        code = snippet.code
        for said, meant in MEANT.items():
            code = code.replace(said, meant.replace("https://HOST", host.server.address))
        is_module = code.startswith("import")
        web_site.attributes = "data-local data-vitals=off"
        web_site.script = "not-there.js" if snippet.starts_the_tracker else "footfall.js"
        web_site.head = (
            f"""<script type=importmap>{{"imports": {{"footfall-tracker": "{tracker_module.address}/footfall.js"}}}}</script>"""
        )
        web_site.body = code if snippet.language == "html" else "<h1>Shop</h1>"
        host.requests.clear()
        page = open_page("/docs", script=NOTE_ERRORS + SHOPIFY)
        if snippet.needs_the_tracker:
            page.wait_for_function(MORE_IS_THERE)
        if snippet.language == "js":
            if snippet.needs_the_tracker:
                until(lambda: bool(host.events), wanted=True)  # the page view: what is said in snippets comes after it
            page.add_script_tag(content=code, type="module" if is_module else "")
        page.evaluate(USE_EVERYTHING)
        settle(page)
        assert page.evaluate("errors") == []
        events = host.events
        page.close()
        return events

    def remembered(snippet: Snippet) -> list[Event]:
        if snippet not in arrived:
            arrived[snippet] = run_(snippet)
        return arrived[snippet]

    return remembered


def faults(event: Event) -> list[str]:
    """What is wrong with an event."""
    said = []
    if event["evt_type"] not in TYPES:
        said.append(f"{event['evt_type']} is none of the five types")
    if unknown := event.keys() - KEYS:
        said.append(f"the wire has no {unknown}")
    if event["evt_type"] == "transaction_step" and event.get("evt_action") not in STEPS:
        said.append(f"{event.get('evt_action')} is no step")
    if event["evt_type"] == "item_interaction" and not (event.get("evt_label") or event.get("item_id")):
        said.append("which item?")
    try:
        msgspec.convert(event, TrackingEvent)
    except msgspec.ValidationError as error:
        said.append(str(error))
    return said


def test_every_industry_has_a_snippet():
    headings = {snippet.heading.lower().replace(" ", "-") for snippet in SNIPPETS}
    assert {industry.industry for industry in INDUSTRIES} - headings == set()


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.name)
def test_a_snippet_sends_well_formed_events(run, snippet: Snippet):
    events = run(snippet)
    assert events, "nothing arrived"
    assert [fault for event in events for fault in faults(event)] == []
    if snippet.is_of_an_industry:
        assert {event["evt_type"] for event in events} - {"page_view"}


def test_the_database_takes_what_the_snippets_send(run, site: Site):
    events = [event for snippet in SNIPPETS for event in run(snippet)]
    site.land(*events, received=datetime.now(UTC), is_trusted=False)
    assert site.load() == len(events)
    assert [error for error in site.staged("validation_errors") if error] == []
    assert set(site.staged("validation_status")) == {"VALID"}
    flags = {flag for flags in site.staged("validation_flags") for flag in flags or []}
    # the last two are this test's doing: nobody's address came with the events, and they lay a while before they landed
    assert flags <= {"session_inferred", "visitor_missing", "clock_corrected"}
