"""`footfall migrate`: the schema, brought up to date."""

from dataclasses import asdict
from typing import Annotated

import typer
from psycopg.conninfo import conninfo_to_dict

from footfall import schema
from footfall.auth import tell
from footfall.cli.options import AsJson, Data, DatabaseUrl, settings_of
from footfall.cli.output import console, print_json
from footfall.database import Step, connect, open_store, roles_script, tried


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
    with (
        open_store(settings.database_url, settings.data, create=not is_looking, user=settings.postgres_user) as store,
        connect(store.url) as connection,
    ):
        repaired = schema.repairs(connection)
        if is_looking:
            steps = schema.pending(connection, role_prefix) + repaired
            _say_steps(tried(connection, steps, role_prefix) if dry_run else steps, as_json=as_json, with_sql=dry_run)
            raise typer.Exit(1 if check and steps else 0)
        done = schema.deploy(connection, role_prefix)
        if done or repaired:
            tell(
                connection,
                "schema.migrated",
                f"version {schema.VERSION.number}",
                {"changes": len(done), "repairs": len(repaired)},
            )
    if as_json:
        print_json({"changes": done} | ({"repairs": [step.name for step in repaired]} if repaired else {}))
        return
    for step in repaired:
        console.print(f"Made right: {step.name}", markup=False)
    console.print(f"Brought the schema up to date: {len(done)} changes." if done else "The schema is up to date.")


def _say_steps(steps: list[Step], *, as_json: bool, with_sql: bool) -> None:
    if as_json:
        print_json({"pending": [asdict(step) if with_sql else {"name": step.name} for step in steps]})
    elif not steps:
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
