"""`footfall migrate`: the schema, brought up to date."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer
from psycopg.conninfo import conninfo_to_dict

from footfall import schema
from footfall.auth import tell
from footfall.cli.options import AsJson, Data, DatabaseUrl, end_unless_all, in_each, settings_of
from footfall.cli.output import console, print_json
from footfall.database import Cells, Step, connect, number_cells, open_store, roles_script, tried
from footfall.settings import HOME


def migrate(
    data: Data = None,
    database_url: DatabaseUrl = None,
    check: Annotated[  # noqa: FBT002
        bool, typer.Option("--check", help="Only say what would be changed; exit status 1 if anything would.")
    ] = False,
    dry_run: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--dry-run",
            help="Try the changes and take them back: their SQL, what they lock, how long they take."
            " They hold the locks as long as the real run would.",
        ),
    ] = False,
    print_roles: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--print-roles", help="Print what an administrator runs once where the owner of the database may make no roles."
        ),
    ] = False,
    role_prefix: Annotated[
        str | None,
        typer.Option(
            "--role-prefix", help="What the store's roles begin with, where another Footfall of the cluster has footfall_…; kept."
        ),
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Make the store if need be, and bring its schema up to date, beside live traffic. `up` and `demo` do this by themselves.

    Example: DATABASE_URL=postgresql://footfall@db/footfall footfall migrate
    """
    settings = settings_of(data, database_url)
    if print_roles:
        owner = str(conninfo_to_dict(settings.database_url).get("user") or "footfall")
        typer.echo(roles_script(owner, role_prefix or "footfall"), nl=False)
        return
    is_looking = check or dry_run
    with open_store(settings.database_url, settings.data, create=not is_looking, user=settings.postgres_user) as store:
        cells = Cells(store.url, settings.cells.named)
        said = in_each(cells.all, lambda cell: _migrated(cell.url, role_prefix, is_looking=is_looking, dry_run=dry_run))
        if not is_looking and len(said) == len(cells.all):
            number_cells(cells)
    if as_json:
        told = {name: one.as_json(with_sql=dry_run) for name, one in said.items()}
        print_json({"cells": told} if cells.are_several else told[HOME])
    else:
        for name, one in said.items():
            if cells.are_several:
                console.print(f"[bold]Cell {name}[/]")
            one.say(with_sql=dry_run)
    end_unless_all(cells.all, said)
    if check and any(one.pending for one in said.values()):
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Migrated:
    """What was changed in a store and made right, or would be (`pending`; None: it was done)."""

    done: list[str]
    repaired: list[Step]
    pending: list[Step] | None

    def as_json(self, *, with_sql: bool) -> dict[str, Any]:
        if self.pending is not None:
            return {"pending": [asdict(step) if with_sql else {"name": step.name} for step in self.pending]}
        return {"changes": self.done} | ({"repairs": [step.name for step in self.repaired]} if self.repaired else {})

    def say(self, *, with_sql: bool) -> None:
        if self.pending is not None:
            _say_steps(self.pending, with_sql=with_sql)
            return
        for step in self.repaired:
            console.print(f"Made right: {step.name}", markup=False)
        done = len(self.done)
        console.print(f"Brought the schema up to date: {done} changes." if done else "The schema is up to date.")


def _migrated(url: str, role_prefix: str | None, *, is_looking: bool, dry_run: bool) -> _Migrated:
    with connect(url) as connection:
        repaired = schema.repairs(connection)
        if is_looking:
            steps = schema.pending(connection, role_prefix) + repaired
            return _Migrated([], repaired, tried(connection, steps, role_prefix) if dry_run else steps)
        done = schema.deploy(connection, role_prefix)
        if done or repaired:
            tell(
                connection,
                "schema.migrated",
                f"version {schema.VERSION.number}",
                {"changes": len(done), "repairs": len(repaired)},
            )
        return _Migrated(done, repaired, None)


def _say_steps(steps: list[Step], *, with_sql: bool) -> None:
    if not steps:
        console.print("The schema is up to date.")
    elif with_sql:
        for step in steps:
            about = "not tried: it runs outside of a transaction" if step.seconds is None else f"{step.seconds:.3f} s"
            typer.echo(f"-- {step.name}: {about}; locks: {', '.join(step.locks) or 'none that others notice'}")
            typer.echo(step.sql)
    else:
        console.print(f"{len(steps)} changes are due:")
        for step in steps:
            console.print(f"  {step.name}", markup=False)
