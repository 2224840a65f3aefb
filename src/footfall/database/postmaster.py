"""Whether the server of a folder runs: asked of the server, not of a number in a file.

`postmaster.pid` outlives its server when that ends hard, and after a while its number is another process's: any process of the
same user keeps PostgreSQL from starting, and gets the signals that are meant for the server.
"""

import contextlib
from pathlib import Path

import psutil
import psycopg

_LINES = 5  # of postmaster.pid, up to the folder of the socket: the server's pid, folder, start, port
_ANSWER_SECONDS = 5


def runs(cluster: Path) -> bool:
    """Whether the server of this folder runs: its process is there, or, where one may not look at that, it answers as such."""
    lines = _lines(cluster)
    return len(lines) >= _LINES and (_is_process(cluster, lines[0]) or _answers(cluster, lines[4], lines[3]))


def forget_former(cluster: Path) -> None:
    """Remove what a server that is gone has left behind, which would keep the next one from starting: two files with its number.

    Its children may live on for a moment. PostgreSQL finds those by their shared memory, and starts when they are gone.
    """
    if runs(cluster):
        return
    lines = _lines(cluster)
    folders = {cluster, Path(lines[4])} if len(lines) >= _LINES and lines[4] else {cluster}
    for lock in [lock for folder in folders for lock in folder.glob(".s.PGSQL.*.lock")]:
        # of a folder that others have their sockets in, too, only our own
        if _of(lock) == cluster.resolve():
            lock.unlink(missing_ok=True)
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def _of(lock: Path) -> Path | None:
    """The folder of the server that a socket was locked for: the second line, after its number."""
    with contextlib.suppress(OSError, UnicodeDecodeError, IndexError):
        return Path(lock.read_text().splitlines()[1]).resolve()
    return None


def _lines(cluster: Path) -> list[str]:
    with contextlib.suppress(FileNotFoundError, UnicodeDecodeError):
        return [line.strip() for line in (cluster / "postmaster.pid").read_text().splitlines()]
    return []


def _answers(cluster: Path, folder: str, port: str) -> bool:
    """Whether a server answers there, and is this folder's. One that is starting or stopping answers nothing of use."""
    address = {"host": folder, "port": port, "user": "postgres", "dbname": "postgres", "connect_timeout": _ANSWER_SECONDS}
    try:
        with psycopg.connect(**address) as connection:  # type: ignore[arg-type]
            row = connection.execute("SHOW data_directory").fetchone()
            return row is not None and Path(row[0]).resolve() == cluster.resolve()
    except psycopg.Error:
        return False


def _is_process(cluster: Path, pid: str) -> bool:
    """Whether this process, not another one that has got its number, is the server of this folder."""
    try:
        process = psutil.Process(int(pid))
        is_alive = process.status() != psutil.STATUS_ZOMBIE
        return is_alive and Path(process.cwd()).resolve() == cluster.resolve() and process.name().startswith("postgres")
    except (ValueError, psutil.Error):
        return False
