"""Tombstones: kept beside backups, and set up again in a store that was restored from before they were.

A backup from before an erasure holds the person still. What was erased since is in no backup: so tombstones are taken out as a
file (keyed hashes with their key, nothing readable), and whoever is back after a restore is erased again by it.
"""

from typing import Any

from footfall.database import Connection
from footfall.errors import NotAccepted
from footfall.governance.persons import Mode, Receipt, erase_person

# whoever is stored under a tombstone, by one id each; the sessions and visitors of the vault, and what raw has besides
_BACK = """/* governance.tombstones */
    SELECT f.kind, f.id, coalesce(e.mode, 'forget')
    FROM auth.erasure_secret k
    CROSS JOIN LATERAL (
        SELECT 'visitor' AS kind, h.site_visitor_bk AS id FROM business.site_visitor_h h WHERE h.tenant_hk = k.tenant_hk
        UNION
        SELECT 'session', h.site_session_bk FROM business.site_session_h h WHERE h.tenant_hk = k.tenant_hk
        UNION
        SELECT 'user', c.user_id FROM business.site_session_context_s c WHERE c.tenant_hk = k.tenant_hk AND c.user_id IS NOT NULL
        UNION
        SELECT i.kind, i.id FROM raw.site_tracking_events_r r CROSS JOIN LATERAL raw.ids_of(r) i WHERE r.tenant_hk = k.tenant_hk
    ) f
    JOIN auth.tombstone t ON t.tenant_hk = k.tenant_hk AND t.mark = auth.erasure_mark(k.secret, f.kind, f.id)
    LEFT JOIN auth.erasure e ON e.tenant_hk = t.tenant_hk AND e.erasure_id = t.erasure_id
    WHERE k.tenant_hk = %s
    ORDER BY f.kind = 'user' DESC, f.kind = 'visitor' DESC, f.id LIMIT 1
"""


def tombstones(connection: Connection, tenant_hk: bytes) -> dict[str, Any]:
    """The tombstones of a tenant, to be kept where its backups are: under their key, by erasure. `connection` is a worker's."""
    secret = connection.execute(
        "SELECT encode(secret, 'hex') FROM auth.erasure_secret WHERE tenant_hk = %s", (tenant_hk,)
    ).fetchone()
    rows = connection.execute(
        "/* governance.tombstones */ SELECT encode(t.mark, 'hex'), t.erasure_id, coalesce(e.mode, 'forget') FROM auth.tombstone t"
        " LEFT JOIN auth.erasure e USING (tenant_hk, erasure_id) WHERE t.tenant_hk = %s ORDER BY t.erasure_id, t.mark",
        (tenant_hk,),
    )
    said = [{"mark": mark, "erasure": number, "mode": mode} for mark, number, mode in rows]
    return {"tenant": tenant_hk.hex(), "secret": secret[0] if secret else "", "tombstones": said}


def erase_again(connection: Connection, tenant_hk: bytes, kept: dict[str, Any] | None = None) -> list[Receipt]:
    """Erase whoever is stored under a tombstone of the tenant, after setting up those of a file (`tombstones`).

    Returns a receipt for each. Raises NotAccepted: ``tombstones_invalid``: the file is another tenant's, or under another key.
    """
    modes: dict[int, Mode] = {}
    if kept is not None:
        modes = _set_up(connection, tenant_hk, kept)
    done: list[Receipt] = []
    while row := connection.execute(_BACK, (tenant_hk,)).fetchone():
        kind, value, mode = row
        number = connection.execute(
            "SELECT t.erasure_id FROM auth.tombstone t JOIN auth.erasure_secret k USING (tenant_hk)"
            " WHERE t.tenant_hk = %s AND t.mark = auth.erasure_mark(k.secret, %s, %s)",
            (tenant_hk, kind, value),
        ).fetchone()
        done.append(erase_person(connection, tenant_hk, kind, value, modes.get(number[0] if number else 0, mode)))
    return done


def _set_up(connection: Connection, tenant_hk: bytes, kept: dict[str, Any]) -> dict[int, Mode]:
    """Add the tombstones of a file; which erasure was of which mode."""
    try:
        secret = bytes.fromhex(kept["secret"])
        rows: list[tuple[bytes, int, Mode]] = [
            (bytes.fromhex(one["mark"]), int(one["erasure"]), "delete" if one["mode"] == "delete" else "forget")
            for one in kept["tombstones"]
        ]
        is_its = kept["tenant"] == tenant_hk.hex()
    except (KeyError, TypeError, ValueError):
        raise NotAccepted("tombstones_invalid", "this is no file of `footfall person tombstones`") from None
    with connection.transaction():
        there = connection.execute("SELECT secret FROM auth.erasure_secret WHERE tenant_hk = %s", (tenant_hk,)).fetchone()
        if not is_its or (there and bytes(there[0]) != secret):
            raise NotAccepted("tombstones_invalid", "the tombstones are another tenant's, or were made under another key")
        if rows:
            connection.execute("INSERT INTO auth.erasure_secret VALUES (%s, %s) ON CONFLICT DO NOTHING", (tenant_hk, secret))
            connection.execute(
                "INSERT INTO auth.tombstone SELECT %s, t.mark, t.erasure_id FROM unnest(%s::bytea[], %s::bigint[])"
                " AS t(mark, erasure_id) ON CONFLICT DO NOTHING",
                (tenant_hk, [mark for mark, _, _ in rows], [number for _, number, _ in rows]),
            )
    return {number: mode for _, number, mode in rows}
