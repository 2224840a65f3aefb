"""The record of processing: everything that is stored is described, as it is, for whom it concerns."""

import json
import subprocess
import sys
from dataclasses import replace

from footfall.auth import add_account, hold, keep, set_role
from footfall.business import VAULT
from footfall.database import Connection, administering, pool
from footfall.governance import as_markdown, records_of
from footfall.governance.records import PURPOSES, personal_columns
from site_under_test import Site

TABLES = """
    SELECT c.oid::regclass::text FROM pg_class c
    WHERE c.relnamespace::regnamespace::text IN ('auth', 'ref', 'raw', 'staging', 'business', 'archive', 'util')
      AND c.relkind IN ('r', 'p') AND NOT c.relispartition
"""
# columns that somebody's data may be in, by their names: a table that gets one says so
TELLING = (
    "email",
    "account_name",
    "user_agent",
    "user_id",
    "visitor_id",
    "visitor_ip_hash",
    "client_ip",
    "raw_payload",
    "custom_properties",
    "page_referrer",
    "screen_resolution",
    "client_hints",
)
COLUMNS = """
    SELECT c.oid::regclass::text, a.attname::text
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace::regnamespace::text IN ('auth', 'ref', 'raw', 'staging', 'business', 'archive', 'util')
      AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attname = ANY (%s)
"""


def record(url: str, site: Site) -> dict:
    with pool(url, "footfall_admin", size=1) as administrators, administering(administrators, site.tenant_hk) as connection:
        return records_of(connection, site.tenant_hk)


def purpose(found: dict, name: str) -> dict:
    return next(one for one in found["purposes"] if one["name"] == name)


def test_every_table_has_one_purpose_and_says_what_it_holds(owner: Connection, url: str, site: Site) -> None:
    named = [table for one in PURPOSES for table in one.tables]
    assert sorted(named) == sorted(table for (table,) in owner.execute(TABLES)), "describe it in governance/records.py"
    said = {one["table"]: one["holds"] for part in record(url, site)["purposes"] for one in part["tables"]}
    assert [table for table, holds in said.items() if not holds and not table.startswith("util.")] == []


def test_every_column_that_may_hold_something_of_a_person_is_described(owner: Connection) -> None:
    described = {column for one in PURPOSES for column in personal_columns(one)}
    found = {f"{table}.{column}" for table, column in owner.execute(COLUMNS, (list(TELLING),))}
    assert found - described == set(), "mark it in business/model.py, or describe it in governance/records.py"


def test_whatever_is_described_is_there_and_says_what_it_holds(owner: Connection) -> None:
    for one in PURPOSES:
        for column, holds in personal_columns(one).items():
            table, _, name = column.rpartition(".")
            assert table in one.tables, column
            assert holds, column
            there = "SELECT 1 FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s AND NOT attisdropped"
            assert owner.execute(there, (table, name)).fetchone(), column


def test_what_the_model_marks_is_in_the_record_of_its_table(url: str, site: Site) -> None:
    context = purpose(record(url, site), "context")
    marked = {
        f"business.{satellite.table}.{column.name}"
        for satellite in VAULT.satellites
        if satellite.dated
        for column in satellite.personal
    }
    assert {one["column"] for one in context["personal"]} == marked
    unmarked = replace(PURPOSES[2], personal={"business.site_visitor_details_s.language": "more"})
    assert "business.site_visitor_details_s.language" in personal_columns(unmarked)


def test_how_long_is_what_the_rules_say_and_since_when_it_was_applied(url: str, site: Site, owner: Connection) -> None:
    assert purpose(record(url, site), "context")["kept"] == "for ever"
    keep(owner, "context", 395)
    assert purpose(record(url, site), "context")["kept"] == "395 days, as the operator has it"
    keep(owner, "context", 30, "acme")
    owner.execute("SELECT business.retire_context('2026-03-20', 10)")
    found = purpose(record(url, site), "context")
    assert (found["kept"], str(found["kept_since"])[:10]) == ("30 days, as the site has it", "2026-02-18")
    hold(owner, "acme", "case 4711")
    found = record(url, site)
    assert purpose(found, "context")["kept"] == "until the legal hold is lifted"
    assert found["legal_hold"]["reason"] == "case 4711"
    assert "**Legal hold**" in "\n".join(as_markdown(found))


def test_a_tenants_settings_and_people_are_its_own(url: str, site: Site, worker: Connection) -> None:
    other = Site(worker, "other", honour_do_not_track=False, keep_truncated_ip=True)
    add_account(worker, "ann@example.org", "Ann", "correct horse battery")
    set_role(worker, "ann@example.org", "other", "owner")
    hold(worker, "other", "case 4711")
    keep(worker, "raw", 7, "other")
    ours, theirs = record(url, site), record(url, other)
    assert (ours["people"], theirs["people"]) == ({}, {"owner": 1})
    assert (ours["settings"]["do_not_track"], theirs["settings"]["do_not_track"]) == ("honoured", "ignored")
    assert theirs["settings"]["addresses"] == "their network is kept"
    assert ours["legal_hold"] is None
    assert purpose(ours, "events_received")["kept"] == "for ever"


def test_a_name_cannot_write_into_the_page(url: str, worker: Connection) -> None:
    site = Site(worker, "acme")
    worker.execute("UPDATE auth.tenant_details_s SET tenant_name = %s", ("A\n# B <script>[x](y)",))
    assert next(iter(as_markdown(record(url, site)))) == "# Record of processing: A # B &lt;script>\\[x](y) (`acme`)"


def test_the_command_says_it_for_people_and_for_programs(url: str, site: Site) -> None:
    def run(*more: str) -> str:
        command = [sys.executable, "-m", "footfall", "records", "--tenant", "acme", "--database-url", url, *more]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout

    assert run().startswith("# Record of processing: Acme (`acme`)")
    assert json.loads(run("--json"))["tenant"] == "acme"
