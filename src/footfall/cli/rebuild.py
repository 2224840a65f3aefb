"""`footfall rebuild`: a store made anew from raw, and compared with what it was made from."""

import random
from dataclasses import asdict, replace
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from footfall.archive.place import Place
from footfall.auth import tenant_key
from footfall.cli.digest import say_differences
from footfall.cli.options import AsJson, Data, DatabaseUrl, settings_of
from footfall.cli.output import console, print_json
from footfall.database import connect, open_store
from footfall.errors import NotAccepted
from footfall.operations.proof.digest import differences_as_json
from footfall.operations.proof.rebuild import Rebuilt, Wanted, rebuild_into, sample, verify


def rebuild(
    into: Annotated[str | None, typer.Option(help="The URL of a fresh database: it becomes the rebuilt store.")] = None,
    verify_: Annotated[  # noqa: FBT002
        bool, typer.Option("--verify", help="Into a database that is thrown away afterwards, also when this is interrupted.")
    ] = False,
    tenant: Annotated[list[str] | None, typer.Option(help="Only this tenant; can be given again. Default: all.")] = None,
    sample_: Annotated[int | None, typer.Option("--sample", min=1, help="So many tenants, by chance.")] = None,
    months: Annotated[
        int | None, typer.Option(min=1, help="So many months, by chance: what was loaded until the latest is loaded anew.")
    ] = None,
    from_archive: Annotated[  # noqa: FBT002
        bool, typer.Option("--from-archive", help="Have what has left raw from the archive (setting FOOTFALL_ARCHIVE).")
    ] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Load raw once more, load by load, into a fresh store, and compare the two to the row. Exit status 1 if they differ.

    Example: footfall rebuild --verify --sample 3
    """
    if bool(into) == verify_:
        raise NotAccepted("option_invalid", "--into names a fresh database to rebuild into; --verify throws it away: one of them")
    if into and (sample_ or months):
        raise NotAccepted("option_invalid", "--sample and --months are for --verify: what stays is whole")
    settings = settings_of(data, database_url)
    archive = Place(settings.archive) if from_archive else None
    with open_store(settings.database_url, settings.data, user=settings.postgres_user) as store:
        with connect(store.url, "footfall_worker") as connection:
            tenants = tuple(tenant_key(connection, name) for name in tenant) if tenant else None
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("", total=None)

            def told(what: str, events: int) -> None:
                progress.update(task, description=what, advance=events)

            if into:
                done = rebuild_into(store, into, Wanted(tenants, archive=archive), told)
            else:
                chance = random.Random()  # noqa: S311  a sample, not a secret
                wanted = sample(store, tenants, sample_, months, chance) if sample_ or months else Wanted(tenants)
                done = verify(store, replace(wanted, archive=archive), told, user=settings.postgres_user)
    if as_json:
        print_json(asdict(replace(done, differences=())) | {"differences": differences_as_json(done.differences)})
    else:
        _say(done)
    if not done.is_proved:
        raise typer.Exit(1)


def _say(done: Rebuilt) -> None:
    rate = f", {done.events / done.seconds:,.0f} a second" if done.seconds else ""
    console.print(f"Loaded {done.events:,} events anew in {done.loads:,} loads and jobs{rate}.")
    for limit in done.limits:
        console.print(f"Not rebuilt: {limit}", markup=False)
    say_differences(list(done.differences))
    if done.not_compared:
        console.print(f"{done.not_compared:,} digests were not compared: what they rest upon is not in raw any more.")
    for failure in done.failures:
        console.print(f"Failed: {failure}", markup=False)
    console.print(
        f"All {done.compared:,} digests are equal."
        if done.is_proved
        else f"The stores differ: {len(done.differences)} of {done.compared:,} digests."
    )
