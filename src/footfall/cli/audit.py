"""`footfall audit`: who did what, and whether that is still what was written."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from footfall.auth import OF_NO_TENANT, tenant_key
from footfall.cli.options import AsJson, Data, DatabaseUrl, existing_store
from footfall.cli.output import console, print_json, print_rows
from footfall.database import Connection, connect
from footfall.errors import NotAccepted
from footfall.governance import Wish, all_entries, as_csv, require_head, verify

audit = typer.Typer(no_args_is_help=True, help="Audit log: who did what, in chains that nobody changes unseen.")
_OPERATORS = "operators"
_Which = Annotated[
    str | None, typer.Option("--tenant", help=f"Only this tenant's chain; {_OPERATORS}: what belongs to no tenant.")
]


@audit.command(name="list")
def list_(
    tenant: _Which = None,
    who: Annotated[
        str, typer.Option(help="A part of who did it: an e-mail address, a label, or person, key, token, cli, worker.")
    ] = "",
    action: Annotated[str, typer.Option(help="An action such as key.revoked, or what is before its point.")] = "",
    since: Annotated[datetime | None, typer.Option(help="From this moment on (UTC).")] = None,
    limit: Annotated[int, typer.Option(min=1, help="So many rows, the newest.")] = 100,
    as_csv_: Annotated[bool, typer.Option("--csv", help="Say it as CSV.")] = False,  # noqa: FBT002
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List who did what, the newest first. People are called as they are called today.

    Example: footfall audit list --tenant acme --action key --since 2026-11-01
    """
    wish = Wish(who, action, limit=limit)
    if since:
        wish = Wish(who, action, since.replace(tzinfo=UTC), limit=limit)
    with existing_store(data, database_url) as store, connect(store.url, "footfall_worker") as connection:
        rows = all_entries(connection, _chain(connection, tenant), wish)
    if as_json:
        print_json(rows)
    elif as_csv_:
        for line in as_csv(rows):
            typer.echo(line, nl=False)
    else:
        said = ("tenant", "seq", "at", "who", "via", "action", "subject", "details")
        print_rows([{name: row[name] for name in said} for row in rows], "Nothing was told yet.")


@audit.command(name="verify")
def verify_(
    tenant: _Which = None,
    head: Annotated[
        str | None, typer.Option(help="SEQ:HASH that this command printed before: the chain must go through it.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Prove that no row was changed, removed, put elsewhere or cut off; of all chains, or one. Exit status 1 if one was.

    Note the heads down where the database's owner cannot: only that shows a chain that was written anew as a whole.

    Example: footfall audit verify --tenant acme
    """
    with existing_store(data, database_url) as store, connect(store.url, "footfall_worker") as connection:
        chain = _chain(connection, tenant)
        if head:
            if chain is None:
                raise NotAccepted("option_invalid", f"--head is of one chain: name it with --tenant, or --tenant {_OPERATORS}")
            require_head(connection, chain, head)
        chains, breaks = verify(connection, chain)
    if as_json:
        print_json({"chains": [asdict(one) for one in chains], "breaks": [asdict(one) for one in breaks]})
    else:
        print_rows(
            [{"chain": one.tenant or _OPERATORS, "rows": one.rows, "head": f"{one.rows}:{one.head}"} for one in chains],
            "There is no chain yet.",
        )
        if breaks:
            first = breaks[0]
            console.print(f"The chain of {first.tenant or _OPERATORS} is broken at {first.seq}: {first.message} ({first.code}).")
            console.print(f"{len(breaks)} places in all; --json names them." if len(breaks) > 1 else "")
        else:
            console.print("All chains are whole." if tenant is None else "The chain is whole.")
    if breaks:
        raise typer.Exit(1)


def _chain(connection: Connection, tenant: str | None) -> bytes | None:
    """The key of the chain that is named; None: all."""
    if tenant is None:
        return None
    return OF_NO_TENANT if tenant == _OPERATORS else tenant_key(connection, tenant)
