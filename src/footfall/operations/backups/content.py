"""What a store holds, as a backup says it and a restore proves it: rows of every table, logins, and that every claim is true."""

from typing import Any

from psycopg import sql

from footfall import __version__
from footfall.business import Finding, Scope, all_checks
from footfall.database import Connection
from footfall.database.connection import PREFIX, prefix_of
from footfall.errors import BackupFailed, SchemaOutdated
from footfall.operations.checking import run_checks

SCHEMAS = ["util", "auth", "ref", "raw", "staging", "business", "archive", "api"]

# of visitors' secrets nothing is kept: they are in no backup
_TABLES = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'
    ORDER BY 1, 2
"""
_MIGRATIONS = "SELECT name FROM util.migration ORDER BY name"
_LOGINS = "SELECT a.role_name::text FROM auth.sql_access a JOIN pg_roles r ON r.rolname = a.role_name ORDER BY 1"
_VERIFIERS = """
    SELECT a.role_name::text, s.rolpassword FROM auth.sql_access a JOIN pg_authid s ON s.rolname = a.role_name ORDER BY 1
"""


def content_of(connection: Connection) -> dict[str, Any]:
    """What the transaction sees: versions, migrations, roles' prefix; rows of each of `tables`, a verifier of each of `logins`.

    A verifier is None where only a superuser may read it. Raises SchemaOutdated: there is no schema.
    """
    if connection.execute("SELECT to_regclass('auth.sql_access') IS NULL").fetchone() == (True,):
        raise SchemaOutdated("the store has no schema yet: there is nothing to back up")
    (is_superuser,) = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() or (False,)
    return {
        "footfall": __version__,
        "postgresql": connection.info.server_version,
        "role_prefix": prefix_of(connection) or PREFIX,
        "migrations": [name for (name,) in connection.execute(_MIGRATIONS)],
        "tables": rows_of_tables(connection),
        "logins": dict(connection.execute(_VERIFIERS).fetchall())
        if is_superuser
        else {role: None for (role,) in connection.execute(_LOGINS)},
    }


def rows_of_tables(connection: Connection) -> dict[str, int]:
    """How many rows each table has, all partitions together."""
    count = sql.SQL("SELECT count(*) FROM {}")
    tables = [sql.Identifier(*names) for names in connection.execute(_TABLES, (SCHEMAS,)).fetchall()]
    return {table.as_string().replace('"', ""): _number(connection, count.format(table)) for table in tables}


def require_same_rows(connection: Connection, told: dict[str, int]) -> None:
    """Raise BackupFailed unless each table has as many rows as was told."""
    found = rows_of_tables(connection)
    wrong = [f"{table} has {found.get(table, 0):,} of {rows:,}" for table, rows in told.items() if found.get(table) != rows]
    if wrong:
        raise BackupFailed(f"rows are missing: {', '.join(wrong)}")


def findings_of(url: str) -> list[Finding]:
    """Which claims about the stored data do not hold."""
    return [done.finding for done in run_checks(url, all_checks(), Scope()) if done.finding]


def _number(connection: Connection, query: sql.Composed) -> int:
    return int((connection.execute(query).fetchone() or (0,))[0])
