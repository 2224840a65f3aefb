"""Filters by what people read: names, several values, properties of one's own, and slips of the pen."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from shop_day import DAY

from footfall.api import add_goal
from site_under_test import Site, view


@pytest.fixture(scope="module")
def world(shop: Site) -> Site:
    """The shop, with visitors from Austria, and from the United Kingdom in blue."""
    shop.land(
        view("/", 10, session_id="s-at", _visitor_id="at", timezone="Europe/Vienna"),
        view("/", 11, session_id="s-gb", _visitor_id="gb", timezone="Europe/London", properties={"colour": "blue"}),
    )
    shop.settle()
    return shop


def opened(page: Page) -> Locator:
    page.get_by_role("button", name="+ Filter").click()
    return page.locator("form.condition")


def chosen(page: Page, dimension: str, how: str, *values: str) -> None:
    form = opened(page)
    form.get_by_label("Dimension").select_option(label=dimension)
    form.get_by_label("How").select_option(label=how)
    for value in values[:-1]:
        form.get_by_label("Value").fill(value)
        form.get_by_role("button", name="+ or").click()
        expect(form.get_by_label("Value")).to_have_value("")
    form.get_by_label("Value").fill(values[-1])
    form.get_by_role("button", name="Add", exact=True).click()


def chips(page: Page, *texts: str) -> None:
    """The conditions above the figures become these, each with its button to take it away."""
    expect(page.locator(".filters > .chip")).to_have_text([re.compile(rf"^{re.escape(text)}\s*✕$") for text in texts])


def page_views(page: Page, figure: str) -> None:
    expect(page.locator(".card", has_text="Page views").locator(".value")).to_have_text(figure)


@pytest.mark.parametrize("typed", ["Germany", "germany", "DE", "de"])
def test_a_country_is_found_by_its_name_and_by_its_code(open_as, world: Site, typed: str):
    page = open_as("ann", f"/?{DAY}")
    chosen(page, "Country", "is", typed)
    page_views(page, "2")
    chips(page, "Country is Germany")
    assert "filter=country%3D%3DDE" in page.url


def test_a_country_nobody_came_from_is_one_all_the_same(open_as, world: Site):
    page = open_as("ann", f"/?{DAY}")
    chosen(page, "Country", "is", "New Zealand")
    page_views(page, "0")
    assert "country%3D%3DNZ" in page.url


def test_any_of_several_values_counts_and_a_condition_is_changed_where_it_stands(open_as, world: Site):
    page = open_as("ann", f"/?{DAY}")
    chosen(page, "Country", "is", "Germany", "Austria")
    page_views(page, "3")
    chips(page, "Country is Germany or Austria")
    page.get_by_role("button", name="Country is Germany or Austria").click()
    form = page.locator("form.condition")
    form.get_by_role("button", name="Not Germany").click()
    form.get_by_label("Value").fill("United Kingdom")
    form.get_by_role("button", name="Change", exact=True).click()
    page_views(page, "2")
    chips(page, "Country is Austria or United Kingdom")
    page.get_by_label("Without: country==AT|GB").click()
    page_views(page, "5")


def test_several_goals_are_alternatives(open_as, world: Site):
    add_goal(world.connection, world.tenant_id, "Home", "page==/", None, None)
    add_goal(world.connection, world.tenant_id, "Shoe", "page==/red-shoe", None, None)
    page = open_as("ann", f"/?{DAY}")
    chosen(page, "Goal", "is", "home", "Shoe")
    page_views(page, "5")
    chips(page, "Goal is Home or Shoe")


def test_events_are_found_by_the_names_they_are_shown_by(open_as, world: Site):
    page = open_as("ann", f"/events?{DAY}")
    chosen(page, "Event", "is", "Page view")
    expect(page.locator(".chip")).to_contain_text("Event is Page view")
    assert "event_type%3D%3Dpage_view" in page.url


def test_properties_of_one_s_own_filter_as_any_dimension_does(open_as, world: Site):
    page = open_as("ann", f"/?{DAY}")
    chosen(page, "colour", "is", "blue")
    page_views(page, "1")
    chips(page, "colour is blue")
    assert "property%3Acolour%3D%3Dblue" in page.url


def test_a_guest_is_told_of_no_properties(open_as, world: Site):
    owner = open_as("ann", "/setup?part=access")
    owner.get_by_label("For").fill("the board")
    owner.get_by_role("button", name="Make a link").click()
    link = re.search(r"/share/\S+", owner.locator(".secret code").inner_text())[0]
    guest = open_as(None, f"{link}?{DAY}")
    expect(opened(guest).locator("optgroup")).to_have_count(0)


def test_a_slip_of_the_pen_is_asked_about(open_as, world: Site):
    page = open_as("ann", f"/?{DAY}")
    chosen(page, "Country", "is", "Germny")
    doubt = page.locator(".doubt")
    expect(doubt).to_contain_text("Nothing matches “Germny” in these days. Did you mean Germany?")
    doubt.get_by_role("button", name="Germany").click()
    page_views(page, "2")
    chips(page, "Country is Germany")


@pytest.mark.parametrize(
    ("dimension", "how", "typed", "offer"),
    [
        ("Source", "is", "gogle", "google"),
        ("Page", "is", "/red-sho", "/red-shoe"),
        ("Page", "contains", "red-sheo", "/red-shoe"),
        ("Event", "is", "pageview", "Page view"),
    ],
)
def test_what_comes_nearest_is_offered(open_as, world: Site, dimension: str, how: str, typed: str, offer: str):
    page = open_as("ann", f"/?{DAY}")
    chosen(page, dimension, how, typed)
    expect(page.locator(".doubt button").first).to_have_text(offer)


def test_what_there_is_not_yet_can_be_asked_for_all_the_same(open_as, world: Site):
    page = open_as("ann", f"/?{DAY}")
    chosen(page, "Page", "is", "/wholly-new")
    expect(page.locator(".doubt")).not_to_contain_text("Did you mean")
    page.get_by_role("button", name="Take it all the same").click()
    page_views(page, "0")
    chips(page, "Page is /wholly-new")


def test_nothing_typed_is_what_is_not_known(open_as, world: Site):
    page = open_as("ann", f"/?{DAY}")
    opened(page).get_by_label("Dimension").select_option("utm_campaign")
    page.get_by_role("button", name="Add", exact=True).click()
    page_views(page, "5")
    chips(page, "Campaign is not known")
