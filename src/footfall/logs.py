"""Log lines, one way for every process: time, level, room, what happened, in which request. To standard error, as text or JSON.

No line holds an address, an e-mail address, a password, or a value that somebody asked for.
"""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

# The request that is being answered; empty outside of one.
request_id: ContextVar[str] = ContextVar("request_id", default="")
# What a line may say besides, by `extra=`.
_DETAILS = ("error_id", "tenant", "report", "milliseconds", "outcome", "account")


class LogFormat(StrEnum):
    """For people, or for programs: one JSON object a line."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """What is worth a line."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class TextLine(logging.Formatter):
    """`2026-11-27 22:11:43,123 WARNING footfall.web.analytics: slow question request_id=… report=…`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        """The line without what follows it, a traceback."""
        return " ".join([super().formatMessage(record), *(f"{name}={value}" for name, value in _details(record).items())])


class JsonLine(logging.Formatter):
    """`{"time": "2026-11-27T22:11:43.123456+00:00", "level": "warning", "logger": …, "message": …, "request_id": …}`."""

    def format(self, record: logging.LogRecord) -> str:
        """The whole line; a traceback is a member of it."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_details(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


_FORMATTERS: dict[LogFormat, type[logging.Formatter]] = {LogFormat.TEXT: TextLine, LogFormat.JSON: JsonLine}


def heard(level: LogLevel, *, quiet: bool) -> LogLevel:
    """The level itself; quiet: of that only what somebody should look at."""
    return LogLevel.WARNING if quiet and level in {LogLevel.DEBUG, LogLevel.INFO} else level


def configure(form: LogFormat = LogFormat.TEXT, level: LogLevel = LogLevel.INFO) -> None:
    """Send log lines of this level and above to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_FORMATTERS[form]())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # a store that goes away is told once, by those who need it
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


def for_granian(form: LogFormat) -> dict[str, Any]:
    """The same for Granian's own lines, as the dictionary that it takes."""
    return {
        "formatters": {"generic": {"()": _FORMATTERS[form]}},
        "handlers": {"console": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "generic"}},
        "loggers": {"_granian": {"handlers": ["console"], "propagate": False}},
    }


def _details(record: logging.LogRecord) -> dict[str, Any]:
    """What is known of the request and said besides, in an order that does not change."""
    asked = request_id.get()
    said = ((name, getattr(record, name, None)) for name in _DETAILS)
    return ({"request_id": asked} if asked else {}) | {name: value for name, value in said if value is not None}
