"""Nothing changes untold: every table of settings, every command, every action by its name."""

import json
import re
import shlex
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import typer.main
from psycopg import conninfo, errors, sql
from typer.testing import CliRunner

from footfall.auth import OF_NO_TENANT, add_account, add_key, set_role
from footfall.cli import app
from footfall.database import Connection, connect
from footfall.governance import ACTIONS, Wish, all_entries, verify
from site_under_test import Site, view

# what no change of has to be told, and why
UNTOLD_TABLES = {
    "ref.rule_set": "rules.applied and rules.reverted tell of it",
    "ref.rule_match": "what rules say of inputs",
    "ref.rule_task": "what is asked: rules.applied and rules.reverted tell what was done",
    "auth.audit_event": "tells",
    "auth.audit_head": "tells",
    "auth.audit_told": "tells",
    "auth.audit_repeat": "tells",
    "auth.erasure": "goes with visitor.erased",
    "auth.erasure_secret": "made with a tenant's first erasure",
    "auth.tombstone": "goes with visitor.erased",
    "auth.sign_on": "a sign-on under way: what comes of it is told",
    "auth.tenant_alias": "goes with tenant.renamed",
    "auth.tenant_h": "goes with tenant.created",
    "auth.tenant_receipt": "goes with tenant.deleted",
    "auth.tenant_usage": "counted, not set",
    "auth.tenant_seen": "counted, not set",
    "auth.visitor_secret": "made and destroyed by the day",
    "auth.passkey_challenge": "a question under way: what comes of it is told",
    "ref.campaign": "judged, not set",
    "ref.channel": "comes with Footfall",
    "ref.origin": "judged, not set",
    "ref.parameter": "comes with Footfall",
    "ref.time_zone": "comes with Footfall",
    "ref.user_agent": "parsed, not set",
}


def test_every_table_of_settings_tells_of_its_changes(owner: Connection) -> None:
    tables = {
        name
        for (name,) in owner.execute(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace::regnamespace::text IN ('auth', 'ref')"
            " AND c.relkind IN ('r', 'p')"
        )
    }
    telling = {
        name for (name,) in owner.execute("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'audit'")
    }
    assert tables - telling == set(UNTOLD_TABLES)


def test_a_change_by_hand_is_told_too(site: Site, owner: Connection) -> None:
    owner.execute("INSERT INTO ref.visitor_segment VALUES (%s, 1, 'fan', 1, 1, 1)", (site.tenant_hk,))
    owner.execute("UPDATE ref.visitor_segment SET minimum_sessions = 2 WHERE segment = 'fan'")
    owner.execute(
        "INSERT INTO ref.conversion_rule (tenant_hk, event_type, event_action, valid_from) VALUES ('\\x', 'a', 'b', now())"
    )
    owner.execute("DELETE FROM ref.conversion_rule WHERE event_type = 'a'")
    changed, created = all_entries(owner, site.tenant_hk, Wish(action="segment"))
    assert (changed["action"], changed["subject"], changed["details"]) == ("segment.changed", "fan", {"minimum_sessions": [1, 2]})
    assert (created["kind"], created["who"], created["via"]) == ("database", owner.info.user, "sql")
    assert [row["action"] for row in all_entries(owner, OF_NO_TENANT, Wish(limit=2))] == [
        "conversion_rule.removed",
        "conversion_rule.created",
    ]


def test_every_action_has_a_meaning_and_none_is_made_up() -> None:
    sources = [
        file.read_text()
        for file in Path(str(resources.files("footfall"))).rglob("*")
        if file.suffix in (".py", ".sql") and file.name != "actions.py" and "migrations" not in file.parts
    ]
    text = "\n".join(sources)
    verbs = r"(?:tell(?:_at_times)?\(|THEN|ELSE)[^;']{0,120}?'([a-z_]+\.[a-z_]+)'"
    said = set(re.findall(verbs, (resources.files("footfall") / "auth/sql/audit.sql").read_text()))
    said |= set(re.findall(r"auth\.tell(?:_at_times)?\([^;]*?'([a-z_]+\.[a-z_]+)'", text))
    said |= set(re.findall(r"""\btell\([^;]*?,\s*"([a-z_]+\.[a-z_]+)",""", text))
    for noun, verb in re.findall(r"auth\.tell_change\('(\w+)', '\w*', '[\w,]*'(?:, '(\w+)')?\)", text):
        said |= {f"{noun}.{verb}"} if verb else {f"{noun}.{one}" for one in ("created", "changed", "removed")}
    names = {action.name for action in ACTIONS}
    assert said - names == set()
    assert names - said == {"key.revoked", "operator_token.revoked"}, "a row that was revoked was changed"
    assert [action.name for action in ACTIONS] == sorted(names)


@dataclass(frozen=True)
class Doing:
    """A command, and what is told of it: in the chain of acme, or of no tenant."""

    line: str
    action: str
    chain: str | None = "acme"
    status: int = 0


# in an order in which each finds what it needs
DOINGS = (
    Doing("tenant add third", "tenant.created", "third"),
    Doing("tenant set acme --currency EUR", "tenant.changed"),
    Doing("tenant rename acme acme-shoes", "tenant.renamed"),
    Doing("tenant rename acme acme", "tenant.renamed"),
    Doing("tenant plan acme --events-per-month 10", "plan.changed"),
    Doing("tenant plan --events-per-month 10", "plan.changed", None),
    Doing("tenant disable acme", "tenant.disabled"),
    Doing("tenant enable acme", "tenant.enabled"),
    Doing("tenant import {folder}/tenants.csv --keys {folder}/keys.csv", "tenant.created", "fourth"),
    Doing("tenant export acme {folder}/acme --everything", "export.downloaded"),
    Doing("tenant sql-access acme", "sql_login.created"),
    Doing("tenant sql-access acme", "sql_login.changed"),
    Doing("tenant sql-access acme --revoke", "sql_login.removed"),
    Doing("site add acme shop --host shop.example", "site.created"),
    Doing("site add acme shop --host other.example", "site.changed"),
    Doing("site remove acme shop", "site.removed"),
    Doing("key add --tenant acme --label web", "key.created"),
    Doing("key revoke {key}", "key.revoked"),
    Doing("retention set raw 30 --tenant acme", "retention.changed"),
    Doing("retention set raw 30", "retention.changed", None),
    Doing("retention set context 30 --tenant acme", "retention.changed"),
    Doing("retention apply --yes", "retention.applied"),
    Doing("archive set --layer raw --after 30 --tenant acme", "archive_rule.changed"),
    Doing("archive set --layer raw --after 3", "archive_rule.changed", None),
    Doing("retention hold acme --why case-4711", "legal_hold.created"),
    Doing("retention hold acme --why case-4712", "legal_hold.changed"),
    Doing("retention lift acme", "legal_hold.removed"),
    Doing("goal add Paid --tenant acme --filter page==/paid", "goal.created"),
    Doing("goal remove Paid --tenant acme", "goal.removed"),
    Doing("rules apply {folder}/rules.json --tenant acme", "rules.applied"),
    Doing("rules revert --tenant acme", "rules.reverted"),
    Doing("person find session s --tenant acme", "visitor.found"),
    Doing("person export session s --tenant acme --out {folder}/person.zip", "visitor.exported"),
    Doing("person requests add erasure --tenant acme", "privacy_request.created"),
    Doing("person requests close 1 --tenant acme", "privacy_request.changed"),
    Doing("event-type add quiz --tenant acme", "event_type.created"),
    Doing("event-type remove quiz --tenant acme", "event_type.removed"),
    Doing("user add bob@example.org --tenant acme --role viewer", "role.changed"),
    Doing("user password bob@example.org", "password.changed"),
    Doing("user role bob@example.org --tenant acme --role admin", "role.changed"),
    Doing("user end-second-factor ann@example.org", "second_factor.removed"),
    Doing("user end-single-sign-on ann@example.org", "identity.removed"),
    Doing("user end-passkeys ann@example.org", "passkey.removed"),
    Doing("operator token add billing", "operator_token.created", None),
    Doing("operator token revoke 1", "operator_token.revoked", None),
    Doing("report --tenant acme", "operator.looked_in"),
    Doing("export events {folder}/events.csv --tenant acme", "export.downloaded"),
    Doing("import access-log {folder}/log --tenant acme", "events.imported"),
    Doing("import undo {imported}", "events.removed"),
    Doing("rebuild-marts --tenant acme", "marts.rebuilt"),
    Doing("backup {folder}/acme.backup", "backup.made", None),
    Doing("psql -- -c SELECT", "store.opened", None),
    Doing("database-url", "store.opened", None),
    Doing("person erase session s --tenant acme --mode delete --yes", "visitor.erased"),
    Doing("tenant delete third --yes", "tenant.deleted", None),
)
# what changes nothing that somebody has to answer for, or is shown elsewhere, and why
UNTOLD = {
    "archive drop": "takes copies away; the tables keep all there is",
    "archive publish": "metadata of copies: the files are as before",
    "archive list": "says which months are in files",
    "archive restore": "archive.restored: tests/archive/test_leaving.py",
    "archive run": "copies what the rules say; what leaves, archive.left tells: tests/archive/test_leaving.py",
    "archive verify": "proves; shows no event",
    "audit list": "looks at the chains",
    "audit verify": "looks at the chains",
    "check": "proves; shows no event",
    "demo": "runs what tells of itself",
    "digest": "proves; shows no event but where stores differ",
    "doctor": "looks at the host",
    "event-type list": "settings",
    "goal list": "settings",
    "rules show": "settings",
    "rules diff": "settings",
    "rules preview": "an example of each change, without who it was",
    "import list": "names of files and counts",
    "key list": "settings, but for the keys",
    "migrate": "test_a_new_version_of_the_schema_is_told",
    "operator token list": "settings, but for the tokens",
    "person again": "erases once more what a restored backup has brought back: tests/governance/test_persons.py",
    "person receipts": "names nobody",
    "person requests list": "names nobody",
    "person tombstones": "hashes of what is erased, for after a restore",
    "rebuild": "proves; what it makes is another store",
    "records": "settings and counts",
    "restore": "another store: tests/operations/test_backup.py",
    "retention preview": "counts",
    "retention list": "settings",
    "retention holds": "settings",
    "serve": "runs what tells of itself",
    "site list": "settings and counts",
    "tenant hosts": "settings and counts",
    "tenant list": "settings",
    "tenant merge": "tenant.merged: tests/operations/test_merging.py",
    "tenant move": "tenant.leaving and tenant.moved: tests/cells/test_moving.py",
    "up": "runs what tells of itself",
    "upgrade-store": "another store: tests/operations/test_upgrade.py",
    "user list": "settings",
    "worker": "runs what tells of itself",
}


def _commands(group: Any, before: tuple[str, ...] = ()) -> set[str]:
    if commands := getattr(group, "commands", None):
        return set().union(*(_commands(command, (*before, name)) for name, command in commands.items()))
    return {" ".join(before)}


def test_every_command_is_told_or_said_not_to_be() -> None:
    known = _commands(typer.main.get_command(app))
    told = {name for name in known for doing in DOINGS if f"{doing.line} ".startswith(f"{name} ")}
    assert known - told == set(UNTOLD)
    assert told.isdisjoint(UNTOLD)


def test_who_ran_a_command_is_told_with_what_it_did(
    site: Site, url: str, owner: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "sysadmin")
    site.land(view("/", session_id="s"))
    site.settle()
    add_account(owner, "ann@example.org", "Ann", "correct horse battery")
    set_role(owner, "ann@example.org", "acme", "owner")
    owner.execute("UPDATE auth.account SET totp_secret = %s, totp_confirmed_at = now()", (b"x" * 20,))
    owner.execute("INSERT INTO auth.identity SELECT 'https://id.example', 'ann', account_id, now() FROM auth.account")
    owner.execute(
        "INSERT INTO auth.passkey"
        " (credential_id, account_id, relying_party, public_key, sign_count, transports, passkey_name, created_at)"
        " SELECT 'a', account_id, 'localhost', 'b', 0, '{}', 'mine', now() FROM auth.account"
    )
    (tmp_path / "rules.json").write_text('{"bots": [{"name": "Probe", "agent": "probe"}]}')
    (tmp_path / "tenants.csv").write_text("tenant_id,owner\nfourth,new@example.org\n")
    (tmp_path / "log").write_text(
        '203.0.113.9 - - [10/Mar/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 5 "-" "Mozilla/5.0 (X11) Firefox/145.0"\n'
    )
    number, _ = add_key(owner, "acme", "write", "old")
    monkeypatch.setenv("DATABASE_URL", url)
    with connect(url, "footfall_worker") as worker:
        for doing in DOINGS:
            before = {(row["tenant"], row["seq"]) for row in all_entries(worker, None, Wish(limit=10_000))}
            worker.execute("DELETE FROM auth.audit_repeat")  # another hour
            imported = (owner.execute("SELECT max(import_id) FROM raw.import").fetchone() or ("",))[0]
            arguments = shlex.split(doing.line.format(folder=tmp_path, key=number, imported=imported))
            done = CliRunner().invoke(app, arguments)
            assert done.exit_code == doing.status, (doing.line, done.output, done.exception)
            new = [row for row in all_entries(worker, None, Wish(limit=10_000)) if (row["tenant"], row["seq"]) not in before]
            row = next((one for one in new if one["action"] == doing.action and _chain_of(one) == doing.chain), None)
            assert row is not None, (doing.line, [(one["action"], one["tenant"]) for one in new])
            assert (row["kind"], row["who"], row["via"]) == ("cli", "sysadmin", "cli"), doing.line
        assert verify(worker)[1] == []
    texts = str(owner.execute("SELECT array_agg(e::text) FROM auth.audit_event e").fetchone())
    assert "example.org" not in texts
    assert "argon2" not in texts


def _chain_of(row: dict[str, object]) -> object:
    return "acme" if row["tenant"] == "acme-shoes" else row["tenant"]


def test_a_new_version_of_the_schema_is_told(url: str, owner: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    for _ in range(2):  # the first makes right what a copy of a database does not take along: its grants
        assert CliRunner().invoke(app, ["migrate"]).exit_code == 0
    before = len(all_entries(owner, OF_NO_TENANT, Wish(action="schema")))
    owner.execute("UPDATE util.definition SET checksum = '' WHERE name = 'auth/sql/audit.sql'")
    assert CliRunner().invoke(app, ["migrate"]).exit_code == 0
    row, *others = all_entries(owner, OF_NO_TENANT, Wish(action="schema"))
    assert len(others) == before == 1
    assert (row["action"], row["kind"]) == ("schema.migrated", "cli")


def test_whoever_may_only_look_gets_into_the_store_untold(url: str, owner: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    owner.execute("CREATE ROLE looker LOGIN")
    try:
        monkeypatch.setenv("DATABASE_URL", conninfo.make_conninfo(url, user="looker"))
        done = CliRunner().invoke(app, ["database-url"])
        assert done.exit_code == 0, done.output
    finally:
        owner.execute("DROP ROLE looker")


def test_the_log_is_listed_and_proved_by_command(
    site: Site, url: str, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    add_key(owner, "acme", "read", "tool")
    run = CliRunner().invoke
    rows = json.loads(run(app, ["audit", "list", "--tenant", "acme", "--action", "key", "--json"]).stdout)
    assert [(row["action"], row["details"]["label"]) for row in rows] == [("key.created", [None, "tool"])]
    assert run(app, ["audit", "list", "--csv", "--who", "database"]).stdout.startswith(
        "tenant,seq,at,kind,who,via,action,subject,"
    )
    assert run(app, ["audit", "list", "--since", "2999-01-01"]).stdout == "Nothing was told yet.\n"
    assert "key.created" in run(app, ["audit", "list"]).stdout
    proved = json.loads(run(app, ["audit", "verify", "--json"]).stdout)
    assert (len(proved["chains"]), proved["breaks"]) == (2, [])
    head = next(f"{one['rows']}:{one['head']}" for one in proved["chains"] if one["tenant"] == "acme")
    assert run(app, ["audit", "verify", "--tenant", "acme", "--head", head]).exit_code == 0
    assert run(app, ["audit", "verify", "--tenant", "acme", "--head", head[:-1] + "x"]).exit_code == 1
    assert run(app, ["audit", "verify", "--head", head]).exit_code == 1
    owner.execute("SET session_replication_role = replica")
    owner.execute("UPDATE auth.audit_event SET action = 'key.removed' WHERE action = 'key.created'")
    done = run(app, ["audit", "verify"])
    assert done.exit_code == 1
    assert "The chain of acme is broken at 2: the row is not the one that was written (changed)." in done.stdout
    assert run(app, ["audit", "verify", "--tenant", "operators"]).exit_code == 0


def test_what_retention_removes_is_told(site: Site, owner: Connection) -> None:
    owner.execute("INSERT INTO raw.kept_since VALUES (%s, 'raw', '2026-03-01')", (site.tenant_hk,))
    owner.execute("UPDATE raw.kept_since SET kept_since = '2026-03-02'")
    applied, _ = all_entries(owner, site.tenant_hk, Wish(action="retention"))
    assert (applied["action"], applied["subject"]) == ("retention.applied", "raw")
    assert [text[:10] for text in applied["details"]["kept_since"]] == ["2026-03-01", "2026-03-02"]


def test_no_role_tells_what_it_likes(site: Site, url: str) -> None:
    """Only who may change settings, and whose word the triggers take, may tell of what reveals."""
    statement = sql.SQL("SELECT auth.tell('{{}}', 'key.created', '', '{{}}')").format()
    for role in ("footfall_reader", "footfall_ingest"):
        with connect(url, role) as connection, pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement)
