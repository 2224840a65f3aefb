"""No figure, name, axis or legend is ever cut: `CHF 236` stands for nothing but 236 francs."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from footfall.auth import set_role
from footfall.database import connect
from site_under_test import NOON, Site, at, view

WIDTHS = (1440, 1280, 768, 360)
DAYS = "from=2026-02-10&to=2026-03-12&tenant=grand"
CAMPAIGN = "spring-summer-collection-newsletter-to-all-customers-of-the-last-twelve-months-with-a-voucher-part-2"
TITLE = "The grand catalogue of everything that anybody ever asked for " * 3
PATH = "/" + "/".join(f"a-rather-long-folder-{number}" for number in range(8)) + "/the-very-last-page.html"

# Every text on the page that somebody cannot see whole: what lies outside of a box that cuts or scrolls, or of the window.
# Code may be scrolled, and what is for screen readers only is a point in size.
CUT = """() => {
  const cut = [];
  const texts = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  for (let text; (text = texts.nextNode()); ) {
    const home = text.parentElement;
    if (!text.data.trim() || home.closest('.unseen, pre, title, select, option, datalist')) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const rect of range.getClientRects()) {
      if (rect.width < 1) continue;
      const isOut = (left, right) => rect.left < left - 1 || rect.right > right + 1;
      if (isOut(0, innerWidth)) cut.push(`${text.data} | window`);
      for (let box = home; box && box !== document.body; box = box.parentElement) {
        const { overflowX, display } = getComputedStyle(box);
        if (overflowX === 'visible' || display === 'inline') continue;
        const left = box.getBoundingClientRect().left + box.clientLeft;
        if (isOut(left, left + box.clientWidth)) cut.push(`${text.data} | ${box.className || box.tagName}`);
      }
    }
  }
  return [...new Set(cut)];
}"""

# Texts of canvases, with where they begin and end: of what was drawn last.
DRAWN = """
  window.drawn = new Map();
  const { fillText, clearRect } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.clearRect = function (...box) {
    window.drawn.set(this.canvas, []);
    return clearRect.apply(this, box);
  };
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...more) {
    const { width } = this.measureText(text);
    const left = { left: x, start: x, center: x - width / 2, right: x - width, end: x - width }[this.textAlign];
    const from = this.getTransform().transformPoint({ x: left, y }).x;
    window.drawn.get(this.canvas)?.push({ text, from, to: from + width, most: this.canvas.width });
    return fillText.call(this, text, x, y, ...more);
  };
"""


@pytest.fixture(scope="module")
def grand(shop: Site, module_url: str) -> Iterator[Site]:
    """A department store, large in every way: names as long as they come, and money to match."""
    with connect(module_url, "footfall_worker") as connection:
        site = Site(connection, "grand", industry="e-commerce", currency="CHF", time_zone="Europe/Zurich")
        set_role(connection, "ann@example.org", "grand", "owner")
        for day in range(30):
            noon = NOON - timedelta(days=day)
            who = {"session_id": f"s-{day}", "_visitor_id": f"v-{day}", "timezone": "Europe/Zurich", "language": "de-CH"}
            url = f"https://shop.grand-magasin-de-la-place.example{PATH}?utm_source=newsletter&utm_medium=email&utm_campaign={CAMPAIGN}"
            about = {"page_url": url, "item_id": f"sku-{day}-" + "9" * 80, "item_type": "product", "item_name": f"{TITLE} {day}"}
            site.land(
                view("/", 0, **who) | {"page_url": url, "page_title": TITLE, "event_timestamp": at(0, noon)},
                {"evt_type": "item_interaction", "evt_action": "view", "event_timestamp": at(1, noon), "evt_label": TITLE[:90]}
                | about
                | who,
                {
                    "evt_type": "transaction_step",
                    "evt_action": "complete",
                    "evt_value": 98_765_432.10,
                    "currency": "CHF",
                    "funnel": "checkout",
                    "transaction_id": f"o-{day}",
                    "event_timestamp": at(2, noon),
                    "properties": {"salutation_of_whoever_ordered": TITLE[:120]},
                }
                | about
                | who,
            )
        site.settle()
        yield site


def settled(page: Page) -> Page:
    """Wait until nothing is on its way any more, nor about to be drawn."""
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".loading, [aria-busy=true]")).to_have_count(0)
    expect(page.get_by_text("…", exact=True)).to_have_count(0)
    page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    return page


LOOKED_AT = [
    *(
        "",
        "?metric=revenue",
        "?as=table&metric=revenue",
        "?details=page",
        "?details=utm_campaign",
        "realtime",
        "sessions",
        "retention",
    ),
    *("funnels?step=event_type==page_view&step=event_action==complete", "paths", "paths?as=table", "items", "events"),
    *("events?property=salutation_of_whoever_ordered", "why?figure=revenue", "why?figure=bounce_rate", "quality"),
    *("setup", "setup?part=goals", "setup?part=access", "setup?part=site"),
]


@pytest.mark.parametrize("path", LOOKED_AT)
def test_no_text_is_cut_however_wide_the_window(open_as, grand: Site, path: str):
    page = open_as("ann", f"/{path}{'&' if '?' in path else '?'}{DAYS}")
    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found[width] = settled(page).evaluate(CUT)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert found == {width: [] for width in WIDTHS}


def test_no_text_of_a_visit_or_of_a_proof_is_cut(open_as, grand: Site):
    for path in (f"/sessions?{DAYS}", f"/why?{DAYS}&figure=revenue"):
        page = settled(open_as("ann", path))
        page.locator("tbody a").first.click()
        expect(page.locator("tbody")).to_have_count(0)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert settled(page).evaluate(CUT) == []


@pytest.mark.parametrize("metric", ["revenue", "page_views"])
@pytest.mark.parametrize("interval", ["day", "week", "hour"])
def test_every_label_of_an_axis_is_whole(open_as, grand: Site, metric: str, interval: str):
    page = open_as("ann", "/setup?tenant=grand")
    page.add_init_script(DRAWN)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        days = "from=2026-03-05&to=2026-03-10&tenant=grand" if interval == "hour" else DAYS
        settled(page).goto(f"/?{days}&metric={metric}&interval={interval}")
        labels = settled(page).evaluate(
            "[...window.drawn].filter(([canvas]) => canvas.isConnected).flatMap(([, texts]) => texts)"
        )
        assert len(labels) > 4
        assert [label for label in labels if label["from"] < 0 or label["to"] > label["most"]] == []


def test_a_legend_names_whole_days(open_as, grand: Site):
    page = settled(open_as("ann", f"/?{DAYS}"))
    texts = [re.sub(r"\s+", " ", text).strip() for text in page.locator(".legend span").all_inner_texts()]
    assert texts == ["Feb 10 – Mar 12, 2026", "Jan 10 – Feb 9, 2026"]


def test_addresses_are_shortened_in_the_middle_and_copied_whole(open_as, grand: Site):
    page = settled(open_as("ann", f"/?{DAYS}"))
    shown = page.locator(".panel", has=page.get_by_role("heading", name="Pages", exact=True)).locator("tbody th .short")
    assert shown.inner_text() == PATH
    assert shown.get_attribute("title").endswith(PATH)
    seen = shown.evaluate(
        "(all) => [all.firstChild.data, getComputedStyle(all.children[0], '::before').content, all.lastChild.data]"
    )
    assert PATH.startswith(seen[0])
    assert PATH.endswith(seen[2])
    assert seen[1] == '"…"'
    assert len(seen[0] + seen[2]) < 50
    copied = shown.evaluate("(all) => (getSelection().selectAllChildren(all), getSelection().toString())")
    assert copied == PATH


def test_tables_are_cards_on_a_phone_and_keep_their_names_for_figures(open_as, grand: Site):
    page = settled(open_as("ann", f"/items?{DAYS}", viewport={"width": 360, "height": 800}))
    row = page.locator("tbody tr").first
    value = row.locator("td").last
    expect(value).to_contain_text("CHF 98,765,432.10")
    assert value.evaluate("(cell) => getComputedStyle(cell, '::before').content") == '"Value"'
    assert row.evaluate("(row) => getComputedStyle(row).display") == "flex"
    expect(page.get_by_role("table", name="Products")).to_be_visible()
    expect(page.get_by_role("rowheader").first).to_be_visible()


def test_large_money_is_said_whole_where_it_is_shown_in_short(open_as, grand: Site):
    page = settled(open_as("ann", f"/?{DAYS}"))
    card = page.locator(".card", has_text="Revenue").locator(".value")
    expect(card).to_have_attribute("title", "CHF 2,864,197,530.90".replace(" ", "\u00a0"))
