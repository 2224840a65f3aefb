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


def revoke_sql_access(connection: Connection, tenant_id: str) -> bool:
    """Drop the tenant's login role; whether there was one. Raises NotAccepted: ``tenant_unknown``."""
    tenant_hk = tenant_key(connection, tenant_id)
    row = connection.execute("SELECT auth.revoke_sql_access(%s)", (tenant_hk,)).fetchone()
    return bool(row and row[0])
