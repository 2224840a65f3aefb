"""The load: what arrives twice, late, split or out of order ends up the same (T01, T02, T04, T07, T08)."""

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footfall.business import all_checks, run_check
from footfall.database import connect
from footfall.worker import load_pending
from site_under_test import BOT, NOON, RECEIVED, Site, contents, counts, view


def purchase(visitor: str, minutes: float, number: str, value: float = 20.0) -> dict:
    return {
        "evt_type": "transaction_step",
        "evt_action": "complete",
        "evt_label": "paid",
        "funnel": "checkout",
        "transaction_id": number,
        "evt_value": value,
        "event_id": f"{visitor}-{number}-{minutes}",
        "event_timestamp": (NOON + timedelta(minutes=minutes)).isoformat(),
        "_visitor_id": visitor,
        "item_id": "sku-1",
        "item_type": "product",
    }


TRAFFIC = [
    view("/", 0, _visitor_id="v_1"),
    view("/products/1", 3, _visitor_id="v_1"),
    purchase("v_1", 9, "order-1"),
    view("/", 28, _visitor_id="v_2"),
    view("/about", 45, _visitor_id="v_2"),
    view("/contact", 90, _visitor_id="v_2"),
    view("/", 5, session_id="s-1", _visitor_id="v_3"),
    view("/products/2", 6, session_id="s-1", _visitor_id="v_3"),
    purchase("v_3", 7, "order-2"),
    view("/", 1, _visitor_id="v_bot", _user_agent=BOT),
    view("/", 2, _visitor_id=None, _do_not_track=True, event_id="anonymous"),
]


def test_an_event_becomes_hubs_links_and_satellites(site: Site) -> None:
    site.land(*TRAFFIC)
    site.settle()
    assert counts(site.connection) == {
        "site_session_h": 8,
        "site_visitor_h": 4,
        "site_event_h": 11,
        "site_page_h": 5,
        "business_item_h": 1,
        "session_visitor_l": 7,
        "event_session_l": 11,
        "event_page_l": 9,
        "event_business_item_l": 2,
        "site_event_details_s": 11,
        "site_session_context_s": 8,
        "site_session_same_as_s": 1,  # 12:28 and 12:45 lie in two half hours of one visit
        "site_session_visit_s": 0,
        "site_session_consent_s": 0,
        "site_session_network_s": 0,
        "site_session_judgement_s": 0,
        "site_page_judgement_s": 0,
        "site_session_details_s": 6,  # of nobody's event nothing is told: it is no visit
        "site_visitor_details_s": 4,
        "site_page_details_s": 5,
        "business_item_details_s": 1,
    }


def test_one_load_has_one_load_date_in_every_table(site: Site) -> None:
    site.land(*TRAFFIC)
    site.load()
    for table in counts(site.connection):
        dates = site.rows(f"SELECT DISTINCT load_date FROM business.{table}")
        assert dates in ([], site.rows("SELECT load_date FROM raw.load_batch WHERE job = 'load'")), table


def test_loading_the_last_batches_again_inserts_nothing(site: Site) -> None:  # T01
    site.land(*TRAFFIC)
    site.settle()
    before = contents(site.connection)
    for (batch_ids,) in site.rows("SELECT array_agg(batch_id) FROM raw.ingest_batch GROUP BY load_date"):
        assert {inserted for _, inserted in site.rows("SELECT * FROM business.load_claimed(%s)", batch_ids)} == {0}
    site.close()
    site.refresh()
    assert before == contents(site.connection)


def test_staging_again_stages_nothing(site: Site) -> None:  # T01
    site.land(*TRAFFIC)
    site.load()
    batches = [batch for (batch,) in site.rows("SELECT batch_id FROM raw.ingest_batch")]
    assert site.value("SELECT staging.validate_and_enrich(%s)", batches) == 0


def test_requests_sent_twice_and_shuffled_count_once(site: Site, url: str) -> None:  # T02
    site.land(*TRAFFIC)
    site.settle()
    once = contents(site.connection)
    again = [*TRAFFIC, *TRAFFIC]
    random.Random(7).shuffle(again)
    for event in again:
        site.land(event)
    site.settle()
    assert once == contents(site.connection)
    assert site.fates().count("loaded") == len(TRAFFIC)
    assert site.fates().count("duplicate") == 2 * len(TRAFFIC)


def test_the_same_id_with_other_facts_is_a_conflict_and_the_first_stays(site: Site) -> None:
    site.land(view("/", 0, event_id="e1", session_id="s"))
    site.land(view("/", 0, event_id="e1", session_id="s", page_title="another"))
    site.load()
    assert site.fates() == ["loaded", "id_conflict"]
    assert site.value("SELECT page_title FROM business.site_event_details_s") is None


def test_duplicates_bring_no_hubs_of_their_own(site: Site) -> None:
    """A retry from another network has another visitor key; nothing of it may reach the vault."""
    site.land(view("/", 0, event_id="e1", _visitor_id="v_home"))
    site.load()
    site.land(view("/", 0, event_id="e1", _visitor_id="v_mobile"))
    site.load()
    assert site.value("SELECT array_agg(site_visitor_bk) FROM business.site_visitor_h") == ["v_home"]
    assert site.fates() == ["loaded", "duplicate"]


def test_every_event_is_accounted_for(site: Site) -> None:  # T08
    site.land(*TRAFFIC)
    site.land(*TRAFFIC[:4], {"evt_type": "nonsense"}, {})
    site.load()
    site.land(view("/later", 60, session_id="s-9"))
    balance = site.rows("SELECT sum(received), sum(loaded), sum(duplicate), sum(invalid), sum(pending) FROM api.event_balance_v")
    assert balance == [(18, 11, 4, 2, 1)]
    values = site.rows("""
        SELECT (SELECT sum((raw_payload ->> 'evt_value')::numeric) FROM raw.site_tracking_events_v WHERE fate = 'loaded'),
               (SELECT sum(event_value) FROM business.site_event_details_s)""")
    assert values == [(40, 40)]


def test_every_check_is_clean_after_a_mixed_load(site: Site) -> None:  # T05, T06, T07, T08
    site.land(*TRAFFIC, {"evt_type": "nonsense"})
    site.settle()
    site.land(*TRAFFIC[:5], view("/late", 40, _visitor_id="v_2"))
    site.settle()
    assert [finding for check in all_checks() if (finding := run_check(site.connection, check))] == []


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_batches_of_any_size_load_the_same(site: Site, url: str, batch_size: int) -> None:  # T04
    for event in TRAFFIC:
        site.land(event)
    site.load(batch_size)
    site.close()
    site.refresh()
    split = contents(site.connection)
    with connect(url) as owner:
        _empty(owner)
    site.land(*TRAFFIC)
    site.settle()
    assert split == contents(site.connection)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.integers(1, 6), min_size=1, max_size=12))
def test_arrival_order_and_batch_split_change_nothing(site: Site, url: str, seed: int, cuts: list[int]) -> None:  # T04
    """Hubs, links and event satellites are the same, and so are the current rows of the computed satellites."""
    with connect(url) as owner:
        _empty(owner)
        events = [view(path, minutes, _visitor_id=f"v_{visitor}") for visitor, path, minutes in _walks(seed)]
        site.land(*events)
        site.settle()
        in_order = contents(owner, current_only=True)
        _empty(owner)
        random.Random(seed).shuffle(events)
        for cut in [*cuts, len(events)]:
            if events[:cut]:
                site.land(*events[:cut])
                site.settle()  # sessions are closed, and revised when later events join them
            events = events[cut:]
        shuffled = contents(owner, current_only=True)
    # a half hour that was closed as a session of its own and then found to continue another leaves an empty row
    shuffled["site_session_details_s"] = [row for row in shuffled["site_session_details_s"] if '"total_events": 0' not in row]
    assert in_order == shuffled


def test_one_failing_batch_does_not_hold_up_the_others(site: Site, owner) -> None:
    for path in ("/a", "/poison", "/b"):
        site.land(view(path, 0, session_id=path))
    owner.execute(
        "ALTER TABLE business.site_event_details_s ADD CONSTRAINT no_poison CHECK (page_url NOT LIKE '%%/poison') NOT VALID"
    )
    loaded = []
    for hour in range(2):
        site.set_clock(RECEIVED + timedelta(hours=hour))
        loaded.append(load_pending(site.connection, 1000).loaded)
    assert loaded == [2, 0]
    assert site.rows("SELECT processing_status, retry_count FROM raw.ingest_batch ORDER BY batch_id") == [
        ("PROCESSED", 0),
        ("PENDING", 2),
        ("PROCESSED", 0),
    ]
    assert "no_poison" in site.value("SELECT error_message FROM raw.ingest_batch WHERE processing_status = 'PENDING'")
    owner.execute("ALTER TABLE business.site_event_details_s DROP CONSTRAINT no_poison")
    owner.execute("UPDATE raw.ingest_batch SET next_attempt_at = '-infinity'")
    site.load()
    assert site.fates() == ["loaded", "loaded", "loaded"]


def test_a_batch_that_fails_five_times_is_set_aside(site: Site) -> None:
    site.land(view("/", 0, session_id="s"))
    batches = [batch for (batch,) in site.rows("SELECT batch_id FROM raw.ingest_batch")]
    for _ in range(5):
        site.value("SELECT business.fail_batches(%s, 'out of luck')", batches)
    assert site.rows("SELECT processing_status, error_message FROM raw.ingest_batch") == [("ERROR", "out of luck")]
    assert site.load() == 0


def test_two_workers_never_take_the_same_batch(site: Site, url: str) -> None:
    site.land(view("/", 0, session_id="s-1"))
    site.land(view("/", 1, session_id="s-2"))
    with connect(url, "footfall_worker") as other, other.transaction():
        assert other.execute("SELECT business.claim_batches(1)").fetchone() != ([],)
        assert load_pending(site.connection, 1000).events == 1
        assert load_pending(site.connection, 1000) is None


def test_the_plans_function_loads_and_counts_what_is_new(site: Site) -> None:
    site.land(*TRAFFIC)
    assert site.rows("SELECT * FROM business.process_tracking_events(1000)") == [(11, 8, 4, 11, 5, 1)]
    assert site.rows("SELECT * FROM business.process_tracking_events()") == [(0, 0, 0, 0, 0, 0)]


def test_the_one_event_form_loads_the_event_and_finds_it_again(site: Site) -> None:
    call = """
        SELECT business.create_comprehensive_site_event(%s, 's-1', 'visitor-1', '2026-03-10T12:00:00Z', 'item_interaction',
            'items', 'view', 'Red shoe', 19.90, 'https://acme.example/p/1', 'Red shoe',
            '{"item_id": "sku-1", "item_type": "product"}', NULL, '{"size": 42}')"""
    first = site.value(call, site.tenant_hk)
    assert first == site.value(call, site.tenant_hk)
    details = site.table("business.site_event_details_s")
    assert len(details) == 1
    assert (details[0]["event_value"], details[0]["custom_properties"]) == (19.9, {"size": 42})
    assert site.value("SELECT array_agg(business_item_bk) FROM business.business_item_h") == ["product:sku-1"]


def test_an_event_of_long_ago_gets_its_month(site: Site, owner) -> None:
    site.land({"evt_type": "page_view", "event_timestamp": "2015-05-17T10:05:03Z", "page_url": "https://acme.example/"})
    site.load()
    assert site.fates() == ["loaded"]
    assert owner.execute("SELECT count(*) FROM business.site_event_h_201505").fetchone() == (1,)


def _walks(seed: int) -> list[tuple[int, str, float]]:
    """Events of a few visitors over some hours, many of them just under or over half an hour apart."""
    rng = random.Random(seed)
    walks = []
    for visitor in range(3):
        minutes = 0.0
        for _ in range(rng.randint(1, 9)):
            minutes += rng.choice([0.5, 7, 14, 29, 29.99, 30, 30.01, 31, 45, 59, 61])
            walks.append((visitor, rng.choice("/abc"), round(minutes, 2)))
    return walks


def _empty(owner) -> None:
    tables = owner.execute("""
        SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables
        WHERE schemaname IN ('raw', 'staging', 'business')""").fetchone()[0]
    owner.execute(f"TRUNCATE {tables} CASCADE")
