"""Definitions: scripts that make what can be replaced (functions, views, reference data), run again whenever their text changes.

After them a store has what they make, and nothing that older ones made: whatever version it comes from, its schema is that of a
fresh store. Mostly PostgreSQL replaces in place, and nobody notices. A function with another return type, or a view with other
columns, it does not: then every function and view that nothing else stands on is dropped, and made anew. What tables stand on
(a default, a policy, a trigger) stays: a migration changes it with them.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import psycopg

from footfall.database.connection import Connection
from footfall.errors import SchemaInUse


@dataclass(frozen=True, slots=True)
class Definition:
    """A script that can be run again at any time."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """What tells one version of the text from another."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def makes(self) -> frozenset[str]:
        """Names of the functions and views that it makes, each with its schema."""
        return frozenset(re.findall(r"^CREATE OR REPLACE (?:FUNCTION|VIEW) (\w+\.\w+)", self.sql, re.MULTILINE))


class _Made(NamedTuple):
    """A function or a view of the store. Whoever replaces it gives it another version."""

    kind: str
    signature: str
    name: str
    version: str


_MADE = """
SELECT 'FUNCTION', p.oid::regprocedure::text, p.pronamespace::regnamespace || '.' || p.proname, p.xmin::text
FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN ('util', 'auth', 'ref', 'raw', 'staging', 'business', 'api')
UNION ALL
SELECT 'VIEW', c.oid::regclass::text, c.relnamespace::regnamespace || '.' || c.relname, c.xmin::text
FROM pg_class c
WHERE c.relnamespace::regnamespace::text IN ('util', 'auth', 'ref', 'raw', 'staging', 'business', 'api') AND c.relkind = 'v'
"""


def define(connection: Connection, definitions: Sequence[Definition]) -> list[str]:
    """Run the definitions whose text has changed, all or none; returns their names.

    Raises SchemaInUse: something that is not Footfall's, such as a view of yours, stands on what has to be made anew.
    """
    with connection.transaction():
        current = dict(connection.execute("SELECT name, checksum FROM util.definition").fetchall())
        run = [definition for definition in definitions if current.get(definition.name) != definition.checksum]
        before = _made(connection)
        try:
            with connection.transaction():
                _run(connection, run)
        except (psycopg.errors.InvalidFunctionDefinition, psycopg.errors.InvalidTableDefinition):
            _drop(connection, before)
            run = list(definitions)
            _run_anew(connection, run)
        _drop(connection, _left_over(before, _made(connection), definitions, run))
        names = [definition.name for definition in definitions]
        connection.execute("DELETE FROM util.definition WHERE name <> ALL (%s)", (names,))
    return [definition.name for definition in run]


def _run(connection: Connection, definitions: Iterable[Definition]) -> None:
    for definition in definitions:
        connection.execute(definition.sql)
        connection.execute(
            "INSERT INTO util.definition VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum",
            (definition.name, definition.checksum),
        )


def _run_anew(connection: Connection, definitions: Iterable[Definition]) -> None:
    try:
        _run(connection, definitions)
    except (psycopg.errors.InvalidFunctionDefinition, psycopg.errors.InvalidTableDefinition) as error:
        raise SchemaInUse(
            f"something that is not Footfall's stands on what has to be made anew: {error.diag.message_primary}"
            f" ({error.diag.message_hint}). Drop what stands on it, run `footfall migrate`, and make it again"
        ) from error


def _made(connection: Connection) -> set[_Made]:
    return {_Made(*row) for row in connection.execute(_MADE)}


def _left_over(before: set[_Made], after: set[_Made], definitions: Iterable[Definition], run: Iterable[Definition]) -> set[_Made]:
    """What no definition makes any more: none names it, or the one that does was run and made another function of that name."""
    names = {name for definition in definitions for name in definition.makes}
    remade = {name for definition in run for name in definition.makes}
    return {one for one in after if one.name not in names or (one.name in remade and one in before)}


def _drop(connection: Connection, made: set[_Made]) -> None:
    """Drop what nothing stands on, again and again until nothing more can go."""
    left = set(made)
    while gone := {one for one in left if _is_dropped(connection, one)}:
        left -= gone


def _is_dropped(connection: Connection, made: _Made) -> bool:
    try:
        with connection.transaction():
            connection.execute(f"DROP {made.kind} {made.signature}")
    except psycopg.errors.DependentObjectsStillExist:
        return False
    return True
