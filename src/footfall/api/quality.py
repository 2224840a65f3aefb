"""Whether all that was sent arrived: the balance of a tenant's events, and what did not get in, with reasons."""

from typing import Any

from footfall.database import Connection


def quality(connection: Connection) -> dict[str, Any]:
    """The last 48 hours of the connection's tenant.

    `balance` by hour, `refused` at the door by reason, `invalid` in staging by reason with an example, `freshness`.
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
