"""Plans: how much a tenant may send, and how much it has."""

from typing import Any, Literal, get_args

from psycopg.types.json import Jsonb

from footfall.auth.tenants import tenant_key
from footfall.database import Connection
from footfall.errors import NotAccepted

Limit = Literal[
    "events_per_second",
    "events_per_month",
    "bytes_per_day",
    "pages_per_day",
    "items_per_day",
    "values_per_day",
    "keys_per_day",
    "months_per_day",
]
LIMITS: tuple[Limit, ...] = get_args(Limit)
_EVERYBODY = b""
_NEAR = 0.8  # of a limit: from there on owners are told


def set_plan(connection: Connection, tenant_id: str | None, limits: dict[Limit, int | None]) -> None:
    """Change what a tenant may send, or what all may that have no limit of their own. None: as all, or without limit.

    The doors follow within a minute. Raises NotAccepted: ``tenant_unknown``, ``limit_invalid``.
    """
    if any(most is not None and most <= 0 for most in limits.values()):
        raise NotAccepted("limit_invalid", "a limit is above zero")
    tenant_hk = _EVERYBODY if tenant_id is None else tenant_key(connection, tenant_id)
    connection.execute("INSERT INTO auth.tenant_plan (tenant_hk) VALUES (%s) ON CONFLICT DO NOTHING", (tenant_hk,))
    connection.execute(
        "UPDATE auth.tenant_plan p SET (events_per_second, events_per_month, bytes_per_day, pages_per_day, items_per_day,"
        " values_per_day, keys_per_day, months_per_day) = (SELECT n.events_per_second, n.events_per_month, n.bytes_per_day,"
        " n.pages_per_day, n.items_per_day, n.values_per_day, n.keys_per_day, n.months_per_day"
        " FROM jsonb_populate_record(p, %s::jsonb) AS n) WHERE p.tenant_hk = %s",
        (Jsonb(limits), tenant_hk),
    )


def plan_of(connection: Connection, tenant_id: str | None) -> list[dict[str, Any]]:
    """A tenant's limits, or those of all: what was used, the most, when it starts again, and the state of that.

    Raises NotAccepted: ``tenant_unknown``.
    """
    tenant_hk = _EVERYBODY if tenant_id is None else tenant_key(connection, tenant_id)
    rows = connection.execute(
        "SELECT * FROM auth.limits_of(%s, util.current_load_date())"
        " UNION ALL SELECT 'events_per_second', NULL, auth.events_per_second_of(%s), NULL",
        (tenant_hk, tenant_hk),
    )
    return [_limit(*row) for row in rows]


def own_plan(connection: Connection) -> list[dict[str, Any]]:
    """The same of the tenant of the connection's transaction."""
    return [_limit(*row) for row in connection.execute("SELECT * FROM auth.own_limits()")]


def _limit(code: str, used: int | None, most: int | None, starts_again: Any) -> dict[str, Any]:
    share = used / most if used is not None and most else 0.0
    state = "reached" if share >= 1 else "near" if share >= _NEAR else "free"
    return {"limit": code, "used": used, "most": most, "state": state, "starts_again": starts_again}
