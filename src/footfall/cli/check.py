"""`footfall check`: every claim about the stored data, tested."""

from dataclasses import asdict

import typer
from rich.console import Console
from rich.progress import Progress

from footfall.business import all_checks, run_check
from footfall.cli.options import AsJson, Data, DatabaseUrl, existing_store
from footfall.cli.output import console, print_findings, print_json
from footfall.database import connect


def check(data: Data = None, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Test every claim about the stored data: keys, orphans, timelines, sums from layer to layer. Exit status 1 if one fails.

    Example: footfall check
    """
    checks = all_checks()
    with (
        existing_store(data, database_url) as store,
        connect(store.url, "footfall_worker") as connection,
        Progress(console=Console(stderr=True), transient=True) as progress,
        connection.transaction(),
    ):
        # one snapshot for all: what is loaded meanwhile is in none of them
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found = [run_check(connection, one) for one in progress.track(checks, description="Checking")]
    findings = [finding for finding in found if finding]
    if as_json:
        print_json({"checks": len(checks), "findings": [asdict(finding) for finding in findings]})
    else:
        print_findings(findings)
        verdict = f"{len(findings)} of {len(checks)} checks failed." if findings else f"All {len(checks)} checks are clean."
        console.print(verdict)
    if findings:
        raise typer.Exit(1)
