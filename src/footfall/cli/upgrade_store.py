"""`footfall upgrade-store`: the embedded store, of a newer PostgreSQL."""

from dataclasses import asdict
from typing import Annotated

import typer

from footfall.cli.options import AsJson, Data, settings_of
from footfall.cli.output import console, print_findings, print_json
from footfall.operations.backups import upgrade


def upgrade_store(
    forget: Annotated[bool, typer.Option("--forget-old", help="Remove the old one that an upgrade has kept.")] = False,  # noqa: FBT002
    data: Data = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Bring the embedded store to the PostgreSQL of this Footfall. The old one is kept beside it. Exit status 1 if a check fails.

    Example: footfall upgrade-store --data footfall-data
    """
    settings = settings_of(data, None)
    if forget:
        removed = upgrade.forget_old(settings.data)
        if as_json:
            print_json({"removed": removed})
        else:
            console.print("\n".join(f"Removed {path}." for path in removed) or "There was nothing to remove.")
        return
    done = upgrade.upgrade_store(settings.data, settings.postgres_user)
    if as_json:
        print_json(asdict(done))
    elif done.from_version == done.to_version:
        console.print(f"The store is of PostgreSQL {done.to_version} already.")
    else:
        console.print(f"Upgraded from PostgreSQL {done.from_version} to {done.to_version}: all {done.rows:,} rows are there.")
        console.print(f"The old one is in {done.kept}; when you are sure: footfall upgrade-store --forget-old", soft_wrap=True)
        print_findings(done.findings)
        console.print("Not all checks are clean." if done.findings else "All checks are clean.")
    if done.findings:
        raise typer.Exit(1)
