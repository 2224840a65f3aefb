"""`footfall upgrade-store`: the embedded store, from the PostgreSQL that made its folder to the one of this Footfall.

    DATA/postgres         of 16                    of 18
    DATA/postgres.new     of 18, on its way
    DATA/postgres.16                               of 16, as it was

The new one is made of copies and takes the place of the old one when all of it is proved: whatever is interrupted, one of them is
whole, and the command finishes when it is run again.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from footfall.business import Finding
from footfall.database import connect
from footfall.database.cluster import Cluster, short_folder, version_of
from footfall.database.programs import embedded_major
from footfall.database.store import alone_in
from footfall.errors import NotAccepted, StoreUnavailable
from footfall.operations.content import findings_of, require_same_rows, rows_of_tables
from footfall.operations.placing import ARCHIVE_SETTINGS
from footfall.operations.restore import redeploy

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


def upgrade_store(folder: Path) -> Upgraded:
    """Upgrade the store in this data folder. One that is of this version already is left as it is.

    Raises StoreUnavailable: there is none, it is in use, or of a version that Footfall does not bring along; NotAccepted:
    ``kept_there``; BackupFailed: it was not upgraded, and is as it was.
    """
    old, new = folder / _STORE, folder / _NEW
    with alone_in(_existing(folder)):
        ours = embedded_major()
        if not old.exists() and next(folder.glob(f"{_STORE}.[0-9]*"), None):
            _finish(folder)
        major = version_of(old)
        if major is None:
            raise StoreUnavailable(f"there is no store in {folder}")
        kept = folder / f"{_STORE}.{major}"
        if major == ours:
            return Upgraded(ours, ours, 0, next(folder.glob(f"{_STORE}.[0-9]*"), None))
        if kept.exists():
            raise NotAccepted(
                "kept_there", f"{kept} is there, of a former upgrade: `footfall upgrade-store --forget-old` removes it"
            )
        rows, findings = _make(Cluster(old), new)
        old.rename(kept)
        _finish(folder)
    return Upgraded(major, ours, rows, kept, findings)


def forget_old(folder: Path) -> list[Path]:
    """Remove what upgrades have kept. Raises StoreUnavailable where the store that took its place is not there."""
    with alone_in(_existing(folder)):
        if version_of(folder / _STORE) != embedded_major():
            raise StoreUnavailable(f"the store in {folder} is not upgraded: what was kept is all that there is")
        kept = sorted(folder.glob(f"{_STORE}.[0-9]*"))
        for path in kept:
            shutil.rmtree(path)
    return kept


def _make(old: Cluster, folder: Path) -> tuple[int, tuple[Finding, ...]]:
    """Make the new one, of copies, and prove it: as many rows in every table, every claim tested. The old one stays as it is."""
    shutil.rmtree(folder, ignore_errors=True)  # of one that was interrupted
    with old.started() as url, connect(url) as owner:  # which recovers it, should it have ended hard
        rows = rows_of_tables(owner)
    new = Cluster(folder, embedded_major())
    new.make(has_checksums=old.control("Data page checksum version") != "0")
    with short_folder() as sockets:
        clusters: list[str | Path] = ["-b", old.binaries, "-B", new.binaries, "-d", old.folder, "-D", new.folder]
        new.run("pg_upgrade", *clusters, "-U", "postgres", "-s", sockets, "-o", _LOCKS, "-O", _LOCKS, cwd=sockets)
    with new.started() as url, connect(url) as owner:
        require_same_rows(owner, rows)
        redeploy(owner)
        owner.execute("ANALYZE")
        findings = tuple(findings_of(url))
    return sum(rows.values()), findings


def _finish(folder: Path) -> None:
    """Put the new one into its place: the old one is out of it, so the new one was proved."""
    if (folder / _NEW / "PG_VERSION").exists():
        (folder / _NEW).rename(folder / _STORE)
        # another store's: its log would go among the files of the old one
        (folder / ARCHIVE_SETTINGS).unlink(missing_ok=True)


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise StoreUnavailable(f"there is no store in {folder}")
    return folder
