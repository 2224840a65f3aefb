"""When months are copied into files: by layer, for all tenants or for one. Without a rule nothing is."""

from typing import Any

from footfall.archive.layers import Name
from footfall.auth import tenant_key
from footfall.database import Connection
from footfall.errors import NotAccepted

_EVERYBODY = b""


def set_rule(
    connection: Connection, layer: Name, days: int | None, tenant_id: str | None = None, *, leaves: int | None = None
) -> None:
    """Copy a layer's months so many days after their end; None: never. For one tenant, or for all without a rule of their own.

    `leaves`: after how many days the rows leave PostgreSQL, which those of raw may; None: never. Raises NotAccepted:
    ``tenant_unknown``, ``archive_rule_invalid``.
    """
    if leaves is not None and (layer != "raw" or days is None or leaves < days):
        message = "rows of raw may leave, once they are copied: of other layers none do"
        raise NotAccepted("archive_rule_invalid", message)
    tenant_hk = _EVERYBODY if tenant_id is None else tenant_key(connection, tenant_id)
    connection.execute(
        "/* archive.rules */ INSERT INTO ref.archive_rule (tenant_hk, layer, copied_after_days, leaves_after_days)"
        " VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (tenant_hk, layer) DO UPDATE SET"
        " copied_after_days = excluded.copied_after_days, leaves_after_days = excluded.leaves_after_days",
        (tenant_hk, layer, days, leaves),
    )


def list_rules(connection: Connection) -> list[dict[str, Any]]:
    """Every rule, the general ones first."""
    cursor = connection.execute(
        "/* archive.rules */ SELECT t.public_id, r.layer, r.copied_after_days, r.leaves_after_days FROM ref.archive_rule r"
        " LEFT JOIN auth.tenant_v t USING (tenant_hk) ORDER BY t.public_id NULLS FIRST, r.layer"
    )
    return [
        {"tenant": tenant or "(all others)", "layer": layer, "days": days, "leaves": leaves}
        for tenant, layer, days, leaves in cursor
    ]
