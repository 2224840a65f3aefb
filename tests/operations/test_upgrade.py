"""The embedded store's way from PostgreSQL 16 to 18: nothing is lost, whatever happens on the way."""

import shutil
from pathlib import Path

import psycopg
import pytest

from footfall import schema
from footfall.auth import grant_sql_access
from footfall.database import Cluster, EmbeddedStore, connect, open_store
from footfall.database.cluster import version_of
from footfall.database.store import alone_in
from footfall.errors import BackupFailed, StoreUnavailable
from footfall.operations.backups import upgrade
from footfall.operations.backups.serving import serving
from footfall.operations.backups.upgrade import forget_old, upgrade_store
from site_under_test import NOON, Site, contents, view


@pytest.fixture(scope="module")
def of_16(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[str]]]:
    """A store that PostgreSQL 16 has made, with a month of a tenant's; and what its vault says."""
    folder = tmp_path_factory.mktemp("of_16") / "data"
    folder.mkdir()
    cluster = Cluster(folder / "postgres", major=16)
    cluster.make()
    with serving(cluster) as url:
        with connect(url) as owner:
            schema.deploy(owner)
            owner.execute("SELECT util.ensure_partitions(%s)", (NOON,))
            with connect(url, "footfall_worker") as worker:
                site = Site(worker, "acme")
                site.land(*(view(f"/{number}", number, session_id="s") for number in range(20)))
                site.settle()
            grant_sql_access(owner, "acme")
            return folder, contents(owner)


@pytest.fixture
def old(of_16: tuple[Path, dict[str, list[str]]], tmp_path: Path) -> Path:
    """A copy of it, for a test of its own."""
    folder = tmp_path / "data"
    shutil.copytree(of_16[0], folder)
    Cluster(of_16[0] / "postgres").give(folder / "postgres")
    return folder


def test_a_store_of_16_becomes_one_of_18_and_the_old_one_stays_until_it_is_forgotten(old: Path, of_16) -> None:
    with pytest.raises(StoreUnavailable, match="one of PostgreSQL 16: run `footfall upgrade-store`"):
        open_store("", old)
    done = upgrade_store(old)
    assert (done.from_version, done.to_version, done.kept, done.findings) == (16, 18, old / "postgres.16", ())
    assert version_of(old / "postgres.16") == 16
    with open_store("", old) as store, connect(store.url) as owner:
        assert contents(owner) == of_16[1]
        login = owner.execute("SELECT role_name::text FROM auth.sql_access").fetchone()[0]
        # 18 can say what 16 could not
        unenforced = "SELECT count(*) > 0 FROM pg_constraint WHERE contype = 'f' AND NOT conenforced"
        assert owner.execute(unenforced).fetchone() == (True,)
        with psycopg.connect(store.url, user=login) as analyst:
            assert analyst.execute("SELECT count(*) FROM api.event_v").fetchone() == (20,)
    assert upgrade_store(old).from_version == 18
    # between the one and the other the power went
    (old / "postgres").rename(old / "postgres.new")
    with pytest.raises(StoreUnavailable, match="an upgrade was interrupted"):
        open_store("", old, create=True)
    with pytest.raises(StoreUnavailable, match="all that there is"):
        forget_old(old)
    assert upgrade_store(old).to_version == 18
    assert forget_old(old) == [old / "postgres.16"]
    with open_store("", old) as store, connect(store.url) as owner:
        assert contents(owner) == of_16[1]


def test_what_fails_leaves_the_old_one_as_it_was(old: Path, of_16, monkeypatch: pytest.MonkeyPatch) -> None:
    (old / "postgres.new").mkdir()
    (old / "postgres.new" / "half").touch()  # of one that was interrupted

    def lose(*_: object) -> None:
        raise BackupFailed("the disk is full")

    monkeypatch.setattr(upgrade, "_copy", lose)
    with pytest.raises(BackupFailed, match="the disk is full"):
        upgrade_store(old)
    cluster = Cluster(old / "postgres", major=16)
    with serving(cluster) as url, connect(url) as owner:
        assert contents(owner) == of_16[1]


def test_a_store_in_use_is_not_upgraded(old: Path) -> None:
    with alone_in(old), pytest.raises(StoreUnavailable, match="in use"):
        upgrade_store(old)


def test_a_folder_without_a_store_is_said(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(StoreUnavailable, match="there is no store"):
            upgrade_store(folder)


def test_the_operators_settings_are_read_after_ours_and_a_wrong_one_is_said_at_once(tmp_path: Path) -> None:
    own = tmp_path / "footfall.local.conf"
    own.write_text("work_mem = 17MB\n")
    with EmbeddedStore(tmp_path) as store, psycopg.connect(store.url) as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("17MB",)
    own.write_text("work_mem = plenty\n")
    with pytest.raises(StoreUnavailable, match=r"footfall\.local\.conf"):
        EmbeddedStore(tmp_path)
