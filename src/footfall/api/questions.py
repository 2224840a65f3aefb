"""The api schema's functions, called for one tenant: row-level security answers for the rest."""

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, get_args

import psycopg
from psycopg.types.json import Jsonb

from footfall.database import Connection
from footfall.errors import NotAccepted

Report = Literal[
    "overview",
    "timeseries",
    "breakdown",
    "goals",
    "funnel",
    "retention",
    "paths",
    "items",
    "events",
    "properties",
    "sessions",
    "session",
    "visitor",
    "realtime",
]
# in the order in which people read them; twin of api.metrics()
Metric = Literal[
    "visitors",
    "visits",
    "page_views",
    "views_per_visit",
    "bounce_rate",
    "visit_duration",
    "events",
    "conversions",
    "conversion_rate",
    "revenue",
]
METRICS: tuple[Metric, ...] = get_args(Metric)
REPORTS: tuple[Report, ...] = get_args(Report)


def track_analytics(connection: Connection, request: dict[str, Any]) -> dict[str, Any]:
    """The plan's report; `connection` is a reader's, see `footfall.database.reading`. The reply tells success or the failure."""
    return _reply(connection.execute("/* api.questions */ SELECT api.track_analytics(%s)", (Jsonb(request),)).fetchone())


def answer(connection: Connection, report: str, question: str) -> dict[str, Any]:
    """A report, one of `REPORTS`, to a question in JSON; the reply tells success or the failure, see docs/reports.md.

    Raises psycopg.errors.QueryCanceled when it takes too long; NotAccepted ``question_invalid`` for what PostgreSQL cannot read.
    """
    try:
        row = connection.execute("/* api.questions */ SELECT api.answer(%s, %s::jsonb)", (report, question)).fetchone()
    except psycopg.DataError as error:
        raise NotAccepted("question_invalid", "the question is not JSON as the store reads it") from error
    return _reply(row)


def live_events(connection: Connection, after: datetime | None) -> tuple[list[dict[str, Any]], datetime]:
    """The tenant's events loaded after a load date, oldest first, and the load date to ask with next."""
    row = connection.execute(
        "/* api.questions */ SELECT e -> 'events', (e ->> 'upto')::timestamptz FROM api.live_events('{}', %s) AS e", (after,)
    ).fetchone()
    assert row is not None  # noqa: S101  a function without a set returns one row
    return row[0], row[1]


@contextlib.contextmanager
def accepting() -> Iterator[None]:
    """Say what the api schema refuses (api.refuse) as NotAccepted, with its stable code."""
    try:
        yield
    except psycopg.Error as error:
        if error.sqlstate != "FF400":
            raise
        raise NotAccepted(str(error.diag.message_primary), f"{error.diag.message_detail}: {error.diag.message_hint}") from error


def track_test(connection: Connection) -> dict[str, Any]:
    """Whether events can come in and answers can go out."""
    return _reply(connection.execute("/* api.questions */ SELECT api.track_test()").fetchone())


def _reply(row: tuple[Any, ...] | None) -> dict[str, Any]:
    assert row is not None  # noqa: S101  a function without a set returns one row
    reply: dict[str, Any] = row[0]
    return reply
