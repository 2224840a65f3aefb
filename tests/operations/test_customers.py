"""Customers come many at once, stand still, change their names, take their data along, and go for good."""

import csv
import gzip
import hashlib
import json
from pathlib import Path

import psycopg
import pytest

from footfall.auth import (
    OF_NO_TENANT,
    KeyRing,
    add_account,
    add_key,
    add_share_link,
    grant_sql_access,
    hold,
    list_tenants,
    rename_tenant,
    set_plan,
    set_role,
)
from footfall.business import set_active
from footfall.database import Connection, administering, pool
from footfall.errors import NotAccepted
from footfall.governance import Wish, all_entries, verify
from footfall.operations.customers.deletion import delete_tenant, receipt_digest, rows_of_tenant
from footfall.operations.customers.export import export_tenant
from footfall.operations.customers.import_ import import_tenants, keys_as_csv, read_tenants
from site_under_test import Site, view

CANARY = "canary-7f3a"
NOTED = {"auth.tenant_details_s": 2}  # that it was disabled goes too
CHAIN = "auth.audit_event"  # two rows more go than there were: that it was disabled, and a person of it removed
TABLES = """
    SELECT c.oid::regclass::text FROM pg_class c
    WHERE c.relnamespace::regnamespace::text IN ('auth', 'ref', 'raw', 'staging', 'business', 'archive', 'util')
      AND c.relkind IN ('r', 'p') AND NOT c.relispartition
"""


@pytest.fixture
def two(worker: Connection) -> tuple[Site, Site]:
    """Two tenants that have all that a tenant can have; the first one's texts have a canary in them."""
    sites = (Site(worker, "acme"), Site(worker, "other"))
    for site, word in zip(sites, (CANARY, "plain"), strict=True):
        site.land(
            view(f"/{word}", 0, session_id=f"s-{word}", visitor_id=f"v-{word}", page_title=word),
            view(f"/{word}", 40, visitor_id=f"v-{word}"),
            {"evt_type": "item_interaction", "item_id": word, "session_id": f"s-{word}", "event_id": f"i-{word}"},
            {"evt_type": "transaction_step", "evt_action": "complete", "transaction_id": f"o-{word}", "evt_value": 5},
            {"evt_type": "nonsense", "page_title": word},
        )
        site.settle()
        site.value("SELECT raw.count_refusals(%s, '{event_too_large}', '{1}', now())", [site.tenant_hk])
        add_account(worker, f"{word}@example.org", word, "correct horse battery")
        set_role(worker, f"{word}@example.org", site.tenant_id, "owner")
        set_plan(worker, site.tenant_id, {"pages_per_day": 5})
        add_share_link(worker, site.tenant_id, word, 30, None)
    add_account(worker, "both@example.org", "Both", "correct horse battery")
    for site in sites:
        set_role(worker, "both@example.org", site.tenant_id, "viewer")
    return sites


def everything(owner: Connection, tenant_hk: bytes | None = None) -> dict[str, list[str]]:
    """Each table's rows as texts: all, or one tenant's."""
    found = {}
    for (table,) in owner.execute(TABLES).fetchall():
        rows = [row for (row,) in owner.execute(f"SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1")]
        found[table] = [row for row in rows if tenant_hk is None or tenant_hk.hex() in row]
    return found


def with_canary(owner: Connection) -> dict[str, int]:
    return {table: count for table, rows in everything(owner).items() if (count := sum(CANARY in row for row in rows))}


def test_of_a_deleted_tenant_nothing_is_left_in_any_table_and_another_is_as_it_was(two, worker, owner) -> None:
    acme, other = two
    before, would = everything(owner, other.tenant_hk), rows_of_tenant(worker, "acme")
    assert {"raw.site_tracking_events_r", "business.event_b", "auth.account", "auth.tenant_h"} <= with_canary(
        owner
    ).keys() | would.keys()
    (rows,) = owner.execute("SELECT seq FROM auth.audit_head WHERE tenant_hk = %s", (acme.tenant_hk,)).fetchone()
    receipt = delete_tenant(worker, owner, "acme")
    assert with_canary(owner) == {}
    left = {table: rows for table, rows in everything(owner, acme.tenant_hk).items() if rows}
    # that there was a chain, and where it ended
    assert [json.loads(row)["action"] for row in left.pop(CHAIN)] == ["audit.begun", "audit.ended"]
    assert left == {}
    assert everything(owner, other.tenant_hk) == before
    assert owner.execute("SELECT email FROM auth.account ORDER BY email").fetchall() == [
        ("both@example.org",),
        ("plain@example.org",),
    ]
    assert would[CHAIN] == rows
    assert receipt["deleted"] == would | NOTED | {CHAIN: rows + 2}
    stored = owner.execute("SELECT tenant_id, encode(sha256, 'hex') FROM auth.tenant_receipt").fetchone()
    assert stored == ("acme", receipt["sha256"]) == ("acme", receipt_digest(receipt).hex())
    assert other.failing_checks() == []
    with pytest.raises(NotAccepted, match="no tenant 'acme'"):
        delete_tenant(worker, owner, "acme")


def test_a_deletion_that_was_interrupted_goes_on_and_the_receipt_has_both_parts(two, worker, owner) -> None:
    would = rows_of_tenant(worker, "acme")
    (number,) = worker.execute(
        "INSERT INTO auth.tenant_receipt (tenant_id, begun_at) VALUES ('acme', now()) RETURNING receipt_id"
    ).fetchone()
    for table in ("raw.ingest_batch", "business.event_b"):
        worker.execute("CALL auth.delete_rows(%s, %s, %s, 2)", (two[0].tenant_hk, table, number))
    assert "business.event_b" not in rows_of_tenant(worker, "acme")
    receipt = delete_tenant(worker, owner, "acme")
    assert (receipt["receipt"], receipt["deleted"]) == (number, would | NOTED | {CHAIN: would[CHAIN] + 2})


def test_where_a_chain_ended_stays_known_when_it_goes_with_its_tenant(two, worker, owner) -> None:
    worker.execute("SELECT auth.anchor_audit(util.current_load_date())")
    receipt = delete_tenant(worker, owner, "acme")
    (deleted,) = all_entries(worker, OF_NO_TENANT, Wish(action="tenant"))
    (ended,) = all_entries(worker, OF_NO_TENANT, Wish(action="audit.ended"))
    assert (deleted["action"], deleted["subject"]) == ("tenant.deleted", "acme")
    assert deleted["details"] == {"receipt": receipt["receipt"], "sha256": receipt["sha256"]}
    assert (ended["subject"], ended["details"]["seq"]) == ("acme", receipt["deleted"][CHAIN])
    assert len(bytes.fromhex(ended["details"]["hash"])) == 32
    chains, breaks = verify(worker)
    assert ([chain.tenant for chain in chains], breaks) == ([None, "other"], [])
    Site(worker, "acme")
    assert [(row["seq"], row["action"]) for row in all_entries(worker, two[0].tenant_hk)] == [(1, "tenant.created")]
    assert verify(worker)[1] == []


def test_the_worker_ends_no_chain_and_the_owner_none_of_a_tenant_that_stays(two, worker, owner) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        worker.execute("SELECT auth.end_audit(%s, 0)", (two[0].tenant_hk,))
    with pytest.raises(psycopg.errors.DatabaseError, match="audit_append_only"):
        owner.execute("SELECT auth.end_audit(%s, 0)", (two[0].tenant_hk,))


def test_before_rows_go_the_doors_have_forgotten_the_keys(site: Site, worker, owner, monkeypatch) -> None:
    slept = []
    monkeypatch.setattr("footfall.operations.customers.deletion.time.sleep", slept.append)
    add_key(worker, "acme", "write", "x")
    delete_tenant(worker, owner, "acme")
    assert KeyRing.SECONDS < slept[0] < KeyRing.SECONDS + 10


def test_a_login_in_sql_goes_with_its_tenant(site: Site, worker, owner) -> None:
    role, _ = grant_sql_access(owner, "acme")
    delete_tenant(worker, owner, "acme")
    assert owner.execute("SELECT count(*) FROM pg_roles WHERE rolname = %s", (role,)).fetchone() == (0,)


def disable(site: Site, url: str, *, is_active: bool = False) -> bool:
    with pool(url, "footfall_admin", size=1) as administrators, administering(administrators, site.tenant_hk) as connection:
        return set_active(connection, is_active=is_active)


def test_a_disabled_tenant_asks_nothing_keeps_all_and_is_loaded_when_it_is_back(site: Site, owner, url: str) -> None:
    role, password = grant_sql_access(owner, "acme")
    login = psycopg.conninfo.make_conninfo(url, user=role, password=password)
    site.land(view("/a", session_id="s"))
    site.load()
    assert disable(site, url)
    assert not disable(site, url)
    site.land(view("/b", 1, session_id="s"))
    site.load()
    assert site.fates() == ["loaded", "invalid"]
    assert site.ask("overview")["debug_info"]["error"] == "tenant_disabled"
    assert site.value("SELECT api.track_analytics('{\"tenantId\": \"acme\"}') #>> '{debug_info,error}'") == "tenant_disabled"
    with psycopg.connect(login) as connection, pytest.raises(psycopg.Error, match="tenant_disabled"):
        connection.execute("SELECT * FROM api.event_v")
    assert disable(site, url, is_active=True)
    site.load()
    assert site.fates() == ["loaded", "loaded"]
    with psycopg.connect(login) as connection:
        assert len(connection.execute("SELECT * FROM api.event_v").fetchall()) == 2


def test_many_tenants_are_added_from_a_table_with_keys_plans_and_owners(worker: Connection, url: str) -> None:
    add_account(worker, "ann@example.org", "Ann", "correct horse battery")
    table = (
        "tenant_id,name,time_zone,currency,owner,allowed_hosts,plan\n"
        'a,"Bakery, Ltd",Europe/Berlin,EUR,Ann@example.org,bakery.example www.bakery.shop,1000\n'
        "b,,,,bob@example.org,,\n"
        "c,,,,,,\n"
    )
    imported = import_tenants(worker, read_tenants(table))
    rows = {row["tenant"]: (row["name"], row["time_zone"], row["currency"]) for row in list_tenants(worker)}
    assert rows == {"a": ("Bakery, Ltd", "Europe/Berlin", "EUR"), "b": ("b", "UTC", "USD"), "c": ("c", "UTC", "USD")}
    assert worker.execute("SELECT allowed_hosts FROM auth.tenant_v WHERE tenant_bk = 'a'").fetchone() == (
        ["bakery.example", "bakery.shop"],
    )
    assert worker.execute("SELECT events_per_month FROM auth.tenant_plan WHERE tenant_hk <> ''").fetchall() == [(1000,)]
    assert [(one.owner, bool(one.password)) for one in imported] == [
        ("Ann@example.org", False),
        ("bob@example.org", True),
        ("", False),
    ]
    written = list(csv.DictReader(keys_as_csv(imported)))
    with pool(url, "footfall_ingest", size=1) as connections:
        owners = [KeyRing(connections).owner_of(row["write_key"]) for row in written]
    assert [owner.tenant_id for owner in owners if owner] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("table", "faults"),
    [
        ("tenant_id,colour\na,red\n", ["line 1: no such column: colour"]),
        ("name\nA\n", ["line 1: the column tenant_id is missing"]),
        ("tenant_id\na\nb\na\n", ["line 4: 'a' is in line 2 already"]),
        ("tenant_id,plan\na,lots\nb,0\n", ["line 2: a plan is", "line 3: a plan is"]),
        ("tenant_id,name\na,A,more\n", ["line 2: more cells than columns"]),
        (
            "tenant_id,time_zone,currency,owner,allowed_hosts\na,Mars,,,\nb,,euro,,\nc d,,,,\nd,,,nobody,\ne,,,,http://e\nfine,,,,\n",
            [
                "line 2: time_zone_unknown",
                "line 3: currency_invalid",
                "line 4: tenant_id_invalid",
                "line 5: email_invalid",
                "line 6: host_invalid",
            ],
        ),
    ],
)
def test_a_table_with_a_fault_adds_nothing_and_each_fault_names_its_line(
    worker: Connection, table: str, faults: list[str]
) -> None:
    with pytest.raises(NotAccepted) as refused:
        import_tenants(worker, read_tenants(table))
    assert refused.value.code == "table_invalid"
    told = refused.value.message.splitlines()[1:] or [refused.value.message]
    assert [line.startswith(fault) for line, fault in zip(told, faults, strict=True)] == [True] * len(faults)
    assert list_tenants(worker) == []


def test_all_that_is_stored_of_a_tenant_can_be_taken_along(two, worker, owner, tmp_path: Path) -> None:
    index = export_tenant(worker, "acme", tmp_path / "files")
    assert index == json.loads((tmp_path / "files" / "index.json").read_text())
    rows, texts = {}, {}
    for table in index["tables"]:
        content = (tmp_path / "files" / table["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == table["sha256"]
        texts[table["table"]] = gzip.decompress(content).decode()
        rows[table["table"]] = list(csv.DictReader(texts[table["table"]].splitlines()))
        assert len(rows[table["table"]]) == table["rows"]
    would = rows_of_tenant(worker, "acme")
    assert {table: len(found) for table, found in rows.items() if found} == would | {"auth.account": 2}
    assert {table for table, text in texts.items() if CANARY in text} == with_canary(owner).keys() - {"ref.user_agent"}
    assert not any("plain" in text for text in texts.values())
    secrets = [
        value
        for (value,) in owner.execute(
            "SELECT encode(token_hash, 'hex') FROM auth.share_link UNION ALL SELECT password_hash FROM auth.account"
        )
    ]
    assert not any(secret in text for secret in secrets for text in texts.values())
    with pytest.raises(NotAccepted) as refused:
        export_tenant(worker, "acme", tmp_path / "files")
    assert refused.value.code == "folder_not_empty"


def test_a_renamed_tenant_keeps_its_keys_and_proofs_and_both_names_lead_to_it(site: Site, worker: Connection, url: str) -> None:
    secret = add_key(worker, "acme", "write", "x")[1]
    site.land(view("/a", session_id="s", event_id="e"))
    site.settle()
    before = site.rows("SELECT site_event_hk FROM business.site_event_h")
    rename_tenant(worker, "acme", "shoes")
    for name in ("acme", "shoes"):
        assert site.ask("overview", tenantId=name)["success"]
        assert (
            site.value("SELECT api.track_analytics(%s) #>> '{data,metadata,tenant_id}'", json.dumps({"tenantId": name}))
            == "shoes"
        )
        site.value("SELECT api.track_event(%s)", json.dumps({"tenantId": name, **view("/a", session_id="s", event_id="e")}))
    site.settle()
    assert site.rows("SELECT site_event_hk FROM business.site_event_h") == before
    assert [row["tenant"] for row in list_tenants(worker)] == ["shoes"]
    with pool(url, "footfall_ingest", size=1) as connections:
        owner = KeyRing(connections).owner_of(secret)
    assert owner is not None
    assert (owner.tenant_id, owner.shown_id, owner.is_called("acme"), owner.is_called("shoes"), owner.is_called("else")) == (
        "acme",
        "shoes",
        True,
        True,
        False,
    )
    assert site.failing_checks() == []


def test_an_id_that_is_or_was_anothers_is_given_to_nobody(site: Site, worker: Connection) -> None:
    Site(worker, "other")
    rename_tenant(worker, "acme", "shoes")
    for tenant, name, code in (
        ("shoes", "other", "tenant_exists"),
        ("other", "acme", "tenant_exists"),
        ("other", "shoes", "tenant_exists"),
        ("other", "a b", "tenant_id_invalid"),
        ("nobody", "x", "tenant_unknown"),
    ):
        with pytest.raises(NotAccepted) as refused:
            rename_tenant(worker, tenant, name)
        assert refused.value.code == code
    for name in ("acme", "shoes"):
        with pytest.raises(NotAccepted) as refused:
            Site(worker, name)
        assert refused.value.code == "tenant_exists"
    rename_tenant(worker, "shoes", "acme")
    assert [row["tenant"] for row in list_tenants(worker)] == ["acme", "other"]


def test_a_tenant_that_is_held_cannot_be_deleted(two: tuple[Site, Site], worker: Connection, owner: Connection) -> None:
    hold(worker, "acme", "case 4711")
    with pytest.raises(NotAccepted, match="legal hold"):
        delete_tenant(worker, owner, "acme")
    assert rows_of_tenant(worker, "acme")["raw.site_tracking_events_r"] == 5
