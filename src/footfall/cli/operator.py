"""`footfall operator`: programs of those who run the service."""

from typing import Annotated

import typer

from footfall.auth import add_operator_token, list_operator_tokens, revoke_operator_token
from footfall.cli.options import AsJson, Data, DatabaseUrl, existing_store
from footfall.cli.output import console, print_json, print_rows
from footfall.database import connect

operator = typer.Typer(no_args_is_help=True, help="Programs of those who run the service.")
token = typer.Typer(no_args_is_help=True, help="Tokens for /api/operator: all tenants and their usage, and no event.")
operator.add_typer(token, name="token")


@token.command()
def add(
    label: Annotated[str, typer.Argument(help="What it is for, e.g. billing.")],
    days: Annotated[int | None, typer.Option(help="It ends by itself after so many days.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Make a token. It is shown this once, alone on the last line: only its hash is stored.

    Example: footfall operator token add billing --days 365
    """
    with existing_store(data, database_url) as store, connect(store.url, "footfall_worker") as connection:
        number, secret = add_operator_token(connection, label, days=days)
    if as_json:
        print_json({"token": number, "secret": secret})
        return
    console.print(f"Operator's token {number}:")
    console.print(secret, soft_wrap=True)


@token.command()
def revoke(
    number: Annotated[int, typer.Argument(help="The token's number, see `footfall operator token list`.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """End a token for good, at once.

    Example: footfall operator token revoke 3
    """
    with existing_store(data, database_url) as store, connect(store.url, "footfall_worker") as connection:
        revoke_operator_token(connection, number)
    if as_json:
        print_json({"revoked": number})
    else:
        console.print(f"Revoked operator's token {number}.")


@token.command(name="list")
def list_(data: Data = None, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """List tokens; the tokens themselves nobody can list.

    Example: footfall operator token list
    """
    with existing_store(data, database_url) as store, connect(store.url, "footfall_worker") as connection:
        rows = list_operator_tokens(connection)
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, "There is no token yet: footfall operator token add --help")
