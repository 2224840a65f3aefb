"""A tenant goes for good, with a receipt."""

import hashlib
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from footfall.auth import KeyRing, require_no_hold, revoke_sql_access, tell, tenant_key
from footfall.business import set_active
from footfall.database import Connection

_AUDIT = "auth.audit_"  # how the names of the tables begin that a tenant's chain is in
_PEOPLE = ["auth.membership", "auth.account"]
_LEFT = "SELECT 1 FROM auth.rows_of_tenant(%s) r WHERE r.table_name <> ALL (%s::text[]) LIMIT 1"
_SLICE = 20_000  # rows of a table that go in one transaction
_DOORS_FORGET = timedelta(seconds=KeyRing.SECONDS + 5)  # and what they took is committed


def rows_of_tenant(connection: Connection, tenant_id: str) -> dict[str, int]:
    """How many rows would go, by table. Raises NotAccepted: ``tenant_unknown``."""
    return dict(connection.execute("SELECT * FROM auth.rows_of_tenant(%s)", (tenant_key(connection, tenant_id),)).fetchall())


def delete_tenant(
    connection: Connection,
    owner: Connection,
    tenant_id: str,
    standby: Connection | None = None,
    home: Connection | None = None,
    *,
    keeps_people: bool = False,
) -> dict[str, Any]:
    """Delete a tenant from every table, and its people who have no other tenant; returns the receipt.

    Nobody gets in any more before the first row goes: with keys that doors may remember, that takes a minute. What was
    interrupted goes on when it is called again. `connection` is a worker's and commits each statement, `owner` belongs to the
    schema's owner; `standby`: where SQL logins ask; `home`: a worker's, where the people of a tenant of another cell are;
    `keeps_people`: they stay, as another cell has this tenant, too.
    Raises NotAccepted: ``tenant_unknown``, ``tenant_held``.
    """
    tenant_hk = tenant_key(connection, tenant_id)
    require_no_hold(connection, tenant_hk)
    receipt_id = _begun(connection, tenant_hk)
    _close(connection, tenant_hk)
    revoke_sql_access(owner, tenant_id, standby)
    _wait_for_doors(connection, tenant_hk)
    if not keeps_people:
        connection.execute("SELECT auth.delete_people(%s, %s)", (tenant_hk, receipt_id))
    if home is not None:
        with home.transaction():
            home.execute("SELECT auth.delete_people(%s, NULL)", (tenant_hk,))
            home.execute("DELETE FROM auth.membership WHERE tenant_hk = %s", (tenant_hk,))
    tables = [table for (table,) in connection.execute("SELECT auth.tables_of_tenants()")]
    staying = _PEOPLE if keeps_people else []
    # what a load or the upkeep had under way is written behind what was deleted
    while connection.execute(_LEFT, (tenant_hk, staying)).fetchone():
        for table in tables:
            if table in staying:
                continue
            if table.startswith(_AUDIT):  # its last row stays known, in the chain of no tenant
                owner.execute("SELECT auth.end_audit(%s, %s)", (tenant_hk, receipt_id))
            else:
                connection.execute("CALL auth.delete_rows(%s, %s, %s, %s)", (tenant_hk, table, receipt_id, _SLICE))
    connection.execute("SELECT auth.forget_turns(%s)", (tenant_hk,))
    return _finished(connection, receipt_id)


def _begun(connection: Connection, tenant_hk: bytes) -> int:
    """The receipt of this deletion, begun now or when it was interrupted."""
    (tenant_bk,) = connection.execute("SELECT tenant_bk FROM auth.tenant_h WHERE tenant_hk = %s", (tenant_hk,)).fetchone() or (
        "",
    )
    row = (
        connection.execute(
            "SELECT receipt_id FROM auth.tenant_receipt WHERE tenant_id = %s AND done_at IS NULL", (tenant_bk,)
        ).fetchone()
        or connection.execute(
            "INSERT INTO auth.tenant_receipt (tenant_id, begun_at) VALUES (%s, util.current_load_date()) RETURNING receipt_id",
            (tenant_bk,),
        ).fetchone()
    )
    assert row is not None  # noqa: S101  an insert that did not fail returns its row
    return int(row[0])


def _close(connection: Connection, tenant_hk: bytes) -> None:
    """Let nobody in any more: keys end, and whoever is signed in is refused."""
    with connection.transaction():
        connection.execute("SELECT set_config('app.tenant_hk', %s, true)", (tenant_hk.hex(),))
        set_active(connection, is_active=False)
        connection.execute(
            "UPDATE auth.access_key SET revoked_at = util.current_load_date() WHERE tenant_hk = %s AND revoked_at IS NULL",
            (tenant_hk,),
        )


def _wait_for_doors(connection: Connection, tenant_hk: bytes) -> None:
    (last,) = connection.execute("SELECT max(revoked_at) FROM auth.access_key WHERE tenant_hk = %s", (tenant_hk,)).fetchone() or (
        None,
    )
    if last is not None:
        time.sleep(max(0.0, (last + _DOORS_FORGET - datetime.now(UTC)).total_seconds()))


def _finished(connection: Connection, receipt_id: int) -> dict[str, Any]:
    (tenant_id, begun_at, done_at, deleted) = connection.execute(
        "UPDATE auth.tenant_receipt SET done_at = util.current_load_date() WHERE receipt_id = %s"
        " RETURNING tenant_id, begun_at, done_at, deleted",
        (receipt_id,),
    ).fetchone() or ("", None, None, {})
    receipt = {
        "receipt": receipt_id,
        "tenant": tenant_id,
        "begun_at": f"{begun_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        "done_at": f"{done_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        "deleted": dict(sorted(deleted.items())),
    }
    digest = receipt_digest(receipt)
    with connection.transaction():
        connection.execute("UPDATE auth.tenant_receipt SET sha256 = %s WHERE receipt_id = %s", (digest, receipt_id))
        tell(connection, "tenant.deleted", tenant_id, {"receipt": receipt_id, "sha256": digest.hex()})
    return receipt | {"sha256": digest.hex()}


def receipt_digest(receipt: dict[str, Any]) -> bytes:
    """SHA-256 of a receipt: of its keys but `sha256`, sorted, as JSON without blanks."""
    told = {key: value for key, value in receipt.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).digest()
