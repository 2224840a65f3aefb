"""The plan's functions, which stay functions of the api schema, called for one tenant; and events as they arrive."""

from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from footfall.database import Connection


def track_analytics(connection: Connection, request: dict[str, Any]) -> dict[str, Any]:
    """The plan's report; `connection` is a reader's, see `footfall.database.reading`. The reply tells success or the failure."""
    return _reply(connection.execute("/* api.questions */ SELECT api.track_analytics(%s)", (Jsonb(request),)).fetchone())


def track_test(connection: Connection) -> dict[str, Any]:
    """Whether events can come in and answers can go out."""
    return _reply(connection.execute("/* api.questions */ SELECT api.track_test()").fetchone())


def live_events(connection: Connection, after: datetime | None) -> tuple[list[dict[str, Any]], datetime]:
    """The tenant's events loaded after a load date, oldest first, and the load date to ask with next."""
    row = connection.execute(
        "/* api.questions */ SELECT e -> 'events', (e ->> 'upto')::timestamptz FROM api.live_events('{}', %s) AS e", (after,)
    ).fetchone()
    assert row is not None  # noqa: S101  a function without a set returns one row
    return row[0], row[1]


def _reply(row: tuple[Any, ...] | None) -> dict[str, Any]:
    assert row is not None  # noqa: S101  a function without a set returns one row
    reply: dict[str, Any] = row[0]
    return reply
