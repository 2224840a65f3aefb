"""The restore drill: what was backed up comes back, wherever to, as it was; and what did not come back is said."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from footfall.auth import grant_sql_access, tenant_key
from footfall.database import Connection, EmbeddedStore, Store, connect, open_store
from footfall.database.cluster import programs
from footfall.errors import BackupFailed, NotAccepted, StoreUnavailable
from footfall.governance.persons import erase_person, find_person
from footfall.governance.tombstones import erase_again, tombstones
from footfall.operations.backups import backup_file
from footfall.operations.backups.backup import back_up
from footfall.operations.backups.backup_file import Sealing
from footfall.operations.backups.programs import client
from footfall.operations.backups.restore import restore_to_folder, restore_to_server
from site_under_test import Site, contents, view

PLAIN = Sealing()


@dataclass(frozen=True)
class Filled:
    """A store that was backed up: where, and what must be the same wherever it is restored."""

    url: str
    file: Path
    role: str
    verifier: str
    vault: dict[str, list[str]]


@pytest.fixture(scope="module")
def filled(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    file = tmp_path_factory.mktemp("filled") / "store.backup"
    with connect(module_url, "footfall_worker") as worker:
        site = Site(worker, "acme", event_types=("wish",))
        site.land(*(view(f"/{number}", number, session_id="s") for number in range(20)))
        site.land(view("/wished", 30, session_id="s", evt_type="wish"))
        site.settle()
        vault = contents(worker)
    with connect(module_url) as owner:
        role, _ = grant_sql_access(owner, "acme")
        verifier = verifier_of(owner, role)
        owner.execute("SELECT auth.visitor_secret_of(util.tenant_key('acme'), current_date)")
    back_up(Store(module_url), file, PLAIN)
    return Filled(module_url, file, role, verifier, vault)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another server, which knows none of our roles, and an owner of databases on it who is no superuser."""
    with EmbeddedStore(tmp_path_factory.mktemp("elsewhere")) as store:
        with psycopg.connect(store.url, autocommit=True) as connection:
            connection.execute("CREATE ROLE keeper LOGIN CREATEROLE CREATEDB")
        yield make_conninfo(store.url, user="keeper")


def database(server: str, name: str) -> str:
    with psycopg.connect(server, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    return make_conninfo(server, dbname=name)


def verifier_of(owner: Connection, role: str) -> str:
    return owner.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", (role,)).fetchone()[0]


def told_otherwise(file: Path, to: Path, **said: object) -> Path:
    """The same backup, which says something else of itself."""
    about, _, dump = file.read_bytes()[:-65].partition(b"\n")
    content = json.dumps(json.loads(about) | said).encode() + b"\n" + dump
    to.write_bytes(content + hashlib.sha256(content).hexdigest().encode() + b"\n")
    return to


def is_whole(file: Path, sealing: Sealing) -> bool:
    with backup_file.reading(file, sealing) as (about, dump):
        dump.read_into([str(programs() / "pg_restore"), "--file=/dev/null"], {})
    return about["tables"]["business.site_event_h"] == 21


def refused(code: str):
    return pytest.raises(NotAccepted, check=lambda error: error.code == code)


def test_a_file_becomes_an_embedded_store_with_all_that_was_there(filled: Filled, tmp_path: Path) -> None:
    done = restore_to_folder(filled.file, tmp_path / "data", PLAIN, replace=False)
    assert done.findings == ()
    assert (done.logins, done.logins_without_password) == ((filled.role,), ())
    with open_store("", tmp_path / "data") as store:
        with connect(store.url) as owner:
            assert contents(owner) == filled.vault
            assert verifier_of(owner, filled.role) == filled.verifier
            assert owner.execute("SELECT count(*) FROM auth.visitor_secret").fetchone() == (0,)
            event_types = "SELECT count(*) FROM ref.event_type WHERE tenant_hk = util.tenant_key('acme')"
            assert owner.execute(event_types).fetchone() == (1,)
        with psycopg.connect(store.url, user=filled.role) as analyst:
            assert analyst.execute("SELECT count(*) FROM api.event_v").fetchone() == (21,)
        with connect(store.url, "footfall_reader") as nobody:
            assert nobody.execute("SELECT count(*) FROM business.site_event_h").fetchone() == (0,)


def test_it_becomes_a_database_of_a_server_without_our_roles_and_that_ones_owner_backs_it_up(
    filled: Filled, elsewhere: str, tmp_path: Path
) -> None:
    first, second = Store(database(elsewhere, "first")), Store(database(elsewhere, "second"))
    assert restore_to_server(filled.file, first, PLAIN).findings == ()
    with connect(first.url, "footfall_worker") as worker:
        assert contents(worker) == filled.vault
        site = Site(worker, "later")
        site.land(view("/", 0, session_id="s"))
        assert site.load() == 1
    # who is no superuser and no owner of roles dumps all rows, too, and may read no password
    owners = subprocess.run(
        [pg_dump(elsewhere), "--data-only", "--table=business.site_event_h*", first.address], capture_output=True, check=False
    )
    assert owners.returncode == 0, owners.stderr
    assert owners.stdout.count(b"\\\\x") > 21
    again = back_up(first, tmp_path / "again", PLAIN)
    with connect(elsewhere) as connection:
        connection.execute(psycopg.sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(psycopg.sql.Identifier(filled.role)))
    done = restore_to_server(again.path, second, PLAIN)
    assert done.findings == ()
    assert done.logins_without_password == (filled.role,)


def pg_dump(url: str) -> str:
    with psycopg.connect(url, dbname="postgres") as connection:
        return client(connection, "pg_dump")


def test_who_was_erased_since_the_backup_is_erased_again_in_what_is_restored(filled: Filled, tmp_path: Path) -> None:
    with connect(filled.url, "footfall_worker") as worker, worker.transaction(force_rollback=True):
        acme = tenant_key(worker, "acme")
        erase_person(worker, acme, "session", "s", "delete")
        kept = json.loads(json.dumps(tombstones(worker, acme)))
    restore_to_folder(filled.file, tmp_path / "data", PLAIN, replace=False)
    with open_store("", tmp_path / "data") as store, connect(store.url, "footfall_worker") as worker:
        assert find_person(worker, acme, "session", "s").events == 21
        assert [receipt.mode for receipt in erase_again(worker, acme, kept)] == ["delete"]
        assert find_person(worker, acme, "session", "s").counts == {}
        assert worker.execute("SELECT count(*) FROM raw.site_tracking_events_r").fetchone() == (0,)
        # and what comes late of them is refused, as it was there
        site = Site.__new__(Site)
        site.connection, site.tenant_id, site.tenant_hk = worker, "acme", acme
        site.land(view("/late", 5, session_id="s"))
        site.settle()
        assert site.staged("validation_errors") == [["person_erased"]]
        assert site.failing_checks() == []


def test_a_store_remembers_that_it_was_backed_up(filled: Filled) -> None:
    with connect(filled.url, "footfall_worker") as worker:
        noted = worker.execute("SELECT kind, bytes, is_verified FROM util.backup ORDER BY taken_at LIMIT 1").fetchone()
    assert noted == ("logical", filled.file.stat().st_size, True)


def test_rows_that_did_not_come_back_are_said_and_nothing_is_put_in_place(filled: Filled, tmp_path: Path) -> None:
    wrong = told_otherwise(filled.file, tmp_path / "wrong", tables={"business.site_event_h": 22, "auth.tenant_h": 1})
    with pytest.raises(BackupFailed, match="site_event_h has 21 of 22"):
        restore_to_folder(wrong, tmp_path / "data", PLAIN, replace=False)
    assert not (tmp_path / "data" / "postgres").exists()
    assert not (tmp_path / "data" / "restoring").exists()


def test_what_is_there_is_never_lost(filled: Filled, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with EmbeddedStore(folder) as store:
        with psycopg.connect(store.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        with refused("store_not_empty"):
            restore_to_folder(filled.file, folder, PLAIN, replace=False)
        with pytest.raises(StoreUnavailable, match="in use"):
            restore_to_folder(filled.file, folder, PLAIN, replace=True)
    cut = tmp_path / "cut"
    cut.write_bytes(filled.file.read_bytes()[:-1])
    with pytest.raises(BackupFailed, match=r"cut off|end of file"):
        restore_to_folder(cut, folder, PLAIN, replace=True)
    with EmbeddedStore(folder) as store, psycopg.connect(store.url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    done = restore_to_folder(filled.file, folder, PLAIN, replace=True)
    (folder / "postgres").rename(folder / "restored")
    done.replaced.rename(folder / "postgres")
    with EmbeddedStore(folder) as store, psycopg.connect(store.url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_database_that_has_a_footfall_gets_no_other(filled: Filled) -> None:
    with refused("store_not_empty"):
        restore_to_server(filled.file, Store(filled.url), PLAIN)


def test_what_is_newer_than_this_footfall_or_the_server_is_refused(filled: Filled, elsewhere: str, tmp_path: Path) -> None:
    store = Store(database(elsewhere, "empty"))
    with refused("backup_newer"):
        restore_to_server(told_otherwise(filled.file, tmp_path / "a", migrations=["9999_later"]), store, PLAIN)
    with refused("server_older"):
        restore_to_server(told_otherwise(filled.file, tmp_path / "b", postgresql=990_000), store, PLAIN)


@pytest.fixture
def age(tmp_path: Path) -> tuple[str, Path]:
    """An age key: what is encrypted to, and the file that opens it."""
    if not shutil.which("age"):
        pytest.skip("age is not installed: `make servers`")
    identity = tmp_path / "identity"
    made = subprocess.run(["age-keygen", "-o", identity], check=True, capture_output=True, text=True)
    return made.stderr.split()[-1], identity


def test_what_is_encrypted_by_a_passphrase_is_read_with_it_alone(filled: Filled, tmp_path: Path) -> None:
    for name, secret in (("right", "a secret"), ("wrong", "another")):
        (tmp_path / name).write_text(secret)
    right = Sealing(passphrase_file=tmp_path / "right")
    done = back_up(Store(filled.url), tmp_path / "sealed", right)
    assert done.is_verified
    assert b"footfall" not in done.path.read_bytes()
    assert list(tmp_path.glob("*.part")) == []
    with refused("key_missing"):
        restore_to_folder(done.path, tmp_path / "data", PLAIN, replace=False)
    with refused("backup_unknown"):
        restore_to_folder(done.path, tmp_path / "data", Sealing(passphrase_file=tmp_path / "wrong"), replace=False)
    assert is_whole(done.path, right)


def test_what_is_encrypted_for_an_age_key_is_read_with_it_alone(filled: Filled, tmp_path: Path, age: tuple[str, Path]) -> None:
    recipient, identity = age
    done = back_up(Store(filled.url), tmp_path / "sealed", Sealing((recipient,)))
    assert not done.is_verified
    with refused("key_missing"):
        restore_to_folder(done.path, tmp_path / "data", PLAIN, replace=False)
    cut = tmp_path / "cut"
    cut.write_bytes(done.path.read_bytes()[:-100])
    with pytest.raises(BackupFailed, match=r"age|end of file"):
        is_whole(cut, Sealing(identity=identity))
    assert is_whole(done.path, Sealing(identity=identity))


def test_a_folder_keeps_the_newest(filled: Filled, tmp_path: Path) -> None:
    for day in ("20260101", "20260102", "20260103"):
        (tmp_path / f"footfall-{day}T000000Z.backup").touch()
    (tmp_path / "footfall-20260101T000000Z.backup.enc").touch()
    done = back_up(Store(filled.url), tmp_path, PLAIN, keep=2)
    assert [file.name[9:17] for file in done.removed] == ["20260101", "20260102"]
    assert {file.name for file in tmp_path.iterdir()} == {
        "footfall-20260101T000000Z.backup.enc",
        "footfall-20260103T000000Z.backup",
        done.path.name,
    }


@pytest.mark.parametrize(
    ("target", "sealing", "keep", "code"),
    [
        ("there", PLAIN, None, "file_exists"),
        ("new", PLAIN, 3, "option_invalid"),
        ("nowhere/new", PLAIN, None, "folder_unknown"),
        ("new", Sealing(passphrase_file=Path("nowhere")), None, "file_unreadable"),
        ("new", Sealing(("age1",), Path("there")), None, "option_invalid"),
    ],
)
def test_what_cannot_be_meant_is_said_and_leaves_nothing(
    filled: Filled, tmp_path: Path, target: str, sealing: Sealing, keep: int | None, code: str
) -> None:
    (tmp_path / "there").write_text("kept")
    with refused(code):
        back_up(Store(filled.url), tmp_path / target, sealing, keep)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["kept"]


@pytest.mark.parametrize("content", [b"", b"PGDMP", b'{"footfall_backup": 99}\n', b"Salted__nothing", b"\x00" * 100])
def test_what_is_no_backup_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    (tmp_path / "secret").write_text("a secret")
    with refused("backup_unknown"):
        restore_to_folder(tmp_path / "file", tmp_path / "data", Sealing(passphrase_file=tmp_path / "secret"), replace=False)


def test_a_tool_that_is_missing_is_named(filled: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with refused("tool_missing"):
        back_up(Store(filled.url), tmp_path / "sealed", Sealing(("age1",)))
