"""Saved funnels: a tenant's questions of the funnel report, by name."""

import re
from typing import Any

from footfall.api.asking import checked
from footfall.api.refused import refuse
from footfall.api.reports import REPORTS
from footfall.auth import tenant_key
from footfall.database import Connection

_NAME = re.compile(r"[^\x01-\x1f]{1,100}")
_SAVE = """
INSERT INTO ref.funnel (tenant_hk, funnel, steps, step_order, window_minutes, per, created_at)
VALUES (%s, %s, %s, %s, %s, %s, util.current_load_date())
ON CONFLICT (tenant_hk, funnel) DO UPDATE
SET steps = excluded.steps, step_order = excluded.step_order, window_minutes = excluded.window_minutes, per = excluded.per
"""


def save_funnel(connection: Connection, tenant_id: str, funnel: str, question: dict[str, Any]) -> None:
    """Save a funnel, or change it; `question`: `steps` (2 to 10 filters), `order`, `window` (minutes), `per`.

    Raises NotAccepted: ``tenant_unknown``, ``name_invalid``, and what the report refuses (docs/ask/reports.md).
    """
    tenant_hk = tenant_key(connection, tenant_id)
    if not _NAME.fullmatch(funnel):
        refuse("name_invalid", "funnel", "1 to 100 characters")
    query = checked(connection, REPORTS["funnel"], question | {"tenantId": tenant_id})
    connection.execute(_SAVE, (tenant_hk, funnel, query["steps"], query["order"], query["window"], query["per"]))


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
