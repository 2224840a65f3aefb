"""`footfall upgrade-store`: the embedded store, from the PostgreSQL that made its folder to the one of this Footfall.

    DATA/postgres         of 16                    of 18
    DATA/postgres.new     of 18, on its way
    DATA/postgres.16                               of 16, as it was

The new one is made of copies and takes the place of the old one when all of it is proved: whatever is interrupted, one of them is
whole, and the command finishes when it is run again.
"""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from footfall.auth import tell
from footfall.business import Finding
from footfall.database import Cluster, connect
from footfall.database.cluster import MAJOR, SUPERUSER, programs, version_of
from footfall.database.store import alone_in
from footfall.errors import NotAccepted, StoreUnavailable
from footfall.operations.backups.content import findings_of, require_same_rows, rows_of_tables
from footfall.operations.backups.placing import ARCHIVE_SETTINGS
from footfall.operations.backups.programs import failure
from footfall.operations.backups.restore import redeploy
from footfall.operations.backups.serving import serving

_STORE, _NEW = "postgres", "postgres.new"
_LOCKS = "-c max_locks_per_transaction=256"  # of the server that pg_upgrade starts: there is a table for each month


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What was done: from which version to which, how many rows, where the old one is, and which claims do not hold."""

    from_version: int
    to_version: int
    rows: int
    kept: Path | None
    findings: tuple[Finding, ...] = ()


def upgrade_store(folder: Path, user: str = "") -> Upgraded:
    """Upgrade the store in this data folder. One that is of this version already is left as it is.

    `user` runs it if root asks. Raises StoreUnavailable: there is none, it is in use, or of a version that Footfall does not
    bring along; NotAccepted: ``kept_there``; BackupFailed: it was not upgraded, and is as it was.
    """
    folder = _existing(folder)
    old, new = folder / _STORE, folder / _NEW
    with alone_in(folder):
        if not old.exists() and next(folder.glob(f"{_STORE}.[0-9]*"), None):
            _finish(folder)
        major = version_of(old)
        if major is None:
            raise StoreUnavailable(f"there is no store in {folder}")
        kept = folder / f"{_STORE}.{major}"
        if major == MAJOR:
            return Upgraded(MAJOR, MAJOR, 0, next(folder.glob(f"{_STORE}.[0-9]*"), None))
        if kept.exists():
            raise NotAccepted(
                "kept_there", f"{kept} is there, of a former upgrade: `footfall upgrade-store --forget-old` removes it"
            )
        rows, findings = _make(Cluster(old, user, major), Cluster(new, user))
        old.rename(kept)
        _finish(folder)
    return Upgraded(major, MAJOR, rows, kept, findings)


def forget_old(folder: Path) -> list[Path]:
    """Remove what upgrades have kept. Raises StoreUnavailable where the store that took its place is not there."""
    folder = _existing(folder)
    with alone_in(folder):
        if version_of(folder / _STORE) != MAJOR:
            raise StoreUnavailable(f"the store in {folder} is not upgraded: what was kept is all that there is")
        kept = sorted(folder.glob(f"{_STORE}.[0-9]*"))
        for path in kept:
            shutil.rmtree(path)
    return kept


def _make(old: Cluster, new: Cluster) -> tuple[int, tuple[Finding, ...]]:
    """Make the new one, of copies, and prove it: as many rows in every table, every claim tested. The old one stays as it is."""
    with serving(old) as url, connect(url) as owner:  # which recovers it, should it have ended hard
        rows = rows_of_tables(owner)
        (checksums,) = owner.execute("SHOW data_checksums").fetchone() or ("off",)
    shutil.rmtree(new.folder, ignore_errors=True)  # of one that was interrupted
    new.folder.mkdir(mode=0o700)
    os.chown(new.folder, old.folder.stat().st_uid, old.folder.stat().st_gid)
    # pg_upgrade wants them alike, and from PostgreSQL 18 on a cluster has checksums unless it is told otherwise
    new.make(*([] if checksums == "on" else ["--no-data-checksums"]))
    try:
        _copy(old, new)
    except subprocess.CalledProcessError as error:
        raise failure("pg_upgrade", error.output) from None
    with serving(new) as url, connect(url) as owner:
        require_same_rows(owner, rows)
        redeploy(owner)
        tell(owner, "store.upgraded", f"PostgreSQL {new.major}", {"major": [old.major, new.major]})
        owner.execute("ANALYZE")
        findings = tuple(findings_of(url))
    return sum(rows.values()), findings


def _copy(old: Cluster, new: Cluster) -> None:
    """Let pg_upgrade copy all of the old one into the new one, in a folder whose path is short enough for a socket's."""
    with tempfile.TemporaryDirectory(prefix="footfall-") as name:
        new.give(Path(name))
        binaries = ["--old-bindir", programs(int(old.major)), "--new-bindir", programs(int(new.major))]
        folders = ["--old-datadir", old.folder, "--new-datadir", new.folder, "--socketdir", name]
        options = ["--username", SUPERUSER, "--old-options", _LOCKS, "--new-options", _LOCKS]
        new.run("pg_upgrade", *map(str, [*binaries, *folders, *options]), cwd=Path(name))


def _finish(folder: Path) -> None:
    """Put the new one into its place: the old one is out of it, so the new one was proved."""
    if (folder / _NEW / "PG_VERSION").exists():
        (folder / _NEW).rename(folder / _STORE)
        # another store's: its log would go among the files of the old one
        (folder / ARCHIVE_SETTINGS).unlink(missing_ok=True)


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise StoreUnavailable(f"there is no store in {folder}")
    return folder.resolve()
