"""The doctor goes red: each check is shown data that contradict its claim, and finds them (T22)."""

from collections.abc import Iterator

import pytest

from footfall.business import VAULT, all_checks, run_check
from footfall.database import Connection, connect
from footfall.judgement.rules import read_rules
from footfall.operations import rules
from footfall.vault import History, Satellite
from site_under_test import Site, view

CHECKS = {check.code: check for check in all_checks()}
NEVER = "\\x" + "00" * 20


@pytest.fixture(scope="module")
def settled(module_site: Site) -> Site:
    """A little of everything, settled; with sessions of two half hours, a late revision, a duplicate, an invalid event, rules.

    Tests share it: what they do to it is undone.
    """
    site = module_site
    own = {"behaviour": {"views_without_engagement": 1}, "pages": [{"path": "/a", "category": "own", "type": "own"}]}
    rules.apply(site.connection, site.tenant_hk, read_rules(own))
    step = {"evt_type": "transaction_step", "evt_action": "complete", "item_id": "sku", "evt_value": 9, "session_id": "s"}
    site.land(
        view("/a", 28, _visitor_id="v_1"),
        view("/b", 31, _visitor_id="v_1"),
        view("/c", 0, session_id="s", _visitor_id="v_2", _own_network="Office", consent={"version": "1"}),
        step | {"event_id": "step"},
        {"evt_type": "nonsense"},
    )
    site.settle()
    site.land(view("/a", 28, _visitor_id="v_1"), view("/late", 1, session_id="s", _visitor_id="v_2"))
    site.settle()
    # a day of which the hours are rolled up
    site.land(view("/a", -1440, session_id="yesterday"))
    site.load()
    site.close()
    site.refresh()
    site.divide()
    site.roll_up_hours()
    return site


@pytest.fixture
def owner(settled: Site, module_url: str) -> Iterator[Connection]:
    """The schema's owner, in a transaction that is undone."""
    with connect(module_url) as owner, owner.transaction(force_rollback=True):
        yield owner


def _change(satellite: Satellite) -> str:
    """An attribute changed in place."""
    column = next(
        c for c in satellite.columns if c.compared and c.type.startswith(("varchar", "text", "bytea")) and c.type != "text[]"
    )
    more = "'\\x00'::bytea" if column.type == "bytea" else "'x'"
    return f"{column.name} = {column.name} || {more} WHERE {column.name} IS NOT NULL"


# what is done to the data, by check
MUTATIONS = {
    "raw.batches": "DELETE FROM raw.site_tracking_events_r WHERE raw_event_id = 1",
    "raw.queue": "DELETE FROM raw.ingest_batch WHERE batch_id = 1",
    "raw.failed": "UPDATE raw.ingest_batch SET processing_status = 'ERROR', error_message = 'x' WHERE batch_id = 1",
    "balance.counts": "UPDATE raw.ingest_batch SET duplicate_count = duplicate_count + 1 WHERE batch_id = 1",
    "balance.invalid": "UPDATE raw.ingest_batch SET invalid_count = 0, loaded_count = 5 WHERE batch_id = 1",
    "balance.loaded": "DELETE FROM business.site_event_details_s WHERE raw_event_id = 1",
    "staging.complete": "DELETE FROM staging.site_events_staging WHERE raw_event_id = 1",
    "staging.vault": "DELETE FROM business.site_event_h",  # a lost event
    "staging.value": "UPDATE business.site_event_details_s SET event_value = 1 WHERE event_value = 9",
    "loads.load_date": "DELETE FROM raw.load_batch WHERE job = 'load'",
    "sessions.state": "UPDATE business.site_session_w SET first_event_timestamp = first_event_timestamp - interval '1 s'",
    "sessions.details": "UPDATE business.site_session_details_s SET total_page_views = 7 WHERE load_end_date IS NULL",
    "sessions.due": "UPDATE business.site_session_w SET is_open = true, look_at = last_event_timestamp + interval '1 hour'",
    "sessions.visits": "UPDATE business.site_session_w SET last_event_timestamp = last_event_timestamp + interval '1 s'",
    "sessions.silence": "UPDATE business.site_session_w SET root_session_hk = site_session_hk",
    "marts.events": "UPDATE business.event_b SET source = 'elsewhere' WHERE source = 'direct'",
    "marts.visits": "UPDATE business.visit_b SET events = events + 1",
    "marts.hours": "UPDATE business.rollup_hour_w SET visits = visits + 1 WHERE visits > 0",
    "marts.rollups": "UPDATE business.rollup_b SET visits = visits + 1 WHERE visits > 0",
    "marts.days": "DELETE FROM business.day_w",
    "marts.pages": "INSERT INTO business.page_visit_w"
    " SELECT d.site_session_hk, p.site_page_hk, p.tenant_hk, NULL, 1, 0, 0, 0, 0, 0, NULL"
    " FROM business.site_session_details_s d CROSS JOIN business.site_page_h p LIMIT 1",
    "marts.page_sums": "UPDATE business.page_w SET views = views + 1",
    "marts.items": "UPDATE business.item_visit_w SET converted = 1 - converted",
    "marts.item_sums": "UPDATE business.item_w SET interactions = interactions + 1",
    "audit.chain": "ALTER TABLE auth.audit_event DISABLE TRIGGER keep_audit; DELETE FROM auth.audit_event WHERE seq = 1",
    "erasure.absent": "INSERT INTO auth.tombstone"
    " SELECT tenant_hk, auth.erasure_mark(auth.erasure_secret_of(tenant_hk), 'session', site_session_bk), 1"
    " FROM business.site_session_h ORDER BY site_session_bk DESC LIMIT 1",
    "erasure.receipts": "SELECT auth.write_receipt(tenant_hk, 1, 'forget', '{}', '', '') FROM auth.tenant_h LIMIT 1;"
    " ALTER TABLE auth.erasure DISABLE TRIGGER keep_receipts; UPDATE auth.erasure SET mode = 'delete'",
    "tenants.isolation": "ALTER TABLE business.site_page_h DISABLE ROW LEVEL SECURITY",
    "partitions.ahead": "SELECT set_config('footfall.now', '2031-01-01', false)",
}
for hub in VAULT.hubs:
    # one shifted key; and one business key twice
    MUTATIONS[f"{hub.table}.key"] = f"UPDATE business.{hub.table} SET {hub.business_key} = {hub.business_key} || 'x'"
    MUTATIONS[f"{hub.table}.business_key"] = (
        f"INSERT INTO business.{hub.table} SELECT substr({hub.hash_key}, 1, 19) || '\\x00', {hub.business_key}, tenant_hk,"
        f" load_date, record_source FROM business.{hub.table} LIMIT 1"
    )
for link in VAULT.links:
    first, second = link.hubs
    MUTATIONS[f"{link.table}.key"] = (
        f"UPDATE business.{link.table} SET {link.hash_key} = substr({link.hash_key}, 1, 19) || '\\x00'"
    )
    MUTATIONS[f"{link.table}.{first.name}"] = f"DELETE FROM business.{first.table}"
    # a row of a foreign tenant
    MUTATIONS[f"{link.table}.{second.name}"] = f"UPDATE business.{link.table} SET tenant_hk = '{NEVER}'"
    if first.time_ordered:
        MUTATIONS[f"{link.table}.once"] = (
            f"INSERT INTO business.{link.table} SELECT substr({link.hash_key}, 1, 19) || '\\x00', {first.hash_key},"
            f" {second.hash_key},"
            f" tenant_hk, load_date, record_source FROM business.{link.table}"
        )
for satellite in VAULT.satellites:
    table, hk = f"business.{satellite.table}", satellite.hub.hash_key
    MUTATIONS[f"{satellite.table}.{satellite.hub.name}"] = f"DELETE FROM business.{satellite.hub.table}"
    MUTATIONS[f"{satellite.table}.hash_diff"] = f"UPDATE {table} SET {_change(satellite)}"
    if satellite.historised:
        # one open extra row; and a row that repeats its predecessor
        MUTATIONS[f"{satellite.table}.timeline"] = f"UPDATE {table} SET load_end_date = load_date + interval '1 s'"
        names = ", ".join(c.name for c in satellite.columns)
        MUTATIONS[f"{satellite.table}.change"] = (
            f"INSERT INTO {table} ({hk}, tenant_hk, load_date, load_end_date, hash_diff, {names}, record_source)"
            f" SELECT {hk}, tenant_hk, load_date + interval '1 s', load_date + interval '2 s', hash_diff, {names}, record_source"
            f" FROM {table} WHERE load_end_date IS NULL"
        )
    elif satellite.history is History.STATED:
        MUTATIONS[f"{satellite.table}.{VAULT.grain.name}"] = f"DELETE FROM business.{VAULT.grain.table}"
    else:
        MUTATIONS[f"{satellite.table}.once"] = f"DELETE FROM {table}"


def test_all_checks_are_clean_before(settled: Site) -> None:
    assert [finding for check in CHECKS.values() if (finding := run_check(settled.connection, check))] == []


def test_every_check_has_a_mutation_here() -> None:
    assert set(MUTATIONS) == set(CHECKS)


@pytest.mark.parametrize("code", sorted(CHECKS))
def test_a_check_goes_red_on_data_that_contradict_it(owner: Connection, code: str) -> None:
    owner.execute(MUTATIONS[code])
    owner.execute("SET LOCAL ROLE footfall_worker")  # it is who looks
    finding = run_check(owner, CHECKS[code])
    assert finding is not None
    assert finding.count >= 1
    assert finding.rows


def test_the_model_covers_every_kind_of_history() -> None:
    assert {satellite.history for satellite in VAULT.satellites} == set(History)
