"""`footfall serve`: the HTTP server alone."""

import contextlib
import os
import resource
from typing import Annotated

import typer
from granian import Granian
from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels

from footfall import logs, measures
from footfall.cli.options import Data, DatabaseUrl, Port, Quiet, settings_of
from footfall.database import open_store

# Seconds from being told to stop until what still runs is cut off. What is acknowledged is in the store by then; what is asked
# can be asked again. Shorter than what `footfall up`, systemd and Kubernetes wait before they kill the whole server.
_STOP_SECONDS = 10
# An open connection costs some kilobytes; who opens more than the door bounds by address (web/arrivals) is a proxy's to stop.
_MOST_CONNECTIONS = 8192
_MOST_FILES = 2 * _MOST_CONNECTIONS
_HEADER_MILLISECONDS = 10_000  # until a request's headers are there


def serve(
    port: Port = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Server processes.")] = 1,
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Run the HTTP server alone, on a store whose schema is up to date.

    Example: footfall serve --workers 2
    """
    settings = settings_of(data, database_url, port)
    level = logs.heard(settings.log_level, quiet=quiet)
    logs.configure(settings.log_format, level)
    _allow_connections()
    together = measures.shared() if workers > 1 and settings.metrics_token else contextlib.nullcontext()
    with open_store(settings.database_url, settings.data, user=settings.postgres_user) as store, together:
        # each of Granian's processes reads its settings anew
        os.environ.update(settings.override(database_url=store.url, log_level=level).environment())
        Granian(
            "footfall.web.serve:app",
            address=settings.host,
            port=settings.port,
            interface=Interfaces.ASGI,
            loop=Loops.uvloop,
            workers=workers,
            backpressure=_MOST_CONNECTIONS,
            http1_settings=HTTP1Settings(header_read_timeout=_HEADER_MILLISECONDS),
            websockets=False,
            respawn_failed_workers=True,
            workers_kill_timeout=_STOP_SECONDS,
            log_access=False,
            log_level=LogLevels(level),
            log_dictconfig=logs.for_granian(settings.log_format),
        ).serve()


def _allow_connections() -> None:
    """Have room for them: shells start programs with at most 1,024 open files."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if most == resource.RLIM_INFINITY else min(_MOST_FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(allowed, wanted), most))
