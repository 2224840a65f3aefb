"""Share links: whoever has one sees a tenant's figures, but no single visitor's doings, until it ends."""

import secrets
from datetime import timedelta
from typing import Any

from footfall.auth.accounts import token_hash
from footfall.auth.tenants import tenant_key
from footfall.database import Connection
from footfall.errors import NotAccepted

_MOST_DAYS = 3660


def add_share_link(connection: Connection, tenant_id: str, label: str, days: int, password_hash: str | None) -> str:
    """Make a link that lasts so many days, without a hash open to all; returns what comes after `/share/`, now or never.

    Raises NotAccepted: ``tenant_unknown``, ``days_invalid``.
    """
    if not 1 <= days <= _MOST_DAYS:
        raise NotAccepted("days_invalid", f"a link lasts 1 to {_MOST_DAYS} days")
    token = secrets.token_urlsafe(24)
    connection.execute(
        "INSERT INTO auth.share_link (tenant_hk, label, token_hash, password_hash, created_at, expires_at)"
        " VALUES (%s, %s, %s, %s, util.current_load_date(), util.current_load_date() + %s)",
        (
            tenant_key(connection, tenant_id),
            label[:100],
            token_hash(token),
            password_hash,
            timedelta(days=days),
        ),
    )
    return token


def list_share_links(connection: Connection, tenant_id: str) -> list[dict[str, Any]]:
    """A tenant's links that have not ended, the newest first. Raises NotAccepted: ``tenant_unknown``."""
    cursor = connection.execute(
        "SELECT l.share_link_id, l.label, l.password_hash IS NOT NULL, l.created_at, l.expires_at FROM auth.share_link l"
        " WHERE l.tenant_hk = %s AND l.expires_at > util.current_load_date() ORDER BY l.share_link_id DESC",
        (tenant_key(connection, tenant_id),),
    )
    return [dict(zip(("link", "label", "has_password", "created_at", "expires_at"), row, strict=True)) for row in cursor]


def remove_share_link(connection: Connection, tenant_id: str, link: int) -> None:
    """End a link, and with it every sign-in by it. Raises NotAccepted: ``tenant_unknown``, ``share_link_unknown``."""
    removed = connection.execute(
        "DELETE FROM auth.share_link l WHERE l.tenant_hk = %s AND l.share_link_id = %s", (tenant_key(connection, tenant_id), link)
    )
    if removed.rowcount == 0:
        raise NotAccepted("share_link_unknown", "there is no such link")
