"""`footfall restore`: a backup, made a store again."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from footfall.cli.options import AsJson, Data, DatabaseUrl, settings_of
from footfall.cli.output import console, print_findings, print_json
from footfall.database import open_store
from footfall.errors import NotAccepted
from footfall.operations.backups.backup_file import Sealing
from footfall.operations.backups.recovery import restore_to_moment
from footfall.operations.backups.restore import Restored, restore_to_folder, restore_to_server


def restore(
    source: Annotated[Path, typer.Argument(help="What `footfall backup` has made.")],
    to: Annotated[
        str | None, typer.Option(help="A moment, from what --physical made: 2026-11-26T10:00, in UTC unless it says otherwise.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="In place of the embedded store, kept beside.")] = False,  # noqa: FBT002
    identity: Annotated[Path | None, typer.Option(help="The file of the age key that it was encrypted for.")] = None,
    passphrase_file: Annotated[Path | None, typer.Option(help="The file of the passphrase that it was encrypted by.")] = None,
    role_prefix: Annotated[
        str | None, typer.Option(help="What the roles begin with on a server where another Footfall has those of the backup.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Restore a backup into a new store. It is done when every table has its rows again. Exit status 1 if a check fails.

    Example: footfall restore backups/footfall-20261126T030000Z.backup --data restored
    """
    settings = settings_of(data, database_url)
    sealing = Sealing(passphrase_file=passphrase_file, identity=identity)
    moment = _moment(to) if to else None
    if source.is_dir():
        if settings.database_url:
            raise NotAccepted("option_invalid", "files of the embedded store become an embedded store again: name its --data")
        done = restore_to_moment(source, settings.data, moment, replace=replace, user=settings.postgres_user)
    elif moment:
        raise NotAccepted("option_invalid", "--to is for a folder that `footfall backup --physical` has made")
    elif settings.database_url:
        with open_store(settings.database_url, settings.data) as store:
            done = restore_to_server(source, store, sealing, role_prefix)
    else:
        done = restore_to_folder(source, settings.data, sealing, replace=replace, user=settings.postgres_user)
    if as_json:
        print_json(asdict(done))
    else:
        _tell(done, is_rolled_forward=source.is_dir())
    if done.findings:
        raise typer.Exit(1)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise NotAccepted("date_invalid", f"{text} is no moment: write 2026-11-26T10:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _tell(done: Restored, *, is_rolled_forward: bool) -> None:
    of = f"{done.rows:,} rows as of {done.taken_at:%Y-%m-%d %H:%M:%S} UTC"
    console.print(f"Restored {of}." if is_rolled_forward else f"Restored {of}: all that were backed up, in every table.")
    console.print("Visitors of today count anew: their secrets are in no backup.")
    if is_rolled_forward:
        console.print("Nothing of it is archived until `footfall backup --physical`.")
    if done.replaced:
        console.print(f"The former store is in {done.replaced}: remove it when you are sure.")
    for name in done.logins_without_password:
        console.print(f"The login {name} needs a new password: footfall tenant sql-access")
    print_findings(done.findings)
    console.print("Not all checks are clean." if done.findings else "All checks are clean.")
