"""Tokens for operators' programs, such as billing: they open what is told of all tenants together, and no event."""

import secrets
from typing import Any

from footfall.auth.accounts import token_hash
from footfall.database import Connection
from footfall.errors import NotAccepted

OPERATOR_TOKEN = "op_"  # noqa: S105  how they begin
_MOST_DAYS = 3660


def add_operator_token(connection: Connection, label: str, *, days: int | None = None) -> tuple[int, str]:
    """Make a token that lasts so many days, or until it is revoked; returns its number and the token, shown now or never.

    Raises NotAccepted: ``days_invalid``.
    """
    if days is not None and not 1 <= days <= _MOST_DAYS:
        raise NotAccepted("days_invalid", f"a token lasts 1 to {_MOST_DAYS} days")
    token = f"{OPERATOR_TOKEN}{secrets.token_urlsafe(24)}"
    row = connection.execute(
        "INSERT INTO auth.operator_token (token_hash, label, created_at, expires_at)"
        " VALUES (%s, %s, util.current_load_date(), util.current_load_date() + make_interval(days => %s))"
        " RETURNING operator_token_id",
        (token_hash(token), label[:100], days),
    ).fetchone()
    assert row is not None  # noqa: S101  an insert that did not fail returns its row
    return int(row[0]), token


def list_operator_tokens(connection: Connection) -> list[dict[str, Any]]:
    """Every token: what is known of it except the token."""
    cursor = connection.execute(
        "SELECT t.operator_token_id, t.label, t.created_at, t.expires_at, t.revoked_at FROM auth.operator_token t"
        " ORDER BY t.operator_token_id"
    )
    return [dict(zip(("token", "label", "created_at", "expires_at", "revoked_at"), row, strict=True)) for row in cursor]


def revoke_operator_token(connection: Connection, number: int) -> None:
    """End a token for good, at once. Raises NotAccepted: ``token_unknown``."""
    revoked = connection.execute(
        "UPDATE auth.operator_token t SET revoked_at = coalesce(t.revoked_at, util.current_load_date())"
        " WHERE t.operator_token_id = %s",
        (number,),
    )
    if revoked.rowcount == 0:
        raise NotAccepted("token_unknown", f"there is no operator's token {number}: `footfall operator token list` names them")
