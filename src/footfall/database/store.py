"""Where the data are: a PostgreSQL server named by an URL, or the one that comes in a wheel and lives in a folder."""

import contextlib
import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from footfall.database import postmaster
from footfall.database.cluster import Cluster, programs
from footfall.database.connection import PREFIX, ROLES, prefix_of
from footfall.database.roles import named
from footfall.errors import StoreUnavailable

logger = logging.getLogger(__name__)

# Of the embedded server alone: a small machine that it shares with the program.
EMBEDDED_CONFIGURATION = """\
# Written by Footfall at every start of this folder's server.
listen_addresses = ''
max_connections = 100
# an import may touch a month of every table for decades, in one load
max_locks_per_transaction = 256
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
checkpoint_timeout = 15min
random_page_cost = 1.1
jit = off
timezone = 'UTC'
# nothing that travels in statements is logged, not even with an error: callers are told their errors
log_statement = none
log_min_messages = log
log_min_error_statement = panic
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_min_duration_statement = -1
# so that `footfall backup --physical` needs no restart; until then what is archived goes nowhere
archive_mode = on
archive_command = 'true'
include_if_exists = '../footfall.archive.conf'
# yours, in the data folder: read last
include_if_exists = '../footfall.local.conf'
"""
_NAME = "postgres"
_OLDEST = 160000  # of a server, as it numbers its versions


class Store:
    """An open store. `url` is a libpq URL; leave the `with` block to let go of it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store."""

    def let_roles_log_in(self) -> None:
        """Have the roles of its processes be logins, where this program is who decides about that."""

    def revive(self) -> bool:
        """Start its server again, where that is this program's and has ended by itself; whether it had."""
        return False

    def psql(self) -> list[str]:
        """The command that opens this store in psql.

        It holds no password, which everybody on the machine could read: `secrets` go into its environment.
        Raises StoreUnavailable where the URL asks for TLS and no psql here has it.
        """
        return [str(_psql(self.url)), self.address]

    @property
    def address(self) -> str:
        """The store's URL without its password, for command lines."""
        parts: dict[str, Any] = {name: value for name, value in conninfo_to_dict(self.url).items() if name != "password"}
        return make_conninfo(**parts)

    @property
    def secrets(self) -> dict[str, str]:
        """What goes with `address`, in the environment of a program."""
        return {"PGPASSWORD": self.password} if self.password else {}

    @property
    def password(self) -> str:
        """The password in the store's URL; empty: there is none."""
        return str(conninfo_to_dict(self.url).get("password") or "")


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes of a disk: what is free, of what there is."""

    free: int
    size: int


def room_of(folder: Path) -> Room | None:
    """The disk of this folder's embedded store; None: no store runs there, and where it is, its host knows."""
    if not postmaster.runs(folder / _NAME):
        return None
    usage = shutil.disk_usage(folder)
    return Room(usage.free, usage.total)


class EmbeddedStore(Store):
    """The wheel's PostgreSQL in a folder: started by the first process that opens it, stopped by the last that closes it.

    Each process holds a shared lock on the folder while it uses the server. The kernel lets go of the lock of a process that
    dies, however it dies, so that nobody ever waits for a process that is gone.
    """

    def __init__(self, folder: Path, user: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder.resolve()
        self._cluster = Cluster(self._folder / _NAME, user)
        self._users = os.open(self._folder / "users.lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            with self._starting_or_stopping():
                fcntl.flock(self._users, fcntl.LOCK_SH)
                self._start()
        except BaseException:
            os.close(self._users)
            raise
        super().__init__(self._cluster.url)

    def let_roles_log_in(self) -> None:
        """Have them log in by themselves: the socket of the folder lets anybody in who reaches it, as anybody."""
        with psycopg.connect(self.url, autocommit=True) as owner:
            for name in (named(role, prefix_of(owner) or PREFIX) for role in ROLES):
                owner.execute(sql.SQL("ALTER ROLE {} LOGIN").format(sql.Identifier(name)))

    def revive(self) -> bool:
        """Start its server again if it has ended; whether it had. Raises StoreUnavailable when it does not come up."""
        if self._cluster.runs:
            return False
        with self._starting_or_stopping():
            if self._cluster.runs:
                return False  # another process of this store has started it meanwhile
            self._start()
        return True

    def close(self) -> None:
        """Stop the server if no other process uses it."""
        if self._users < 0:
            return
        with self._starting_or_stopping():
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                logger.debug("the store in %s stays up: others use it", self._folder)
            else:
                self._cluster.stop()
            os.close(self._users)
            self._users = -1

    def _start(self) -> None:
        if not self._cluster.exists and (kept := next(self._folder.glob(f"{_NAME}.[0-9]*"), None)):
            raise StoreUnavailable(f"an upgrade was interrupted, which has kept {kept}: run `footfall upgrade-store`")
        self._cluster.make()
        configure(self._cluster.folder)
        self._cluster.start()

    @contextlib.contextmanager
    def _starting_or_stopping(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        with (self._folder / "start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def configure(cluster: Path, more: str = "") -> None:
    """Have the server of a cluster be as those of embedded stores are, and as `more` says."""
    (cluster / "footfall.conf").write_text(EMBEDDED_CONFIGURATION + more)
    configuration = cluster / "postgresql.conf"
    if "footfall.conf" not in configuration.read_text():
        with configuration.open("a") as file:
            file.write("\ninclude = 'footfall.conf'\n")


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep everybody else from the embedded store of this folder. Raises StoreUnavailable when somebody uses it."""
    with (folder / "users.lock").open("a") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreUnavailable(f"the store in {folder} is in use: stop Footfall first") from None
        yield


def open_store(database_url: str, folder: Path, *, create: bool = False, user: str = "") -> Store:
    """Open the server at `database_url`, or, when that is empty, the embedded store in `folder`, which `user` runs if root asks.

    Raises:
        StoreUnavailable: the server does not answer, or is too old; or the folder holds no store and `create` is false.
    """
    if database_url:
        _require_server(database_url)
        return Store(database_url)
    if not create and not (folder / _NAME / "PG_VERSION").exists():
        raise StoreUnavailable(
            f"there is no store in {folder}: `footfall up` or `footfall migrate` makes one, --data names another"
        )
    return EmbeddedStore(folder, user)


def _require_server(database_url: str) -> None:
    try:
        with psycopg.connect(database_url, connect_timeout=10) as connection:
            version = connection.info.server_version
    except psycopg.ProgrammingError:
        # its own words repeat what was written, the password too
        raise StoreUnavailable("DATABASE_URL is no URL such as postgresql://user:password@host:5432/database") from None
    except psycopg.OperationalError as error:
        raise StoreUnavailable(f"PostgreSQL does not answer at DATABASE_URL: {' '.join(str(error).split())}") from error
    if version < _OLDEST:
        raise StoreUnavailable(f"PostgreSQL 16 or later is needed, this is {version // 10_000}.{version % 10_000}")


def _psql(url: str) -> Path:
    """Ours, which is as new as any server; over TLS, of which ours knows nothing, the system's, however old."""
    if not _over_tls(url):
        return programs() / "psql"
    if found := shutil.which("psql"):
        return Path(found)
    raise StoreUnavailable(
        "psql has to know TLS for this server, which the one that comes with Footfall does not:"
        " run `apt-get install postgresql-client`"
    )


def _over_tls(url: str) -> bool:
    if (conninfo_to_dict(url).get("sslmode") or os.environ.get("PGSSLMODE")) in ("require", "verify-ca", "verify-full"):
        return True
    try:
        # where the server has TLS, it is used: what knows none would send a password in the clear
        with psycopg.connect(url, connect_timeout=10) as connection:
            return bool(connection.pgconn.ssl_in_use)
    except psycopg.OperationalError:
        return False
