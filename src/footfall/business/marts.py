"""The marts as a whole."""

from footfall.database import Connection


def rebuild_marts(connection: Connection, tenant_hk: bytes) -> int:
    """Make a tenant's marts anew from the vault, rollups included; returns how many events there are."""
    row = connection.execute("SELECT business.rebuild_marts(%s)", (tenant_hk,)).fetchone()
    while connection.execute("SELECT business.roll_up_due('0', util.current_load_date())").fetchone() == (1,):
        pass
    return int(row[0]) if row else 0
