"""Tenants that ask in SQL: a read-only login role each, under row-level security."""

import secrets

from footfall.auth.tenants import tenant_key
from footfall.database import Connection


def grant_sql_access(connection: Connection, tenant_id: str) -> tuple[str, str]:
    """Make the tenant's login role, or give it a new password; returns its name and the password, which is stored nowhere.

    `connection` belongs to the schema's owner. Raises NotAccepted: ``tenant_unknown``.
    """
    tenant_hk = tenant_key(connection, tenant_id)
    (role,) = connection.execute("SELECT auth.sql_role_name(%s)", (tenant_hk,)).fetchone() or ("",)
    password = secrets.token_urlsafe(24)
    # the server gets a verifier: the password itself is in no statement, hence in no log
    verifier = connection.pgconn.encrypt_password(password.encode(), str(role).encode(), b"scram-sha-256").decode()
    connection.execute("SELECT auth.grant_sql_access(%s, %s)", (tenant_hk, verifier))
    return str(role), password


def revoke_sql_access(connection: Connection, tenant_id: str, standby: Connection | None = None) -> bool:
    """Drop the tenant's login role; whether there was one. Its sessions end, on a standby too.

    Raises NotAccepted: ``tenant_unknown``.
    """
    tenant_hk = tenant_key(connection, tenant_id)
    # by number: a name goes with its role, a session on a standby does not
    roles = connection.execute(
        "SELECT r.oid FROM auth.sql_access a JOIN pg_roles r ON r.rolname = a.role_name WHERE a.tenant_hk = %s", (tenant_hk,)
    ).fetchall()
    row = connection.execute("SELECT auth.revoke_sql_access(%s)", (tenant_hk,)).fetchone()
    if standby is not None:
        ended = "SELECT pg_terminate_backend(s.pid) FROM pg_stat_activity s WHERE s.usesysid = ANY (%s)"
        standby.execute(ended, ([role for (role,) in roles],))
    return bool(row and row[0])
