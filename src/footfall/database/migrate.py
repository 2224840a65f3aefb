"""Bringing a store's schema up to date, beside those who use it.

Tables change by numbered files in `migrations/`, each run once and never edited after it has landed. What can be replaced
(functions, views, reference data) is a *definition*, run again whenever its text changes. Who may touch what is made right at
every run, and changes only what differs.

Each step is a transaction that waits for a lock only as long as others do not notice, and is tried again: readers of half a
minute are waited for with nobody waiting behind them. A file that begins with the line of `_ALONE` has its statements run one
by one instead, such as CREATE INDEX CONCURRENTLY. What a step leaves must be good for the version before it and for the one
after: a column comes first, is used a version later, and goes after that. A change of many rows is not made here: the worker
makes it, in slices.
"""

import contextlib
import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from typing import TypeVar

import psycopg

from footfall.database.connection import Connection, prefix_of, require_direct
from footfall.database.replacing import replace
from footfall.database.roles import ensure_roles, named
from footfall.errors import SchemaOutdated, SchemaTooNew, StoreBusy

logger = logging.getLogger(__name__)

T = TypeVar("T")

_ALONE = "-- Outside of a transaction, statement by statement:"
_LOCK_WAIT = "300ms"  # others queue behind us for so long at most
_PAUSE_SECONDS = 0.5  # in which they get on
_PATIENCE_SECONDS = 600
_LOCKED_OUT = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


@dataclass(frozen=True, slots=True)
class Definition:
    """A piece of the schema that is replaced when its text changes."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Tells one text from another."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Version:
    """Which schema a program brings, and with which others they work together: both numbers only rise."""

    number: int
    """Of the schema; one more with every landed change of migrations or definitions."""
    needs: int
    """The oldest schema that this program works with."""
    serves: int
    """The oldest program that works with this schema."""


@dataclass(frozen=True, slots=True)
class Step:
    """What `migrate` would do next; `locks` are those that others would notice, `seconds` how long it took when it was tried."""

    name: str
    sql: str
    locks: tuple[str, ...] = ()
    seconds: float | None = None


_BOOKKEEPING = """
CREATE SCHEMA IF NOT EXISTS util;
CREATE TABLE IF NOT EXISTS util.migration (
    name text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE IF NOT EXISTS util.definition (
    name text PRIMARY KEY,
    checksum text NOT NULL
);
CREATE TABLE IF NOT EXISTS util.schema_version (
    version integer PRIMARY KEY,
    serves integer NOT NULL,
    reached_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
"""


def migrate(
    connection: Connection,
    definitions: Sequence[Definition],
    last: Definition,
    version: Version | None = None,
    role_prefix: str | None = None,
) -> list[str]:
    """Run the migrations and definitions that the store lacks; returns their names, in the order they were run.

    What none of `definitions` makes any more is dropped: they are all that there are. `last` makes access right: it is run
    after all else, at every call, and kept if it changed anything. `connection` belongs to the schema's owner. A store of a
    later version is left as it is.

    Raises:
        RolesMissing: this user may not make the store's roles, or act in them.
        RoleNotTaken: it is a pooler that answers, not PostgreSQL itself.
        StoreBusy: others held what a step needs, for minutes. It can be run again, and goes on where it was.
    """
    require_direct(connection)
    with _alone(connection):
        if version and (store := _version(connection)) and store.number > version.number:
            return []
        prefix = ensure_roles(connection, role_prefix)
        _patiently(connection, lambda: connection.execute(_BOOKKEEPING))
        done = []
        for step in _migrations_due(connection):
            _run(connection, step, prefix)
            done.append(step.name)
        defined = _patiently(connection, lambda: _define(connection, definitions, last, prefix))
        if not defined and _patiently(connection, lambda: _make_right(connection, last, prefix)):
            logger.info("made right who may touch what")
        for table in _secure_tables(connection):
            logger.info("made right the policies of %s", table)
        if version:
            _reach(connection, version)
        return done + [definition.name for definition in defined]


def pending(connection: Connection, definitions: Sequence[Definition], role_prefix: str | None = None) -> list[Step]:
    """What `migrate` would run, without running it."""
    prefix = role_prefix or prefix_of(connection) or "footfall"
    has_books = connection.execute("SELECT to_regclass('util.definition') IS NOT NULL").fetchone() == (True,)
    applied, current = _state(connection) if has_books else (set(), {})
    steps = [Step(name, sql) for name, sql in migrations() if name not in applied]
    return steps + [Step(d.name, named(d.sql, prefix)) for d in definitions if current.get(d.name) != _checksum(d, prefix)]


def repairs(connection: Connection, last: Definition) -> list[Step]:
    """What `migrate` would make right of who may touch what, tried and taken back; nothing before the store was migrated."""
    prefix = prefix_of(connection)
    if prefix is None or connection.execute("SELECT to_regproc('util.unsecured_tables') IS NULL").fetchone() == (True,):
        return []
    steps = [
        Step(f"policies of {table}", f"SELECT util.secure_table('{table}')")
        for (table,) in connection.execute("SELECT t::text FROM util.unsecured_tables() t ORDER BY 1")
    ]
    try:
        with connection.transaction(force_rollback=True):
            _be_polite(connection)
            if _make_right(connection, last, prefix):
                steps.append(Step(last.name, last.sql))
    except psycopg.errors.UndefinedObject:  # a role is not there
        steps.append(Step(last.name, last.sql))
    return steps


def tried(connection: Connection, steps: Sequence[Step], role_prefix: str | None = None) -> list[Step]:
    """These steps with the locks that they take and the time that they need: run, in one transaction, and taken back.

    What runs outside of a transaction is not tried. It holds the locks as long as the real run would. Raises StoreBusy.
    """
    prefix = ensure_roles(connection, role_prefix)
    told = []
    try:
        with connection.transaction(force_rollback=True):
            _be_polite(connection)
            connection.execute(_BOOKKEEPING)
            for step in steps:
                if step.sql.startswith(_ALONE):
                    told.append(step)
                    continue
                before, begun = _locks(connection), time.monotonic()
                connection.execute(named(step.sql, prefix))
                seconds = time.monotonic() - begun
                told.append(Step(step.name, step.sql, tuple(sorted(_locks(connection) - before)), seconds))
    except _LOCKED_OUT as error:
        raise StoreBusy(f"others hold what {steps[len(told)].name} needs: {error}") from error
    return told


def require_current(connection: Connection, definitions: Sequence[Definition]) -> None:
    """Raise SchemaOutdated unless `migrate` would find nothing to run."""
    if connection.execute("SELECT to_regclass('util.definition') IS NULL").fetchone() == (True,):
        raise SchemaOutdated("the store has no schema yet: run `footfall migrate`")
    if missing := [step.name for step in pending(connection, definitions)]:
        raise SchemaOutdated(f"the store lacks {', '.join(missing)}: run `footfall migrate`")


def require_usable(connection: Connection, definitions: Sequence[Definition], version: Version) -> None:
    """Raise SchemaOutdated or SchemaTooNew unless this program and the store's schema work together, one of them newer or not."""
    store = _version(connection)
    if store and store.number > version.number:
        if version.number < store.serves:
            raise SchemaTooNew(
                f"the store is of version {store.number}, for programs from version {store.serves} on; this is {version.number}"
            )
    elif store is None or store.number == version.number or store.number < version.needs:
        require_current(connection, definitions)


def migrations() -> list[tuple[str, str]]:
    """Name and text of each migration, in order."""
    files = [file for file in (resources.files("footfall.database") / "migrations").iterdir() if file.name.endswith(".sql")]
    return [(file.name.removesuffix(".sql"), file.read_text()) for file in sorted(files, key=lambda file: file.name)]


@contextlib.contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Processes that start together migrate one after the other."""
    # asked again and again: who waits in a statement has a snapshot, and CREATE INDEX CONCURRENTLY waits for that
    while connection.execute("SELECT pg_try_advisory_lock(hashtextextended('footfall:migrate', 0))").fetchone() != (True,):
        time.sleep(_PAUSE_SECONDS)
    try:
        yield
    finally:
        connection.execute("SELECT pg_advisory_unlock(hashtextextended('footfall:migrate', 0))")


def _patiently(connection: Connection, change: Callable[[], T]) -> T:
    """Make a change in a transaction that others do not wait for; again and again, while they hold what it needs."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            with connection.transaction():
                _be_polite(connection)
                return change()
        except (*_LOCKED_OUT, psycopg.errors.InternalError_) as error:
            if isinstance(error, psycopg.errors.InternalError_) and "concurrently updated" not in str(error):
                raise
            reason = str(error)
        if time.monotonic() > deadline:
            raise StoreBusy(f"others hold what a change of the schema needs: {reason}")
        time.sleep(_PAUSE_SECONDS)


def _be_polite(connection: Connection) -> None:
    for setting in (f"lock_timeout = '{_LOCK_WAIT}'", "client_min_messages = error", "search_path = pg_catalog"):
        connection.execute(f"SET LOCAL {setting}")
    # bodies are checked when they are first run: definitions may name each other in any order
    connection.execute("SET LOCAL check_function_bodies = off")


def _migrations_due(connection: Connection) -> list[Step]:
    applied, _ = _state(connection)
    return [Step(name, sql) for name, sql in migrations() if name not in applied]


def _run(connection: Connection, step: Step, prefix: str) -> None:
    text = named(step.sql, prefix)

    def run() -> None:
        if not text.startswith(_ALONE):
            connection.execute(text)
        connection.execute("INSERT INTO util.migration (name) VALUES (%s)", (step.name,))

    if text.startswith(_ALONE):
        for statement in text.split(";\n"):
            if statement.strip():
                connection.execute(statement)
    _patiently(connection, run)


def _define(connection: Connection, definitions: Sequence[Definition], last: Definition, prefix: str) -> Sequence[Definition]:
    """Run the definitions that are due; returns those that were run: all, where they cannot replace in place what there is."""
    _, current = _state(connection)
    due = [definition for definition in definitions if current.get(definition.name) != _checksum(definition, prefix)]
    names = [definition.name for definition in definitions]
    if not due and current.keys() <= set(names):
        return due

    def run(definition: Definition) -> None:
        connection.execute(named(definition.sql, prefix))
        connection.execute(
            "INSERT INTO util.definition VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum",
            (definition.name, _checksum(definition, prefix)),
        )

    ran = replace(connection, due, definitions, run)
    connection.execute("DELETE FROM util.definition WHERE name <> ALL (%s)", (names,))
    connection.execute(named(last.sql, prefix))
    return ran


def _make_right(connection: Connection, last: Definition, prefix: str) -> bool:
    """Whether anything about access had to be changed; if not, nothing is."""
    before = connection.execute("SELECT util.access_digest()").fetchone()
    with connection.transaction() as attempt:
        connection.execute(named(last.sql, prefix))
        if before == connection.execute("SELECT util.access_digest()").fetchone():
            raise psycopg.Rollback(attempt)
        return True
    return False


def _secure_tables(connection: Connection) -> list[str]:
    """Give each table its policies that has not got them, one after the other; returns their names."""
    if connection.execute("SELECT to_regproc('util.unsecured_tables') IS NULL").fetchone() == (True,):
        return []
    tables = [table for (table,) in connection.execute("SELECT t::text FROM util.unsecured_tables() t ORDER BY 1")]
    for table in tables:
        _patiently(connection, partial(connection.execute, "SELECT util.secure_table(%s::regclass)", (table,)))
    return tables


def _version(connection: Connection) -> Version | None:
    if connection.execute("SELECT to_regclass('util.schema_version') IS NULL").fetchone() == (True,):
        return None
    row = connection.execute("SELECT version, serves FROM util.schema_version ORDER BY version DESC LIMIT 1").fetchone()
    return Version(row[0], 0, row[1]) if row else None


def _reach(connection: Connection, version: Version) -> None:
    connection.execute(
        "INSERT INTO util.schema_version (version, serves) VALUES (%s, %s)"
        " ON CONFLICT (version) DO UPDATE SET serves = excluded.serves WHERE schema_version.serves <> excluded.serves",
        (version.number, version.serves),
    )


def _locks(connection: Connection) -> set[str]:
    """What this transaction locks of what others use, in modes that they notice."""
    rows = connection.execute(
        """
        SELECT format('%s %s', l.relation::regclass, l.mode) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
        WHERE l.pid = pg_backend_pid()
          AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
          AND c.relnamespace::regnamespace::text IN ('util', 'auth', 'ref', 'raw', 'staging', 'business', 'archive', 'api')
        """
    )
    return {lock for (lock,) in rows}


def _checksum(definition: Definition, prefix: str) -> str:
    return Definition(definition.name, named(definition.sql, prefix)).checksum


def _state(connection: Connection) -> tuple[set[str], dict[str, str]]:
    applied = {name for (name,) in connection.execute("SELECT name FROM util.migration")}
    return applied, dict(connection.execute("SELECT name, checksum FROM util.definition").fetchall())
