"""For how long what is stored of a tenant is kept, layer by layer, and what keeps it longer; the worker removes what is older."""

from http import HTTPStatus
from typing import Any, Literal, get_args

from footfall.auth.tenants import tenant_key
from footfall.database import Connection
from footfall.errors import NotAccepted

Layer = Literal["raw", "staging", "context", "events", "marts"]
LAYERS: tuple[Layer, ...] = get_args(Layer)

_EVERYBODY = b""
_LONGEST_REASON = 500


def keep(connection: Connection, layer: Layer, days: int | None, tenant_id: str | None = None) -> None:
    """Keep a layer for so many days, None for ever; for one tenant, or for all without a rule.

    Raw and staging from the receipt of an event on, the personal context from the session on; events and marts in whole months
    of the tenant's time after they happened, marts not before the events of their days. A tenant without a rule of its own
    follows the general one: None takes a rule away. Raises NotAccepted: ``tenant_unknown``.
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


def list_retention(connection: Connection) -> list[dict[str, Any]]:
    """Every rule, the general ones first."""
    cursor = connection.execute(
        "SELECT t.public_id, r.layer, r.kept_days FROM ref.retention r LEFT JOIN auth.tenant_v t USING (tenant_hk)"
        " ORDER BY t.public_id NULLS FIRST, r.layer"
    )
    return [{"tenant": tenant or "(all others)", "layer": layer, "days": days} for tenant, layer, days in cursor]


def preview_retention(
    connection: Connection, tenant_id: str | None = None, layer: Layer | None = None, days: int | None = None
) -> list[dict[str, Any]]:
    """What retention would remove now: rows and bytes by tenant, layer and month. Nothing is changed.

    Of one tenant, or of all; with a `layer` only of that, with `days` as if that were its rule. Raises NotAccepted:
    ``tenant_unknown``.
    """
    tenant_hk = None if tenant_id is None else tenant_key(connection, tenant_id)
    cursor = connection.execute(
        "SELECT t.public_id, p.layer, p.month, p.found, p.bytes"
        " FROM business.retention_preview(util.current_load_date(), %s, %s, %s) p JOIN auth.tenant_v t USING (tenant_hk)"
        " ORDER BY t.public_id, p.layer, p.month",
        (tenant_hk, layer, days),
    )
    return [
        {"tenant": tenant, "layer": of, "month": f"{month:%Y-%m}", "rows": rows, "bytes": size}
        for tenant, of, month, rows, size in cursor
    ]


def hold(connection: Connection, tenant_id: str, reason: str) -> None:
    """Have retention remove nothing of a tenant until the hold is lifted.

    Raises NotAccepted: ``tenant_unknown``, ``reason_invalid``.
    """
    said = reason.strip()
    if not said or len(said) > _LONGEST_REASON:
        raise NotAccepted("reason_invalid", f"say why, in 1 to {_LONGEST_REASON} characters")
    connection.execute(
        "INSERT INTO ref.legal_hold (tenant_hk, reason, placed_by, placed_at)"
        " SELECT %s, %s, left(a.kind || ' ' || a.name, 255), util.current_load_date() FROM auth.acting() a"
        " ON CONFLICT (tenant_hk) DO UPDATE SET reason = excluded.reason",
        (tenant_key(connection, tenant_id), said),
    )


def lift_hold(connection: Connection, tenant_id: str) -> None:
    """Let retention go on. Raises NotAccepted: ``tenant_unknown``, ``hold_unknown``."""
    gone = connection.execute("DELETE FROM ref.legal_hold WHERE tenant_hk = %s", (tenant_key(connection, tenant_id),))
    if not gone.rowcount:
        raise NotAccepted("hold_unknown", f"there is no hold on {tenant_id}")


def require_no_hold(connection: Connection, tenant_hk: bytes) -> None:
    """Raise NotAccepted ``tenant_held`` while a legal hold keeps all that is stored of a tenant."""
    if connection.execute("SELECT FROM ref.legal_hold h WHERE h.tenant_hk = %s", (tenant_hk,)).rowcount:
        raise NotAccepted(
            "tenant_held", "a legal hold keeps everything of this tenant: `footfall retention holds`", HTTPStatus.CONFLICT
        )


def require_raw(connection: Connection, tenant_hk: bytes) -> None:
    """Raise NotAccepted ``raw_in_archive`` while the archive alone has some of what a tenant was sent."""
    if connection.execute("SELECT archive.lacks_raw(%s)", (tenant_hk,)).fetchone() == (True,):
        raise NotAccepted(
            "raw_in_archive",
            "older events as received are in the archive only: `footfall archive restore --layer raw` brings them back",
            HTTPStatus.CONFLICT,
        )


def list_holds(connection: Connection) -> list[dict[str, Any]]:
    """Every hold: of whom, why, by whom and since when."""
    cursor = connection.execute(
        "SELECT t.public_id, h.reason, h.placed_by, h.placed_at FROM ref.legal_hold h JOIN auth.tenant_v t USING (tenant_hk)"
        " ORDER BY t.public_id"
    )
    return [{"tenant": tenant, "reason": reason, "by": by, "since": since} for tenant, reason, by, since in cursor]
