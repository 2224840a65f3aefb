"""The marts as a whole."""

from footfall.database import Connection

# Marts whose rows, as reports see them, are not only those of their table: SQL after FROM, in which `t` has them. What the
# rollups of a day say before it is rolled up, the bridge says, by the very same function.
MART_ROWS = {
    "rollup_b": """(
        SELECT r.* FROM business.rollup_b r LEFT JOIN business.day_w w USING (tenant_hk, day) WHERE w.is_rolled_up IS NOT false
        UNION ALL
        SELECT r.*
        FROM (SELECT w.tenant_hk, array_agg(w.day) AS days FROM business.day_w w WHERE NOT w.is_rolled_up GROUP BY w.tenant_hk) w
        CROSS JOIN LATERAL business.count_days(w.tenant_hk, w.days, business.rolled_dimensions()) r
    ) t""",
}


def rebuild_marts(connection: Connection, tenant_hk: bytes) -> int:
    """Make a tenant's marts anew from the vault, rollups included; returns how many events there are."""
    row = connection.execute("SELECT business.rebuild_marts(%s)", (tenant_hk,)).fetchone()
    while connection.execute("SELECT business.roll_up_due('0', util.current_load_date())").fetchone() != (0,):
        pass
    return int(row[0]) if row else 0


def make_missing_marts(connection: Connection) -> None:
    """Make the marts that a migration found missing, of all tenants; `connection` belongs to the schema's owner."""
    with connection.transaction():
        if not connection.execute("DELETE FROM util.work WHERE work = 'missing_marts'").rowcount:
            return
        connection.execute("SELECT business.rebuild_marts(t.tenant_hk) FROM auth.tenant_h t")
        # details of visits have got other meanings since; the migrations that care for them found none, as they go by the marts
        connection.execute("UPDATE business.site_session_w SET is_open = true WHERE is_visit")
