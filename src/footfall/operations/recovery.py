"""`footfall restore` of a folder with physical backups: a base backup, rolled forward along the archived log to a moment."""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from footfall.database import connect
from footfall.database.cluster import Cluster, version_of
from footfall.database.programs import embedded_major, system_user
from footfall.errors import BackupFailed, NotAccepted
from footfall.operations.archive import WAL, Base, bases_in
from footfall.operations.content import findings_of, rows_of_tables
from footfall.operations.manifest import require_whole
from footfall.operations.placing import Place, in_place
from footfall.operations.restore import Restored, redeploy

_SETTINGS = """
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


def restore_to_moment(source: Path, folder: Path, moment: datetime | None, *, replace: bool) -> Restored:
    """Restore the embedded store into `folder` as it was at `moment`, or as late as the archive goes.

    Raises NotAccepted: ``backup_unknown``, ``moment_too_early``, ``moment_too_late``, ``file_unreadable``,
    ``store_not_empty``; BackupFailed. Whatever fails: what is in the folder stays as it is.
    """
    base = _base_before(source, moment)
    require_whole(base.path, Cluster(base.path))
    with in_place(folder, replace=replace) as place:
        reached = _roll_forward(base, source.absolute() / WAL, place, moment)
        with place.opened() as store, connect(store.url) as owner:
            redeploy(owner)
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
    if (major := version_of(fitting[-1].path)) != embedded_major():
        raise NotAccepted("backup_unknown", f"{fitting[-1].path} is of PostgreSQL {major}, and this is {embedded_major()}")
    return fitting[-1]


def _roll_forward(base: Base, wal: Path, place: Place, moment: datetime | None) -> datetime:
    """Copy it and let it recover; returns when the last transaction was committed that it has."""
    _require_readable(wal)
    shutil.copytree(base.path, place.cluster, symlinks=True)
    for name in _OF_THE_FORMER:
        (place.cluster / name).unlink(missing_ok=True)
    command = f"gzip -dc {shlex.quote(str(wal).replace('%', '%%'))}/%f.gz > %p"
    with (place.cluster / "footfall.conf").open("a") as settings:  # written anew when the store is opened
        settings.write(_SETTINGS.format(command=command.replace("'", "''")))
        if moment:
            settings.write(_MOMENT.format(moment=moment.isoformat()))
    (place.cluster / "recovery.signal").touch()
    cluster = Cluster(place.cluster)
    cluster.hand_over()
    try:
        with cluster.started("hot_standby=off") as url, connect(url) as owner:
            (reached,) = owner.execute("SELECT coalesce(pg_last_xact_replay_timestamp(), %s)", (base.ended_at,)).fetchone() or (
                None,
            )
    except BackupFailed as error:
        raise _why(place.cluster / "log", error) from None
    return reached or base.ended_at


def _why(log: Path, error: BackupFailed) -> NotAccepted | BackupFailed:
    """What kept a server from recovering, by its log."""
    said = log.read_text(errors="replace") if log.exists() else ""
    if _TOO_LATE in said:
        last = _LAST.findall(said)
        until = f" at {last[-1][:19]} UTC" if last else ""
        return NotAccepted("moment_too_late", f"the archive ends{until}, before that moment: without --to all of it is restored")
    fatal = [line.partition("FATAL:")[2].strip() for line in said.splitlines() if "FATAL:" in line]
    return BackupFailed(f"the base backup does not recover: {fatal[-1]}") if fatal else error


def _require_readable(wal: Path) -> None:
    """The server fetches the log itself, as who it runs as."""
    user = system_user()
    with contextlib.suppress(OSError):
        readable = ["sh", "-c", 'for file in "$0"/*.gz; do test -r "$file" || exit 1; done', str(wal)]
        if subprocess.run(readable, check=False, user=user, cwd=os.sep).returncode == 0:  # noqa: S603  our own command
            return
    raise NotAccepted("file_unreadable", f"{user or 'PostgreSQL'} may not read {wal}: chown -R {user or os.getuid()} {wal}")
