"""`footfall worker`: the worker alone."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Annotated

import psycopg
import typer

from footfall import logs, schema
from footfall.cli.options import AsJson, CellName, Data, DatabaseUrl, Quiet, all_cells, settings_of
from footfall.cli.output import console, print_json
from footfall.cli.up import stop_on_signals
from footfall.database import Cell, Cells, connect
from footfall.errors import FootfallError
from footfall.settings import Settings
from footfall.worker import work, work_once

logger = logging.getLogger(__name__)

_RETRY_SECONDS = 5.0  # between attempts to work in a cell
_LOOK_SECONDS = 0.2


def _is_usable(cells: Cells, cell: Cell, *, is_needed: bool = False) -> bool:
    """Whether a cell can be worked in now. Raises what is wrong with home, or with one that is needed."""
    try:
        with connect(cell.url, "footfall_worker") as connection:
            schema.require_usable(connection)
    except (psycopg.Error, FootfallError) as error:
        if cell is cells.home or is_needed:
            raise
        logger.warning("cell %s is left out for now: %s", cell.name, error)
        return False
    return True


def _work_in(cells: Cells, cell: Cell, settings: Settings, stop: threading.Event) -> None:
    """Work in one of several cells until told to stop, once that can be done, and again when it fails: the others go on."""
    while not stop.is_set():
        try:
            if _is_usable(cells, cell):
                # what ends the work in one cell stops none of the others
                work(cell.url, settings, Linked(stop))
        except Exception:
            logger.exception("the work in cell %s ended", cell.name)
        stop.wait(_RETRY_SECONDS)


class Linked(threading.Event):
    """Is set when another event is, too; setting it leaves that alone."""

    def __init__(self, other: threading.Event) -> None:
        super().__init__()
        self._other = other

    def is_set(self) -> bool:
        """Whether either is."""
        return super().is_set() or self._other.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for either; it is looked at a few times a second."""
        until = float("inf") if timeout is None else time.monotonic() + timeout
        while not self.is_set() and (left := until - time.monotonic()) > 0:
            self._other.wait(min(left, _LOOK_SECONDS))
        return self.is_set()


def worker(
    once: Annotated[bool, typer.Option("--once", help="Do all there is to do, then end.")] = False,  # noqa: FBT002
    cell: CellName = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Load events, close sessions, compute what is due: for ever, or once. Of several cells in all, or in the one that is named.

    Example: footfall worker --once
    """
    settings = settings_of(data, database_url)
    logs.configure(settings.log_format, logs.heard(settings.log_level, quiet=quiet or as_json))
    with all_cells(data, database_url) as cells:
        chosen = [cells.called(cell)] if cell else list(cells.all)
        usable = [one for one in chosen if _is_usable(cells, one, is_needed=once and cell is not None)]
        if not once:
            # a cell that is away, or has much to do, keeps no other waiting
            stop, alone = stop_on_signals(), replace(settings, sql_url="")
            if not cells.are_several:
                work(cells.home.url, settings, stop)
                return
            with ThreadPoolExecutor(len(chosen), thread_name_prefix="cell") as threads:
                working = [threads.submit(_work_in, cells, one, settings if one is cells.home else alone, stop) for one in chosen]
            for one_of_them in working:
                one_of_them.result()
            return
        events = sum(work_once(one.url, settings) for one in usable)
        if as_json:
            print_json({"events": events})
        else:
            console.print(f"Loaded {events:,} events; nothing is left to do.")
