"""Answers: a report and a request in, a reply out."""

from typing import Any

import psycopg

from footfall.api import asking
from footfall.api.asking import ask
from footfall.api.engines.outside import Engine
from footfall.api.refused import Refused, refuse
from footfall.api.reports import REPORTS
from footfall.database import Connection
from footfall.errors import NotAccepted


def answer(connection: Connection, report: str, request: dict[str, Any], *, is_explained: bool = False) -> dict[str, Any]:
    """A report, one of `REPORTS`, to a question; see docs/ask/reports.md. `connection` is a reader's: `database.reading`.

    The reply tells success, `{success, message, data}`; or the failure, with a stable code in `debug_info.error`, the key to
    blame in `field`, and what is `allowed`. `is_explained`: the data also have `explanation`: which source answered, why, and
    with which statements. Raises psycopg.errors.QueryCanceled when it takes too long; NotAccepted ``question_invalid`` for what
    PostgreSQL cannot read.
    """
    try:
        return {
            "success": True,
            "message": "Answered",
            "data": ask(connection, REPORTS[report], request, is_explained=is_explained),
        }
    except Refused as refused:
        details = {"error": refused.code, "field": refused.field, "allowed": refused.allowed}
        return {
            "success": False,
            "message": refused.message,
            "error_code": "ANALYTICS_ERROR",
            "debug_info": {key: value for key, value in details.items() if value},
        }
    except (psycopg.DataError, UnicodeEncodeError) as error:
        raise NotAccepted("question_invalid", "a value of the question is none that the store reads") from error


def sql_for(connection: Connection, report: str, request: dict[str, Any], engine: Engine) -> str:
    """What counts the rows that a report's answer is made of, for an engine that reads the published archive.

    `connection` is a reader's. Raises Refused: ``engine_cannot``, or what is wrong with the question.
    """
    asked = REPORTS.get(report)
    if asked is None or asked.undivided is None:
        refuse("engine_cannot", "sql", ", ".join(name for name, one in REPORTS.items() if one.undivided))
    return asking.sql_for(connection, asked, asked.undivided, request, engine)
