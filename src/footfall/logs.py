"""Log lines, one way for every process: time, level, room, what happened. To standard error."""

import logging
import sys
from typing import Any

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

# The same for Granian's own lines, as the dictionary that it takes.
GRANIAN: dict[str, Any] = {
    "formatters": {"generic": {"format": _FORMAT}},
    "handlers": {"console": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "generic"}},
    "loggers": {"_granian": {"handlers": ["console"], "propagate": False}},
}


def configure(*, quiet: bool = False) -> None:
    """Send log lines to standard error; quiet: only what somebody should look at."""
    logging.basicConfig(
        level=logging.WARNING if quiet else logging.INFO,
        stream=sys.stderr,
        format=_FORMAT,
        force=True,
    )
    # a store that goes away is told once, by those who need it
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
