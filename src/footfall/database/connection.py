"""Connections: the only place that opens them. Each acts in one of the store's roles; a reader sees one tenant at most.

A role that may log in is logged in as: then there is no way back to more rights than its own, whatever is run on the
connection. Where it may not, the URL's user takes the role on. All lead to PostgreSQL itself: through a pooler that drops
start-up options, or hands each transaction to another session, they would be anybody's, and are refused.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any, Literal, Protocol, get_args

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from footfall.database.acting import actor_setting
from footfall.errors import CellAway, RoleNotTaken
from footfall.settings import HOME

Connection = psycopg.Connection[Any]
Role = Literal["footfall_ingest", "footfall_worker", "footfall_reader", "footfall_admin"]
ROLES: tuple[Role, ...] = get_args(Role)
PREFIX = "footfall"

CONNECT_SECONDS = 10
_CELL_PATIENCE_SECONDS = 2.0  # with a cell that is away
_AWAY_SECONDS = 2.0  # for which it is taken to be that without being asked again
_BY_A_POOLER = (
    "is there a pooler in between? Footfall pools its connections itself: let DATABASE_URL name PostgreSQL's own port,"
    " or a pooler that gives each connection a session of its own and passes its options on"
)
_SETTINGS: dict[Role | None, str] = {
    # a load lays its events out in a temporary table: twenty thousand of them stay in memory; what a worker does ends by itself
    "footfall_worker": "-c temp_buffers=64MB -c idle_in_transaction_session_timeout=0 -c statement_timeout=0",
    # the door answers 503 rather than wait for ever
    "footfall_admin": "-c lock_timeout=5s -c statement_timeout=20s",
    "footfall_ingest": "-c lock_timeout=5s -c statement_timeout=20s",
}


_giving = threading.Lock()  # while it is counted which connections are in use


class Pool(ConnectionPool[Connection]):
    """Connections to one store, in one role.

    Whoever asks for those `of` a tenant need not know whether there are several stores, each a cell: as one of several it is
    called by its name, and says so when it is away.
    """

    cell = HOME
    is_one_of_several = False
    _away_until = 0.0
    _given = 0  # connections that somebody has

    def of(self, tenant_hk: bytes) -> "Pool":  # noqa: ARG002  every tenant is here
        """Where this tenant lives."""
        return self

    def each(self) -> tuple["Pool", ...]:
        """All there are, home first."""
        return (self,)

    def named(self, tenant_id: str) -> tuple["Pool", bytes | None]:  # noqa: ARG002
        """Where the tenant that is called so lives, and its hash key; None: that is for the store itself to look up."""
        return self, None

    def key_of(self, tenant_id: str) -> bytes | None:  # noqa: ARG002
        """The hash key of the tenant that is called so; None: that is for the store itself to look up."""
        return None

    def lives(self, tenant_hk: bytes) -> bool:  # noqa: ARG002
        """Whether this tenant lives here, as far as is known."""
        return True

    def shows(self, tenant_id: str, cell: str) -> bool:  # noqa: ARG002
        """Whether a list of all has this cell's tenant of this name."""
        return True

    def getconn(self, timeout: float | None = None) -> Connection:
        """Take a connection. Raises CellAway, at once when that is known, where there are other cells; else PoolTimeout."""
        if not self.is_one_of_several:
            return super().getconn(timeout)
        if time.monotonic() < self._away_until:
            raise CellAway(self.cell)
        failures = self._failures()
        try:
            given = super().getconn(min(timeout or self.timeout, _CELL_PATIENCE_SECONDS))
        except PoolTimeout:
            # all in use is no reason to keep others from waiting; where nobody has one, a cell hangs without an error
            if self._failures() > failures or not self._given:
                self._away_until = time.monotonic() + _AWAY_SECONDS
            raise CellAway(self.cell) from None
        with _giving:
            self._given += 1
        return given

    def putconn(self, conn: Connection) -> None:
        """Give a connection back."""
        if self.is_one_of_several:
            with _giving:
                self._given -= 1
        super().putconn(conn)

    def _failures(self) -> int:
        return self.get_stats().get("connections_errors", 0)


class Pools(Protocol):
    """Connections in one role, of one store or of several: a `Pool`, or those of `footfall.database.cells`."""

    def of(self, tenant_hk: bytes) -> Pool:
        """Where this tenant lives. Raises CellAway."""

    def each(self) -> tuple[Pool, ...]:
        """All there are, home first."""

    def named(self, tenant_id: str) -> tuple[Pool, bytes | None]:
        """Where the tenant that is called so lives, and its hash key; None: no cell has it, or there is one store only."""

    def key_of(self, tenant_id: str) -> bytes | None:
        """The hash key of the tenant that is called so; None: no cell has it, or there is one store only."""

    def shows(self, tenant_id: str, cell: str) -> bool:
        """Whether a list of all has the tenant of this cell that is called so; one that two cells have, it has once."""


@contextlib.contextmanager
def connect(url: str, role: Role | None = None, patience: int = CONNECT_SECONDS) -> Iterator[Connection]:
    """A connection in a role, committing each statement unless told otherwise; without a role, as the URL's user.

    `patience`: for how many seconds a server that does not answer is waited for.
    """
    try:
        opened = psycopg.connect(_address(url, role), **_parameters(url, role) | {"connect_timeout": patience})
    except psycopg.OperationalError as error:
        if "startup parameter" in str(error):  # PgBouncer's words
            raise RoleNotTaken(f"the start-up options of a connection were refused on their way: {_BY_A_POOLER}") from error
        raise
    with opened as connection:
        _require(role, url, connection)
        if actor := actor_setting():
            connection.execute("SELECT set_config('app.actor', %s, false)", (actor,))
        yield connection


def pool(url: str, role: Role, size: int, kind: type[Pool] = Pool) -> Pool:
    """A pool of connections in a role, to be opened with `with`; lost connections are replaced in the background.

    It has none for as long as connections come in another role: psycopg_pool.PoolTimeout; `connect` says why.
    """
    return kind(
        partial(_address, url, role),
        kwargs=partial(_parameters, url, role),
        configure=partial(_require, role, url),
        # one that died while nobody used it, as of a server that was restarted, is given to nobody
        check=ConnectionPool.check_connection,
        min_size=1,
        max_size=size,
        open=False,
        timeout=5,
    )


@contextlib.contextmanager
def reading(connections: Pools, tenant_hk: bytes | None, seconds: float = 30) -> Iterator[Connection]:
    """A read-only transaction that sees one tenant's rows, and none at all without a tenant.

    A statement that takes longer than `seconds` is cancelled: psycopg.errors.QueryCanceled.
    """
    theirs = connections.of(tenant_hk) if tenant_hk else connections.each()[0]
    with theirs.connection() as connection, connection.transaction():
        # one snapshot: what several statements answer goes together; the groups of a question stay in memory
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute(
            "SELECT set_config('transaction_read_only', 'on', true), set_config('app.tenant_hk', %s, true),"
            " set_config('statement_timeout', %s, true), set_config('work_mem', '64MB', true)",
            ((tenant_hk or b"").hex(), str(round(seconds * 1000))),
        )
        yield connection


def limit_statements(connection: Connection, seconds: float) -> None:
    """Have the transaction's next statements cancelled after so long: psycopg.errors.QueryCanceled."""
    connection.execute("SELECT set_config('statement_timeout', %s, true)", (str(max(1, round(seconds * 1000))),))


@contextlib.contextmanager
def administering(connections: Pools, tenant_hk: bytes) -> Iterator[Connection]:
    """A transaction that sees and changes one tenant's settings; `connections` act as footfall_admin."""
    with changing(connections.of(tenant_hk)) as connection:
        connection.execute("SELECT set_config('app.tenant_hk', %s, true)", (tenant_hk.hex(),))
        yield connection


@contextlib.contextmanager
def changing(connections: Pool) -> Iterator[Connection]:
    """A transaction whose changes are told in the name of who acts."""
    with connections.connection() as connection, connection.transaction():
        connection.execute("SELECT set_config('app.actor', %s, true)", (actor_setting(),))
        yield connection


def require_direct(connection: Connection) -> None:
    """Raises RoleNotTaken unless the options that a connection of `connect` was opened with have arrived."""
    if connection.execute("SELECT current_setting('footfall.is_direct', true)").fetchone() != ("yes",):
        raise RoleNotTaken(f"the start-up options of a connection were dropped on their way: {_BY_A_POOLER}")


def _require(role: Role | None, url: str, connection: Connection) -> None:
    """Raises RoleNotTaken unless what this connection may do is what its role may: all that keeps tenants apart hangs on it."""
    if role is None:
        return
    require_direct(connection)
    found = connection.execute(
        "SELECT current_user, r.rolsuper OR r.rolbypassrls FROM pg_roles r WHERE r.rolname = current_user"
    ).fetchone()
    if found != (role_name(url, role), False):
        raise RoleNotTaken(
            f"connected as {found[0] if found else 'nobody'} where {role_name(url, role)} was asked for: {_BY_A_POOLER}"
        )


def url_of(url: str, role: Role) -> str:
    """The store's URL for a process that needs no more rights than this role's; the same where the role may not log in."""
    return _address(url, role)


def conninfo(url: str, role: Role) -> str:
    """What another driver than ours opens a connection in this role with: what `connect` says, in libpq's own words."""
    said = {name: value for name, value in _parameters(url, role).items() if name != "autocommit"}
    return make_conninfo(_address(url, role), **said)


def role_name(url: str, role: Role) -> str:
    """What this role is called in the store's cluster."""
    return _login(url, role)[0]


def prefix_of(connection: Connection) -> str | None:
    """What the store's roles begin with; None before it was migrated."""
    if connection.execute("SELECT to_regproc('util.role_prefix') IS NULL").fetchone() == (True,):
        return None
    row = connection.execute("SELECT util.role_prefix()").fetchone()
    return str(row[0]) if row else None


def _address(url: str, role: Role | None) -> str:
    if role and _login(url, role)[1]:
        return make_conninfo(url, user=role_name(url, role))
    return url


@lru_cache
def _login(url: str, role: Role) -> tuple[str, bool]:
    """The role's name, and whether it may log in: `EmbeddedStore.let_roles_log_in`, or ALTER ROLE by the operator of a server."""
    with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as connection:
        name = (prefix_of(connection) or PREFIX) + role.removeprefix(PREFIX)
        may = connection.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", (name,)).fetchone()
        return name, may == (True,)


def _parameters(url: str, role: Role | None) -> dict[str, Any]:
    # TimeZone: what a function returns as text must not depend on where the program runs
    taken = "none" if role is None or _login(url, role)[1] else role_name(url, role)
    options = ["-c TimeZone=UTC", "-c footfall.is_direct=yes", f"-c role={taken}", _SETTINGS.get(role, "")]
    return {
        "autocommit": True,
        "options": " ".join(options),
        "application_name": role or "footfall",
        "connect_timeout": CONNECT_SECONDS,
        # a server that has vanished from the network is noticed within seconds, not when the kernel gives up
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }
