"""`footfall serve`: the HTTP server alone."""

import os
from typing import Annotated

import typer
from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from footfall import logs
from footfall.cli.options import Data, DatabaseUrl, Port, Quiet, settings_of
from footfall.database import open_store

# Seconds from being told to stop until what still runs is cut off. What is acknowledged is in the store by then; what is asked
# can be asked again. Shorter than what `footfall up`, systemd and Kubernetes wait before they kill the whole server.
_STOP_SECONDS = 10


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
    logs.configure(quiet=quiet)
    settings = settings_of(data, database_url, port)
    with open_store(settings.database_url, settings.data) as store:
        # each of Granian's processes reads its settings anew
        os.environ.update(settings.override(database_url=store.url).environment())
        Granian(
            "footfall.web.serve:app",
            address=settings.host,
            port=settings.port,
            interface=Interfaces.ASGI,
            loop=Loops.uvloop,
            workers=workers,
            websockets=False,
            respawn_failed_workers=True,
            workers_kill_timeout=_STOP_SECONDS,
            log_access=False,
            log_level=LogLevels.warning if quiet else LogLevels.info,
            log_dictconfig=logs.GRANIAN,
        ).serve()
