"""Taking out again what was loaded."""

from footfall.database import Connection


def remove_import(connection: Connection, tenant_hk: bytes, record_source: str) -> tuple[int, int]:
    """Remove all that came under a record source from every layer, in one transaction.

    Returns how many raw events were removed, and how many events that others sent too are to be loaded from those.
    """
    row = connection.execute("SELECT * FROM business.remove_import(%s, %s)", (tenant_hk, record_source)).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
