"""PostgreSQL's own programs that ask a server, such as pg_dump: one that understands it, run as who runs this."""

import shutil
import subprocess
from pathlib import Path

from footfall.database import Connection
from footfall.database.cluster import programs
from footfall.errors import BackupFailed, StoreUnavailable

_OURS = (16, 18)  # what comes with Footfall
_SAID = 5  # lines of what a program says when it fails
_DEBIAN = Path("/usr/lib/postgresql")


def client(connection: Connection, program: str) -> str:
    """The path of a program that understands the server of this connection: of its version, or the next later.

    Raises StoreUnavailable: there is none that is new enough, or none that speaks TLS, which ours do not.
    """
    major = connection.info.server_version // 10_000
    with_tls = connection.pgconn.ssl_in_use
    known = _of_the_system(program) | ({} if with_tls else {version: programs(version) / program for version in _OURS})
    fitting = [version for version in known if version >= major]
    if not fitting:
        raise StoreUnavailable(
            f"the server is PostgreSQL {major}{', reached by TLS' if with_tls else ''}, and no {program} here understands it:"
            f" run `apt-get install postgresql-client-{major}`"
        )
    return str(known[min(fitting)])


def run(program: str | Path, *arguments: str | Path) -> str:
    """What a program says on standard output. Raises BackupFailed with what it says of its failure."""
    done = subprocess.run([program, *arguments], check=False, capture_output=True, text=True)  # noqa: S603  our own commands
    if done.returncode:
        raise failure(program, done.stderr or done.stdout)
    return done.stdout


def failure(program: str | Path, said: str) -> BackupFailed:
    """That a program failed, in its own last words."""
    words = " / ".join(line.strip() for line in said.strip().splitlines()[-_SAID:])
    return BackupFailed(f"{Path(program).name}: {words or 'it ended without a word'}")


def _of_the_system(program: str) -> dict[int, Path]:
    """Those that Debian keeps beside each other, else the one on the PATH; by version."""
    found = {int(path.parts[-3]): path for path in _DEBIAN.glob(f"*/bin/{program}") if path.parts[-3].isdigit()}
    if not found and (path := shutil.which(program)):
        found[int(run(path, "--version").split()[2].split(".")[0])] = Path(path)
    return found
