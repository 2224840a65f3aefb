"""`footfall up`: everything, in one command."""

import signal
import threading
from types import FrameType

from footfall import logs
from footfall.cli.options import Data, DatabaseUrl, Port, Quiet, settings_of
from footfall.cli.output import console
from footfall.processes import Processes


def up(port: Port = None, data: Data = None, database_url: DatabaseUrl = None, quiet: Quiet = False) -> None:  # noqa: FBT002
    """Start everything: store, schema, HTTP server, worker. Ctrl-C stops it cleanly.

    Example: footfall up --port 8700 --data footfall-data
    """
    settings = settings_of(data, database_url, port)
    logs.configure(settings.log_format, logs.heard(settings.log_level, quiet=quiet))
    stop = stop_on_signals()
    with Processes(settings, quiet=quiet) as processes:
        guide, api = f"{processes.address}/guide", f"{processes.address}/docs"
        console.print(f"Footfall is ready at [bold]{processes.address}[/] (guide: {guide}, API: {api}). Ctrl-C stops it.")
        processes.watch(stop)
        console.print("Stopping …")


def stop_on_signals() -> threading.Event:
    """An event that is set by Ctrl-C and SIGTERM; what is under way can then end in order."""
    stop = threading.Event()

    def set_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, set_stop)
    return stop
