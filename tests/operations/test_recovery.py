"""Physical backups: the store as it was at any moment, and what is said where that cannot be."""

import shutil
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from footfall import schema
from footfall.cli import app
from footfall.database import EmbeddedStore, Store, connect, open_store
from footfall.errors import BackupFailed, NotAccepted
from footfall.operations.backups.archive import back_up_physically, bases_in
from footfall.operations.backups.recovery import restore_to_moment
from site_under_test import NOON, Site, view


@dataclass
class Archived:
    """A store whose every change is archived, and the moments between its loads."""

    data: Path
    archive: Path
    moments: list[datetime] = field(default_factory=list)


def refused(code: str):
    return pytest.raises(NotAccepted, check=lambda error: error.code == code)


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Archived:
    folder = tmp_path_factory.mktemp("archived")
    archived = Archived(folder / "data", folder / "backups, Jo's % own")
    with EmbeddedStore(archived.data) as store:
        with connect(store.url) as owner:
            schema.deploy(owner)
            owner.execute("SELECT util.ensure_partitions(%s)", (NOON,))
        back_up_physically(store, archived.data, archived.archive)
        with connect(store.url, "footfall_worker") as worker:
            site = Site(worker, "acme")
            for number in range(3):
                time.sleep(0.01)
                archived.moments.append(datetime.now(UTC))
                time.sleep(0.01)
                site.land(*(view(f"/{number}/{page}", page, session_id="s") for page in range(10)))
                site.load()
    # which archives what it has written when it stops
    return archived


def events_in(data: Path) -> int:
    with open_store("", data) as store, connect(store.url, "footfall_worker") as worker:
        return worker.execute("SELECT count(*) FROM business.site_event_h").fetchone()[0]


def test_events_before_the_moment_are_there_and_those_after_it_are_not(archived: Archived, tmp_path: Path) -> None:
    done = restore_to_moment(archived.archive, tmp_path / "data", archived.moments[2], replace=False)
    assert done.findings == ()
    assert events_in(tmp_path / "data") == 20


def test_without_a_moment_nothing_is_missing_and_the_store_goes_on(archived: Archived, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    # of a store that was there before
    (tmp_path / "data" / "footfall.archive.conf").write_text("archive_command = 'false'\n")
    assert restore_to_moment(archived.archive, tmp_path / "data", None, replace=False).findings == ()
    assert events_in(tmp_path / "data") == 30
    with open_store("", tmp_path / "data") as store, connect(store.url, "footfall_worker") as worker:
        assert worker.execute("SELECT count(*) FROM auth.visitor_secret").fetchone() == (0,)
        site = Site(worker, "later")
        site.land(view("/", 0, session_id="s"))
        assert site.load() == 1
        # its log is not mixed with that of the store that it comes from
        assert worker.execute("SHOW archive_command").fetchone() == ("true",)


def test_a_moment_that_was_not_archived_is_said(archived: Archived, tmp_path: Path) -> None:
    for moment, code in (
        (bases_in(archived.archive)[0].ended_at - timedelta(seconds=1), "moment_too_early"),
        (datetime.now(UTC), "moment_too_late"),
        (datetime.now(UTC) + timedelta(days=1), "moment_too_late"),
    ):
        with refused(code):
            restore_to_moment(archived.archive, tmp_path / "data", moment, replace=False)
    with refused("backup_unknown"):
        restore_to_moment(tmp_path, tmp_path / "data", None, replace=False)
    assert not (tmp_path / "data" / "postgres").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--to", "2001-01-01T10:00"], "moment_too_early"),
        (["--to", "2001-01-01T10:00+01:00"], "moment_too_early"),
        (["--to", "at ten"], "date_invalid"),
        (["--database-url", "postgresql://nobody@127.0.0.1:1/none"], "option_invalid"),
    ],
)
def test_the_command_says_what_cannot_be_meant(archived: Archived, tmp_path: Path, words: list[str], code: str) -> None:
    where = [] if "--database-url" in words else ["--data", str(tmp_path / "data")]
    done = CliRunner().invoke(app, ["restore", str(archived.archive), *where, *words])
    assert done.exception.code == code


@pytest.mark.parametrize("harm", ["changed", "missing", "strange"])
def test_a_base_backup_that_is_not_whole_is_not_restored(archived: Archived, tmp_path: Path, harm: str) -> None:
    shutil.copytree(archived.archive, tmp_path / "backups")
    file = bases_in(tmp_path / "backups")[0].path / "global" / "pg_control"
    if harm == "changed":
        file.write_bytes(file.read_bytes()[:-1] + b"!")
    elif harm == "missing":
        file.unlink()
    else:
        file.with_name("strange").touch()
    with pytest.raises(BackupFailed, match="was not sent" if harm == "strange" else "pg_control is not as it was sent"):
        restore_to_moment(tmp_path / "backups", tmp_path / "data", None, replace=False)


def test_the_newest_stay_with_the_log_since_then(archived: Archived, tmp_path: Path) -> None:
    shutil.copytree(archived.archive, tmp_path / "backups")
    with open_store("", archived.data) as store:
        done = back_up_physically(store, archived.data, archived.archive, keep=1)
        with connect(store.url, "footfall_worker") as worker:
            noted = worker.execute("SELECT kind, bytes FROM util.backup ORDER BY taken_at DESC LIMIT 1").fetchone()
    assert noted == ("physical", done.bytes)
    assert len(done.removed) == 1
    assert [base.path for base in bases_in(archived.archive)] == [done.path]
    first_needed = (done.path / "backup_label").read_text().partition("(file ")[2][:24]
    segments = [file.name[:24] for file in (archived.archive / "wal").iterdir() if len(file.name) == len(f"{first_needed}.gz")]
    assert min(segments) == first_needed
    # for the others of this module
    shutil.rmtree(archived.archive)
    shutil.move(tmp_path / "backups", archived.archive)


def test_a_folder_that_cannot_be_written_is_said_at_once_and_changes_nothing(archived: Archived, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    with open_store("", archived.data) as store:
        before = (archived.data / "footfall.archive.conf").read_text()
        # a folder is in the way of the file that the server writes first
        with connect(store.url) as owner:
            segment = owner.execute("SELECT pg_walfile_name(pg_current_wal_lsn())").fetchone()[0]
        for name in (segment, f"{segment[:-1]}{int(segment[-1], 16) + 1:X}"):
            (tmp_path / "backups" / "wal" / f"{name}.part").mkdir(parents=True)
        with pytest.raises(BackupFailed, match="cannot write"):
            back_up_physically(store, archived.data, tmp_path / "backups")
        assert (archived.data / "footfall.archive.conf").read_text() == before


def test_another_stores_folder_is_not_written_into(archived: Archived, tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path / "other") as other:
        with refused("folder_of_another"):
            back_up_physically(other, tmp_path / "other", archived.archive)


def test_a_server_has_backups_of_its_own(server: str, tmp_path: Path) -> None:
    with refused("physical_unknown"):
        back_up_physically(Store(server), tmp_path, tmp_path / "backups")
