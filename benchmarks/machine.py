"""What every benchmark needs: a store of its own, and a word on how loud the machine is."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from psycopg.conninfo import make_conninfo

from footfall import schema
from footfall.auth import NewTenant, add_tenant
from footfall.database import Connection, EmbeddedStore, connect
from footfall.demo import INDUSTRIES

_TICKS = os.sysconf("SC_CLK_TCK")


def calibrate() -> float:
    """Seconds of three million steps of pure Python: tells a loud moment of a shared machine from a quiet one."""
    started = time.perf_counter()
    total = 0
    for number in range(3_000_000):
        total += number
    return time.perf_counter() - started


@contextlib.contextmanager
def fresh_store() -> Iterator[str]:
    """The URL of an empty embedded store with Footfall's schema and the demo's tenants."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedStore(Path(folder) / "data") as store:
        with connect(store.url) as owner:
            schema.deploy(owner)
            for industry in INDUSTRIES:
                add_tenant(owner, NewTenant(industry.tenant_id, industry.name, industry.industry, industry.time_zone))
        yield store.url


def another_database(url: str, name: str) -> str:
    """The URL of a new, empty database in the same server."""
    with connect(url) as owner:
        owner.execute(f"CREATE DATABASE {name}")
    return make_conninfo(url, dbname=name)


class Meter:
    """CPU seconds of this program and of the server of a connection, all its processes, since the last look."""

    def __init__(self, connection: Connection) -> None:
        self._postmaster = int(_status(connection.info.backend_pid)[1])
        self._last = self._now()

    def look(self) -> float:
        """Seconds since the last look."""
        before, self._last = self._last, self._now()
        return self._last - before

    def _now(self) -> float:
        ended = sum(map(int, _status(self._postmaster)[11:15]))  # its own, and of those who have ended
        alive = sum(
            sum(map(int, status[11:13]))
            for folder in Path("/proc").iterdir()
            if folder.name.isdigit() and (status := _status(int(folder.name))) and int(status[1]) == self._postmaster
        )
        return time.process_time() + (ended + alive) / _TICKS


def _status(pid: int) -> list[str]:
    """What stands behind the name in /proc/<pid>/stat: state, parent, …"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []
