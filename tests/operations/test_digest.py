"""Digests: two stores that hold the same have the same, and what differs is named."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from footfall.database import Connection, connect
from footfall.operations.proof.digest import (
    Difference,
    Extent,
    as_json,
    compare,
    digests_of,
    from_json,
    month_of,
    snapshot,
    with_rows,
)
from footfall.operations.proof.tables import NOT_DIGESTED, parts
from site_under_test import Site, view

ALL = Extent()


@pytest.fixture
def filled(site: Site) -> Site:
    """Two tenants with two visits each, an item, an order, a refused event and a duplicate; nothing is left to do."""
    for one in (site, Site(site.connection, "other")):
        one.land(
            view("/", 0, session_id="s", visitor_id="v"),
            view("/p", 1, session_id="s", visitor_id="v"),
            view("/p", 1, session_id="s", visitor_id="v"),
            {"evt_type": "item_interaction", "item_id": "sku", "item_name": "Chair", "session_id": "s", "event_id": "i"},
            {
                "evt_type": "transaction_step",
                "evt_action": "complete",
                "transaction_id": "o",
                "evt_value": 5,
                "session_id": "s",
                "event_id": "t",
            },
            {"evt_type": "nonsense"},
        )
        one.land(view("/", 60, _visitor_id="w"), view("/q", 95, _visitor_id="w"))
    site.settle()
    return site


@pytest.fixture
def copy(server: str, filled: Site, url: str, worker: Connection) -> Iterator[Connection]:
    """A store that was copied from the first, as a restored backup is."""
    name = conninfo_to_dict(url)["dbname"]
    filled.connection.close()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        connection.execute(f"CREATE DATABASE {name}_copy TEMPLATE {name}")
    with connect(make_conninfo(server, dbname=f"{name}_copy")) as copied:
        yield copied
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name}_copy WITH (FORCE)")


@pytest.fixture
def original(copy: Connection, url: str) -> Iterator[Connection]:
    with connect(url, "footfall_worker") as connection:
        yield connection


def digested(connection: Connection, extent: Extent = ALL) -> dict:
    with snapshot(connection):
        return digests_of(connection, extent)


def differing(here: Connection, there: Connection, extent: Extent = ALL) -> list[Difference]:
    with snapshot(here), snapshot(there):
        return with_rows(here, there, extent, compare(digests_of(here, extent), digests_of(there, extent)))


def test_a_table_of_tenants_is_in_a_digest_or_it_is_said_why_not(worker: Connection) -> None:
    covered = {part.table for part in parts(worker)}
    tables = [table for (table,) in worker.execute("SELECT auth.tables_of_tenants()")]
    neither = [t for t in tables if t not in covered and t not in NOT_DIGESTED and t.split(".")[0] not in NOT_DIGESTED]
    assert not neither, f"neither digested nor named in NOT_DIGESTED: {neither}"
    assert [table for table in NOT_DIGESTED if "." in table and table not in tables] == [], "named, but there is no such table"
    assert not covered & NOT_DIGESTED.keys()


def test_a_new_table_is_digested_by_itself(owner: Connection) -> None:
    owner.execute("CREATE TABLE raw.postcard (tenant_hk bytea, postcard_id bigint PRIMARY KEY, sent_at timestamptz NOT NULL)")
    owner.execute("CREATE TABLE business.postcard_b (tenant_hk bytea, day date, cards bigint, PRIMARY KEY (tenant_hk, day))")
    owner.execute("INSERT INTO raw.postcard VALUES ('\\x', 1, '2026-03-10')")
    assert {"raw.postcard", "business.postcard_b"} <= {part.table for part in parts(owner)}
    assert ("raw.postcard", "", "2026-03") in digested(owner)


def test_stores_that_hold_the_same_have_the_same_digests(original: Connection, copy: Connection) -> None:
    copy.execute("VACUUM FULL business.site_session_h")
    # as another server may be set up, or another client
    for setting in ("TimeZone = 'Asia/Kolkata'", "DateStyle = 'German'", "bytea_output = 'escape'", "extra_float_digits = 0"):
        copy.execute(f"SET {setting}")
    ours = digested(original)
    assert ours == digested(copy)
    assert {place.tenant for place in ours} == {"acme", "other"}
    assert {"2026-03"} <= {place.month for place in ours}
    assert from_json(as_json(ours)) == ours


def test_rolling_up_changes_no_digest(original: Connection, copy: Connection) -> None:
    copy.execute("UPDATE business.day_w SET is_rolled_up = false")
    copy.execute("UPDATE business.rollup_b SET visits = visits + 1")
    assert digested(original) == digested(copy)


DAMAGE = {
    "business.site_session_h": "UPDATE {} SET load_date = load_date + interval '1 microsecond'",
    "business.event_page_l": "DELETE FROM {}",
    "business.site_event_details_s": "UPDATE {} SET event_label = 'x'",
    "business.site_session_context_s": "UPDATE {} SET browser_name = ''",
    "business.site_visitor_details_s": "UPDATE {} SET last_visit_date = last_visit_date + interval '1 s'",
    "business.business_item_details_s": "UPDATE {} SET popularity_score = popularity_score + 1",
    "business.event_b": "UPDATE {} SET channel = 'paid'",
    "business.visit_b": "UPDATE {} SET page_views = page_views + 1",
    "business.rollup_b": "UPDATE {} SET revenue = revenue + 0.0001",
    "raw.site_tracking_events_r": "UPDATE {} SET raw_payload = raw_payload || '{{\"a\": 1}}'",
    "raw.ingest_batch": "UPDATE {} SET loaded_count = loaded_count + 1",
}


@pytest.mark.parametrize("table", DAMAGE)
def test_what_differs_is_named_with_its_table_tenant_month_and_row(original: Connection, copy: Connection, table: str) -> None:
    (tenant_hk,) = copy.execute("SELECT tenant_hk FROM auth.tenant_h WHERE tenant_bk = 'other'").fetchone()
    one = f"(SELECT ctid FROM {table} WHERE tenant_hk = %s ORDER BY 1 LIMIT 1)"
    copy.execute(f"{DAMAGE[table].format(table)} WHERE tenant_hk = %s AND ctid = {one}", (tenant_hk, tenant_hk))
    (found,) = differing(original, copy)
    assert (found.place.table, found.place.tenant) == (table, "other")
    (row,) = found.rows
    assert row.only == "here" if "DELETE" in DAMAGE[table] else row.columns


def test_a_row_that_is_there_twice_counts_twice(owner: Connection) -> None:
    owner.execute("CREATE TABLE raw.postcard (tenant_hk bytea, greeting text, sent_at timestamptz NOT NULL)")
    seen = set()
    for _ in range(4):
        owner.execute("INSERT INTO raw.postcard VALUES ('\\x', 'hello', '2026-03-10')")
        seen.add(digested(owner)["raw.postcard", "", "2026-03"].value)
    assert len(seen) == 4  # an exclusive or of hashes would have two


def test_a_digest_may_be_of_one_tenant_and_month(original: Connection, copy: Connection) -> None:
    (acme,) = original.execute("SELECT tenant_hk FROM auth.tenant_h WHERE tenant_bk = 'acme'").fetchone()
    narrow = digested(original, Extent((acme,), month_of("2026-03")))
    assert narrow
    assert {(place.tenant, place.month) for place in narrow} == {("acme", "2026-03")}
    whole = digested(original)
    assert all(whole[place] == digest for place, digest in narrow.items())
