"""Goals: what a tenant wants its visitors to do, by name; see docs/reports.md."""

from decimal import Decimal
from typing import Any

from footfall.api.questions import accepting
from footfall.auth import tenant_key
from footfall.database import Connection


def add_goal(
    connection: Connection, tenant_id: str, goal: str, filter_text: str, value: Decimal | None, currency: str | None
) -> None:
    """Define a goal, or redefine it; it holds for all of history.

    Raises NotAccepted: ``tenant_unknown``, ``goal_invalid``, ``filter_invalid``, ``dimension_unknown``, ``currency_invalid``.
    """
    with accepting():
        connection.execute(
            "SELECT api.add_goal(%s, %s, %s, %s, %s)", (tenant_key(connection, tenant_id), goal, filter_text, value, currency)
        )


def list_goals(connection: Connection, tenant_id: str) -> list[dict[str, Any]]:
    """A tenant's goals by name. Raises NotAccepted: ``tenant_unknown``."""
    cursor = connection.execute(
        "SELECT g.goal, g.filter, g.value, g.currency FROM ref.goal g WHERE g.tenant_hk = %s ORDER BY g.goal",
        (tenant_key(connection, tenant_id),),
    )
    return [dict(zip(("goal", "filter", "value", "currency"), row, strict=True)) for row in cursor]


def remove_goal(connection: Connection, tenant_id: str, goal: str) -> bool:
    """Forget a goal; whether there was one. Raises NotAccepted: ``tenant_unknown``."""
    cursor = connection.execute(
        "DELETE FROM ref.goal g WHERE g.tenant_hk = %s AND g.goal = %s", (tenant_key(connection, tenant_id), goal)
    )
    return cursor.rowcount > 0
