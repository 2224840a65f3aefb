"""The pages as people use them: what they show is what the store holds, and the address says all of it."""

import gzip
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from shop_day import DAY, PASSWORD

from footfall.auth import add_account
from server_process import ServerProcess
from site_under_test import Site, at, view

AXE = Path(__file__).parents[2] / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"
VIEWS = (
    "",
    "realtime",
    "sessions",
    "funnels",
    "retention",
    "paths",
    "items",
    "engagement",
    "speed",
    "events",
    "why",
    "quality",
    "setup",
)


def figure(page: Page, label: str) -> str:
    return page.locator(".card", has_text=label).locator(".value").inner_text()


def rows(page: Page, panel: str) -> list[list[str]]:
    table = page.locator(".panel", has=page.get_by_role("heading", name=panel, exact=True)).locator("tbody tr")
    return [[cell.strip() for cell in row.locator("th, td").all_inner_texts()] for row in table.all()]


def loaded(page: Page) -> Page:
    """Wait until nothing is on its way any more."""
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".loading")).to_have_count(0)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    expect(page.get_by_text("…", exact=True)).to_have_count(0)
    return page


def test_who_is_not_signed_in_is_asked_to_and_sees_their_tenant_then(open_as):
    page = open_as(None, f"/?{DAY}")
    page.get_by_label("E-mail address").fill("ann@example.org")
    page.get_by_label("Password").fill("something else")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not go together")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert "tenant=acme" in page.url
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_the_overview_shows_the_day(open_as):
    page = loaded(open_as("ann", f"/?{DAY}"))
    shown = {label: figure(page, label) for label in ("Visitors", "Visits", "Page views", "Orders", "Revenue", "Conversion rate")}
    assert shown == {
        "Visitors": "2",
        "Visits": "2",
        "Page views": "3",
        "Orders": "1",
        "Revenue": "€59.90",
        "Conversion rate": "50.0%",
    }
    assert rows(page, "Sources") == [["direct", "1", "1"], ["google", "1", "1"]]
    assert rows(page, "Pages") == [["/", "2", "–"], ["/red-shoe", "1", "–"]]
    assert rows(page, "Products") == [["Red shoe", "1", "€59.90"]]
    assert rows(page, "Locations") == [["Germany", "1", "1"], ["(unknown)", "1", "1"]]


def test_a_click_on_a_value_filters_and_the_address_says_so(open_as):
    page = loaded(open_as("ann", f"/?{DAY}"))
    page.get_by_role("link", name="google", exact=True).click()
    expect(page.locator(".card", has_text="Page views").locator(".value")).to_have_text("2")
    assert "filter=source%3D%3Dgoogle" in page.url
    page.reload()
    loaded(page)
    assert figure(page, "Page views") == "2"
    page.go_back()
    expect(page.locator(".card", has_text="Page views").locator(".value")).to_have_text("3")


def test_conditions_add_up_and_special_characters_are_what_they_are(open_as):
    page = loaded(open_as("ann", f"/?{DAY}"))
    for value in ("/a,b;c", "/d|e"):
        page.get_by_role("button", name="+ Filter").click()
        page.get_by_label("Dimension").select_option("page")
        page.get_by_label("How").select_option("!~")
        page.get_by_label("Value").fill(value)
        page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".chip")).to_have_count(2)
    assert page.locator(".chip b").all_inner_texts() == ["/a,b;c", "/d|e"]
    loaded(page)
    assert figure(page, "Page views") == "3"


WRONG = [
    *("from=x&to=y", "period=nonsense", "metric=nonsense", "interval=minute", "compare=nonsense"),
    *("period=constructor", "metric=constructor"),
]


def test_a_figure_that_there_is_not_is_the_page_views(open_as):
    for figure in ("nonsense", "constructor"):
        page = loaded(open_as("ann", f"/why?{DAY}&figure={figure}"))
        expect(page.locator(".figure")).to_have_text("3")


@pytest.mark.parametrize("wrong", WRONG)
def test_an_address_that_makes_no_sense_shows_something_that_does(open_as, wrong: str):
    page = open_as("ann", f"/?{wrong}")
    expect(page.locator(".card").first).to_be_visible()
    expect(page.locator("h1")).to_have_text("Overview")


def test_days_are_typed_in_peace_and_hold_when_they_are_shown(open_as):
    page = loaded(open_as("ann", f"/?{DAY}"))
    before = page.url
    page.get_by_title("Choose days").click()
    last = page.get_by_label("Last day")
    last.fill("2026-03-1")
    page.keyboard.press("Enter")
    assert page.url == before
    last.fill("2026-03-15")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("to=2026-03-15"))


def test_conditions_read_as_they_were_made(open_as):
    filter_ = "page=~shoe;event_type!=item_interaction"
    page = loaded(open_as("ann", f"/funnels?{DAY}&filter={filter_}&step=page=~red&step=event_type!=page_view"))
    assert [re.sub(r"\s+", " ", chip).removesuffix(" ✕") for chip in page.locator(".chip").all_inner_texts()] == [
        "Page contains shoe",
        "Event is not Item interaction",
    ]
    assert page.locator(".step b").all_inner_texts() == ["Page contains red", "Event is not Page view"]


def test_each_field_for_values_offers_its_own_and_goals_are_offered(open_as):
    page = loaded(open_as("ann", f"/funnels?{DAY}"))
    page.get_by_role("button", name="+ Filter").click()
    page.get_by_role("button", name="+ Step").click()
    forms = page.locator("form.condition")
    for form in forms.all():
        form.get_by_label("Value").focus()
    loaded(page)
    lists = [form.get_by_label("Value").get_attribute("list") for form in forms.all()]
    assert len(set(lists)) == 2
    expect(forms.nth(1).locator("option[value='shop.example/red-shoe'], option[value$='/red-shoe']").first).to_be_attached()


def test_the_menu_leads_out_of_a_detail_and_a_proof_back_to_its_visit(open_as):
    page = loaded(open_as("ann", f"/sessions?{DAY}"))
    page.locator("tbody a").first.click()
    loaded(page)
    visit = page.url
    page.get_by_role("link", name="Proof, layer by layer").first.click()
    loaded(page)
    page.get_by_role("link", name="← The visit").click()
    loaded(page)
    assert "session=" in page.url
    assert page.url.split("session=")[1][:40] == visit.split("session=")[1][:40]
    page.get_by_role("link", name="Visits", exact=True).click()
    loaded(page)
    assert "session=" not in page.url


def test_a_table_instead_of_the_chart_is_in_the_address(open_as):
    page = loaded(open_as("ann", f"/?{DAY}"))
    page.get_by_role("button", name="Show as table").click()
    page.reload()
    loaded(page)
    expect(page.locator(".chart table")).to_be_visible()


def test_what_was_refused_in_the_set_up_is_told_where_it_is_seen(open_as):
    page = loaded(open_as("ann", "/setup?part=access"))
    page.get_by_label("Current password").fill("something else")
    page.get_by_label("New password").fill("another horse battery")
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("alert")).to_be_in_viewport()


def test_hours_that_have_not_come_are_no_zeros(open_as):
    page = loaded(open_as("ann", "/?period=today&interval=hour"))
    page.get_by_role("button", name="Show as table").click()
    cells = page.get_by_role("table", name="Visitors by hour").locator("tbody tr")
    shown = [row.locator("th, td").all_inner_texts()[1] for row in cells.all()]
    assert len(shown) == 24
    assert "" not in shown[: datetime.now(UTC).hour]
    assert set(shown[datetime.now(UTC).hour + 1 :]) <= {""}


def test_an_operator_of_an_empty_store_adds_the_first_tenant(browser, url: str, worker):
    add_account(worker, "opa@example.org", "Opa", PASSWORD, is_operator=True)
    with ServerProcess(url) as server:
        page = browser.new_page(base_url=server.address)
        page.goto("/")
        page.get_by_label("E-mail address").fill("opa@example.org")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("Id").fill("first")
        page.get_by_label("Time zone").fill("Europe/Berlin")
        page.get_by_role("button", name="Add site").click()
        expect(page.get_by_text("Waiting for the first event")).to_be_visible()
        page.get_by_role("link", name="Goals and funnels").click()
        expect(page.get_by_role("cell", name="Contact", exact=True)).to_be_visible()
        page.close()


def test_another_figure_interval_and_tab_are_in_the_address_too(open_as):
    page = loaded(open_as("ann", "/?from=2026-03-01&to=2026-03-14"))
    page.get_by_role("button", name="Page views").click()
    page.get_by_role("link", name="week").click()
    page.get_by_role("link", name="Channel").click()
    loaded(page)
    page.get_by_role("button", name="Show as table").click()
    table = page.get_by_role("table", name="Page views by week").locator("tbody tr")
    assert [row.locator("th, td").all_inner_texts()[1] for row in table.all()] == ["0", "0", "3"]
    assert all(part in page.url for part in ("metric=page_views", "interval=week", "sources=channel"))
    page.reload()
    loaded(page)
    assert rows(page, "Sources") == [["Direct", "1", "1"], ["Organic Search", "1", "1"]]


def test_details_are_searched_sorted_and_downloaded(open_as):
    page = loaded(open_as("ann", f"/?{DAY}&details=page"))
    dialog = page.get_by_role("dialog")
    assert dialog.locator("tbody th").all_inner_texts() == ["/", "/red-shoe"]
    dialog.get_by_role("link", name="Revenue").click()
    expect(dialog.locator("tbody th").first).to_have_text("/red-shoe")
    dialog.get_by_role("searchbox").fill("red")
    dialog.get_by_role("searchbox").press("Enter")
    expect(dialog.locator("tbody tr")).to_have_count(1)
    link = dialog.get_by_role("link", name="CSV")
    assert link.get_attribute("download") is not None
    lines = page.request.get(link.get_attribute("href")).text().splitlines()
    assert lines[0].startswith("value,page_views,visitors,visits,bounce_rate")
    assert [line.split(",")[0] for line in lines[1:]] == ["acme.example/red-shoe"]
    link.focus()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page).not_to_have_url(re.compile("details"))


def test_a_figure_is_proved_down_to_the_raw_event(open_as, shop: Site):
    page = loaded(open_as("ann", f"/?{DAY}"))
    page.get_by_role("link", name="Why this number: Revenue").click()
    loaded(page)
    expect(page.locator(".figure")).to_have_text("€59.90")
    expect(page.locator(".proved")).to_have_text("✓ The values of its events sum up to €59.90. 1 to 1 are below.")
    page.locator("tbody a").first.click()
    expect(page.locator(".layers .panel")).to_have_count(3)
    raw, staging, vault = page.locator(".layers .panel").all()
    expect(raw).to_contain_text('"transaction_id": "o-1"')
    expect(staging).to_contain_text("VALID")
    load_date, hash_diff = shop.rows(
        "SELECT d.load_date, encode(d.hash_diff, 'hex') FROM business.site_event_details_s d WHERE d.event_action = 'complete'"
    )[0]
    expect(vault).to_contain_text(hash_diff)
    expect(vault).to_contain_text(load_date.isoformat()[:19])


PROVED = [
    (
        "/funnels?step=event_type==page_view&step=event_action==complete",
        "2, who reached step 1",
        "2",
        "2 events found, of each visit the one that reached",
    ),
    ("/funnels?step=event_type==page_view&step=event_action==complete", "1, who reached step 2", "1", "1 event found"),
    (
        "/funnels?step=event_type==page_view&step=event_action==complete",
        "1, who did not reach",
        "1",
        "of each visit the one that reached the step before",
    ),
    ("/funnels?by=source&step=event_type==page_view&step=event_action==complete", "0, who reached step 2", "0", "0 events found"),
    ("/retention?interval=day", "100.0%, 2 visitors", "2", "2 events found, of each visitor the first"),
    ("/paths?", "1, visits from / to /red-shoe", "1", "1 event found, of each visit the one at /."),
    ("/items?", "€59.90, revenue of", "€59.90", "The values of its events sum up to €59.90."),
    ("/items?", "1, visits of", "1", "1 event found, of each visit the first."),
    ("/?details=channel", None, "1", "1 event found, of each visitor the first."),
]


@pytest.mark.parametrize(("path", "link", "figure", "proof"), PROVED)
def test_any_figure_leads_to_the_events_behind_it(open_as, path: str, link: str | None, figure: str, proof: str):
    page = loaded(open_as("ann", f"{path}&{DAY}"))
    if path.startswith("/paths"):
        page.get_by_role("button", name="Show as table").click()
    page.get_by_role("link", name=f"{link}" if link else "why?", exact=not link).first.click()
    loaded(page)
    expect(page.locator(".figure")).to_have_text(figure)
    expect(page.locator(".proved")).to_contain_text(f"✓ {proof}" if not proof.startswith("of") else proof)
    if figure != "0":
        page.locator("tbody a").first.click()
        expect(page.locator(".layers .panel")).to_have_count(3)


def test_a_flow_of_the_diagram_leads_to_its_events(open_as):
    page = loaded(open_as("ann", f"/paths?{DAY}"))
    page.locator(".sankey a", has=page.locator("title", has_text="/ → /red-shoe")).dispatch_event("click")
    expect(page.locator(".proved")).to_contain_text("1 event found")


def test_the_proof_of_a_page_s_bounces_shows_the_same_figure(open_as):
    page = loaded(open_as("ann", f"/?{DAY}&details=page&sort=-bounce_rate"))
    row = page.locator("dialog tbody tr").first
    said = [text.strip() for text in row.locator("td").all_inner_texts()]
    row.get_by_role("link", name="why?").click()
    loaded(page)
    assert page.locator(".figure").inner_text() in said
    assert "entry_page" in page.url


def test_another_figure_is_chosen_where_one_is_proved(open_as):
    page = loaded(open_as("ann", f"/why?{DAY}&figure=funnel&steps=event_type==page_view&steps=event_action==complete&step=2"))
    for choice, figure, proof in (
        ("Revenue", "€59.90", "sum up to €59.90"),
        ("Visits", "2", "2 events found, of each visit the first"),
        ("Bounce rate", "50.0%", None),
        ("Page views", "3", "3 events found"),
    ):
        page.locator(".claim select").select_option(choice)
        expect(page.locator(".figure")).to_have_text(figure)
        if proof:
            expect(page.locator(".proved")).to_contain_text(proof)
        else:
            expect(page.get_by_role("heading", name="The visits it is about")).to_be_visible()
    assert "steps" not in page.url
    page.go_back()
    expect(page.locator(".figure")).to_have_text("50.0%")


def test_the_same_figure_is_shown_as_it_was_known_earlier(open_as):
    page = loaded(open_as("ann", f"/why?{DAY}&figure=page_views"))
    page.get_by_label("The same figure as it was known on").fill("2026-03-01T00:00")
    expect(page.locator(".then")).to_contain_text("0: since then +3.")


def test_a_visit_is_told_in_order(open_as):
    page = loaded(open_as("ann", f"/sessions?{DAY}"))
    page.locator("tbody tr", has_text="google").locator("a").click()
    loaded(page)
    told = [re.sub(r"\s+", " ", text) for text in page.locator(".moment > div > b").all_inner_texts()]
    assert told == ["Shop", "Red shoe", "looked at", "started", "completed"]
    page.get_by_role("link", name="All visits of this visitor").click()
    expect(page.locator(".facts")).to_contain_text("Page views")


def test_a_funnel_is_built_saved_and_opened_again(open_as):
    page = loaded(open_as("ann", f"/funnels?{DAY}"))
    for dimension, value in (("event_type", "page_view"), ("funnel_step", "checkout_step:complete")):
        page.get_by_role("button", name="+ Step").click()
        page.get_by_label("Dimension").select_option(dimension)
        page.get_by_label("How").select_option("==")
        page.get_by_label("Value").fill(value)
        page.get_by_role("button", name="Add as last step").click()
        expect(page).to_have_url(re.compile(f"step={dimension}"))  # taken when it is known what values there are
        page.get_by_role("button", name="Close").click()
    expect(page.locator(".funnel .step").nth(1)).to_contain_text("1 · 50.0%")
    page.get_by_label("Name of the funnel").fill("To the order")
    page.get_by_role("button", name="Save funnel").click()
    expect(page.get_by_label("Saved")).to_have_value("To the order")
    page.goto(f"/funnels?{DAY}")
    expect(page.get_by_role("heading", name="To the order")).to_be_visible()
    expect(page.locator(".funnel .step").nth(0)).to_contain_text("2 · 100.0%")


def test_paths_retention_items_and_events_show_the_day(open_as):
    page = loaded(open_as("ann", f"/paths?{DAY}"))
    page.get_by_role("button", name="Show as table").click()
    assert ["1", "/", "/red-shoe", "1"] in rows(page, "What visits did next 2 visits")
    page.goto(f"/retention?{DAY}")
    loaded(page)
    assert [cell.strip() for cell in page.locator(".grid tbody td").all_inner_texts()] == ["2", "100.0%"]
    page.goto(f"/items?{DAY}")
    loaded(page)
    assert rows(page, "Products") == [["Red shoe", "1", "1", "1", "1", "€59.90"]]
    page.goto(f"/events?{DAY}")
    loaded(page)
    assert rows(page, "Properties") == [["size", "1", "1"]]
    page.get_by_role("link", name="size").click()
    loaded(page)
    assert rows(page, "Values of size")[0][0] == "42"


def test_engagement_and_speed_show_what_the_tracker_tells(open_as, shop: Site):
    def told(action: str, **more) -> dict:
        return visit | {"evt_type": "engagement", "evt_action": action, "page_url": "https://acme.example/guide"} | more

    before = -2 * 24 * 60  # the day of trade is another
    visit = {"session_id": "s-eve", "_visitor_id": "eve", "event_timestamp": at(before + 1)}
    shop.land(
        view("/guide", before, session_id="s-eve", _visitor_id="eve"),
        told("attention", time_on_page=40, scroll_depth=50),
        told("attention", time_on_page=75, scroll_depth=80, event_timestamp=at(before + 2)),
        told("web_vitals", properties={"lcp": 2600, "cls": 0.02, "ttfb": 300}),
        told("form_submit", evt_label="contact"),
        told("download", evt_label="https://acme.example/files/prices.pdf"),
        told("outbound_link", evt_label="https://www.maps.example/way"),
        told("not_found", evt_label="/old", page_url="https://acme.example/old", page_referrer="https://acme.example/guide"),
    )
    shop.load()
    day = "from=2026-03-08&to=2026-03-08"
    page = loaded(open_as("ann", f"/engagement?{day}"))
    assert rows(page, "How pages are read") == [["/guide", "1", "1", "1 m 15 s", "80.0%"]]
    assert rows(page, "Forms") == [["contact", "1", "1"]]
    assert rows(page, "Downloads") == [["/files/prices.pdf", "1", "1"]]
    assert rows(page, "Outbound links") == [["maps.example/way", "1", "1"]]
    assert rows(page, "Pages not found") == [["/old", "1", "/guide"]]
    page.goto(f"/speed?{day}")
    loaded(page)
    vital = page.locator(".vital", has_text="Largest paint")
    assert [vital.locator(".value").inner_text(), vital.locator(".rating").inner_text()] == ["2.6 s", "needs improvement"]
    assert rows(page, "By page")[0][:2] == ["/guide", "1"]
    page.goto(f"/?{day}")
    loaded(page)
    assert rows(page, "Pages") == [["/guide", "1", "1 m 15 s"], ["/old", "0", "–"]]


def test_events_appear_as_they_are_loaded(open_as, shop: Site):
    page = loaded(open_as("ann", "/realtime"))
    page.wait_for_timeout(1500)  # the stream tells what is loaded from when it was opened on
    now = shop.value("SELECT util.current_load_date()")
    shop.land(view("/just-now", event_timestamp=now.isoformat(), session_id="live", _visitor_id="live"), received=now)
    shop.load()
    expect(page.locator(".stream li", has_text="/just-now")).to_be_visible(timeout=15_000)


def test_what_is_invalid_is_shown_with_its_reason_and_tried_again(open_as, shop: Site):
    now = shop.value("SELECT util.current_load_date()")
    shop.land({"evt_type": "banner", "event_id": "b-1", "session_id": "s-banner"}, received=now)
    shop.load()
    page = loaded(open_as("ann", "/quality"))
    expect(page.locator(".equation .proved")).to_have_text("✓ nothing is lost")
    reason = page.locator(".reasons li", has_text="An event type that this site has not")
    reason.get_by_text("An example").click()
    expect(reason.locator("pre")).to_contain_text('"evt_type": "banner"')
    shop.value("INSERT INTO ref.event_type VALUES (%s, 'banner', 'engagement', 'view') RETURNING event_type", shop.tenant_hk)
    reason.get_by_role("button", name="Reprocess").click()
    expect(page.get_by_role("status").filter(has_text="tried again")).to_be_visible()
    shop.load()
    assert shop.value("SELECT count(*) FROM business.site_event_details_s d WHERE d.event_type = 'banner'") == 1


def test_a_new_site_is_set_up_and_its_first_event_is_noticed(open_as, shop: Site, address: str):
    page = loaded(open_as("opa", "/setup?tenant=rival"))
    expect(page.locator(".first")).to_contain_text("Waiting for the first event")
    page.get_by_role("button", name="Make a write key and put it in").click()
    snippet = page.get_by_label("Snippet")
    expect(snippet).to_contain_text("ffw_")
    key = re.search(r'data-key="(\w[\w-]+)"', snippet.inner_text())[1]
    page.get_by_role("button", name="Add these goals and the funnel").click()
    expect(page.get_by_role("status").filter(has_text="Done")).to_be_visible()
    sent = page.request.post(
        f"{address}/api/tracking/events",
        data={"evt_type": "page_view", "page_url": "https://rival.example/hello"},
        headers={"X-Footfall-Key": key, "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"},
    )
    assert sent.status == 202
    shop.load()
    expect(page.locator(".first")).to_contain_text("Received. Just now: page view on /hello", timeout=15_000)


def test_sites_are_listed_and_open_on_their_own_figures(open_as, shop: Site):
    now = shop.value("SELECT util.current_load_date()")
    earlier = (now - timedelta(hours=3)).isoformat()  # realtime has forgotten it
    url = "https://blog.acme.example/post"
    shop.land(view("/post", page_url=url, event_timestamp=earlier, session_id="s-blog", _visitor_id="bo"), received=now)
    shop.load()
    page = loaded(open_as("ann", "/setup"))
    expect(page.locator(".first")).to_contain_text("Received. At")
    page.get_by_role("link", name="blog.acme.example").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    loaded(page)
    assert figure(page, "Page views") == "1"


def test_an_owner_renames_the_tenant(open_as, shop: Site):
    page = loaded(open_as("ann", "/setup?part=site"))
    form = page.locator(".panel", has=page.get_by_role("heading", name="This site"))
    former = form.get_by_label("Name").input_value()
    for name in ("Acme & Daughters", former):
        form.get_by_label("Name").fill(name)
        with page.expect_navigation():
            form.get_by_role("button", name="Save").click()
        loaded(page)
        expect(page.locator("p.tenant")).to_have_text(name)
        assert shop.value("SELECT t.tenant_name FROM auth.tenant_v t WHERE t.tenant_bk = 'acme'") == name


def test_a_share_link_shows_figures_and_nobody(open_as):
    owner = loaded(open_as("ann", "/setup?part=access"))
    owner.get_by_label("For").fill("the board")
    owner.get_by_label("Password", exact=True).fill("open sesame")
    owner.get_by_role("button", name="Make a link").click()
    link = re.search(r"/share/\S+", owner.locator(".secret code").inner_text())[0]
    guest = open_as(None, f"{link}?{DAY}")
    guest.get_by_label("The link's password").fill("open barley")
    guest.get_by_role("button", name="Open").click()
    expect(guest.get_by_role("alert")).to_contain_text("password")
    guest.get_by_label("The link's password").fill("open sesame")
    guest.get_by_role("button", name="Open").click()
    expect(guest.get_by_role("heading", name="Overview")).to_be_visible()
    loaded(guest)
    assert figure(guest, "Revenue") == "€59.90"
    assert guest.get_by_role("navigation", name="Views").get_by_role("link").all_inner_texts() == [
        "Overview",
        "Funnels",
        "Retention",
        "Paths",
        "Products",
        "Engagement",
        "Speed",
        "Events",
    ]
    assert guest.get_by_role("link", name="why?").count() == 0
    guest.get_by_role("link", name="Events").click()
    loaded(guest)
    assert guest.get_by_role("heading", name="Properties").count() == 0
    for name in ("Retention", "Paths", "Products"):
        guest.get_by_role("link", name=name, exact=True).click()
        loaded(guest)
        assert guest.locator("a.proof, .sankey a[tabindex]").count() == 0
    guest.get_by_role("link", name="Events").click()
    guest.reload()
    loaded(guest)
    expect(guest.get_by_role("heading", name="Types")).to_be_visible()


@pytest.mark.parametrize(
    "path", ["/?tenant=rival", "/sessions?tenant=rival", "/setup?tenant=rival", "/why?tenant=rival&figure=events"]
)
def test_nobody_sees_a_tenant_that_is_not_theirs_whatever_the_address_says(open_as, path: str):
    page = open_as("ann", path)
    expect(page.get_by_role("alert")).to_contain_text("There is no such site, or it is not yours.")
    assert "secret" not in page.content()


def test_ids_of_another_tenant_in_the_address_find_nothing(open_as, shop: Site):
    event, session, visitor = shop.rows(
        "SELECT encode(e.site_event_hk, 'hex'), encode(e.site_session_hk, 'hex'), encode(e.site_visitor_hk, 'hex')"
        " FROM business.event_b e WHERE e.tenant_hk <> %s AND e.site_visitor_hk IS NOT NULL LIMIT 1",
        shop.tenant_hk,
    )[0]
    for path in (f"/sessions?session={session}", f"/sessions?visitor={visitor}", f"/why?event={event}"):
        page = open_as("ann", f"{path}&tenant=acme")
        expect(page.get_by_role("alert")).to_be_visible()
        assert "secret" not in page.content()


def test_who_may_only_look_finds_nothing_to_change_but_their_password(open_as):
    page = loaded(open_as("vic", "/setup"))
    buttons = []
    for part in page.get_by_role("navigation", name="Parts of the set-up").get_by_role("link").all():
        part.click()
        loaded(page)
        buttons += page.locator("main").get_by_role("button").all_inner_texts()
    assert [button for button in buttons if button != "Copy"] == ["Change it"]


def test_the_first_view_asks_four_times_and_is_small(open_as, address: str):
    page = loaded(open_as("ann", "/"))
    asked, files = [], {}
    page.on("request", lambda request: asked.append(request.url) if "/api/" in request.url else None)
    page.on("response", lambda response: files.setdefault(response.url, response))
    page.reload()
    loaded(page)
    page.wait_for_timeout(500)
    # the figures are asked for first, apart from what they are made of
    assert sorted(url.split("?")[0].removeprefix(address) for url in asked) == [
        "/api/analytics/many",
        "/api/analytics/many",
        "/api/analytics/realtime/stream",
        "/api/quality",
        "/api/session",
    ]
    built = [response.body() for url, response in files.items() if url.endswith((".js", ".css"))]
    assert len(built) > 3
    assert sum(len(gzip.compress(body)) for body in built) <= 150 * 1024


def faults(page: Page) -> list:
    """What axe finds against WCAG 2.2 AA and good practice, but for what is minor."""
    run = "axe.run(document, {resultTypes: ['violations'], rules: {'target-size': {enabled: true}}})"
    found = page.evaluate(f"{AXE.read_text()}\n;{run}")
    return [
        (fault["id"], node["html"][:200], node.get("failureSummary"))
        for fault in found["violations"]
        if fault["impact"] in ("moderate", "serious", "critical")
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_every_view_is_accessible_and_fits(open_as, name: str, width: int, scheme: str):
    page = loaded(open_as("opa", f"/{name}?tenant=acme&{DAY}", viewport={"width": width, "height": 800}, color_scheme=scheme))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert faults(page) == []


@pytest.mark.parametrize("key", ["c", "?", "/"])
def test_what_opens_over_a_view_is_accessible(open_as, key: str):
    page = loaded(open_as("opa", f"/?tenant=acme&{DAY}"))
    page.keyboard.press(key)
    loaded(page)
    assert faults(page) == []


def test_the_sign_in_page_and_the_one_for_no_page_are_accessible(open_as):
    page = open_as(None, "/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert faults(page) == []
    page = open_as("ann", "/nowhere")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    assert faults(page) == []
