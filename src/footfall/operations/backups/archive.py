"""`footfall backup --physical`: base backups of the embedded store in a folder, and beside them every change, as it is archived.

DIR/base-20261126T030000Z/       the server's files
DIR/base-20261126T030000Z.json   when it ended, and whose it is
DIR/wal/*.gz                     the write-ahead log since the first of them, segment by segment
"""

import json
import shlex
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from footfall.database import Cluster, Connection, EmbeddedStore, Store, connect
from footfall.errors import BackupFailed, NotAccepted
from footfall.operations.backups.backup import Backup, note
from footfall.operations.backups.content import rows_of_tables
from footfall.operations.backups.manifest import ALGORITHM, require_whole
from footfall.operations.backups.placing import ARCHIVE_SETTINGS
from footfall.operations.backups.programs import client, run

WAL = "wal"
_NAME = "base-{:%Y%m%dT%H%M%SZ}"
_SETTINGS = """\
# Written by `footfall backup --physical`: whoever removes this file ends the archive.
archive_command = '{command}'
# a quiet minute's segment is packed to some kilobytes
archive_timeout = 60
"""
# What is there already was archived before a crash, if it is the same. A name stands for a whole segment that is on the disk.
_ARCHIVE = (
    "if test -f {wal}/%f.gz; then gzip -dc {wal}/%f.gz | cmp -s - %p; else"
    " gzip -c %p > {wal}/%f.part && sync {wal}/%f.part && mv {wal}/%f.part {wal}/%f.gz; fi"
)
_SYSTEM = "SELECT system_identifier::text FROM pg_control_system()"
_SWITCH = "SELECT pg_walfile_name(pg_switch_wal())"
_ARCHIVER = "SELECT failed_count, coalesce(last_archived_wal, '') FROM pg_stat_archiver"


@dataclass(frozen=True, slots=True)
class Base:
    """A base backup: it can be rolled forward to any moment from `ended_at` on."""

    path: Path
    ended_at: datetime
    system: str
    postgresql: int
    rows: int


def bases_in(folder: Path) -> list[Base]:
    """The base backups in a folder, the oldest first."""
    found = []
    for file in sorted(folder.glob("base-*.json")):
        about = json.loads(file.read_text())
        ended_at = datetime.fromisoformat(about["ended_at"])
        found.append(Base(folder / about["path"], ended_at, about["system"], about["postgresql"], about["rows"]))
    return found


def back_up_physically(store: Store, data: Path, target: Path, keep: int | None = None) -> Backup:
    """Make a base backup of the embedded store in `data`, and have all that changes from now on archived in `target`, too.

    The newest `keep` base backups stay, with the log since the oldest of them. Raises NotAccepted: ``physical_unknown``,
    ``folder_of_another``, ``restart_needed``; BackupFailed: the archive cannot be written, or what was copied is not whole.
    """
    if not isinstance(store, EmbeddedStore):
        raise NotAccepted(
            "physical_unknown",
            "a server of yours has its own (pgBackRest, or your provider's): Footfall makes them of its embedded store",
        )
    target = target.absolute()
    with connect(store.url) as connection:
        (system,) = connection.execute(_SYSTEM).fetchone() or ("",)
        if any(base.system != system for base in bases_in(target)):
            raise NotAccepted("folder_of_another", f"{target} has the backups of another store: name another folder")
        with _archiving(connection, data / ARCHIVE_SETTINGS, target / WAL):
            base = _copy(connection, store, target, system)
        _archive_up_to_now(connection, target / WAL)
        size = sum(file.stat().st_size for file in base.path.rglob("*") if file.is_file())
        note(connection, base.ended_at, "physical", size, is_verified=True)
        removed = _forget(connection, target, keep) if keep else ()
    return Backup(base.path, base.ended_at, size, base.rows, is_verified=True, removed=removed)


@contextmanager
def _archiving(connection: Connection, settings: Path, wal: Path) -> Iterator[None]:
    """Have the log archived from here on; as it was before, where that or what follows fails."""
    if connection.execute("SHOW archive_mode").fetchone() == ("off",):
        raise NotAccepted(
            "restart_needed", "the store was started by an earlier Footfall: restart that once, so that it can archive"
        )
    wal.mkdir(parents=True, exist_ok=True)
    Cluster(settings.parent / "postgres").give(wal)
    before = settings.read_text() if settings.exists() else None
    command = _ARCHIVE.format(wal=shlex.quote(str(wal).replace("%", "%%")))
    try:
        settings.write_text(_SETTINGS.format(command=command.replace("'", "''")))
        connection.execute("SELECT pg_reload_conf()")
        _archive_up_to_now(connection, wal)
        yield
    except BaseException:
        if before is None:
            settings.unlink()
        else:
            settings.write_text(before)
        connection.execute("SELECT pg_reload_conf()")
        raise


def _archive_up_to_now(connection: Connection, wal: Path) -> None:
    """Wait until all that was written so far is archived there. Raises BackupFailed when the server says that it cannot."""
    (failed, _) = connection.execute(_ARCHIVER).fetchone() or (0, "")
    segment = ""
    while not (segment and (wal / f"{segment}.gz").exists()):
        # a segment that nothing was written into is not closed; and one may still have gone the way of the former settings
        connection.execute("SELECT pg_create_restore_point('footfall backup')")
        (segment,) = connection.execute(_SWITCH).fetchone() or ("",)
        last = ""
        while last < segment:
            time.sleep(0.05)
            (failures, last) = connection.execute(_ARCHIVER).fetchone() or (0, "")
            if failures > failed and last < segment:
                raise BackupFailed(f"PostgreSQL cannot write into {wal}: is it full, or may its user not enter a folder above?")


def _copy(connection: Connection, store: Store, target: Path, system: str) -> Base:
    """Copy the server's files while it runs, and read what was copied against what the server said that it sent."""
    path = target / _NAME.format(datetime.now(UTC))
    half = path.with_suffix(".part")
    for interrupted in target.glob("base-*.part"):
        shutil.rmtree(interrupted)
    options = [
        "--checkpoint=fast",
        "--wal-method=stream",
        "--no-password",
        f"--manifest-checksums={ALGORITHM}",
        f"--dbname={store.address}",
    ]
    run(client(connection, "pg_basebackup"), "-D", half, *options)
    require_whole(half, Path(client(connection, "pg_basebackup")).parent)
    (ended_at,) = connection.execute("SELECT clock_timestamp()").fetchone() or (datetime.now(UTC),)
    half.rename(path)
    base = Base(path, ended_at, system, connection.info.server_version, sum(rows_of_tables(connection).values()))
    about = asdict(base) | {"path": path.name, "ended_at": ended_at.isoformat()}
    path.with_suffix(".json").write_text(json.dumps(about, indent=2))
    return base


def _forget(connection: Connection, target: Path, keep: int) -> tuple[Path, ...]:
    """Remove all base backups but the newest `keep`, and the log that only those needed."""
    bases = bases_in(target)
    old, oldest = bases[:-keep], bases[-keep:][0]
    for base in old:
        base.path.with_suffix(".json").unlink()
        shutil.rmtree(base.path)
    if old:
        label = (oldest.path / "backup_label").read_text()
        segment = label.partition("(file ")[2].partition(")")[0]
        run(client(connection, "pg_archivecleanup"), "-x", ".gz", target / WAL, segment)
    return tuple(base.path for base in old)
