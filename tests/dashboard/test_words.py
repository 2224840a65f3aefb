"""What the pages say: words that people use, codes in tooltips, and the proof of every figure within reach."""

import re

import pytest
from playwright.sync_api import Page, expect
from shop_day import DAY

from site_under_test import Site

# Texts that people read, but for tooltips and what they asked for.
READ = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const read = [];
  const asked = 'code, pre, script, style, title, .layers';
  for (let text; (text = texts.nextNode()); ) if (!text.parentElement.closest(asked)) read.push(text.data);
  return read.join('\\n');
}"""
LOOKED_AT = [
    *("", "realtime", "sessions", "funnels?step=event_type==page_view&step=funnel_step==checkout_step:complete", "retention"),
    *("paths?things=events", "paths?things=events&as=table", "items", "events", "why?figure=events", "why?figure=page_views"),
    *("quality", "setup", "setup?part=goals", "setup?part=access", "setup?part=site"),
]


def loaded(page: Page) -> Page:
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".loading, [aria-busy=true]")).to_have_count(0)
    expect(page.get_by_text("…", exact=True)).to_have_count(0)
    return page


@pytest.mark.parametrize("path", LOOKED_AT)
def test_nobody_reads_codes_or_of_tenants(open_as, path: str):
    page = loaded(open_as("opa", f"/{path}{'&' if '?' in path else '?'}{DAY}&tenant=acme"))
    if path == "quality":
        expect(page.get_by_role("heading", name="Last loads")).to_be_visible()
    read = page.evaluate(READ)
    assert re.findall(r"\b[a-z]+_[a-z_]+\b", read) == []
    assert re.findall(r".*\btenants?\b.*", read, re.IGNORECASE) == []


def test_a_visit_is_told_in_words(open_as):
    page = loaded(open_as("ann", f"/sessions?{DAY}"))
    page.locator("tbody tr", has_text="google").locator("a").click()
    expect(page.locator(".timeline")).to_be_visible()
    assert re.findall(r"\b[a-z]+_[a-z_]+\b", loaded(page).evaluate(READ)) == []


def test_the_code_of_a_value_is_in_its_tooltip(open_as):
    page = loaded(open_as("ann", f"/events?{DAY}"))
    expect(page.get_by_text("Page view", exact=True).first).to_have_attribute("title", "page_view")
    page.goto(f"/?{DAY}")
    expect(page.get_by_text("Germany", exact=True).first).to_have_attribute("title", "DE")


SENTENCES = [
    ("page_views", "Pages were looked at 3 times."),
    ("visitors", "2 different visitors came."),
    ("conversions", "1 transaction was completed."),
    ("revenue", "Completed transactions were worth €59.90."),
    ("bounce_rate", "50.0% of the visits ended after one page."),
]


@pytest.mark.parametrize(("figure", "sentence"), SENTENCES)
def test_a_figure_is_told_in_a_sentence(open_as, figure: str, sentence: str):
    page = loaded(open_as("ann", f"/why?{DAY}&figure={figure}"))
    expect(page.locator(".sentence")).to_have_text(sentence)


def test_a_figure_has_three_examples_and_its_hashes_on_demand(open_as, shop: Site):
    page = loaded(open_as("ann", f"/why?{DAY}&figure=events"))
    examples = page.locator(".examples li")
    expect(examples).to_have_count(3)
    expect(examples.nth(1)).to_contain_text("Completed: paid, €59.90 on /red-shoe")
    (hash_diff,) = shop.rows(
        "SELECT encode(d.hash_diff, 'hex') FROM business.site_event_details_s d WHERE d.event_action = 'complete'"
    )[0]
    expect(page.get_by_text(hash_diff)).to_be_hidden()
    page.get_by_text("Load dates and hashes", exact=True).click()
    expect(page.get_by_text(hash_diff)).to_be_visible()
    examples.nth(1).get_by_role("link").click()
    expect(page.locator(".layers .panel")).to_have_count(3)


def test_what_leads_to_a_proof_is_large_enough_and_seen_where_somebody_is(open_as):
    page = loaded(open_as("ann", f"/?{DAY}"))
    card = page.locator(".card", has_text="Revenue")
    why = card.get_by_role("link", name="Why this number")
    expect(why).to_have_css("opacity", "0")
    card.hover()
    expect(why).to_have_css("opacity", "1")
    page.mouse.move(0, 0)
    card.get_by_role("button").focus()
    page.keyboard.press("Tab")
    expect(why).to_be_focused()
    expect(why).to_have_css("opacity", "1")
    for path in (f"/?{DAY}", f"/items?{DAY}", f"/retention?{DAY}", f"/funnels?{DAY}&step=event_type==page_view&step=page==/"):
        page.goto(path)
        boxes = [link.bounding_box() for link in loaded(page).locator("a.why, a.proof").all()]
        assert boxes
        assert [box for box in boxes if box["width"] < 24 or box["height"] < 24] == []


def test_the_foot_of_every_page_says_that_nothing_is_lost(open_as, shop: Site):
    page = open_as("ann", f"/?{DAY}")
    balance = page.get_by_role("link", name="balanced, 0 lost")
    expect(balance).to_be_visible()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/api/quality" in request.url else None)
    page.reload()
    expect(balance).to_be_visible()
    page.get_by_role("link", name="Funnels", exact=True).click()
    loaded(page)
    assert len(asked) == 1
    balance.click()
    expect(page.get_by_role("heading", name="Data quality")).to_be_visible()
