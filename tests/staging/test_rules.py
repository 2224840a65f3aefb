"""Validation: each rule on its own, drawn as rows in, rows out; poison beside good events (T11)."""

import json
from decimal import Decimal

import pytest

from footfall.staging import CUTS, ERRORS, NOTES
from site_under_test import NOON, RECEIVED, Site, at

VIEW = {"evt_type": "page_view", "event_timestamp": at()}
ITEM = {"evt_type": "item_interaction", "event_timestamp": at()}
STEP = {"evt_type": "transaction_step", "evt_action": "start", "event_timestamp": at()}

BROKEN = [
    ('"page_view"', "payload_not_object"),
    ("[1]", "payload_not_object"),
    ({}, "evt_type_missing"),
    ({"evt_type": None}, "evt_type_missing"),
    ({"evt_type": "  "}, "evt_type_missing"),
    ({"evt_type": "purchase"}, "evt_type_unknown"),
    ({"evt_type": ["page_view"]}, "evt_type_unknown"),
    ({"evt_type": 5}, "evt_type_unknown"),
    (ITEM, "item_missing"),
    (ITEM | {"evt_label": "", "item_id": ""}, "item_missing"),
    ({"evt_type": "transaction_step"}, "evt_action_missing"),
    (VIEW | {"event_timestamp": "now"}, "event_timestamp_invalid"),
    (VIEW | {"event_timestamp": "infinity"}, "event_timestamp_invalid"),
    (VIEW | {"event_timestamp": "tomorrow"}, "event_timestamp_invalid"),
    (VIEW | {"event_timestamp": "01/02/2026"}, "event_timestamp_invalid"),
    (VIEW | {"event_timestamp": "2026-02-30T10:00:00Z"}, "event_timestamp_invalid"),
    (VIEW | {"event_timestamp": "2026-03-10"}, "event_timestamp_invalid"),
    (VIEW | {"event_timestamp": True}, "event_timestamp_invalid"),
    (VIEW | {"event_timestamp": "2026-03-12T12:00:01Z"}, "event_timestamp_out_of_range"),
    (VIEW | {"event_timestamp": "1969-12-31T23:59:59Z"}, "event_timestamp_out_of_range"),
    (VIEW | {"event_timestamp": "2026-01-01T00:00:00Z", "_is_trusted": False}, "event_timestamp_out_of_range"),
    (VIEW | {"evt_value": 1_000_000_000.01, "_is_trusted": False}, "value_out_of_bounds"),
    (VIEW | {"evt_value": -99_999_999_999, "_is_trusted": False}, "value_out_of_bounds"),
]

NOTED = [
    (VIEW | {"event_id": "a\nb"}, "event_id_ignored"),
    (VIEW | {"event_id": "x" * 201}, "event_id_ignored"),
    (VIEW | {"event_id": "jo@example.org"}, "event_id_ignored"),
    (VIEW | {"session_id": "\t"}, "session_id_ignored"),
    (VIEW | {"visitor_id": "jo@example.org"}, "visitor_id_ignored"),
    (VIEW | {"user_id": "jo%40example.org"}, "user_id_ignored"),
    (VIEW | {"consent": "yes"}, "consent_ignored"),
    (ITEM | {"evt_label": "a", "item_id": "x" * 201}, "item_id_ignored"),
    (STEP | {"transaction_id": "x" * 201}, "transaction_id_ignored"),
    ({"evt_type": "page_view"}, "event_timestamp_inferred"),
    (VIEW, "session_inferred"),
    (VIEW | {"evt_value": "0.00001"}, "evt_value_rounded"),
    *(
        (VIEW | {"evt_value": value}, "evt_value_ignored")
        for value in ("abc", "NaN", "1e3", 1e20, [1], "49,90", "$49.99", "49.90 EUR", "1'000", "99999999999999.99995")
    ),
    *((VIEW | {"evt_value": 5, "currency": code}, "currency_unknown") for code in ("euro", "US$", "USDT", "XYZ", "€")),
    (STEP | {"evt_action": "Refund", "transaction_id": "O-1"}, "refund_without_value"),
    (VIEW | {"sent_at": at()}, "clock_corrected"),
    (VIEW | {"sent_at": "now"}, "sent_at_ignored"),
    (VIEW | {"_user_agent": "-", "_visitor_id": "v_1"}, "user_agent_missing"),
    (VIEW | {"_visitor_id": None}, "visitor_missing"),
    (VIEW | {"page_url": "javascript:alert(1)"}, "page_url_unparsed"),
    (ITEM | {"evt_label": "a", "item_value": "cheap"}, "item_value_ignored"),
    (VIEW | {"scroll_depth": 101}, "scroll_depth_ignored"),
    (VIEW | {"time_on_page": -1}, "time_on_page_ignored"),
    (VIEW | {"click_x": 3, "click_y": "left"}, "click_ignored"),
    (VIEW | {"properties": "a=1"}, "properties_ignored"),
]


def ids(rows: list) -> list[str]:
    return [f"{code}-{number}" for number, (_, code) in enumerate(rows)]


@pytest.fixture(scope="module")
def verdicts(module_url) -> dict[int, tuple]:
    """All rows staged in one batch: each is judged as if it were alone."""
    from footfall.database import connect

    with connect(module_url, "footfall_worker") as connection:
        site = Site(connection, "acme")
        site.land(*(event for event, _ in BROKEN + NOTED))
        site.load()
        rows = site.staged("validation_status", "validation_errors", "validation_flags")
        return dict(enumerate(rows))


@pytest.mark.parametrize("number", range(len(BROKEN)), ids=ids(BROKEN))
def test_an_event_that_breaks_a_rule_is_invalid_and_says_why(verdicts, number: int) -> None:
    assert verdicts[number][:2] == ("INVALID", [BROKEN[number][1]])


@pytest.mark.parametrize("number", range(len(NOTED)), ids=ids(NOTED))
def test_a_side_fact_that_cannot_be_understood_is_left_out_and_noted(verdicts, number: int) -> None:
    status, errors, flags = verdicts[len(BROKEN) + number]
    assert (status, errors) == ("VALID", [])
    assert NOTED[number][1] in flags


def test_every_rule_has_a_row_here() -> None:
    untested = {rule.code for rule in ERRORS} - {code for _, code in BROKEN} - {"tenant_unknown", "host_not_allowed"}
    assert untested == set()
    assert {rule.code for rule in NOTES} == {code for _, code in NOTED}


def test_an_unknown_tenant_is_invalid(site: Site) -> None:
    site.connection.execute("SELECT raw.ingest_tracking_event('nobody', NULL, NULL, '{\"evt_type\": \"page_view\"}')")
    site.load()
    assert site.staged("validation_errors") == [["tenant_unknown"]]


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.key)
def test_a_text_that_is_too_long_is_cut_and_noted(site: Site, cut) -> None:
    long = "https://acme.example/" + "x" * 3000 if cut.key in ("page_url", "page_referrer") else "x" * 3000
    site.land(STEP | {cut.key: long, "item_id": "sku-1"}, user_agent=None)
    site.load()
    assert site.staged("validation_status", "validation_flags")[0][0] == "VALID"
    assert f"{cut.key}_cut" in site.staged("validation_flags")[0]
    row = site.value("SELECT to_jsonb(s)::text FROM staging.site_events_staging s")
    assert "x" * (cut.length - 21) in row
    assert "x" * (cut.length + 1) not in row


def test_poison_loses_nothing_of_its_neighbours(site: Site) -> None:  # T11
    """Good events between bad ones, in one batch: all good ones are stored, the bad ones say why, the next batch goes on."""
    good = [VIEW | {"event_id": f"good-{n}", "page_url": f"https://acme.example/{n}"} for n in range(3)]
    poison = [
        {"evt_type": "page_view", "page_title": "x" * 10_000_000},
        VIEW | {"page_url": "https://acme.example/" + "y" * 600},
        VIEW | {"evt_value": 19.99},
        VIEW | {"evt_value": 1e20},
        VIEW | {"event_timestamp": "infinity"},
        VIEW | {"event_timestamp": "now"},
        {"evt_type": None},
        '["page_view"]',
        VIEW | {"evt_value": "NaN"},
    ]
    site.land(good[0], *poison[:5], good[1], *poison[5:], good[2])
    site.load()
    good_and_bad = "loaded " * 5 + "invalid " + "loaded " + "invalid " * 3 + "loaded " * 2
    assert site.fates() == good_and_bad.split()
    values = site.rows("SELECT event_value FROM business.site_event_details_s WHERE event_value IS NOT NULL")
    assert values == [(Decimal("19.99"),)]
    site.land(VIEW | {"event_id": "after"})
    site.load()
    assert site.fates()[-1] == "loaded"


@pytest.mark.parametrize("payload", ['{"page_title": "\\ud800"}', "{broken"])
def test_what_postgresql_cannot_store_is_left_out_alone(site: Site, payload: str) -> None:
    from footfall.raw import land

    events = [site.incoming(VIEW | {"event_id": "a"}), site.incoming(payload), site.incoming(VIEW | {"event_id": "b"})]
    assert land(site.connection, events) == [True, False, True]
    site.load()
    assert site.fates() == ["loaded", "loaded"]


MOMENTS = [
    ("2026-03-10T12:00:00Z", NOON),
    ("2026-03-10T12:00:00.000000Z", NOON),
    ("2026-03-10 12:00", NOON),
    ("2026-03-10T12:00:00", NOON),
    ("2026-03-10T17:30:00+05:30", NOON),
    ("2026-03-10T07:00:00-0500", NOON),
    ("2026-03-10T13:00:00+01", NOON),
    (1773144000, NOON),
    (1773144000.0, NOON),
    ("1773144000000", NOON),
    (1773144000000, NOON),
    (1773144000000000, NOON),
    ("1773144000000000", NOON),
    (1773144000000000000, NOON),
]


@pytest.mark.parametrize(("sent", "meant"), MOMENTS)
def test_a_time_is_read_in_every_form_that_trackers_write(site: Site, sent, meant) -> None:
    site.land({"evt_type": "page_view", "event_timestamp": sent})
    site.load()
    assert site.staged("event_timestamp") == [meant]


_MS = int(NOON.timestamp() * 1000)
_UUID7 = f"{_MS:012x}"[:8] + "-" + f"{_MS:012x}"[8:] + "-7c3a-9f5e-2b8a6d1c4e90"
_ULID = "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[_MS >> 5 * place & 31] for place in range(9, -1, -1)) + "Z" * 16


@pytest.mark.parametrize("event_id", [_UUID7, _ULID], ids=["UUIDv7", "ULID"])
def test_an_event_without_a_time_has_the_one_in_its_id(site: Site, event_id: str) -> None:
    """UUIDs of version 7 and ULIDs carry their millisecond: a retry gives the same key, however late it comes."""
    site.land({"evt_type": "page_view", "event_id": event_id})
    site.land({"evt_type": "page_view", "event_id": event_id}, received=NOON.replace(day=25))
    site.load()
    assert site.fates() == ["loaded", "duplicate"]
    assert site.staged("event_timestamp")[0] == NOON


def test_an_event_with_an_id_but_no_time_counts_once_however_often_it_is_sent(site: Site) -> None:
    for day in (12, 13, 20):
        site.land({"evt_type": "page_view", "event_id": "no-time"}, received=NOON.replace(day=day))
        site.load()
    assert site.fates() == ["loaded", "duplicate", "duplicate"]
    assert site.staged("event_timestamp") == [NOON.replace(day=12)] * 3


def test_an_event_without_an_id_is_told_apart_by_what_it_says(site: Site) -> None:
    one = VIEW | {"session_id": "s", "page_url": "https://acme.example/a"}
    site.land(
        one,
        one | {"sent_at": RECEIVED.isoformat(), "retry": 2},
        one | {"page_url": "https://acme.example/b"},
        one | {"_visitor_id": "v_other"},
    )
    site.load()
    assert site.fates() == ["loaded", "duplicate", "loaded", "loaded"]


def test_the_plans_function_judges_one_event_and_repeats_without_effect(site: Site) -> None:
    good = site.value("SELECT raw.ingest_tracking_event('acme', NULL, NULL, %s)", json.dumps(VIEW))
    bad = site.value("SELECT raw.ingest_tracking_event('acme', NULL, NULL, %s)", json.dumps({}))
    for _ in range(2):
        assert site.value("SELECT staging.validate_and_enrich_event(%s)", good) is True
        assert site.value("SELECT staging.validate_and_enrich_event(%s)", bad) is False
    assert len(site.staged("validation_status")) == 2
    site.load()
    assert site.fates() == ["loaded", "invalid"]


def test_a_tenant_has_event_types_of_its_own(worker) -> None:
    own = Site(worker, "own", event_types=("quiz_answered",))
    other = Site(worker, "other")
    for site in (own, other):
        site.land({"evt_type": "quiz_answered"})
        site.load()
    assert own.staged("tenant_id", "validation_status") == [("own", "VALID"), ("other", "INVALID")]


def test_an_id_that_grows_when_normalised_is_unusable(site: Site) -> None:
    site.land({"evt_type": "page_view", "session_id": "\u0958" * 150})  # two characters in NFC
    site.load()
    assert "session_id_ignored" in site.staged("validation_flags")[0]
