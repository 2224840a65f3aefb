"""`footfall doctor`: what would be wrong in production."""

from dataclasses import asdict

import typer

from footfall.cli.options import AsJson, Data, DatabaseUrl, settings_of
from footfall.cli.output import console, print_json
from footfall.database import open_store
from footfall.operations.doctor import examine


def doctor(data: Data = None, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Look for what would be wrong in production: rights, TLS, backups, retention, disk, clock, proxy.

    Run it with the settings of the server. Exit status 1 if anything is wrong; what is only risky is told, too.

    Example: footfall doctor
    """
    settings = settings_of(data, database_url)
    with open_store(settings.database_url, settings.data, user=settings.postgres_user) as store:
        found = examine(store, settings)
    if as_json:
        print_json({"advice": [asdict(one) for one in found]})
    else:
        for one in found:
            colour = "red" if one.level == "wrong" else "yellow"
            console.print(f"[bold {colour}]{one.level}[/] {one.code}: {one.message}")
            console.print(f"  [dim]{one.hint}[/]")
        wrong = sum(one.level == "wrong" for one in found)
        console.print(f"{wrong} wrong, {len(found) - wrong} risky." if found else "Nothing is wrong.")
    if any(one.level == "wrong" for one in found):
        raise typer.Exit(1)
