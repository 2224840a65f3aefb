"""`footfall demo`: everything at work, with traffic to look at."""

import contextlib
import os
import sys
import threading
import time
import webbrowser
from typing import Annotated, Any

import psycopg
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from footfall import logs
from footfall.cli.options import Data, DatabaseUrl, Port, settings_of
from footfall.cli.output import console
from footfall.cli.up import stop_on_signals
from footfall.database import Connection, connect
from footfall.demo import EMAIL, INDUSTRIES, PASSWORD, Keys, ensure_tenants, send_history, send_live
from footfall.processes import Processes

_SNAPSHOT_SECONDS = 60  # pages and items are recomputed often enough to watch


def demo(
    port: Port = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    days: Annotated[int, typer.Option(min=0, max=90, help="Days of history at the first start.")] = 60,
    seconds: Annotated[float | None, typer.Option(help="Stop by itself after so many seconds of live traffic.")] = None,
) -> None:
    """Run everything, with one tenant for each of eight industries and live traffic. Its data stay: start it again to go on.

    Example: footfall demo --port 8700
    """
    logs.configure(level=logs.LogLevel.WARNING)
    stop = stop_on_signals()
    settings = settings_of(data, database_url, port).override(snapshot_seconds=_SNAPSHOT_SECONDS)
    with Processes(settings, quiet=True) as processes, connect(processes.url, "footfall_worker") as connection:
        keys = ensure_tenants(connection, settings.data)
        trusted = {tenant_id: of_tenant["admin"] for tenant_id, of_tenant in keys.items()}
        if _received(connection) == 0:
            _send_history(processes.address, trusted, days, connection, stop)
        if not stop.is_set():
            _tell(processes.address, keys)
            if sys.stdout.isatty() and _has_screen():
                webbrowser.open(processes.address)
            _run_live(processes, trusted, connection, stop, seconds)
        console.print("Stopping … `footfall demo` goes on where it ended.")


def _has_screen() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform == "darwin")


def _send_history(address: str, keys: dict[str, str], days: int, connection: Connection, stop: threading.Event) -> None:
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    ) as progress:
        sent = progress.add_task(f"Sending {days} days of history", total=None)
        send_history(address, keys, days, stop, lambda accepted, total: progress.update(sent, advance=accepted, total=total))
        received = _received(connection)
        loading = progress.add_task("Loading it into the vault", total=received)
        while (loaded := _loaded(connection)) < received and not stop.is_set():
            progress.update(loading, completed=loaded)
            time.sleep(0.2)
        progress.update(loading, completed=loaded)


def _tell(address: str, keys: Keys) -> None:
    console.print("\nTenants and their keys:")
    for industry in INDUSTRIES:
        console.print(f"  [bold]{industry.tenant_id}[/] ({industry.industry})")
        for kind in ("write", "read"):
            console.print(f"    {kind:5} {keys[industry.tenant_id][kind]}", soft_wrap=True)
    first = INDUSTRIES[0].tenant_id
    console.print(
        f"\nDashboard          [bold]{address}/[/]   sign in as [bold]{EMAIL}[/] with [bold]{PASSWORD}[/]", soft_wrap=True
    )
    console.print(f"API, to try out    [bold]{address}/docs[/]")
    console.print(f"A report           [bold]footfall report --tenant {first}[/]")
    console.print(
        f'The same over HTTP [bold]curl -H "X-Footfall-Key: {keys[first]["read"]}" {address}/api/tracking/analytics[/]',
        soft_wrap=True,
    )
    console.print("Is all of it true? [bold]footfall check[/]")
    console.print("The vault itself   [bold]footfall psql[/]\n")


def _run_live(
    processes: Processes, keys: dict[str, str], connection: Connection, stop: threading.Event, seconds: float | None
) -> None:
    """Send live traffic and show what becomes of it, until told to stop."""
    end = time.monotonic() + seconds if seconds is not None else float("inf")
    with Progress(
        SpinnerColumn(),
        TextColumn(
            "Live: {task.fields[events]:,} events in the vault (+{task.fields[new]:,}), {task.fields[sessions]:,} sessions,"
            " {task.fields[visitors]:,} visitors, {task.fields[waiting]:,} waiting. Ctrl-C stops it."
        ),
        TimeElapsedColumn(),
        console=console,
        refresh_per_second=4,
    ) as progress:
        before = _loaded(connection)
        live = progress.add_task("live", total=None, **_counts(connection, before))
        traffic = threading.Thread(
            target=send_live, args=(processes.address, keys, stop, lambda _: None), name="traffic", daemon=True
        )
        traffic.start()
        while not stop.wait(1.0):
            processes.check()
            # one a second: the store's server may have been started again
            with contextlib.suppress(psycopg.OperationalError), connect(processes.url, "footfall_worker") as counting:
                progress.update(live, **_counts(counting, before))
            if time.monotonic() >= end:
                stop.set()
        traffic.join()


def _received(connection: Connection) -> int:
    return _number(connection, "SELECT coalesce(sum(received), 0)::bigint FROM api.event_balance_v")


def _loaded(connection: Connection) -> int:
    return _number(connection, "SELECT coalesce(sum(received - pending), 0)::bigint FROM api.event_balance_v")


def _counts(connection: Connection, before: int) -> dict[str, Any]:
    loaded = _loaded(connection)
    return {
        "events": loaded,
        "new": loaded - before,
        "waiting": _received(connection) - loaded,
        "sessions": _number(
            connection,
            "SELECT count(*) FROM business.site_session_w WHERE site_session_hk = root_session_hk",
        ),
        "visitors": _number(connection, "SELECT count(*) FROM business.site_visitor_h"),
    }


def _number(connection: Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
