"""Saved funnels: a tenant's questions of the funnel report, by name."""

from typing import Any

from psycopg.types.json import Jsonb

from footfall.api.questions import accepting
from footfall.auth import tenant_key
from footfall.database import Connection


def save_funnel(connection: Connection, tenant_id: str, funnel: str, question: dict[str, Any]) -> None:
    """Save a funnel, or change it; `question`: `steps` (2 to 10 filters), `order`, `window` (minutes), `per`.

    Raises NotAccepted: ``tenant_unknown``, ``name_invalid``, and what the report refuses (docs/reports.md).
    """
    with accepting():
        connection.execute("SELECT api.save_funnel(%s, %s, %s)", (tenant_key(connection, tenant_id), funnel, Jsonb(question)))


def list_funnels(connection: Connection, tenant_id: str) -> list[dict[str, Any]]:
    """A tenant's funnels by name, each with its question. Raises NotAccepted: ``tenant_unknown``."""
    cursor = connection.execute(
        "SELECT f.funnel, f.steps, f.step_order, f.window_minutes, f.per FROM ref.funnel f WHERE f.tenant_hk = %s"
        " ORDER BY f.funnel",
        (tenant_key(connection, tenant_id),),
    )
    return [dict(zip(("funnel", "steps", "order", "window", "per"), row, strict=True)) for row in cursor]


def remove_funnel(connection: Connection, tenant_id: str, funnel: str) -> bool:
    """Forget a funnel; whether there was one. Raises NotAccepted: ``tenant_unknown``."""
    cursor = connection.execute(
        "DELETE FROM ref.funnel f WHERE f.tenant_hk = %s AND f.funnel = %s", (tenant_key(connection, tenant_id), funnel)
    )
    return cursor.rowcount > 0
