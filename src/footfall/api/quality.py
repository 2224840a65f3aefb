"""Whether all that was sent arrived: the balance of a tenant's events, and what did not get in, with reasons."""

from typing import Any

from footfall.database import Connection


def quality(connection: Connection) -> dict[str, Any]:
    """The last 48 hours of the connection's tenant.

    `balance` by hour, `refused` at the door by reason, `invalid` in staging by reason with an example, `noted` what was cut,
    ignored or corrected in events that are loaded all the same, likewise, `bots` by browser,
    `freshness`.
    """
    row = connection.execute("SELECT api.quality()").fetchone()
    data: dict[str, Any] = row[0] if row else {}
    return data


def trace(connection: Connection, event: str) -> dict[str, Any] | None:
    """An event of the connection's tenant layer by layer: `raw`, `staging`, `vault`; None when there is no such event.

    `event` is its hash key in hexadecimal, as reports give it.
    """
    row = connection.execute("SELECT api.trace(%s)", (event,)).fetchone()
    return row[0] if row else None


def reprocess(connection: Connection, reason: str) -> int:
    """Queue the connection's tenant's events of the last 48 hours that were refused for this reason; returns how many those are.

    `connection` acts as footfall_admin; the worker stages them anew.
    """
    row = connection.execute(
        "SELECT business.reprocess_invalid(%s, date_trunc('hour', util.current_load_date(), 'UTC') - interval '47 hours')",
        (reason,),
    ).fetchone()
    return int(row[0]) if row else 0


def store_health(connection: Connection) -> dict[str, Any]:
    """Partitions, the last loads, what waits: of all tenants together. `connection` acts as footfall_admin."""
    row = connection.execute("SELECT api.store_health()").fetchone()
    data: dict[str, Any] = row[0] if row else {}
    return data
