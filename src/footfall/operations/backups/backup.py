"""`footfall backup` into a file: what one snapshot of the store sees, with what it takes to prove that all of it came back."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from footfall.database import Connection, Store, connect
from footfall.errors import NotAccepted
from footfall.operations.backups import backup_file
from footfall.operations.backups.backup_file import Sealing
from footfall.operations.backups.content import SCHEMAS, content_of
from footfall.operations.backups.programs import client

_NAME = "footfall-{:%Y%m%dT%H%M%SZ}.backup"
_DATED = "footfall-*.backup"
# a store of an earlier version has no place for it yet
_NOTED = "SELECT to_regclass('util.backup') IS NOT NULL"
_NOTE = "INSERT INTO util.backup (taken_at, kind, bytes, is_verified) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made: where it is, the moment that it is of, and how large."""

    path: Path
    taken_at: datetime
    bytes: int
    rows: int
    is_verified: bool
    removed: tuple[Path, ...] = ()


def back_up(store: Store, target: Path, sealing: Sealing, keep: int | None = None) -> Backup:
    """Write a backup into the file `target`, or a dated one into the folder `target`, of which the newest `keep` stay.

    Others go on meanwhile. Raises NotAccepted: ``file_exists``, ``folder_unknown``, ``option_invalid``, and as
    `backup_file.writing` does; StoreUnavailable: no pg_dump fits; BackupFailed.
    """
    if keep is not None and not target.is_dir():
        raise NotAccepted("option_invalid", f"--keep is for a folder of dated files: {target} is none")
    taken_at = datetime.now(UTC)
    file = target / (_NAME.format(taken_at) + sealing.suffix) if target.is_dir() else target
    if file.exists():
        raise NotAccepted("file_exists", f"{file} is there already: name another, or a folder")
    if not file.parent.is_dir():
        raise NotAccepted("folder_unknown", f"there is no folder {file.parent}")
    with connect(store.url) as connection:
        rows = _write(store, connection, file, taken_at, sealing)
        if sealing.is_ours_to_read:
            _read_again(file, sealing, client(connection, "pg_restore"))
        size = file.stat().st_size
        note(connection, taken_at, "logical", size, is_verified=sealing.is_ours_to_read)
    removed = _forget(target, keep, sealing) if keep is not None else ()
    return Backup(file, taken_at, size, rows, sealing.is_ours_to_read, removed)


def note(connection: Connection, taken_at: datetime, kind: str, size: int, *, is_verified: bool) -> None:
    """Have the store remember that it was backed up."""
    if connection.execute(_NOTED).fetchone() == (True,):
        connection.execute(_NOTE, (taken_at, kind, size, is_verified))


def _write(store: Store, connection: Connection, file: Path, taken_at: datetime, sealing: Sealing) -> int:
    """Dump what one snapshot sees; returns how many rows that are."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        (snapshot,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
        about = {"taken_at": taken_at.isoformat(), **content_of(connection)}
        command = [client(connection, "pg_dump"), "--format=custom", f"--snapshot={snapshot}", "--no-unlogged-table-data"]
        command += [*(f"--schema={schema}" for schema in SCHEMAS), f"--dbname={store.address}"]
        with backup_file.writing(file, about, sealing) as dump:
            dump.write_from(command, store.secrets)
    return sum(about["tables"].values())


def _read_again(file: Path, sealing: Sealing, pg_restore: str) -> None:
    """Raise BackupFailed unless it can be read to its end."""
    with backup_file.reading(file, sealing) as (_, dump):
        dump.read_into([pg_restore, "--file=/dev/null"], {})


def _forget(folder: Path, keep: int, sealing: Sealing) -> tuple[Path, ...]:
    """Remove all of this kind but the newest `keep`: their names are their order."""
    old = sorted(folder.glob(_DATED + sealing.suffix))[: -max(keep, 1)]
    for file in old:
        file.unlink()
    return tuple(old)
