"""`footfall user`: people who may sign in to the dashboard."""

import secrets
from functools import reduce
from typing import Annotated, cast

import typer

from footfall.auth import (
    ROLES,
    AccountRole,
    add_account,
    end_passkeys,
    end_second_factor,
    end_single_sign_on,
    list_accounts,
    reset_password,
    set_role,
)
from footfall.cli.options import AsJson, Data, DatabaseUrl, all_cells, existing_store
from footfall.cli.output import console, print_json, print_rows
from footfall.database import connect

user = typer.Typer(no_args_is_help=True, help="People who sign in: owner, admin or viewer of tenants, or operator of all.")
Tenant = Annotated[str | None, typer.Option(help="A tenant in which they get a role.")]
Role = Annotated[str, typer.Option(help=f"{', '.join(ROLES)}.")]


@user.command()
def add(
    email: Annotated[str, typer.Argument(help="Their e-mail address, with which they sign in.")],
    name: Annotated[str, typer.Option(help="Their name.")] = "",
    tenant: Tenant = None,
    role: Role = "viewer",
    operator: Annotated[bool, typer.Option(help="Runs the service: owner of every tenant.")] = False,  # noqa: FBT002
    password: Annotated[str, typer.Option(envvar="FOOTFALL_PASSWORD", help="At least 10 characters; default: one is made.")] = "",
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Add a person. A password that is made is shown this once, alone on the last line.

    Example: footfall user add ann@acme.example --tenant acme --role owner
    """
    secret = password or secrets.token_urlsafe(12)
    with (
        all_cells(data, database_url) as cells,
        connect(cells.home.url, "footfall_worker") as connection,
        connection.transaction(),
    ):
        add_account(connection, email, name, secret, is_operator=operator)
        if tenant is not None:
            set_role(connection, email, tenant, cast(AccountRole, role), cells.key_of(tenant))
    made = {} if password else {"password": secret}
    if as_json:
        print_json({"email": email, **made})
        return
    console.print(f"{email} may sign in." + ("" if password else " Password:"))
    if made:
        console.print(secret, soft_wrap=True)


@user.command(name="password")
def password_(
    email: Annotated[str, typer.Argument(help="Whose password.")],
    password: Annotated[str, typer.Option(envvar="FOOTFALL_PASSWORD", help="At least 10 characters; default: one is made.")] = "",
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Give a person a new password, and sign them out everywhere. One that is made is shown this once, alone on the last line.

    Example: footfall user password ann@acme.example
    """
    secret = password or secrets.token_urlsafe(12)
    with existing_store(data, database_url) as store, connect(store.url, "footfall_worker") as connection:
        reset_password(connection, email, secret)
    if as_json:
        print_json({"email": email, **({} if password else {"password": secret})})
        return
    console.print(f"{email} has a new password." if password else f"{email} has a new password:")
    if not password:
        console.print(secret, soft_wrap=True)


@user.command(name="role")
def role_(
    email: Annotated[str, typer.Argument(help="Whose role.")],
    tenant: Annotated[str, typer.Option(help="In which tenant.")],
    role: Annotated[str, typer.Option(help=f"{', '.join(ROLES)}; none takes it away.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Give a person a role in a tenant, or take it away.

    Example: footfall user role ann@acme.example --tenant acme --role viewer
    """
    with (
        all_cells(data, database_url) as cells,
        connect(cells.home.url, "footfall_worker") as connection,
        connection.transaction(),
    ):
        set_role(connection, email, tenant, None if role == "none" else cast(AccountRole, role), cells.key_of(tenant))
    if as_json:
        print_json({"email": email, "tenant": tenant, "role": role})
    else:
        console.print(f"{email}: {role} of {tenant}.")


@user.command(name="list")
def list_(data: Data = None, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """List everybody who may sign in.

    Example: footfall user list
    """
    with all_cells(data, database_url) as cells, connect(cells.home.url, "footfall_worker") as connection:
        rows = list_accounts(connection)
        if cells.are_several:
            for row in rows:
                row["roles"] = reduce(lambda text, one: text.replace(one[0].hex(), one[1]), cells.names.items(), row["roles"])
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, "Nobody may sign in yet: footfall user add --help")


@user.command(name="end-second-factor")
def end_second_factor_(
    email: Annotated[str, typer.Argument(help="Who has lost it.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Ask somebody who has lost their authenticator and their recovery codes for no code any more.

    Example: footfall user end-second-factor ann@acme.example
    """
    with existing_store(data, database_url) as store, connect(store.url, "footfall_worker") as connection:
        had = end_second_factor(connection, email)
    if as_json:
        print_json({"email": email, "ended": had})
    else:
        console.print(f"{email} signs in with the password alone." if had else f"{email} had no second factor.")


@user.command(name="end-passkeys")
def end_passkeys_(
    email: Annotated[str, typer.Argument(help="Who has lost one.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """End all passkeys of somebody who has lost a device, and sign them out: they sign in by their password, and make new ones.

    Example: footfall user end-passkeys ann@acme.example
    """
    with existing_store(data, database_url) as store, connect(store.url, "footfall_worker") as connection:
        ended = end_passkeys(connection, email)
    if as_json:
        print_json({"email": email, "ended": ended})
    else:
        console.print(f"{ended} passkeys of {email} open nothing any more." if ended else f"{email} had no passkey.")


@user.command(name="end-single-sign-on")
def end_single_sign_on_(
    email: Annotated[str, typer.Argument(help="Whom the provider knows by another subject now.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Forget who somebody is to the provider of single sign-on, and sign them out: their next sign-on is linked anew.

    Example: footfall user end-single-sign-on ann@acme.example
    """
    with existing_store(data, database_url) as store, connect(store.url, "footfall_worker") as connection:
        had = end_single_sign_on(connection, email)
    if as_json:
        print_json({"email": email, "ended": had})
    else:
        console.print(f"{email} is nobody to the provider now." if had else f"{email} never signed in by single sign-on.")
