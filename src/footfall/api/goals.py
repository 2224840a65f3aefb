"""Goals: what a tenant wants its visitors to do, by name; see docs/ask/reports.md."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

from footfall.api.questions.conditions import parse_filter
from footfall.api.refused import refuse
from footfall.auth import tenant_key
from footfall.database import Connection

_NAME = re.compile(r"[^\x01-\x1f;,|\\]{1,100}")
_NAMES_A_GOAL = re.compile(r"(^|[;,])\s*!?(?:(?:visit|visitor):)?goal[=!]")
_CURRENCY = re.compile("[A-Z]{3}")


def add_goal(
    connection: Connection,
    tenant_id: str,
    goal: str,
    filter_text: str,
    value: Decimal | None,
    currency: str | None,
    since: date | None = None,
) -> None:
    """Define a goal, or redefine it; it holds for all of history. A goal may not stand on another one.

    `since`: it is worth that from this day of the tenant on, and what it was before until then. Values that hold from a day on
    stay when the goal is redefined without one.

    Raises NotAccepted: ``tenant_unknown``, ``goal_invalid``, ``filter_invalid``, ``dimension_unknown``, ``currency_invalid``.
    """
    tenant_hk = tenant_key(connection, tenant_id)
    if not _NAME.fullmatch(goal):
        refuse("goal_invalid", "goal", "1 to 100 characters, none of ; , | and backslash")
    if not filter_text or _NAMES_A_GOAL.search(filter_text):
        refuse("filter_invalid", "filter", "a filter that names no goal")
    if currency is not None and not _CURRENCY.fullmatch(currency):
        refuse("currency_invalid", "currency", "an ISO 4217 code such as EUR")
    parse_filter(filter_text, {}, "filter")
    connection.execute("SELECT api.add_goal(%s, %s, %s, %s, %s, %s)", (tenant_hk, goal, filter_text, value, currency, since))


def list_goals(connection: Connection, tenant_id: str) -> list[dict[str, Any]]:
    """A tenant's goals by name. Raises NotAccepted: ``tenant_unknown``."""
    cursor = connection.execute(
        "SELECT g.goal, g.filter, g.value, g.currency, coalesce(g.later_values, '[]')"
        " FROM ref.goal g WHERE g.tenant_hk = %s ORDER BY g.goal",
        (tenant_key(connection, tenant_id),),
    )
    return [dict(zip(("goal", "filter", "value", "currency", "later_values"), row, strict=True)) for row in cursor]


def remove_goal(connection: Connection, tenant_id: str, goal: str) -> bool:
    """Forget a goal; whether there was one. Raises NotAccepted: ``tenant_unknown``."""
    cursor = connection.execute(
        "DELETE FROM ref.goal g WHERE g.tenant_hk = %s AND g.goal = %s", (tenant_key(connection, tenant_id), goal)
    )
    return cursor.rowcount > 0
