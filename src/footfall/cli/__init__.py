"""The `footfall` command: one file a command, each calling one function of a room."""

import getpass
import os
import sys
from importlib import metadata
from typing import Annotated

import click
import psycopg
import typer

from footfall import schema
from footfall.cli.audit import audit
from footfall.cli.backup import backup
from footfall.cli.check import check
from footfall.cli.database_url import database_url
from footfall.cli.demo import demo
from footfall.cli.digest import digest
from footfall.cli.doctor import doctor
from footfall.cli.event_type import event_type
from footfall.cli.export import export
from footfall.cli.goal import goal
from footfall.cli.import_ import import_
from footfall.cli.key import key
from footfall.cli.migrate import migrate
from footfall.cli.operator import operator
from footfall.cli.options import SETTINGS
from footfall.cli.output import print_json
from footfall.cli.psql import psql
from footfall.cli.rebuild import rebuild
from footfall.cli.rebuild_marts import rebuild_marts
from footfall.cli.report import report
from footfall.cli.restore import restore
from footfall.cli.retention import retention
from footfall.cli.rules import rules
from footfall.cli.serve import serve
from footfall.cli.site import site
from footfall.cli.tenant import tenant
from footfall.cli.up import up
from footfall.cli.upgrade_store import upgrade_store_
from footfall.cli.user import user
from footfall.cli.worker import worker
from footfall.database import MAJOR, Actor, acting_as
from footfall.errors import FootfallError, SchemaOutdated, StoreUnavailable

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Multi-tenant site tracking on a Data Vault in PostgreSQL.",
)
app.command(epilog=SETTINGS)(up)
app.command(epilog=SETTINGS)(demo)
app.add_typer(tenant, name="tenant")
app.add_typer(site, name="site")
app.add_typer(key, name="key")
app.add_typer(retention, name="retention")
app.add_typer(goal, name="goal")
app.add_typer(rules, name="rules")
app.add_typer(event_type, name="event-type")
app.add_typer(user, name="user")
app.add_typer(operator, name="operator")
app.add_typer(audit, name="audit")
app.command()(report)
app.command()(export)
app.add_typer(import_, name="import")
app.command()(check)
app.command()(doctor)
app.command()(backup)
app.command()(restore)
app.command(name="upgrade-store")(upgrade_store_)
app.command()(digest)
app.command()(rebuild)
app.command(name="rebuild-marts")(rebuild_marts)
app.command()(migrate)
app.command(epilog=SETTINGS)(worker)
app.command(epilog=SETTINGS)(serve)
app.command(name="database-url")(database_url)
app.command()(psql)


def _say_version(is_asked: bool) -> None:  # noqa: FBT001  Typer calls it
    if is_asked:
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
    except psycopg.OperationalError as error:
        _fail(StoreUnavailable.code, f"the store cannot be reached any more, or gave up: {_line(error)}")


def _fail(code: str, message: str, exit_status: int = 1) -> None:
    if "--json" in sys.argv:
        print_json({"success": False, "error": code, "message": message})
    else:
        click.echo(f"{code}: {message}", err=True)
    sys.exit(exit_status)


def _line(error: psycopg.Error) -> str:
    return " ".join((error.diag.message_primary or str(error)).split())
