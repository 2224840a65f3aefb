"""The store's roles: what they are called, and made where they are missing.

Roles belong to the whole cluster. All SQL calls them `footfall_…`; a second Footfall in the same cluster, of another owner, has a
prefix of its own, which its store keeps in util.role_prefix().
"""

import contextlib
import re
from typing import get_args

import psycopg
from psycopg import sql

from footfall.database.connection import PREFIX, Connection, Role, prefix_of
from footfall.errors import RolesMissing, SettingInvalid

KINDS = (*get_args(Role), "footfall_analyst")
_NAMES = re.compile(r"\bfootfall_(ingest|worker|reader|admin|analyst|sql_)")
_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,29}")

_SCRIPT = """\
-- Run once, as a superuser or a role with CREATEROLE:
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname IN ({names})) THEN
        RAISE EXCEPTION 'another Footfall of this cluster has roles of these names'
            USING HINT = 'choose others: footfall migrate --print-roles --role-prefix NAME, and migrate with the same';
    END IF;
    {made}
    GRANT {roles} TO {owner} WITH ADMIN TRUE, INHERIT TRUE, SET TRUE;
END
$$;
"""


def named(text: str, prefix: str) -> str:
    """SQL with the roles' names of this store."""
    return _NAMES.sub(rf"{prefix}_\1", text)


def ensure_roles(connection: Connection, prefix: str | None = None) -> str:
    """Make the roles that the cluster lacks and have this user act in all of them; returns their prefix.

    Without a `prefix`, the one that the store has. Raises RolesMissing when the user may not, SettingInvalid for an odd prefix.
    """
    if prefix and not _PREFIX.fullmatch(prefix):
        raise SettingInvalid(f"{prefix!r} is no prefix of roles: lower-case letters, digits and _, at most 30, a letter first")
    prefix = prefix or prefix_of(connection) or PREFIX
    for name in (named(kind, prefix) for kind in KINDS):
        try:
            if not _exists(connection, name):
                _create(connection, name)
            if not _is_taken_on(connection, name):
                connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege:
            owner = connection.info.user
            raise RolesMissing(
                f"{owner} may not act as {name}. Have an administrator run what `footfall migrate --print-roles` prints;"
                f" or, if {prefix}_… are another Footfall's of this cluster, run `footfall migrate --role-prefix NAME`"
            ) from None
    return prefix


def roles_script(owner: str, prefix: str = PREFIX) -> str:
    """What an administrator runs once, so that `owner`, who may make no roles, can migrate a database of its own.

    All or nothing: roles that are there already are another Footfall's, and are given to nobody.
    """
    names = [named(kind, prefix) for kind in KINDS]
    parts = {
        "names": sql.SQL(", ").join(map(sql.Literal, names)),
        "made": sql.SQL(" ").join(sql.SQL("CREATE ROLE {} NOLOGIN;").format(sql.Identifier(name)) for name in names),
        "roles": sql.SQL(", ").join(map(sql.Identifier, names)),
        "owner": sql.Identifier(owner),
    }
    return sql.SQL(_SCRIPT).format(**parts).as_string()


def _exists(connection: Connection, name: str) -> bool:
    return connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,)).rowcount == 1


def _create(connection: Connection, name: str) -> None:
    # another database of the cluster may be migrated at the same time
    with contextlib.suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))


def _is_taken_on(connection: Connection, name: str) -> bool:
    """Whether this user has the role's rights (to own what it owns) and may become it."""
    row = connection.execute("SELECT pg_has_role(%s, 'USAGE') AND pg_has_role(%s, 'SET')", (name, name)).fetchone()
    return row == (True,)
