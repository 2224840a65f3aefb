"""`footfall doctor`: what would be wrong in production."""

from dataclasses import asdict

import typer

from footfall.cli.options import AsJson, Data, DatabaseUrl, all_cells, settings_of
from footfall.cli.output import console, print_json
from footfall.operations.doctor import examine


def doctor(data: Data = None, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Look for what would be wrong in production: rights, TLS, backups, retention, disk, clock, proxy; of several cells in each.

    Run it with the settings of the server. Exit status 1 if anything is wrong; what is only risky is told, too.

    Example: footfall doctor
    """
    with all_cells(data, database_url) as cells:
        found = examine(cells, settings_of(data, database_url))
    if as_json:
        print_json({"advice": [asdict(one) for one in found]})
    else:
        for one in found:
            colour = "red" if one.level == "wrong" else "yellow"
            where = f"cell {one.cell}: " if one.cell else ""
            console.print(f"[bold {colour}]{one.level}[/] {where}{one.code}: {one.message}")
            console.print(f"  [dim]{one.hint}[/]")
        wrong = sum(one.level == "wrong" for one in found)
        console.print(f"{wrong} wrong, {len(found) - wrong} risky." if found else "Nothing is wrong.")
    if any(one.level == "wrong" for one in found):
        raise typer.Exit(1)
