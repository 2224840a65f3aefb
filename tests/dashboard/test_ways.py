"""The ways around: a site without events, periods and the calendar, keys, what is remembered, hundreds of tenants, paper."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from shop_day import DAY, PASSWORD

from footfall.auth import NewTenant, add_account, add_tenant
from server_process import ServerProcess
from site_under_test import Site, view


def settled(page: Page) -> Page:
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".loading:visible")).to_have_count(0)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    return page


def value(page: Page, label: str):
    return page.locator(".card", has_text=label).locator(".value")


def test_a_tenant_without_events_opens_on_its_snippet_and_says_when_the_first_comes(open_as, shop: Site, address: str):
    newcomer = Site(shop.connection, "newcomer")
    page = open_as("opa", "/?tenant=newcomer")
    expect(page.locator(".first")).to_contain_text("Waiting for the first event")
    expect(page.get_by_label("Snippet")).to_contain_text("footfall.js")
    page.get_by_role("button", name="Make a write key and put it in").click()
    expect(page.get_by_label("Snippet")).to_contain_text("ffw_")
    key = re.search(r'data-key="(\w[\w-]+)"', page.get_by_label("Snippet").inner_text())[1]
    event = {"evt_type": "page_view", "page_url": "https://newcomer.example/hello"}
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
    sent = page.request.post(f"{address}/api/tracking/events", data=event, headers={"X-Footfall-Key": key, "User-Agent": agent})
    assert sent.status == 202
    newcomer.load()
    expect(page.locator(".first")).to_contain_text("Received. Just now", timeout=15_000)
    page.get_by_role("button", name="Show the figures").click()
    expect(value(page, "Page views")).to_have_text("1")


def test_what_an_empty_range_cannot_say_is_a_dash(open_as):
    page = settled(open_as("ann", "/?from=2026-03-01&to=2026-03-02"))
    assert [
        value(page, label).inner_text() for label in ("Visitors", "Orders", "Bounce rate", "Visit duration", "Conversion rate")
    ] == [
        "0",
        "0",
        "–",
        "–",
        "–",
    ]
    page.get_by_role("button", name="Conversion rate").click()
    page.get_by_role("button", name="Show as table").click()
    table = page.get_by_role("figure", name="Conversion rate by").locator("tbody tr")
    expect(table.first).to_be_visible()
    assert {row.locator("td").first.inner_text() for row in table.all()} == {"–"}


def monday(day):
    return day - timedelta(days=day.weekday())


PERIODS = {
    "This week": lambda today: (monday(today), today),
    "Last week": lambda today: (monday(today) - timedelta(days=7), monday(today) - timedelta(days=1)),
    "This quarter": lambda today: (today.replace(month=today.month - (today.month - 1) % 3, day=1), today),
    "This year": lambda today: (today.replace(month=1, day=1), today),
    "All time": lambda today: (today - timedelta(days=3660), today),
}


@pytest.mark.parametrize("name", PERIODS)
def test_a_period_has_its_days(open_as, name: str):
    page = settled(open_as("ann", "/"))
    with page.expect_request(lambda request: "analytics/many" in request.url and "overview" in request.post_data) as asked:
        page.locator(".period select").first.select_option(name)
    question = next(one for one in asked.value.post_data_json if one["report"] == "overview")
    assert (question["dateFrom"], question["dateTo"]) == tuple(
        day.isoformat()
        for day in PERIODS[name](datetime.now(UTC).date())  # a run may go on over midnight
    )
    settled(page)
    if name == "All time":
        expect(value(page, "Page views")).not_to_have_text("0")
        page.get_by_role("link", name="Retention").click()
        settled(page)
        expect(page.get_by_role("alert")).to_have_count(0)


def test_the_last_24_hours_are_hours_in_every_view(open_as):
    page = settled(open_as("ann", "/"))
    with page.expect_request(lambda request: "analytics/many" in request.url and "overview" in request.post_data) as asked:
        page.keyboard.press("h")
    overview, series = asked.value.post_data_json[:2]
    assert [question.get("hours") for question in (overview, series)] == [24, 24]
    assert overview["compare"] == series["compare"] == ["previous_period"]
    assert not {"dateFrom", "dateTo"} & set(overview)
    settled(page)
    now, then = (text.split(" – ")[-1] for text in page.locator(".legend span").all_inner_texts())
    assert then != now
    page.get_by_role("button", name="Show as table").click()
    hours = page.locator(".chart tbody tr")
    expect(hours).to_have_count(24)
    expect(hours.last.locator("th, td")).to_have_count(3)  # when, now, the hour a day before
    page.goto("/?period=24h&metric=bounce_rate")
    settled(page)
    expect(page.get_by_role("alert")).to_have_count(0)
    for title in ("Engagement", "Speed", "Funnels", "Retention", "Paths", "Events", "Visits"):
        page.get_by_role("navigation").get_by_role("link", name=title, exact=True).click()
        settled(page)
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(page.locator(".period select").first).to_have_value("24h")


def test_days_are_picked_in_a_calendar_with_the_mouse(open_as):
    page = settled(open_as("ann", f"/?{DAY}"))
    page.get_by_title("Choose days").click()
    calendar = page.get_by_role("dialog", name="Choose days")
    expect(calendar.get_by_role("heading")).to_have_text("March 2026")
    assert calendar.locator(".weekday").all_inner_texts() == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    calendar.get_by_role("button", name="Mar 12, 2026").click()
    calendar.get_by_role("button", name="Mar 9, 2026").click()
    expect(calendar).to_have_count(0)
    assert "from=2026-03-09&to=2026-03-12" in page.url
    expect(page.get_by_title("Choose days")).to_be_focused()


def test_days_are_picked_with_the_keys_and_escape_gives_the_focus_back(open_as):
    page = settled(open_as("ann", f"/?{DAY}"))
    page.keyboard.press("c")
    expect(page.get_by_role("button", name="Mar 10, 2026", exact=True).last).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_title("Choose days")).to_be_focused()
    page.keyboard.press("c")
    for key in ("ArrowUp", "Enter", "ArrowDown", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "from=2026-03-03&to=2026-03-11" in page.url


def test_letters_choose_periods_arrows_move_and_digits_open_views(open_as):
    page = settled(open_as("ann", f"/?{DAY}"))
    compared = (("x", "compare=none"), ("x", "compare=previous_period"))
    for key, part in (("d", "period=today"), ("w", "period=7d"), ("m", "period=month"), *compared):
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(part))
    page.goto(f"/?{DAY}")
    settled(page)
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("from=2026-03-09&to=2026-03-09"))
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("from=2026-03-10&to=2026-03-10"))
    for key, title in (("4", "Funnels"), ("1", "Overview")):
        page.keyboard.press(key)
        expect(page.locator("h1")).to_have_text(title)


def test_a_slash_filters_and_escape_closes_and_then_shows_all(open_as):
    page = settled(open_as("ann", f"/?{DAY}&filter=source==google"))
    page.keyboard.press("/")
    expect(page.locator(".filters form :focus")).to_have_count(1)
    page.keyboard.press("d")  # writes, or chooses, and is no period
    page.keyboard.press("Escape")
    expect(page.locator(".filters form")).to_have_count(0)
    expect(page.get_by_role("button", name="+ Filter")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("filter="))
    assert "from=2026-03-10" in page.url


def test_a_question_mark_shows_the_keys(open_as):
    page = settled(open_as("ann", f"/?{DAY}"))
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("Last 7 days")
    expect(dialog.locator(":focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_the_last_tenant_tabs_and_period_come_back_where_the_address_says_nothing(open_as, shop: Site):
    page = settled(open_as("opa", "/?tenant=acme"))
    page.get_by_role("link", name="Channel").click()
    page.locator(".period select").first.select_option("Last 90 days")
    settled(page)
    page.goto("/")
    settled(page)
    assert all(part in page.url for part in ("tenant=acme", "period=90d", "sources=channel"))
    page.get_by_role("link", name="Funnels").click()
    page.get_by_role("link", name="Overview").click()
    assert "sources=channel" in page.url
    page.goto("/?tenant=acme")
    settled(page)
    assert "period" not in page.url


def test_a_remembered_tenant_that_is_no_longer_theirs_gives_way(open_as):
    page = settled(open_as("ann", "/"))
    page.evaluate("localStorage.setItem('footfall-last', JSON.stringify({'*': {tenant: 'gone'}}))")
    page.goto("/")
    settled(page)
    expect(page.locator("h1")).to_have_text("Overview")
    assert "tenant=acme" in page.url


def test_one_of_hundreds_of_tenants_is_searched(browser, url: str, worker):
    Site(worker, "acme").land(view("/"))
    for number in range(120):
        add_tenant(worker, NewTenant(f"customer-{number}", f"Customer number {number}"))
    add_account(worker, "opa@example.org", "Opa", PASSWORD, is_operator=True)
    with ServerProcess(url) as server:
        page = browser.new_page(base_url=server.address)
        page.request.post(
            "/api/session", data={"email": "opa@example.org", "password": PASSWORD}, headers={"X-Footfall-Request": "1"}
        )
        page.goto("/quality?tenant=acme")
        page.get_by_role("button", name="Tenant: Acme").click()
        field = page.get_by_role("combobox", name="Search tenants")
        expect(field).to_be_focused()
        field.press("Escape")
        expect(page.get_by_role("button", name="Tenant: Acme")).to_be_focused()
        page.keyboard.press("Enter")
        field.fill("number 117")
        expect(page.get_by_role("listbox", name="Tenants").get_by_role("option")).to_have_text(["Customer number 117"])
        field.press("Enter")
        expect(page).to_have_url(re.compile("tenant=customer-117"))
        page.close()


def test_the_overview_is_one_page_of_paper(open_as):
    page = settled(open_as("ann", f"/?{DAY}"))
    paper = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
    width, height = (float(number) for number in re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", paper).groups())
    assert (round(width), round(height)) == (595, 842)  # A4 in points
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Views")).to_be_hidden()
    expect(page.get_by_role("heading", name="Campaigns")).to_be_visible()
