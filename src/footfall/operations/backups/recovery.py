"""`footfall restore` of a folder with physical backups: a base backup, rolled forward along the archived log to a moment."""

import os
import re
import shlex
import shutil
from datetime import UTC, datetime
from pathlib import Path

from footfall.auth import tell
from footfall.database import Cluster, connect
from footfall.database.cluster import MAJOR, programs, version_of
from footfall.errors import NotAccepted, StoreUnavailable
from footfall.operations.backups.archive import WAL, Base, bases_in
from footfall.operations.backups.content import findings_of, rows_of_tables
from footfall.operations.backups.manifest import require_whole
from footfall.operations.backups.placing import in_place
from footfall.operations.backups.restore import Restored, redeploy
from footfall.operations.backups.serving import serving

_SETTINGS = """\
hot_standby = off
restore_command = '{command}'
recovery_target_timeline = 'latest'
"""
_MOMENT = """\
recovery_target_time = '{moment}'
recovery_target_action = 'promote'
"""
# what belongs to the server that the files were copied from
_OF_THE_FORMER = (".s.PGSQL.5432.lock", ".handle_pids.json", "log")
_TOO_LATE = "recovery ended before configured recovery target was reached"
_LAST = re.compile(r"last completed transaction was at log time (\S+ [^+\s]+)")


def restore_to_moment(source: Path, folder: Path, moment: datetime | None, *, replace: bool, user: str = "") -> Restored:
    """Restore the embedded store into `folder` as it was at `moment`, or as late as the archive goes.

    Raises NotAccepted: ``backup_unknown``, ``moment_too_early``, ``moment_too_late``, ``file_unreadable``,
    ``store_not_empty``; BackupFailed. Whatever fails: what is in the folder stays as it is.
    """
    base = _base_before(source, moment)
    require_whole(base.path, programs())
    with in_place(folder, replace=replace, user=user) as place:
        reached = _roll_forward(base, source.absolute() / WAL, Cluster(place.cluster, user), moment)
        with place.opened() as store, connect(store.url) as owner:
            redeploy(owner)
            tell(owner, "store.restored", (moment or reached).isoformat(), {})
            restored = Restored(moment or reached, sum(rows_of_tables(owner).values()), tuple(findings_of(store.url)))
        return restored.in_place_of(place.take())


def _base_before(source: Path, moment: datetime | None) -> Base:
    """The newest base backup that had ended by then."""
    bases = bases_in(source)
    if not bases:
        raise NotAccepted("backup_unknown", f"{source} has no base backup: `footfall backup --physical` makes them")
    if moment and moment > datetime.now(UTC):
        raise NotAccepted("moment_too_late", f"{moment:%Y-%m-%d %H:%M:%S} UTC is still to come")
    fitting = [base for base in bases if moment is None or base.ended_at <= moment]
    if not fitting:
        first = f"{bases[0].ended_at:%Y-%m-%d %H:%M:%S} UTC"
        raise NotAccepted(
            "moment_too_early", f"the first base backup in {source} ended at {first}: nothing earlier can be restored"
        )
    if (major := version_of(fitting[-1].path)) != MAJOR:
        raise NotAccepted("backup_unknown", f"{fitting[-1].path} is of PostgreSQL {major}, and this is {MAJOR}")
    return fitting[-1]


def _roll_forward(base: Base, wal: Path, cluster: Cluster, moment: datetime | None) -> datetime:
    """Copy it and let it recover; returns when the last transaction was committed that it has."""
    shutil.copytree(base.path, cluster.folder, symlinks=True)
    for name in _OF_THE_FORMER:
        (cluster.folder / name).unlink(missing_ok=True)
    # whoever has written the archive can read it
    os.chown(cluster.folder, wal.stat().st_uid, wal.stat().st_gid)
    cluster.give(cluster.folder)
    if not cluster.may_read(wal):  # the server fetches the log itself
        raise NotAccepted("file_unreadable", f"who runs PostgreSQL may not read {wal}: give it to them (chown -R)")
    (cluster.folder / "recovery.signal").touch()
    command = f"gzip -dc {shlex.quote(str(wal).replace('%', '%%'))}/%f.gz > %p"
    settings = _SETTINGS.format(command=command.replace("'", "''")) + (
        _MOMENT.format(moment=moment.isoformat()) if moment else ""
    )
    try:
        with serving(cluster, settings) as url, connect(url) as owner:
            (reached,) = owner.execute("SELECT pg_last_xact_replay_timestamp()").fetchone() or (None,)
    except StoreUnavailable as error:
        raise _why(cluster.folder / "log", error) from None
    return reached or base.ended_at


def _why(log: Path, error: StoreUnavailable) -> NotAccepted | StoreUnavailable:
    """What kept a server from recovering to a moment, by its log."""
    said = log.read_text(errors="replace") if log.exists() else ""
    if _TOO_LATE in said:
        last = _LAST.findall(said)
        until = f" at {last[-1][:19]} UTC" if last else ""
        return NotAccepted("moment_too_late", f"the archive ends{until}, before that moment: without --to all of it is restored")
    return error
