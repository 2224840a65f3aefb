"""`footfall check`: every claim about the stored data, tested."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from footfall.auth import tenant_key
from footfall.business import Check, Scope, all_checks
from footfall.cli.options import AsJson, Data, DatabaseUrl, all_cells, cell_of, end_unless_all, in_each
from footfall.cli.output import console, print_findings, print_json
from footfall.database import connect
from footfall.errors import SettingInvalid
from footfall.operations.checking import Checked, run_checks

_QUICK_SECONDS = 8.0
_QUICK_SINCE = timedelta(days=1)


def check(
    quick: Annotated[  # noqa: FBT002
        bool, typer.Option("--quick", help="Only the last day, and no longer than eight seconds: for cron, every few minutes.")
    ] = False,
    since: Annotated[
        datetime | None, typer.Option("--since", help="Only what happened, or was loaded, from this moment on (UTC).")
    ] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", help="Only this tenant's rows.")] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only checks of this code; * stands for anything. Can be given again.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Test every claim about the stored data: keys, orphans, timelines, sums from layer to layer. Exit status 1 if one fails.

    Example: footfall check --quick
    """
    chosen = _chosen(only)
    if since and since.replace(tzinfo=UTC) > datetime.now(UTC):
        raise SettingInvalid(f"--since {since:%Y-%m-%d %H:%M} lies ahead: there is nothing to look at")
    begun = since.replace(tzinfo=UTC) if since else datetime.now(UTC) - _QUICK_SINCE if quick else Scope().since
    with all_cells(data, database_url) as cells:
        looked_at = [cell_of(cells, tenant)] if tenant else list(cells.all)
        found = in_each(looked_at, lambda cell: _checked(cell.url, tenant, begun, chosen, quick=quick))
    if len(looked_at) == 1:
        (only_one,) = found.values()
        if as_json:
            print_json(_told(only_one))
        else:
            _say(only_one)
    elif as_json:
        print_json({"cells": {name: _told(done) for name, done in found.items()}})
    else:
        for name, done in found.items():
            console.print(f"[bold]Cell {name}[/]")
            _say(done)
    end_unless_all(looked_at, found)
    if any(one.finding for done in found.values() for one in done):
        raise typer.Exit(1)


def _checked(url: str, tenant: str | None, since: datetime, chosen: list[Check], *, quick: bool) -> list[Checked]:
    with connect(url, "footfall_worker") as connection:
        scope = Scope(tenant_key(connection, tenant) if tenant else None, since)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        running = run_checks(url, chosen, scope, _QUICK_SECONDS if quick else None)
        done = list(progress.track(running, total=len(chosen), description="Checking"))
    return sorted(done, key=lambda one: chosen.index(one.check))


def _chosen(only: list[str] | None) -> list[Check]:
    checks = all_checks()
    for pattern in only or []:
        if not any(fnmatch(one.code, pattern) for one in checks):
            raise SettingInvalid(f"--only {pattern} names no check, such as {checks[0].code}: `footfall check --json` lists them")
    return [one for one in checks if not only or any(fnmatch(one.code, pattern) for pattern in only)]


def _told(done: list[Checked]) -> dict[str, Any]:
    return {
        "checks": len(done),
        "findings": [asdict(one.finding) for one in done if one.finding],
        "not_finished": [one.check.code for one in done if not one.is_finished],
        "seconds": {one.check.code: round(one.seconds, 3) for one in done},
    }


def _say(done: list[Checked]) -> None:
    findings = [one.finding for one in done if one.finding]
    print_findings(findings)
    if given_up := [one.check.code for one in done if not one.is_finished]:
        console.print(f"No time was left for {len(given_up)}: {', '.join(given_up)}.")
    finished = len(done) - len(given_up)
    verdict = f"{len(findings)} of {finished} checks failed." if findings else f"All {finished} checks are clean."
    console.print(verdict)
