"""Who is tracked: what visitors wish, what they consent to, and what is kept of them in the browser."""

import re
from datetime import datetime

import pytest
from browsing import MORE_IS_THERE, VIEW, hide, settle, until
from web_site import Host, WebSite

pytestmark = pytest.mark.usefixtures("without_vitals")


@pytest.mark.parametrize(
    "wish",
    [
        "Object.defineProperty(navigator, 'doNotTrack', {value: '1'})",
        "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})",
    ],
)
def test_who_asks_not_to_be_tracked_is_not(open_page, host: Host, wish: str):
    page = open_page("/", script=wish)
    page.wait_for_function(MORE_IS_THERE)
    page.evaluate("() => { footfall.consent(true); footfall.track('engagement'); }")
    hide(page)
    settle(page)
    assert host.requests == []
    assert page.evaluate("localStorage.length") == 0


def test_local_and_automated_pages_are_not_counted_unless_asked_and_the_console_says_why(
    open_page, host: Host, web_site: WebSite
):
    web_site.attributes = "data-debug data-vitals=off"
    page = open_page("/")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.reload()
    settle(page)
    assert host.requests == []
    assert "footfall event local" in said


def test_who_asks_gets_a_code_that_is_an_event_of_their_visit_and_nothing_is_kept_for_it(open_page, host: Host):
    page = open_page("/")
    page.wait_for_function("() => window.footfall?.whoami")
    code = page.evaluate("footfall.whoami()")
    assert re.fullmatch(r"[0-9a-z]{8}-[0-9a-z]{8}", code)
    assert page.evaluate("footfall.whoami()") == code
    until(lambda: [event["evt_action"] for event in host.events if event["event_id"] == code], ["whoami"])
    (event,) = (event for event in host.events if event["event_id"] == code)
    assert int(code.split("-")[0], 36) == datetime.fromisoformat(event["event_timestamp"]).timestamp() * 1000
    assert page.evaluate("localStorage.length") == 0
    # of whom nothing is sent nothing is held
    page.evaluate("footfall.optOut()")
    assert page.evaluate("footfall.whoami()") == ""


def test_required_consent_holds_everything_back_until_it_is_given(open_page, host: Host, web_site: WebSite):
    web_site.attributes += " data-consent=required"
    page = open_page("/")
    settle(page)
    assert host.requests == []
    assert page.evaluate("localStorage.length") == 0
    page.evaluate("footfall.consent(true)")
    until(host.told, [VIEW])
    visitor = host.events[0]["visitor_id"]
    page.reload()
    until(lambda: host.told().count(VIEW), 2)
    assert {event["visitor_id"] for event in host.events} == {visitor}
    page.evaluate("footfall.consent(false)")
    page.evaluate("footfall.track('engagement')")
    settle(page)
    assert len([told for told in host.told() if told == VIEW]) == 2
    assert page.evaluate("localStorage.length") == 0


def test_two_tabs_of_a_visitor_who_consents_share_one_id_and_double_nothing(open_page, host: Host):
    first = open_page("/one")
    until(host.told, [VIEW])
    first.evaluate("footfall.consent(true)")
    second = open_page("/two", same_profile=True)
    until(lambda: len(host.events), 2)
    first.evaluate("footfall.contact()")
    second.evaluate("footfall.contact()")
    until(lambda: len(host.events), 4)
    assert len({event["visitor_id"] for event in host.events[1:]}) == 1


def test_blocked_storage_changes_nothing_but_memory(open_page, host: Host):
    page = open_page("/", script="Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no'); }})")
    until(host.told, [VIEW])
    page.evaluate("() => { footfall.consent(true); footfall.contact(); }")
    until(host.told, [VIEW, ("contact_interaction", None)])
    assert host.events[1]["visitor_id"]


def test_who_opted_out_is_not_tracked_any_more(open_page, host: Host):
    page = open_page("/")
    until(host.told, [VIEW])
    page.evaluate("footfall.optOut()")
    page.reload()
    settle(page)
    assert host.told().count(VIEW) == 1
    page.evaluate("footfall.optOut(false)")
    page.reload()
    until(lambda: host.told().count(VIEW), 2)


def test_consent_that_is_taken_back_in_one_tab_is_taken_back_in_all(open_page, host: Host):
    first = open_page("/one")
    first.evaluate("footfall.consent(true)")
    second = open_page("/two", same_profile=True)
    until(lambda: host.told().count(VIEW), 2)
    # the tracker listens, too, and hears it first
    first.evaluate("addEventListener('storage', () => { window.heard = !localStorage.footfall; })")
    second.evaluate("footfall.consent(false)")
    first.wait_for_function("() => window.heard")
    first.evaluate("footfall.contact()")
    until(lambda: ("contact_interaction", None) in host.told(), wanted=True)
    assert "visitor_id" not in host.events[-1]
    assert first.evaluate("localStorage.length") == 0


def test_opting_out_holds_for_the_page_where_storage_is_blocked(open_page, host: Host):
    page = open_page("/", script="Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no'); }})")
    until(host.told, [VIEW])
    page.evaluate("() => { footfall.optOut(); footfall.contact(); }")
    settle(page)
    assert host.told() == [VIEW]


def test_what_another_script_wrote_under_our_name_does_no_harm(open_page, host: Host):
    open_page("/", script="localStorage.footfall = 'hello'")
    until(host.told, [VIEW])


@pytest.mark.parametrize(
    ("hostname", "is_counted"), [("xn--mller-kva.example", True), ("shop-git-main-acme.example", False), ("localhost", False)]
)
def test_international_names_are_no_previews(open_page, host: Host, web_site: WebSite, hostname: str, is_counted: bool):
    web_site.attributes = "data-vitals=off"
    context = open_page("/nothing").context
    page = context.new_page()
    page.add_init_script("Object.defineProperty(Navigator.prototype, 'webdriver', {get: () => false})")
    pages = lambda route: route.fulfill(  # noqa: E731
        content_type="text/html", body=f'<script src="{web_site.host}/footfall.js" data-key=ffw_test data-vitals=off></script>'
    )
    context.route(f"http://{hostname}/**", pages)
    # no public page may fetch from this machine itself
    context.route(f"{web_site.host}/**", lambda route: route.fulfill(response=route.fetch()))
    page.goto(f"http://{hostname}/")
    settle(page)
    assert len(host.events) == is_counted


def test_what_was_consented_is_said_once_on_a_page_and_anew_when_it_changes(open_page, host: Host):
    page = open_page("/")
    until(host.told, [VIEW])
    page.wait_for_function(MORE_IS_THERE)
    about = {"purposes": ["statistics"], "version": "2026-11"}
    page.evaluate("about => footfall.consent(true, about)", about)
    page.evaluate("() => { footfall.track('engagement', {label: 'a'}); footfall.track('engagement', {label: 'b'}); }")
    until(lambda: len(host.events), 3)
    page.evaluate("footfall.consent(false)")
    page.evaluate("footfall.track('engagement', {label: 'c'})")
    until(lambda: len(host.events), 4)
    said = {event.get("evt_label"): event.get("consent") for event in host.events}
    assert said == {None: None, "a": about, "b": None, "c": False}


def test_kept_consent_is_said_again_on_the_next_page(open_page, host: Host):
    page = open_page("/")
    until(host.told, [VIEW])
    page.evaluate("footfall.consent(true)")
    page.reload()
    until(lambda: host.told().count(VIEW), 2)
    assert [event.get("consent") for event in host.events if event["evt_type"] == "page_view"] == [None, True]
