"""The `footfall` command: one file a command, each calling one function of a room."""

import getpass
import os
import sys
from importlib import metadata
from typing import Annotated

import click
import psycopg
import typer

from footfall.cli.commands import Commands
from footfall.cli.output import print_json
from footfall.database import MAJOR, Actor, acting_as
from footfall.errors import FootfallError, SchemaOutdated, StoreUnavailable

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Multi-tenant site tracking on a Data Vault in PostgreSQL.",
)


def _say_version(is_asked: bool) -> None:  # noqa: FBT001  Typer calls it
    if is_asked:
        from footfall import schema  # noqa: PLC0415  all rooms, for a number

        typer.echo(f"footfall {metadata.version('footfall')}, schema {schema.VERSION.number}, PostgreSQL {MAJOR} embedded")
        raise typer.Exit


@app.callback()
def _about(
    context: typer.Context,
    _version: Annotated[  # noqa: FBT002
        bool, typer.Option("--version", help="Say which version this is.", is_eager=True, callback=_say_version)
    ] = False,
) -> None:
    """Multi-tenant site tracking on a Data Vault in PostgreSQL."""
    context.with_resource(acting_as(Actor("cli", _system_user(), "cli")))


def _system_user() -> str:
    """Who runs this command; in a container a number may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def main() -> None:
    """Run the command that the command line names."""
    try:
        app()
    except FootfallError as error:
        _fail(error.code, str(error), error.exit_status)
    except (psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedFunction, psycopg.errors.UndefinedTable) as error:
        _fail(SchemaOutdated.code, f"the store's schema is not the one of this version ({_line(error)}): run `footfall migrate`")
    except psycopg.errors.InsufficientPrivilege as error:
        _fail("not_the_owner", f"{_line(error)}: is DATABASE_URL that of the schema's owner?")
    except psycopg.Error as error:
        from footfall.raw import MOVING, tenant_moving  # noqa: PLC0415  a room with the loop of the door, for a message

        if error.sqlstate == MOVING:
            moving = tenant_moving()
            _fail(moving.code, str(moving))
        if not isinstance(error, psycopg.OperationalError):
            raise
        _fail(StoreUnavailable.code, f"the store cannot be reached any more, or gave up: {_line(error)}")


def _fail(code: str, message: str, exit_status: int = 1) -> None:
    if "--json" in sys.argv:
        print_json({"success": False, "error": code, "message": message})
    else:
        click.echo(f"{code}: {message}", err=True)
    sys.exit(exit_status)


def _line(error: psycopg.Error) -> str:
    return " ".join((error.diag.message_primary or str(error)).split())
