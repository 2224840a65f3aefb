"""The quality page: what was not understood is counted where people look, in words, each with an example."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from footfall.staging.rules import ERRORS, NOTES
from site_under_test import Site

REASONS = Path(__file__).parents[2] / "dashboard/src/reasons.ts"
NOW = datetime.now(UTC) - timedelta(minutes=5)
VIEW = {"evt_type": "page_view", "event_timestamp": NOW.isoformat(), "page_url": "https://acme.example/", "_received": NOW}
ODD = {
    "A visitor id that is none": ({"visitor_id": "undefined"}, 2),
    "A person's id that is none": ({"user_id": "00000000-0000-0000-0000-000000000000"}, 1),
    "A currency that nobody knows": ({"evt_value": 5, "currency": "US$"}, 1),
    "A wrong clock, set right": ({"sent_at": (NOW - timedelta(hours=3)).isoformat()}, 1),
    "Page title that was too long, and is cut": ({"page_title": "x" * 300}, 3),
}


@pytest.fixture(scope="module")
def odd(shop: Site) -> Site:
    """Events of today that count, with something odd about each."""
    for reason, (facts, times) in ODD.items():
        shop.land(*(VIEW | {"event_id": f"{reason} {number}", "_visitor_id": f"odd-{number}"} | facts for number in range(times)))
    shop.load()
    return shop


def test_every_code_that_an_event_can_get_has_words():
    words = set(re.findall(r"^  \"?([a-z_-]+)\"?: \"", REASONS.read_text(), re.MULTILINE))
    # that a time or a visit was inferred is told of the event itself: nobody needs to look at it
    assert {rule.code for rule in (*ERRORS, *NOTES)} - {"tenant_unknown", "event_timestamp_inferred", "session_inferred"} <= words


def test_what_was_noted_is_counted_with_an_example(open_as, odd: Site):
    page = open_as("ann", "/quality")
    noted = page.locator("section", has=page.get_by_role("heading", name="Noted", exact=True))
    for reason, (facts, times) in ODD.items():
        line = noted.locator("li", has_text=reason)
        expect(line).to_contain_text(f"{times} {'event' if times == 1 else 'events'}, the last")
        line.get_by_text("An example").click()
        expect(line.locator("pre")).to_contain_text(next(iter(facts)))
    expect(noted).not_to_contain_text("inferred")


def test_bots_that_read_the_site_are_named_with_their_kind(open_as, odd: Site):
    agent = "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)"
    odd.land(VIEW | {"event_id": "bot", "_visitor_id": "gpt"}, user_agent=agent)
    odd.load()
    page = open_as("ann", "/quality")
    bots = page.locator("section.panel", has=page.get_by_role("heading", name="Bots", exact=True)).last
    expect(bots.get_by_role("row", name="GPTBot")).to_contain_text("AI crawler")
