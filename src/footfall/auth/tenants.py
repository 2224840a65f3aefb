"""Tenants: the operator's customers."""

from dataclasses import dataclass
from http import HTTPStatus

import psycopg

from footfall.auth.packs import PACKS
from footfall.database import Connection
from footfall.errors import NotAccepted

_ANY_ITEM = "item"  # of an industry without a pack


@dataclass(frozen=True, slots=True)
class NewTenant:
    """What is to be known of a tenant; all but the id has a default."""

    tenant_id: str
    name: str
    industry: str = "general"
    time_zone: str = "UTC"
    currency: str = "USD"
    item_type: str | None = None
    page_query_keys: tuple[str, ...] = ()
    honour_do_not_track: bool = True
    keep_truncated_ip: bool = False
    event_types: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()


def add_tenant(connection: Connection, tenant: NewTenant) -> None:
    """Add a tenant.

    Raises NotAccepted: ``tenant_exists``, ``tenant_id_invalid``, ``time_zone_unknown``, ``currency_invalid``, ``host_invalid``.
    """
    messages = {
        "tenant_exists": f"there is a tenant {tenant.tenant_id!r} already",
        "tenant_id_invalid": "a tenant id has 1 to 100 letters, digits, '.', '_' or '-', and begins with a letter or digit",
        "time_zone_unknown": f"{tenant.time_zone!r} is no IANA time zone such as Europe/Berlin",
        "currency_invalid": f"{tenant.currency!r} is no ISO 4217 code such as EUR",
        "host_invalid": "a host is written without scheme, port and path, such as shop.example.com; at most 1,000",
    }
    try:
        connection.execute(
            "SELECT auth.add_tenant(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                tenant.tenant_id,
                tenant.name,
                tenant.industry,
                tenant.time_zone,
                tenant.currency,
                tenant.item_type or (PACKS[tenant.industry].item_type if tenant.industry in PACKS else _ANY_ITEM),
                list(tenant.page_query_keys),
                tenant.honour_do_not_track,
                tenant.keep_truncated_ip,
                list(tenant.event_types),
                list(tenant.allowed_hosts),
            ),
        )
    except psycopg.Error as error:
        code = error.diag.message_primary or ""
        if code not in messages:
            raise
        raise NotAccepted(code, messages[code]) from None


def list_tenants(connection: Connection, tenant_id: str | None = None) -> list[dict[str, object]]:
    """Every tenant, or the one of an id, as it is now."""
    cursor = connection.execute(
        "SELECT public_id, tenant_name, industry, time_zone, currency, week_start, is_active, created_at"
        " FROM auth.tenant_v WHERE %s::text IS NULL OR tenant_hk = auth.tenant_named(%s) ORDER BY public_id",
        (tenant_id, tenant_id),
    )
    names = ("tenant", "name", "industry", "time_zone", "currency", "week_start", "active", "created_at")
    return [dict(zip(names, row, strict=True)) for row in cursor]


def tenant_key(connection: Connection, tenant_id: str) -> bytes:
    """Hash key of an existing tenant. Raises NotAccepted: ``tenant_unknown``."""
    return _known(connection, tenant_id)[0]


def first_id(connection: Connection, tenant_id: str) -> str:
    """The id that an existing tenant's keys are made of, however it is called now. Raises NotAccepted: ``tenant_unknown``."""
    return _known(connection, tenant_id)[1]


def rename_tenant(connection: Connection, tenant_id: str, new_id: str) -> None:
    """Give a tenant another public id. Its keys, proofs and history are made of the first and stay; each id it had names it.

    Raises NotAccepted: ``tenant_unknown``, ``tenant_id_invalid``, ``tenant_exists``.
    """
    messages = {
        "tenant_exists": f"there is a tenant {new_id!r} already, or one that was called so",
        "tenant_id_invalid": "a tenant id has 1 to 100 letters, digits, '.', '_' or '-', and begins with a letter or digit",
    }
    try:
        connection.execute("SELECT auth.rename_tenant(%s, %s)", (tenant_key(connection, tenant_id), new_id))
    except psycopg.Error as error:
        code = error.diag.message_primary or ""
        if code not in messages:
            raise
        raise NotAccepted(code, messages[code]) from None


def tenant_disabled() -> NotAccepted:
    """What whoever sends for a disabled tenant, or asks about it, is told."""
    message = "this tenant is disabled: its operator can enable it again"
    return NotAccepted("tenant_disabled", message, HTTPStatus.FORBIDDEN)


def _known(connection: Connection, tenant_id: str) -> tuple[bytes, str]:
    row = connection.execute(
        "SELECT tenant_hk, tenant_bk FROM auth.tenant_h WHERE tenant_hk = auth.tenant_named(%s)", (tenant_id,)
    ).fetchone()
    if row is None:
        raise NotAccepted("tenant_unknown", f"there is no tenant {tenant_id!r}: `footfall tenant list` names them")
    return bytes(row[0]), str(row[1])
