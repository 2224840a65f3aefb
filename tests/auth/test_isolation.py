"""Tenants are apart: by their keys, and by the database itself for every table, view and function (T12)."""

import pytest
from psycopg import errors

from footfall.auth import rename_tenant
from footfall.database import connect, pool, reading
from footfall.judgement.rules import read_rules
from footfall.operations import rules
from site_under_test import COMPUTED, VAULT_TABLES, Site, view

# every relation of the layers, from the catalog: a new one is tested the moment it exists
RELATIONS = """
    SELECT c.oid::regclass::text, c.relkind IN ('v', 'm'),
           EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_hk' AND NOT a.attisdropped)
    FROM pg_class c
    WHERE c.relnamespace::regnamespace::text IN ('auth', 'ref', 'raw', 'staging', 'business', 'archive', 'api')
      AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
    ORDER BY 1
"""
# these belong to no tenant, and no reader may see them
OPERATORS_ONLY = {
    "archive.file",
    "auth.account",
    "auth.identity",
    "auth.passkey",
    "auth.passkey_challenge",
    "auth.sign_in",
    "auth.sign_on",
    "raw.load_batch",
    "ref.user_agent",
    "ref.campaign",
    "ref.channel",
    "ref.origin",
    "ref.parameter",
    "staging.event_identity",
    "auth.operator_token",
    "auth.tenant_receipt",
}


@pytest.fixture
def two(worker) -> tuple[Site, Site]:
    """Two tenants that send the very same events: session, visitor, page, item and event ids."""
    sites = (Site(worker, "one"), Site(worker, "two"))
    for site in sites:
        site.land(
            view("/p", 0, session_id="s", visitor_id="v", event_id="e-1", page_title="P", consent=True, _own_network="Office"),
            view("/p", 40, visitor_id="v", event_id="e-2"),
            view("/p", 61, visitor_id="v", event_id="e-3"),
            {"evt_type": "item_interaction", "item_id": "sku", "session_id": "s", "event_id": "e-4"},
            {"evt_type": "transaction_step", "evt_action": "complete", "transaction_id": "o-1", "event_id": "e-5"},
            {
                "evt_type": "transaction_step",
                "evt_action": "complete",
                "transaction_id": "o-1",
                "event_id": "e-6",
                "_record_source": "web:1",
            },
            {"evt_type": "nonsense"},
        )
        site.value("SELECT raw.count_refusals(%s, '{event_too_large}', '{1}', now())", [site.tenant_hk])
        worker.execute("INSERT INTO raw.kept_since VALUES (%s, 'context', '2020-01-01')", (site.tenant_hk,))
        rename_tenant(worker, site.tenant_id, f"{site.tenant_id}-shop")
        rename_tenant(worker, site.tenant_id, site.tenant_id)
        own = {"behaviour": {"views_without_engagement": 1}, "pages": [{"path": "/p", "category": "own"}]}
        rules.apply(worker, site.tenant_hk, read_rules(own))
        site.value("INSERT INTO raw.kept_since VALUES (%s, 'raw', '-infinity') RETURNING layer", site.tenant_hk)
        site.value(
            "INSERT INTO business.retired_order_w VALUES (%s, %s, '2026-01-01') RETURNING day", site.tenant_hk, site.tenant_hk
        )
        file_id = site.value(
            "INSERT INTO archive.file (layer, month, path, state, reserved_at, changed_at)"
            " VALUES ('bridge', '2026-03-01', %s, 'live', now(), now()) RETURNING file_id",
            site.tenant_id,
        )
        worker.execute(
            "INSERT INTO archive.part (tenant_hk, layer, month, file_id, path, is_live)"
            " VALUES (%s, 'bridge', '2026-03-01', %s, %s, true)",
            (site.tenant_hk, file_id, site.tenant_id),
        )
    sites[0].settle()
    # of a day that is divided: a further visit has it counted by the hour
    sites[0].land(view("/", 1, _visitor_id="divided"))
    sites[1].land(view("/", 1, _visitor_id="divided"))
    sites[0].load()
    sites[0].divide()
    sites[0].roll_up_hours()
    return sites


def test_the_same_ids_of_two_tenants_have_other_keys(two) -> None:
    one, other = two
    for table in VAULT_TABLES + COMPUTED:
        rows = {site.tenant_id: {str(row) for row in site.table(f"business.{table}")} for site in two}
        assert len(rows["one"]) == len(rows["two"]) > 0, table
        assert rows["one"].isdisjoint(rows["two"]), table
    assert one.report() | {"metadata": 0} == other.report() | {"metadata": 0}


def test_a_reader_sees_one_tenants_rows_in_every_table_and_view(two, owner, url: str) -> None:
    one, _ = two
    relations = owner.execute(RELATIONS).fetchall()
    assert len(relations) > 40
    with pool(url, "footfall_reader", size=1) as readers:
        for name, _, has_tenant in relations:
            try:
                with reading(readers, one.tenant_hk) as connection:
                    rows = connection.execute(f"SELECT to_jsonb(r) ->> 'tenant_hk' FROM {name} r").fetchall()
            except errors.InsufficientPrivilege:
                continue
            assert has_tenant, f"{name} names no tenant, but readers may read it"
            # rules that hold for all tenants belong to none
            expected = {"\\x" + one.tenant_hk.hex()} | ({"\\x"} if name.startswith("ref.") else set())
            assert {tenant for (tenant,) in rows} <= expected, name
            if not name.startswith(("ref.", "business.refresh_w", "business.site_session_current_v")):
                assert rows, f"{name} is empty: nothing is proved"
        with reading(readers, None) as connection:
            for name, _, has_tenant in relations:
                if (
                    has_tenant
                    and owner.execute("SELECT has_table_privilege('footfall_reader', %s, 'SELECT')", (name,)).fetchone()[0]
                ):
                    where = "WHERE tenant_hk <> '\\x'" if name.startswith("ref.") else ""
                    assert connection.execute(f"SELECT count(*) FROM {name} {where}").fetchone() == (0,), name


def test_what_belongs_to_no_tenant_is_closed_to_readers(owner) -> None:
    relations = owner.execute(RELATIONS).fetchall()
    for name, _, has_tenant in relations:
        if not has_tenant:
            assert name in OPERATORS_ONLY
            assert owner.execute("SELECT has_table_privilege('footfall_reader', %s, 'SELECT')", (name,)).fetchone() == (False,), (
                name
            )


def test_views_ask_with_the_rights_of_the_asker(owner) -> None:
    for name, is_view, _ in owner.execute(RELATIONS).fetchall():
        if is_view:
            options = owner.execute("SELECT reloptions FROM pg_class WHERE oid = %s::regclass", (name,)).fetchone()[0]
            assert "security_invoker=true" in (options or []), name


def test_a_garbled_tenant_fails_closed(two, url: str) -> None:
    with connect(url, "footfall_reader") as connection:
        for setting in ("", "00", two[0].tenant_hk.hex()[:-2]):
            connection.execute("SELECT set_config('app.tenant_hk', %s, false)", (setting,))
            assert connection.execute("SELECT count(*) FROM business.site_event_h").fetchone() == (0,)
        connection.execute("SELECT set_config('app.tenant_hk', 'zz', false)")
        with pytest.raises(errors.InvalidParameterValue):
            connection.execute("SELECT count(*) FROM business.site_event_h")


def test_readers_and_collectors_can_write_nothing(two, url: str) -> None:
    statements = (
        "INSERT INTO business.site_page_h SELECT * FROM business.site_page_h",
        "UPDATE business.site_page_h SET site_page_bk = 'x'",
        "DELETE FROM business.site_page_h",
        "TRUNCATE business.site_page_h",
        "SELECT util.secure_access()",
        "SELECT util.ensure_partitions(now())",
        "SELECT auth.add_tenant('x', 'x', 'x', 'UTC', 'USD', 'x')",
        "SELECT * FROM auth.access_key",
        "SELECT * FROM auth.visitor_secret",
        "SELECT * FROM business.site_event_h_202603",
    )
    for role in ("footfall_reader", "footfall_ingest"):
        with connect(url, role) as connection:
            connection.execute("SELECT set_config('app.tenant_hk', %s, false)", (two[0].tenant_hk.hex(),))
            for statement in statements:
                with pytest.raises(errors.InsufficientPrivilege):
                    connection.execute(statement)


def test_collectors_can_read_no_event(two, url: str) -> None:
    with connect(url, "footfall_ingest") as connection:
        connection.execute("SELECT set_config('app.tenant_hk', %s, false)", (two[0].tenant_hk.hex(),))
        for table in ("raw.site_tracking_events_r", "staging.site_events_staging", "business.site_event_details_s"):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(f"SELECT * FROM {table}")


def test_the_report_of_a_reader_is_its_tenants_and_asking_for_another_is_refused(two, url: str) -> None:
    with pool(url, "footfall_reader", size=1) as readers:
        with reading(readers, two[0].tenant_hk) as connection:
            own = connection.execute('SELECT api.track_analytics(\'{"dateFrom": "2026-03-10"}\')').fetchone()[0]
            other = connection.execute('SELECT api.track_analytics(\'{"tenantId": "two"}\')').fetchone()[0]
        with reading(readers, None) as connection:
            nobody = connection.execute('SELECT api.track_analytics(\'{"tenantId": "two"}\')').fetchone()[0]
    assert own["data"]["metadata"]["tenant_id"] == "one"
    assert own["data"]["overview"]["totalEvents"] > 0
    assert (other["debug_info"]["error"], nobody["debug_info"]["error"]) == ("tenant_mismatch", "tenant_required")


def test_a_function_that_is_not_granted_to_all_is_granted_to_none(owner) -> None:
    """PostgreSQL lets everybody execute a new function: the deployment takes that back."""
    public = owner.execute("""
        SELECT p.oid::regprocedure::text FROM pg_proc p
        WHERE p.pronamespace::regnamespace::text IN ('util', 'auth', 'ref', 'raw', 'staging', 'business', 'archive', 'api')
          AND has_function_privilege('public', p.oid, 'EXECUTE')""").fetchall()
    assert public == []


def test_definer_functions_pin_their_search_path(owner) -> None:
    loose = owner.execute("""
        SELECT p.oid::regprocedure::text FROM pg_proc p
        WHERE p.prosecdef
          AND p.pronamespace::regnamespace::text IN ('util', 'auth', 'raw', 'staging', 'business', 'archive', 'api')
          AND NOT coalesce(array_to_string(p.proconfig, ',') LIKE '%search_path=%', false)""").fetchall()
    assert loose == []


@pytest.mark.parametrize(
    "opened",
    [
        "GRANT SELECT ON business.event_b_202603 TO footfall_analyst",
        "GRANT SELECT (tenant_hk) ON business.event_b_202603 TO footfall_reader",
        "GRANT SELECT ON ALL TABLES IN SCHEMA staging TO PUBLIC",
        "ALTER TABLE raw.site_tracking_events_r_202603 DISABLE ROW LEVEL SECURITY",
        "CREATE POLICY p ON business.event_b_202603 USING (true)",
        "CREATE VIEW api.leak AS SELECT * FROM business.event_b",
        "GRANT SELECT ON raw.load_batch TO footfall_reader",
    ],
)
def test_the_check_sees_what_somebody_opened_and_the_next_deployment_closes_it(two, owner, opened: str) -> None:
    owner.execute(opened)
    assert "tenants.isolation" in two[0].failing_checks()
    if opened.startswith(("GRANT", "ALTER")):
        owner.execute("SELECT util.secure_access()")
        assert "tenants.isolation" not in two[0].failing_checks()


def test_a_grant_on_all_tables_opens_no_partition(two, owner) -> None:
    """As somebody does for a tool of theirs: a partition has no policy that would show anything."""
    owner.execute("CREATE ROLE tool; GRANT USAGE ON SCHEMA business TO tool")
    owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA business TO tool")
    try:
        owner.execute("SET SESSION AUTHORIZATION tool")
        assert owner.execute("SELECT count(*) FROM business.event_b_202603").fetchone() == (0,)
    finally:
        owner.execute("RESET SESSION AUTHORIZATION")
        owner.execute("DROP OWNED BY tool; DROP ROLE tool")


def test_partitions_of_the_future_are_closed_from_the_start(two, owner, url: str) -> None:
    owner.execute("SELECT util.ensure_month('2031-05-01', 'bytea')")
    with connect(url, "footfall_reader") as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute("SELECT * FROM business.event_b_203105")
    assert "tenants.isolation" not in two[0].failing_checks()
