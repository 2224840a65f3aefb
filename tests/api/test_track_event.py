"""The plan's function for sending events from SQL: its shapes, and what it refuses."""

import json

import pytest

from footfall.database import connect
from site_under_test import Site, at

VIEW = {"evt_type": "page_view", "event_timestamp": at(), "page_url": "https://acme.example/"}


def send(site: Site, request) -> dict:
    return site.value("SELECT api.track_event(%s::jsonb)", json.dumps(request))


def test_one_event_in_the_plans_shape(site: Site) -> None:
    reply = send(site, VIEW | {"tenantId": "acme", "session_id": "s-1", "event_id": "e-1"})
    timestamp = reply["data"].pop("timestamp")
    assert timestamp
    assert reply == {
        "success": True,
        "message": "Tracking events accepted",
        "data": {
            "session_id": "s-1",
            "events_processed": 1,
            "events_failed": 0,
            "tenant_id": "acme",
            "processing_mode": "single",
            "events": [{"index": 0, "event_id": "e-1", "status": "accepted"}],
        },
    }


@pytest.mark.parametrize("request_", [[VIEW | {"tenantId": "acme"}, VIEW], {"tenantId": "acme", "events": [VIEW, VIEW]}])
def test_several_events_as_an_array_or_in_an_envelope(site: Site, request_) -> None:
    reply = send(site, request_)
    assert (reply["data"]["processing_mode"], reply["data"]["events_processed"]) == ("batch", 2)


def test_each_event_has_its_own_fate(site: Site) -> None:
    reply = send(
        site, {"tenantId": "acme", "events": [VIEW | {"event_id": "a"}, 5, VIEW | {"event_id": "a"}, {"x": "y" * 40_000}, {}]}
    )
    assert [(fate["status"], fate.get("reason")) for fate in reply["data"]["events"]] == [
        ("accepted", None),
        ("rejected", "not_an_object"),
        ("duplicate-in-request", None),
        ("rejected", "event_too_large"),
        ("accepted", None),  # it breaks a rule: that is staging's to say
    ]
    assert (reply["data"]["events_processed"], reply["data"]["events_failed"]) == (2, 2)
    site.load()
    assert site.fates() == ["loaded", "invalid"]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ([], "no_events"),
        ({"events": []}, "no_events"),
        ("evt_type", "no_events"),
        (["evt_type"], "tenant_required"),  # D11
        ({"tenantId": "acme", "events": [1, "a"]}, "no_event_accepted"),  # D12
        ([VIEW] * 501, "too_many_events"),
        (VIEW, "tenant_required"),  # D10
        (VIEW | {"tenantId": ""}, "tenant_unknown"),
        (VIEW | {"tenantId": "nobody"}, "tenant_unknown"),
        ([VIEW | {"tenantId": "acme"}, VIEW | {"tenantId": "other"}], "tenant_mismatch"),  # D08
    ],
)
def test_a_request_that_lands_nothing_says_why(site: Site, request_, code: str) -> None:
    reply = send(site, request_)
    assert (reply["success"], reply["error_code"], reply["debug_info"]["error"]) == (False, "TRACKING_ERROR", code)
    assert site.value("SELECT count(*) FROM raw.site_tracking_events_r") == 0


def test_one_bad_address_does_not_lose_the_request(site: Site) -> None:  # D13
    reply = send(site, {"tenantId": "acme", "client_ip": "nope", "events": [VIEW, VIEW | {"client_ip": "10.0.0.1"}]})
    assert reply["data"]["events_processed"] == 2
    visitors = [visitor for (visitor,) in site.rows("SELECT visitor_id FROM raw.site_tracking_events_r ORDER BY 1")]
    assert visitors[0].startswith("v_")
    assert visitors[1] is None


def test_no_session_is_made_up(site: Site) -> None:  # D16
    assert send(site, VIEW | {"tenantId": "acme"})["data"]["session_id"] is None


def test_the_session_decides_the_tenant_and_the_request_may_not_contradict_it(site: Site, url: str) -> None:
    with connect(url, "footfall_ingest") as connection:
        connection.execute("SELECT set_config('app.tenant_hk', %s, false)", (site.tenant_hk.hex(),))
        for request, expected in ((VIEW, True), (VIEW | {"tenantId": "acme"}, True), (VIEW | {"tenantId": "other"}, False)):
            reply = connection.execute("SELECT api.track_event(%s::jsonb)", (json.dumps(request),)).fetchone()[0]
            assert reply["success"] is expected
        assert reply["debug_info"]["error"] == "tenant_mismatch"


def test_the_health_check_answers_and_says_what_is_missing(site: Site) -> None:
    reply = site.value("SELECT api.track_test()")
    assert (reply["success"], reply["data"]["status"], set(reply["data"]["checks"].values())) == (True, "ok", {True})
    site.connection.execute("SET footfall.now = '2031-01-01'")
    reply = site.value("SELECT api.track_test()")
    assert (reply["success"], reply["data"]["checks"]["receiving"]) == (False, False)


def test_received_is_loaded_and_duplicate_and_invalid_and_pending_hour_by_hour(site: Site) -> None:
    site.land(VIEW | {"event_id": "a"}, {}, received=at())
    site.land(VIEW | {"event_id": "a"}, received=at(70))
    site.load()
    site.land(VIEW | {"event_id": "b"}, received=at(71))
    rows = site.rows("SELECT received, loaded, duplicate, invalid, pending FROM api.event_balance_v ORDER BY received_hour")
    assert rows == [(2, 1, 0, 1, 0), (2, 0, 1, 0, 1)]
