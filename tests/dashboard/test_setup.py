"""The set-up: goals are tried before they are saved, and what is dangerous stands apart."""

from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Page, expect

from footfall.api import add_goal, save_funnel
from site_under_test import Site, view


@pytest.fixture(scope="module")
def lately(shop: Site) -> Site:
    """The shop, with three visits of the last hours; two of them saw the prices."""
    now = shop.value("SELECT util.current_load_date()")
    for number, path in enumerate(("/pricing", "/pricing/teams", "/about")):
        who = {"session_id": f"s-{number}", "_visitor_id": f"v-{number}", "event_timestamp": now.isoformat()}
        shop.land(view(path, 0, **who), view(path, 1, **who), received=now)
    shop.settle()
    return shop


def goals(page: Page) -> Locator:
    return page.locator(".panel", has=page.get_by_role("heading", name="Goals", exact=True))


def test_a_goal_is_put_together_tried_and_saved(open_as, lately: Site):
    page = open_as("ann", "/setup?part=goals")
    page.get_by_role("button", name="New goal").click()
    form = goals(page)
    expect(form.get_by_role("button", name="Save goal")).to_be_disabled()
    form.get_by_label("Value").fill("/pricing")
    form.get_by_role("button", name="Add condition").click()
    expect(form.locator(".preview")).to_have_text("Reached 4 times in 30 days, in 2 visits.")
    form.get_by_role("button", name="+ And").click()
    form.get_by_label("Dimension").select_option(label="Page")
    form.get_by_label("Value").fill("teams")
    form.get_by_role("button", name="Add condition").click()
    expect(form.locator(".preview")).to_have_text("Reached 2 times in 30 days, in 1 visit.")
    form.get_by_label("Goal").fill("Team prices")
    form.get_by_label("Worth").fill("2.5")
    form.get_by_role("button", name="Save goal").click()
    row = form.locator("tbody tr", has_text="Team prices")
    expect(row.locator("td").nth(0)).to_have_text("Page contains /pricing and Page contains teams")
    expect(row.locator("td").nth(1)).to_have_text("€2.50")
    expect(row.locator("td").nth(2)).to_have_text("2")
    assert lately.rows("SELECT goal, filter, value FROM ref.goal WHERE goal = 'Team prices'") == [
        ("Team prices", "page=~/pricing;page=~teams", 2.5)
    ]


def test_a_goal_is_edited_renamed_and_removed(open_as, lately: Site):
    add_goal(lately.connection, lately.tenant_id, "About", "page==/about", Decimal(7), "CHF")
    page = open_as("ann", "/setup?part=goals")
    page.on("dialog", lambda dialog: dialog.accept())
    form = goals(page)
    form.get_by_role("button", name="Edit About").click()
    expect(form.locator(".preview")).to_have_text("Reached 2 times in 30 days, in 1 visit.")
    form.get_by_label("Goal").fill("About us")
    form.get_by_role("button", name="Save goal").click()
    expect(form.locator("tbody")).to_contain_text("About us")
    stored = "SELECT goal, filter, value, currency FROM ref.goal WHERE goal LIKE 'About%%'"
    assert lately.rows(stored) == [("About us", "page==/about", 7, "CHF")]
    form.get_by_role("button", name="Edit About us").click()
    form.get_by_role("button", name="Remove About us").click()
    expect(form.get_by_role("button", name="Edit About us")).to_have_count(0)
    assert lately.rows(stored) == []


def test_a_goal_takes_no_other_s_name(open_as, lately: Site):
    for name in ("First", "Second"):
        add_goal(lately.connection, lately.tenant_id, name, "page==/about", None, None)
    page = open_as("ann", "/setup?part=goals")
    goals(page).get_by_role("button", name="Edit First").click()
    goals(page).get_by_label("Goal").fill("Second")
    goals(page).get_by_role("button", name="Save goal").click()
    expect(page.get_by_role("alert")).to_contain_text("There is a goal of this name already.")
    assert lately.value("SELECT count(*) FROM ref.goal WHERE goal IN ('First', 'Second')") == 2


def test_a_key_is_revoked_in_the_danger_area_and_nowhere_else(open_as, lately: Site):
    page = open_as("ann", "/setup?part=access")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_label("Label").fill("old shop")
    page.get_by_role("button", name="Make a key").click()
    expect(page.locator(".secret")).to_be_visible()
    danger = page.locator(".panel.danger")
    assert page.get_by_role("button", name="Revoke").count() == 0
    danger.get_by_label("Revoke a key").select_option(label=danger.locator("option", has_text="old shop").inner_text())
    danger.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("row").filter(has_text="old shop")).to_contain_text("revoked on")
    expect(danger.locator("option", has_text="old shop")).to_have_count(0)


def test_saved_funnels_lead_to_where_they_are_changed(open_as, lately: Site):
    save_funnel(lately.connection, "acme", "Prices", {"steps": ["page==/", "page=~/pricing"]})
    page = open_as("ann", "/setup?part=goals")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="Prices", exact=True))
    expect(row).to_contain_text("Page is / → Page contains /pricing")
    row.get_by_role("link", name="Prices").click()
    expect(page.get_by_role("heading", name="Prices")).to_be_visible()
