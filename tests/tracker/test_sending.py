"""How events get to the server: when pages end, when it is down, when they are many; nothing is lost, nothing comes twice."""

import pytest
from browsing import ATTENTION, MORE_IS_THERE, VIEW, settle, settle_real, until
from web_site import Host, WebSite

pytestmark = pytest.mark.usefixtures("without_vitals")


def test_leaving_a_page_sends_what_is_not_acknowledged_by_beacon(open_page, host: Host, web_site: WebSite):
    page = open_page("/a")
    page.wait_for_function(MORE_IS_THERE)
    page.evaluate("() => { footfall.contact({label: 'newsletter'}); location.href = '/b'; }")
    until(lambda: host.told().count(VIEW), 2)
    assert ("contact_interaction", None) in host.told()
    assert ATTENTION in host.told()


def test_a_server_that_is_down_gets_the_same_events_later_and_is_asked_when_it_said(open_page, host: Host):
    host.status, host.headers = 503, {"retry-after": "40"}
    page = open_page("/", clock=True)
    page.clock.run_for(1_000)
    until(lambda: len(host.requests), 1)
    page.evaluate("footfall.contact()")
    page.clock.run_for(30_000)
    settle_real(page)
    assert len(host.requests) == 1
    host.status, host.headers = 202, {}
    page.clock.run_for(15_000)
    until(lambda: len(host.requests), 2)
    assert [event["event_id"] for event in host.requests[1]][:1] == [event["event_id"] for event in host.requests[0]]
    assert host.told() == [VIEW, ("contact_interaction", None)]
    page.clock.run_for(600_000)
    settle_real(page)
    assert len(host.requests) == 2


def test_offline_events_wait_with_growing_pauses_and_go_when_the_way_is_open(open_page, host: Host):
    page = open_page("/")
    until(host.told, [VIEW])
    page.context.set_offline(True)
    page.evaluate("for (let i = 0; i < 30; i++) footfall.track('engagement', {action: 'a' + i})")
    settle(page)
    assert len(host.events) == 1
    page.context.set_offline(False)
    until(lambda: len(host.events), 31)
    assert [event["evt_action"] for event in host.events[1:]] == [f"a{i}" for i in range(30)]


def test_events_that_a_page_could_not_send_are_sent_by_the_next_if_the_visitor_consented(
    open_page, host: Host, web_site: WebSite
):
    page = open_page("/")
    until(host.told, [VIEW])
    page.evaluate("footfall.consent(true)")
    host.status = 500
    page.evaluate("footfall.contact()")
    until(lambda: len(host.requests) > 1, wanted=True)
    page.evaluate("navigator.sendBeacon = () => false")
    page.goto("about:blank")

    def contacts() -> list[str]:
        events = [event for request in host.requests for event in request]
        return [event["event_id"] for event in events if event["evt_type"] == "contact_interaction"]

    settle(page)  # what was sent on leave is there
    before = len(contacts())
    host.status = 202
    page.goto(web_site.server.address)
    until(lambda: len(contacts()), before + 1)
    assert len(set(contacts())) == 1


def test_a_refused_request_is_not_sent_again(open_page, host: Host):
    host.status = 401
    page = open_page("/", clock=True)
    page.clock.run_for(1_000)
    until(lambda: len(host.requests), 1)
    page.clock.run_for(600_000)
    settle_real(page)
    assert len(host.requests) == 1


def test_many_calls_in_a_row_do_not_keep_each_other_from_being_sent(open_page, host: Host):
    page = open_page("/", clock=True)
    page.clock.run_for(1_000)
    until(host.told, [VIEW])
    for number in range(30):
        page.evaluate(f"footfall.track('engagement', {{action: 'a{number}'}})")
        page.clock.run_for(50)
    until(lambda: len(host.events) > 20, wanted=True)


def test_after_a_failure_what_was_beaconed_is_sent_once_more_by_the_next_page_if_the_visitor_consented(
    open_page, host: Host, web_site: WebSite
):
    page = open_page("/")
    until(host.told, [VIEW])
    page.evaluate("footfall.consent(true)")
    host.status = 503
    page.evaluate("footfall.contact()")
    until(lambda: len(host.requests), 2)
    page.goto("about:blank")
    until(lambda: len(contacts_of(host)) >= 2, wanted=True)  # what was sent on leave is there
    host.status = 202
    before = len(contacts_of(host))
    page.goto(web_site.server.address)
    until(lambda: len(contacts_of(host)), before + 1)
    assert len(set(contacts_of(host))) == 1


def contacts_of(host: Host) -> list[str]:
    """The id of each contact, once for each time that it was sent."""
    return [event["event_id"] for request in host.requests for event in request if event["evt_type"] == "contact_interaction"]


def test_the_landing_outlives_a_queue_that_overflows_before_consent(open_page, host: Host, web_site: WebSite):
    web_site.attributes += " data-consent=required"
    page = open_page("/landing?utm_source=news")
    page.evaluate("for (let i = 0; i < 250; i++) footfall.track('engagement', {action: 'e'}); footfall.consent(true)")
    until(lambda: len(host.events), 200)
    assert host.told()[0] == VIEW
    assert all(event["visitor_id"] for event in host.events)
