"""The filter language, term by term, over three visits: from Germany, from India, and from nobody knows where."""

import pytest

from footfall.api import add_goal
from footfall.errors import NotAccepted
from site_under_test import Site, view

EXAMPLES = [
    ("", {"/de", "/in", "/?"}),
    ("country==DE", {"/de"}),
    ("country==DE|IN", {"/de", "/in"}),
    ("country!=DE", {"/in", "/?"}),
    ("country==", {"/?"}),
    ("country!=", {"/de", "/in"}),
    ("country==DE|", {"/de", "/?"}),
    ("country==|DE", {"/de", "/?"}),
    ("country!=DE|", {"/in"}),
    ("country=~e", {"/de"}),
    ("country!~e", {"/in", "/?"}),
    ("page==/de", {"/de"}),
    ("page==acme.example/de", {"/de"}),
    ("page==/de|/in", {"/de", "/in"}),
    ("page!=/de", {"/in", "/?"}),
    ("page=~D", {"/de"}),
    ("event_label==a\\;b\\,c\\|d\\\\e", {"/de"}),
    ("event_label=~\\;b", {"/de"}),
    ("event_label=~50%", {"/in"}),
    ("event_label=~5_", set()),
    ("country==DE,country==IN", {"/de", "/in"}),
    ("country==DE;page==/in", set()),
    ("country==DE,country==IN;page==/in,page==/?", {"/in"}),
    ("property:plan==pro", {"/de"}),
    ("goal==Seen", {"/in"}),
    ("goal==Seen,country==DE", {"/de", "/in"}),
    ("item==sku", {"/in"}),
    ("item==item:sku", {"/in"}),
]


@pytest.fixture(scope="module")
def three(module_site: Site) -> Site:
    """One visit each."""
    site = module_site
    site.land(
        view("/de", 0, session_id="de", timezone="Europe/Berlin", evt_label="a;b,c|d\\e", properties={"plan": "pro"}),
        view("/in", 0, session_id="in", timezone="Asia/Calcutta", evt_label="50% off", item_id="sku"),
        view("/%3F", 0, session_id="nowhere"),
    )
    site.load()
    add_goal(site.connection, "acme", "Seen", "page==/in", None, None)
    return site


@pytest.mark.parametrize(("text", "pages"), EXAMPLES)
def test_a_filter_chooses(three: Site, text: str, pages: set[str]) -> None:
    question = {"dateFrom": "2026-03-10", "dateTo": "2026-03-10", "dimension": "page", "filter": text}
    reply = three.ask("breakdown", **question)
    assert {row["value"].removeprefix("acme.example").replace("%3F", "?") for row in reply["data"]["rows"]} == pages


def test_a_tenant_without_goals_is_told_so(site: Site) -> None:
    reply = site.ask("overview", filter="goal==x")
    assert reply["debug_info"]["error"] == "goal_unknown"


@pytest.mark.parametrize(
    ("goal", "text", "code"),
    [
        ("", "page==/", "goal_invalid"),
        ("a;b", "page==/", "goal_invalid"),
        ("a", "goal==b", "filter_invalid"),
        ("a", "", "filter_invalid"),
    ],
)
def test_a_goal_that_cannot_be_is_refused(site: Site, goal: str, text: str, code: str) -> None:
    with pytest.raises(NotAccepted) as refused:
        add_goal(site.connection, "acme", goal, text, None, None)
    assert refused.value.code == code
