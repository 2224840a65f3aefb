"""The folder of an embedded server that is not the running store's: an old one, a new one, one that recovers.

What touches its files runs as who PostgreSQL runs as.
"""

import contextlib
import os
import pwd
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from footfall.database import postmaster, programs
from footfall.errors import BackupFailed, SettingInvalid, StoreUnavailable

_FOREVER = "86400"  # seconds that a recovery may take
_PAUSE = 0.05  # seconds
_NO_OTHERS = 0o027  # what PostgreSQL does not stand in the mode of its folder


def version_of(cluster: Path) -> int | None:
    """The version of PostgreSQL that made this folder; None: there is no server in it."""
    with contextlib.suppress(FileNotFoundError):
        return int((cluster / "PG_VERSION").read_text())
    return None


def require_startable(cluster: Path) -> None:
    """Raise StoreUnavailable where the server of this folder cannot start, whatever is tried: what is wrong, and what to run."""
    major, ours = version_of(cluster), programs.embedded_major()
    if major is None:
        if kept := next(cluster.parent.glob("postgres.[0-9]*/PG_VERSION"), None):
            raise StoreUnavailable(f"an upgrade was interrupted ({kept.parent} is there): run `footfall upgrade-store`")
        return
    if major != ours:
        raise StoreUnavailable(f"the store in {cluster.parent} is of PostgreSQL {major}: run `footfall upgrade-store`")
    files = (cluster / "PG_VERSION").stat()
    owner = pwd.getpwnam(user).pw_uid if (user := programs.system_user()) else os.geteuid()
    if files.st_uid != owner:
        name = pwd.getpwuid(owner).pw_name
        raise StoreUnavailable(
            f"the files in {cluster} belong to user {files.st_uid}, and PostgreSQL runs as {name}: chown -R {name} {cluster}"
        )
    if cluster.stat().st_mode & _NO_OTHERS:
        raise StoreUnavailable(f"others may look into {cluster}, which PostgreSQL does not stand: chmod 700 {cluster}")


def require_good_settings(cluster: Path) -> None:
    """Raise SettingInvalid where PostgreSQL would not start with its settings, as it says it."""
    command = [str(Cluster(cluster).binaries / "postgres"), "-C", "port", "-D", str(cluster)]
    try:
        programs.run(command, user=programs.system_user())
    except BackupFailed as error:
        raise SettingInvalid(f"footfall.local.conf or another file of settings: {error}") from None


class Cluster:
    """A folder with a server's files, and the programs of its version."""

    def __init__(self, folder: Path, major: int | None = None) -> None:
        """Raises StoreUnavailable: nobody has programs of its version."""
        self.folder = folder.resolve()
        self.major = major or version_of(folder) or programs.embedded_major()
        binaries = programs.binaries(self.major)
        if binaries is None:
            raise StoreUnavailable(f"{folder} is of PostgreSQL {self.major}, which Footfall does not bring along")
        self.binaries = binaries

    def make(self, *, has_checksums: bool) -> None:
        """Make its files, as `footfall migrate` makes an embedded store's."""
        self.folder.mkdir()
        self.hand_over()
        self.run(
            "initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", self.folder, *self._checksums(has_checksums)
        )

    def hand_over(self) -> None:
        """Give all of its files to who PostgreSQL runs as."""
        if user := programs.system_user():
            for path in [self.folder, *self.folder.rglob("*")]:
                shutil.chown(path, user, user)
        self.folder.chmod(0o700)

    def run(self, program: str, *arguments: str | Path, cwd: Path | None = None) -> str:
        """What one of its programs says. Raises BackupFailed."""
        command = [str(self.binaries / program), *map(str, arguments)]
        return programs.run(command, user=programs.system_user(), cwd=cwd)

    def ask(self, program: str, *arguments: str | Path) -> str:
        """The same as who runs this, for what leaves the cluster's files alone."""
        return programs.run([str(self.binaries / program), *map(str, arguments)])

    @contextlib.contextmanager
    def started(self, *settings: str) -> Iterator[str]:
        """The URL of its server, started with these settings (`name=value`), when it has recovered. Raises BackupFailed."""
        alone = ["listen_addresses=''", "max_locks_per_transaction=256", "archive_command=true", *settings]
        with short_folder() as sockets:
            options = " ".join(f"-c {setting}" for setting in [*alone, f"unix_socket_directories={sockets}"])
            log = self.folder / "log"
            self.run("pg_ctl", "-D", self.folder, "-w", "-t", _FOREVER, "-o", options, "-l", log, "start", cwd=sockets)
            url = f"postgresql://postgres@/postgres?host={sockets}"
            try:
                self._wait(url)
                yield url
            finally:
                if postmaster.runs(self.folder):
                    self.run("pg_ctl", "-D", self.folder, "-w", "-t", _FOREVER, "-m", "fast", "stop", cwd=sockets)

    def control(self, name: str) -> str:
        """A line of pg_controldata."""
        lines = (line.partition(":") for line in self.run("pg_controldata", "-D", self.folder).splitlines())
        return next(value.strip() for key, _, value in lines if key == name)

    def _wait(self, url: str) -> None:
        """Until it answers, which one that recovers does at the end; pg_ctl waits only for its beginning."""
        while True:
            try:
                psycopg.connect(url).close()
            except psycopg.OperationalError as error:
                if not postmaster.runs(self.folder):
                    raise BackupFailed(f"the server in {self.folder} has ended: {error}") from None
                time.sleep(_PAUSE)
            else:
                return

    def _checksums(self, has_checksums: bool) -> list[str]:  # noqa: FBT001
        """From PostgreSQL 18 on a cluster has them unless it is told otherwise."""
        if self.major >= 18:  # noqa: PLR2004
            return [] if has_checksums else ["--no-data-checksums"]
        return ["--data-checksums"] if has_checksums else []


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """A folder for a moment, of who PostgreSQL runs as, whose path is short enough for a socket's."""
    with tempfile.TemporaryDirectory(prefix="footfall-") as name:
        folder = Path(name)
        if user := programs.system_user():
            shutil.chown(folder, user, user)
        yield folder
