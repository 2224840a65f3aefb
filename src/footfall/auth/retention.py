"""For how long a tenant's events are kept in raw and in staging; the worker removes what is older."""

from typing import Literal, get_args

from footfall.auth.tenants import tenant_key
from footfall.database import Connection

Layer = Literal["raw", "staging"]
LAYERS: tuple[Layer, ...] = get_args(Layer)

_EVERYBODY = b""


def keep(connection: Connection, layer: Layer, days: int | None, tenant_id: str | None = None) -> None:
    """Keep events in a layer for so many days after their receipt, None for ever; for one tenant, or for all without a rule.

    A tenant without a rule of its own follows the general one: None takes a rule away. Raises NotAccepted: ``tenant_unknown``.
    """
    tenant_hk = _EVERYBODY if tenant_id is None else tenant_key(connection, tenant_id)
    if days is None:
        connection.execute("DELETE FROM ref.retention WHERE tenant_hk = %s AND layer = %s", (tenant_hk, layer))
        return
    connection.execute(
        "INSERT INTO ref.retention VALUES (%s, %s, %s)"
        " ON CONFLICT (tenant_hk, layer) DO UPDATE SET kept_days = excluded.kept_days",
        (tenant_hk, layer, days),
    )


def list_retention(connection: Connection) -> list[dict[str, object]]:
    """Every rule, the general ones first."""
    cursor = connection.execute(
        "SELECT t.public_id, r.layer, r.kept_days FROM ref.retention r LEFT JOIN auth.tenant_v t USING (tenant_hk)"
        " ORDER BY t.public_id NULLS FIRST, r.layer"
    )
    return [{"tenant": tenant or "(all others)", "layer": layer, "days": days} for tenant, layer, days in cursor]
