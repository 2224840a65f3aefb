"""`footfall worker`: the worker alone."""

import logging
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
from footfall.worker import work, work_once

logger = logging.getLogger(__name__)


def _require_usable(cells: Cells, cell: Cell) -> None:
    try:
        with connect(cell.url, "footfall_worker") as connection:
            schema.require_usable(connection)
    except psycopg.OperationalError as error:
        if not cells.are_several:
            raise
        logger.warning("cell %s cannot be reached: %s", cell.name, error)


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
        for one in chosen:
            _require_usable(cells, one)
        if not once:
            # a cell that is away, or has much to do, keeps no other waiting
            stop, alone = stop_on_signals(), replace(settings, sql_url="")
            if len(chosen) == 1:
                work(chosen[0].url, settings if chosen[0] is cells.home else alone, stop)
                return
            with ThreadPoolExecutor(len(chosen), thread_name_prefix="cell") as threads:
                working = [threads.submit(work, one.url, settings if one is cells.home else alone, stop) for one in chosen]
            for one_of_them in working:
                one_of_them.result()
            return
        events = sum(work_once(one.url, settings) for one in chosen)
        if as_json:
            print_json({"events": events})
        else:
            console.print(f"Loaded {events:,} events; nothing is left to do.")
