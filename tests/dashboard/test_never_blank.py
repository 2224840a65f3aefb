"""Whatever fails, the page says so, keeps its frame, and goes on where it was."""

import re

import pytest
from playwright.sync_api import Page, expect
from shop_day import DAY, PASSWORD

from server_process import ServerProcess
from site_under_test import Site, view

_FILES_OF_VIEWS = re.compile(r"/dashboard/(retention|index)-\w+\.js")


def settled(page: Page) -> Page:
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".loading:visible")).to_have_count(0)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    return page


def sign_in(page: Page, password: str = PASSWORD) -> None:
    dialog = page.get_by_role("dialog", name="Sign in again")
    dialog.get_by_label("Password").fill(password)
    dialog.get_by_role("button", name="Sign in").click()


def test_a_file_that_cannot_be_loaded_makes_one_reload_and_then_a_button(open_as):
    page = settled(open_as("ann", f"/?{DAY}"))
    page.route(_FILES_OF_VIEWS, lambda route: route.abort())
    opened = []
    page.on("framenavigated", lambda frame: opened.append(frame.url))
    page.get_by_role("link", name="Retention").click()
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("Retention could not be shown.")
    page.wait_for_timeout(1000)  # a second reload would come now
    assert len([url for url in opened if "retention" in url]) == 2  # the step there, and the reload
    expect(page.get_by_role("navigation", name="Views")).to_be_visible()
    page.unroute(_FILES_OF_VIEWS)
    problem.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Who came again")).to_be_visible()


def test_other_views_can_be_opened_while_one_cannot(open_as):
    page = settled(open_as("ann", f"/?{DAY}"))
    page.route(_FILES_OF_VIEWS, lambda route: route.abort())
    page.get_by_role("link", name="Retention").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("link", name="Events").click()
    expect(page.get_by_role("heading", name="Events over time")).to_be_visible()


def test_a_panel_that_cannot_be_drawn_says_so_and_its_neighbours_stay(open_as):
    page = open_as("ann", "/setup", may_complain=True)
    broken = [True]

    def breaking(route) -> None:
        replies = route.fetch().json()
        for reply in replies["data"]:
            if broken and reply["data"].get("query", {}).get("dimension") == "page":
                reply["data"]["rows"] = 7
        route.fulfill(json=replies)

    page.route("**/api/analytics/many", breaking)
    page.goto(f"/?{DAY}")
    settled(page)
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("Pages could not be shown.")
    expect(page.locator(".panel", has=page.get_by_role("heading", name="Sources")).locator("tbody tr")).to_have_count(2)
    broken.clear()
    page.get_by_role("link", name="Funnels").click()
    settled(page)
    page.reload()
    page.get_by_role("link", name="Overview").click()
    settled(page)
    expect(problem).to_have_count(0)


def test_a_question_that_has_no_answer_is_asked_again_by_hand(open_as):
    page = open_as("ann", "/setup")
    page.route("**/api/analytics/many", lambda route: route.abort())
    page.goto(f"/?{DAY}")
    expect(page.locator("main > [role=alert]")).to_contain_text("The server does not answer.")
    expect(page.locator(".panel", has=page.get_by_role("heading", name="Pages"))).to_contain_text("Pages could not be shown.")
    page.unroute("**/api/analytics/many")
    page.locator("main > [role=alert]").get_by_role("button", name="Try again").click()
    settled(page)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator(".card", has_text="Page views").locator(".value")).to_have_text("3")


def test_a_sign_in_that_ended_is_renewed_over_the_page(open_as):
    page = settled(open_as("ann", f"/?{DAY}"))
    page.get_by_role("button", name="+ Filter").click()
    page.context.clear_cookies()
    page.get_by_role("link", name="google", exact=True).click()
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog.get_by_label("E-mail address")).to_have_value("ann@example.org")
    page.keyboard.press("Escape")
    sign_in(page, "something else")
    expect(dialog.get_by_role("alert")).to_contain_text("do not go together")
    sign_in(page)
    expect(dialog).to_have_count(0)
    expect(page.locator(".card", has_text="Page views").locator(".value")).to_have_text("2")
    expect(page.get_by_role("button", name="Close")).to_be_visible()  # the form that was open is open


def test_what_was_being_saved_when_the_sign_in_ended_is_saved(open_as):
    page = settled(open_as("ann", "/setup"))
    page.context.clear_cookies()
    page.get_by_role("button", name="Make a write key and put it in").click()
    sign_in(page)
    expect(page.get_by_label("Snippet")).to_contain_text("ffw_")


def test_the_live_stream_goes_on_after_the_sign_in(open_as, shop: Site, server_process: ServerProcess):
    page = settled(open_as("ann", "/realtime"))
    page.context.clear_cookies()
    server_process.stop()  # the stream breaks off
    server_process.start()
    sign_in(page)
    now = shop.value("SELECT util.current_load_date()")
    shop.land(view("/after", session_id="s-after", event_timestamp=now.isoformat(), _visitor_id="eve"), received=now)
    shop.load()
    expect(page.locator(".stream")).to_contain_text("/after", timeout=20_000)


@pytest.mark.parametrize("path", ["/nowhere", "/setup/nowhere", "/constructor"])
def test_an_unknown_address_is_a_page_that_says_so_with_the_status(open_as, path: str):
    page = settled(open_as("ann", "/"))
    answer = page.goto(path)
    assert answer.status == 404
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    page.get_by_role("link", name="Go to the overview").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_programs_are_told_in_json_what_is_not_there(open_as, address: str):
    page = open_as("ann", "/")
    for path in ("/nowhere", "/api/nowhere"):
        answer = page.request.get(f"{address}{path}", headers={"Accept": "application/json"})
        assert (answer.status, answer.json()["success"]) == (404, False)
