"""`footfall backup`: the store, in a file or in a folder."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from footfall.cli.options import AsJson, CellName, Data, DatabaseUrl, end_unless_all, existing_store, in_each, settings_of
from footfall.cli.output import console, print_json
from footfall.database import Cell, Cells, Store
from footfall.errors import NotAccepted
from footfall.operations.backups.archive import back_up_physically
from footfall.operations.backups.backup import Backup, back_up
from footfall.operations.backups.backup_file import Sealing


def backup(
    target: Annotated[Path, typer.Argument(help="A file; or a folder, which gets a file with the time in its name.")],
    physical: Annotated[bool, typer.Option("--physical", help="Into a folder: files, and all changes to come.")] = False,  # noqa: FBT002
    keep: Annotated[int | None, typer.Option(min=1, help="Of the backups in the folder, keep the newest so many.")] = None,
    encrypt_to: Annotated[
        list[str] | None, typer.Option(help="An age key (age1…) whose owner alone can read it; repeatable. Needs age.")
    ] = None,
    passphrase_file: Annotated[Path | None, typer.Option(help="Encrypt it by this file's passphrase. Needs openssl.")] = None,
    cell: CellName = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Back the store up while it runs: rows, settings, people, keys, logins; as of one moment, or (--physical) of every one.

    Of several cells each gets a folder of its own in the target, unless --cell names one.

    Example: footfall backup backups/ --keep 7
    """
    sealing = Sealing(tuple(encrypt_to or ()), passphrase_file)
    if physical and sealing.suffix:
        raise NotAccepted("option_invalid", "what --physical writes is not encrypted: use an encrypted disk, or no --physical")
    settings = settings_of(data, database_url)
    with existing_store(data, database_url) as home:
        cells = Cells(home.url, settings.cells.named)
        chosen = [cells.called(cell)] if cell else list(cells.all)

        def back_up_one(one: Cell) -> Backup:
            store = home if one is cells.home else Store(one.url)
            place = target if len(chosen) == 1 else _folder(target, one)
            return back_up_physically(store, settings.data, place, keep) if physical else back_up(store, place, sealing, keep)

        made = in_each(chosen, back_up_one)
    if as_json:
        said = {name: asdict(done) for name, done in made.items()}
        print_json({"cells": said} if len(chosen) > 1 else next(iter(said.values())))
    else:
        for done in made.values():
            _say(done)
    end_unless_all(chosen, made)


def _folder(target: Path, cell: Cell) -> Path:
    """Where a cell's backups are. Raises NotAccepted: ``option_invalid``."""
    if target.is_file():
        raise NotAccepted("option_invalid", f"{target} is a file, and there are several cells: name a folder, or one by --cell")
    (target / cell.name).mkdir(parents=True, exist_ok=True)
    return target / cell.name


def _say(done: Backup) -> None:
    console.print(f"Backed up {done.rows:,} rows as of {done.taken_at:%Y-%m-%d %H:%M:%S} UTC: {done.path}, {done.bytes:,} bytes.")
    console.print("It was read again to its end." if done.is_verified else "Only who has the key can read it: try that once.")
    for file in done.removed:
        console.print(f"Removed {file}.")
