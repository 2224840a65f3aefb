"""Which event is which, whose it is, and when it was: ids that are none, clocks that are wrong, events that are sent again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from footfall.settings import Settings
from footfall.worker import keep_house
from site_under_test import NOON, RECEIVED, Site, at, view

NO_IDS = [
    *(
        "undefined",
        "null",
        "NaN",
        "None",
        "nil",
        " Undefined ",
        "(not set)",
        "[object Object]",
        "[object Promise]",
        "true",
        "false",
    ),
    *("anonymous", "00000000-0000-0000-0000-000000000000", "0", "000000", "-1", "{}", "[]", "n/a"),
    *("-", '"null"', "user_id"),
    # places that were never filled
    *("{{user.id}}", "{{ order.id }}", "${userId}", "<%= id %>", "%USER_ID%", "#{id}", "__CLIENT_ID__"),
]
KEYS = ("visitor_id", "user_id", "session_id", "item_id", "transaction_id", "event_id")


def test_what_programs_write_where_they_have_no_id_is_none(site: Site) -> None:
    site.land(*(view("/", number, event_id=None) | dict.fromkeys(KEYS, text) for number, text in enumerate(NO_IDS)))
    site.load()
    expected = {f"{key}_ignored" for key in KEYS}
    for text, flags in zip(NO_IDS, site.staged("validation_flags"), strict=True):
        assert expected <= set(flags), text
    assert site.fates() == ["loaded"] * len(NO_IDS)


@pytest.mark.parametrize(
    "text", ["7", "10", "Guest-1", "nullable", "0x1f", "00017", "item {red}", "a-{b}", "IDs", "Paul True", "2026", "NaNa"]
)
def test_what_only_looks_like_none_is_an_id(site: Site, text: str) -> None:
    site.land(view("/") | dict.fromkeys(KEYS, text))
    site.load()
    assert not [flag for flag in site.staged("validation_flags")[0] if flag.endswith("_id_ignored")]


def test_people_without_a_usable_id_are_told_apart_by_what_the_edge_knows(site: Site) -> None:
    site.land(*(view("/", visitor_id="undefined", event_id=f"i{n}", _visitor_id=f"v_{n}") for n in range(3)))
    site.load()
    assert site.value("SELECT count(*) FROM business.site_visitor_h") == 3


def test_an_event_id_is_one_event_whatever_time_comes_with_it(site: Site) -> None:
    """Some clients stamp at each attempt; the first time that made sense is kept."""
    site.land(view("/", 0, event_id="same"), view("/", 1, event_id="same"))
    site.load()
    site.land(view("/", 2, event_id="same"), view("/", 3, event_id="other"))
    site.load()
    assert site.fates() == ["loaded", "duplicate", "duplicate", "loaded"]
    assert site.staged("event_timestamp")[:3] == [NOON] * 3


def test_a_time_that_makes_no_sense_does_not_keep_the_event_from_being_sent_right(site: Site) -> None:
    site.land(
        view("/", event_id="same", event_timestamp="2036-01-01T00:00:00Z"), view("/", event_id="same", event_timestamp="soon")
    )
    site.load()
    site.land(view("/", 2, event_id="same"))
    site.load()
    assert site.fates() == ["invalid", "invalid", "loaded"]


def test_ids_of_other_tenants_are_other_ids(site: Site, worker) -> None:
    rival = Site(worker, "rival")
    for one in (site, rival):
        one.land(view("/", 0 if one is site else 9, event_id="same"))
        one.load()
    assert [row[0] for row in site.rows("SELECT event_timestamp FROM business.site_event_details_s ORDER BY 1")] == [
        NOON,
        NOON + timedelta(minutes=9),
    ]


def test_ids_tell_case_apart(site: Site) -> None:
    site.land(*({"evt_type": "page_view", "event_id": event_id} for event_id in ("Ab1", "aB1")))
    site.load()
    assert site.fates() == ["loaded", "loaded"]


def test_what_an_event_itself_says_is_forgotten_after_a_week_and_what_only_its_receipt_tells_is_not(site: Site) -> None:
    site.land(view("/", event_id="timed"), {"evt_type": "page_view", "event_id": "untimed"})
    site.load()
    assert site.value("SELECT staging.forget_identities(%s)", RECEIVED + timedelta(days=6)) == 0
    assert site.value("SELECT staging.forget_identities(%s)", RECEIVED + timedelta(days=8)) == 1
    site.land(
        view("/", event_id="timed"), {"evt_type": "page_view", "event_id": "untimed"}, received=RECEIVED + timedelta(days=9)
    )
    site.load()
    assert site.fates() == ["loaded", "loaded", "duplicate", "duplicate"]


@pytest.mark.parametrize("ahead", [timedelta(minutes=15), timedelta(minutes=-15), timedelta(days=400), timedelta(days=-20_000)])
def test_a_wrong_clock_is_set_right_by_when_the_event_was_sent(site: Site, ahead: timedelta) -> None:
    """Made an hour before it was sent, by the same clock."""
    sent_at = RECEIVED + ahead
    event = view("/", event_timestamp=(sent_at - timedelta(hours=1)).isoformat(), sent_at=sent_at.isoformat(), event_id="e")
    site.land(event, is_trusted=False)
    site.load()
    assert site.staged("event_timestamp") == [RECEIVED - timedelta(hours=1)]
    assert "clock_corrected" in site.staged("validation_flags")[0]


@pytest.mark.parametrize("identity", [{"event_id": "e"}, {"event_id": None}])
def test_a_corrected_event_is_the_same_one_when_it_is_sent_again(site: Site, identity: dict) -> None:
    made, ahead = RECEIVED + timedelta(minutes=15), timedelta(minutes=15)
    for seconds in (0, 0.137, 90):
        received = RECEIVED + timedelta(seconds=seconds)
        event = view("/", event_timestamp=made.isoformat(), sent_at=(received + ahead + timedelta(milliseconds=3)).isoformat())
        site.land(event | identity, received=received)
        site.load()
    assert site.fates() == ["loaded", "duplicate", "duplicate"]


def test_an_event_of_hours_ago_keeps_its_time_when_the_clock_is_right(site: Site) -> None:
    for late in (0, 4):  # so long may the way have taken
        sent_at = RECEIVED - timedelta(seconds=late)
        site.land(
            view(
                "/", event_id=f"e{late}", event_timestamp=(RECEIVED - timedelta(hours=3)).isoformat(), sent_at=sent_at.isoformat()
            )
        )
    site.load()
    assert site.staged("event_timestamp") == [RECEIVED - timedelta(hours=3)] * 2


def test_a_currency_that_nobody_knows_is_never_added_to_one_that_is_known(site: Site) -> None:
    order = {"evt_type": "transaction_step", "evt_action": "complete", "event_timestamp": at(), "session_id": "s"}
    values = [(1000, "USDT"), (500, "US$"), (10, "USD"), (7, None), ("1000", " jpy ")]
    site.land(
        *(order | {"evt_value": value, "currency": code, "transaction_id": str(n + 1)} for n, (value, code) in enumerate(values))
    )
    site.load()
    assert site.staged("event_currency") == ["USDT", "US$", "USD", "USD", "JPY"]
    assert site.report(dateFrom="2026-03-10", dateTo="2026-03-10")["conversions"]["totalConversionValue"] == 17


def test_the_part_after_the_hash_tells_pages_apart_where_a_router_or_the_tracker_says_so(site: Site) -> None:
    addresses = [
        ("https://a.example/app#/pricing", {}, "a.example/app#/pricing"),
        ("https://a.example/app#!/pricing/", {}, "a.example/app#!/pricing"),
        ("https://a.example/app#pricing", {}, "a.example/app"),
        ("https://a.example/app#pricing", {"page_hash": True}, "a.example/app#pricing"),
        ("https://a.example/#/list?utm_source=news&id=7", {}, "a.example/#/list"),
        ("/app#/pricing", {}, "/app#/pricing"),
        ("https://a.example/app#utm_source=news", {"page_hash": True}, "a.example/app"),
        ("https://a.example/app#", {"page_hash": True}, "a.example/app"),
    ]
    site.land(*(view("/", n, event_id=str(n + 1), page_url=url, **more) for n, (url, more, _) in enumerate(addresses)))
    site.load()
    assert site.staged("site_page_bk") == [page for _, _, page in addresses]


@pytest.mark.parametrize(
    "address",
    [
        "/#/pricing?utm_source=news&utm_medium=email",
        "/#utm_source=news&utm_medium=email",
        "/?x=1#/a?utm_source=news&utm_medium=email",
    ],
)
def test_a_campaign_may_stand_after_the_hash(site: Site, address: str) -> None:
    site.land(view("/", page_url=f"https://a.example{address}", event_id="e"))
    site.load()
    assert site.staged("utm_source", "utm_medium", "channel") == [("news", "email", "email")]


def test_page_views_of_one_view_are_one_whatever_their_ids_and_times(site: Site) -> None:
    """A wire that sends each view by two ways: a page and its server, a tag and an app's web view."""
    site.land(view("/", 0, event_id="a", page_view_id="pv-1"), view("/", 1, event_id="b", page_view_id="pv-1"))
    site.load()
    site.land(view("/", 2, event_id=None, page_view_id="pv-1"), view("/", 3, event_id="c", page_view_id="pv-2"))
    site.load()
    assert site.fates() == ["loaded", "duplicate", "duplicate", "loaded"]
    assert site.rows("SELECT site_event_bk FROM business.site_event_h ORDER BY 1") == [
        (f"evt_{int(NOON.timestamp() * 1000)}_a",),
        (f"evt_{int((NOON + timedelta(minutes=3)).timestamp() * 1000)}_c",),
    ]


@pytest.mark.parametrize("one_by_one", [False, True])
def test_what_tells_of_a_view_is_not_swallowed_by_it(site: Site, one_by_one: bool) -> None:
    attention = {"evt_type": "engagement", "evt_action": "attention", "event_timestamp": at(1), "page_view_id": "pv-1"}
    for event in (
        attention | {"event_id": "t1"},
        view("/", 0, event_id="a", page_view_id="pv-1"),
        attention | {"event_id": "t2"},
        # the same view, as others spell its type
        view("/", 5, event_id="b", page_view_id="pv-1", evt_type="Page View"),
    ):
        site.land(event)
        if one_by_one:
            site.load()
    site.load()
    assert site.fates() == ["loaded", "loaded", "loaded", "duplicate"]


def test_views_of_other_tenants_and_ids_that_are_none_are_other_views(site: Site, worker) -> None:
    rival = Site(worker, "rival")
    rival.land(view("/", 0, event_id="r", page_view_id="pv-1"))
    site.land(
        view("/", 0, event_id="a", page_view_id="pv-1"),
        view("/", 1, event_id="b", page_view_id="undefined"),
        view("/", 2, event_id="c", page_view_id="undefined"),
        view("/", 3, event_id="pv-1"),  # an event id is no view
    )
    site.load()
    assert site.fates() == ["loaded"] * 5


def test_a_view_is_its_first_event_also_when_that_one_is_sent_again_with_another_time(site: Site) -> None:
    site.land(view("/", 0, event_id="a"))
    site.load()
    site.land(view("/", 1, event_id="a", page_view_id="pv-1"), view("/", 2, event_id="b", page_view_id="pv-1"))
    site.load()
    # a server says it once more: the view is there
    site.land(view("/", 3, event_id="b", page_view_id="pv-1"), is_trusted=True)
    site.load()
    assert site.fates() == ["loaded", "duplicate", "duplicate", "duplicate"]


def test_a_view_of_no_sense_does_not_keep_the_right_one_from_counting(site: Site) -> None:
    site.land(view("/", event_id="a", page_view_id="pv-1", event_timestamp="2036-01-01T00:00:00Z"))
    site.load()
    site.land(view("/", 2, event_id="b", page_view_id="pv-1"))
    site.load()
    assert site.fates() == ["invalid", "loaded"]


def test_how_long_ids_of_events_and_views_are_known_is_a_setting(site: Site) -> None:
    settings = replace(Settings(), identity_days=2)
    for days, fates in ((0, ["loaded", "loaded"]), (1, ["duplicate", "duplicate"]), (3, ["loaded", "loaded"])):
        site.set_clock(RECEIVED + timedelta(days=days))
        keep_house(site.connection, settings)
        # each with a time of its own
        site.land(view("/", days, event_id="same"), view("/", days + 5, event_id=f"e{days}", page_view_id="pv-1"))
        site.load()
        assert site.fates()[-2:] == fates, days
