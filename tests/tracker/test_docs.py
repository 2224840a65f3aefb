"""docs/tracker.md: every snippet does in a browser what the page says, and the database takes what it sends."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page
from test_tracker import MORE_IS_THERE, settle, until
from web_site import Host, Server, WebSite

from footfall.demo.industries import INDUSTRIES
from footfall.web.wire import TrackingEvent
from site_under_test import Site

Event = dict[str, Any]

PAGE = Path(__file__).parents[2] / "docs" / "tracker.md"
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


@dataclass(frozen=True)
class Snippet:
    """A block of the page that runs in a browser."""

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


def snippets() -> list[Snippet]:
    found, seen, heading = [], Counter[str](), ""
    for title, language, code in re.findall(
        r"^##+ ([^\n]+)$|^```(html|js)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL
    ):
        if title:
            heading = title
            continue
        seen[heading] += 1
        name = heading if seen[heading] == 1 else f"{heading} {seen[heading]}"
        found.append(Snippet(name, heading, language, code))
    return found


SNIPPETS = snippets()
arrived: dict[Snippet, list[Event]] = {}


@pytest.fixture
def run(
    open_page: Callable[..., Page], host: Host, web_site: WebSite, tracker_module: Server
) -> Callable[[Snippet], list[Event]]:
    """What arrives from a page with this snippet; each is run once, whichever tests ask."""

    def run_(snippet: Snippet) -> list[Event]:
        code = snippet.code.replace("https://HOST", host.server.address)
        code = code.replace('data-key="WRITE_KEY"', 'data-key="ffw_test" data-local data-vitals="off"')
        code = code.replace('key: "WRITE_KEY"', 'key: "ffw_test", local: true, vitals: "off"')
        is_module = code.startswith("import")
        web_site.attributes = "data-local data-vitals=off"
        web_site.script = "not-there.js" if snippet.starts_the_tracker else "footfall.js"
        web_site.head = (
            f"""<script type=importmap>{{"imports": {{"footfall-tracker": "{tracker_module.address}/footfall.js"}}}}</script>"""
        )
        web_site.body = code if snippet.language == "html" else "<h1>Shop</h1>"
        host.requests.clear()
        page = open_page("/docs", script=NOTE_ERRORS)
        if not is_module:
            page.wait_for_function(MORE_IS_THERE)
        if snippet.language == "js":
            if not is_module:
                until(lambda: len(host.events), 1)  # the page view: what is said in snippets comes after it
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
    assert flags <= {"session_inferred"}
