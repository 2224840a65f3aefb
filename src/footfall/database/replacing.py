"""Functions and views, replaced: whatever version a store comes from, it has those of this one, and none that older ones made.

Mostly PostgreSQL replaces in place, and nobody notices. A function with another return type, or a view with other columns, it
does not: then every function and view that nothing else stands on is dropped, and made anew. What tables stand on (a default, a
policy, a trigger) stays: a migration changes it with them.
"""

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

import psycopg

from footfall.database.connection import Connection
from footfall.errors import SchemaInUse

logger = logging.getLogger(__name__)


class Script(Protocol):
    """What makes functions and views, by CREATE OR REPLACE at the beginning of a line."""

    @property
    def sql(self) -> str:
        """Its text."""


S = TypeVar("S", bound=Script)


class _Made(NamedTuple):
    """A function, a procedure or a view of the store. Whoever replaces it gives it another version."""

    kind: str
    signature: str
    name: str
    version: str


_MADE = """
SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, p.oid::regprocedure::text,
       p.pronamespace::regnamespace || '.' || p.proname, p.xmin::text
FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN ('util', 'auth', 'ref', 'raw', 'staging', 'business', 'archive', 'api')
UNION ALL
SELECT 'VIEW', c.oid::regclass::text, c.relnamespace::regnamespace || '.' || c.relname, c.xmin::text
FROM pg_class c
WHERE c.relnamespace::regnamespace::text IN ('util', 'auth', 'ref', 'raw', 'staging', 'business', 'archive', 'api')
  AND c.relkind = 'v'
"""
_NAME = re.compile(r"^CREATE OR REPLACE (?:FUNCTION|PROCEDURE|VIEW) (\w+\.\w+)", re.MULTILINE)
# the last: what older versions made has the same name, and is found by a script as well
_NOT_IN_PLACE = (
    psycopg.errors.InvalidFunctionDefinition,
    psycopg.errors.InvalidTableDefinition,
    psycopg.errors.AmbiguousFunction,
)


def replace(connection: Connection, due: Sequence[S], scripts: Sequence[S], run: Callable[[S], object]) -> Sequence[S]:
    """Run the scripts that are due, or all when they cannot replace in place what is there; returns those that were run.

    What none of `scripts` makes any more is dropped. Belongs in a transaction, with `search_path` pg_catalog.

    Raises SchemaInUse: something that is not Footfall's, such as a view of the operator's, stands on what has to be made anew.
    """
    before = _made(connection)
    try:
        _run_all(connection, due, run)
    except _NOT_IN_PLACE:
        _drop(connection, before)
        due = scripts
        _run_anew(connection, due, run)
    for one in _drop(connection, _left_over(before, _made(connection), due, scripts)):
        logger.warning("%s is of an earlier version, and stays: something that is not Footfall's stands on it", one.signature)
    return due


def _run_all(connection: Connection, scripts: Iterable[S], run: Callable[[S], object]) -> None:
    """All or none, in a transaction within the transaction: what they make has versions that nothing had before."""
    with connection.transaction():
        for script in scripts:
            run(script)


def _run_anew(connection: Connection, scripts: Iterable[S], run: Callable[[S], object]) -> None:
    try:
        _run_all(connection, scripts, run)
    except _NOT_IN_PLACE as error:
        raise SchemaInUse(
            f"something that is not Footfall's stands on what has to be made anew: {error.diag.message_primary}."
            f" {error.diag.message_hint or ''} What stands on it goes before `footfall migrate`, and can be made again after it"
        ) from error


def _made(connection: Connection) -> set[_Made]:
    return {_Made(*row) for row in connection.execute(_MADE)}


def _left_over(before: set[_Made], after: set[_Made], run: Iterable[Script], scripts: Iterable[Script]) -> set[_Made]:
    """What no script makes any more: none names it, or the one that does was run and made another function of that name."""
    remade, names = _names(run), _names(scripts)
    return {one for one in after if one.name not in names or (one.name in remade and one in before)}


def _names(scripts: Iterable[Script]) -> set[str]:
    return {name for script in scripts for name in _NAME.findall(script.sql)}


def _drop(connection: Connection, made: set[_Made]) -> set[_Made]:
    """Drop what nothing stands on, again and again until nothing more can go; returns what is left."""
    left = set(made)
    while gone := {one for one in left if _is_dropped(connection, one)}:
        left -= gone
    return left


def _is_dropped(connection: Connection, made: _Made) -> bool:
    try:
        with connection.transaction():
            connection.execute(f"DROP {made.kind} {made.signature}")
    except psycopg.errors.DependentObjectsStillExist:
        return False
    return True
