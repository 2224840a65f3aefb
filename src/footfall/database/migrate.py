"""Bringing a store's schema up to date.

Tables change by numbered files in `migrations/`, each run once and never edited afterwards. Everything that can be replaced
(functions, views, reference data) is a *definition*, run again whenever its text changes. Both happen in one transaction, under
one lock: processes that start together do not meet.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources

from footfall.database.connection import Connection
from footfall.database.replacing import replace
from footfall.errors import SchemaOutdated


@dataclass(frozen=True, slots=True)
class Definition:
    """A script that can be run again at any time."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """What tells one version of the text from another."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


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
"""


def migrate(connection: Connection, definitions: Sequence[Definition], last: Definition) -> list[str]:
    """Run the migrations and definitions that the store lacks; returns their names, in the order they were run.

    What none of `definitions` makes any more is dropped: they are all that there are. `last` is run after any change: it grants
    access, to what is new as well. `connection` belongs to the schema's owner.
    """
    done = []
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('footfall:migrate', 0))")
        cursor.execute("SET LOCAL client_min_messages = warning")
        cursor.execute("SET LOCAL search_path = pg_catalog")
        # bodies are checked when they are first run: definitions may name each other in any order
        cursor.execute("SET LOCAL check_function_bodies = off")
        cursor.execute(_BOOKKEEPING)
        applied, _ = _state(connection)
        for name, sql in migrations():
            if name not in applied:
                cursor.execute(sql)
                cursor.execute("INSERT INTO util.migration (name) VALUES (%s)", (name,))
                done.append(name)
        _, current = _state(connection)
        due = [definition for definition in definitions if current.get(definition.name) != definition.checksum]
        done += [definition.name for definition in replace(connection, due, definitions, partial(_run, connection))]
        names = [definition.name for definition in definitions]
        cursor.execute("DELETE FROM util.definition WHERE name <> ALL (%s)", (names,))
        if done:
            cursor.execute(last.sql)
    return done


def require_current(connection: Connection, definitions: Sequence[Definition]) -> None:
    """Raise SchemaOutdated unless `migrate` would find nothing to do."""
    if connection.execute("SELECT to_regclass('util.definition') IS NULL").fetchone() == (True,):
        raise SchemaOutdated("the store has no schema yet: run `footfall migrate`")
    applied, current = _state(connection)
    missing = [name for name, _ in migrations() if name not in applied]
    missing += [definition.name for definition in definitions if current.get(definition.name) != definition.checksum]
    if missing:
        raise SchemaOutdated(f"the store lacks {', '.join(missing)}: run `footfall migrate`")


def migrations() -> list[tuple[str, str]]:
    """Name and text of each migration, in order."""
    files = [file for file in (resources.files("footfall.database") / "migrations").iterdir() if file.name.endswith(".sql")]
    return [(file.name.removesuffix(".sql"), file.read_text()) for file in sorted(files, key=lambda file: file.name)]


def _run(connection: Connection, definition: Definition) -> None:
    connection.execute(definition.sql)
    connection.execute(
        "INSERT INTO util.definition VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum",
        (definition.name, definition.checksum),
    )


def _state(connection: Connection) -> tuple[set[str], dict[str, str]]:
    applied = {name for (name,) in connection.execute("SELECT name FROM util.migration")}
    return applied, dict(connection.execute("SELECT name, checksum FROM util.definition").fetchall())
