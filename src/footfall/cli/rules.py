"""`footfall rules`: a tenant's own rules for bots, channels, pages and internal traffic, over those that come with Footfall."""

from pathlib import Path
from typing import Annotated

import typer

from footfall.auth import OF_NO_TENANT, tenant_key
from footfall.cli.options import AsJson, Data, DatabaseUrl, existing_store
from footfall.cli.output import console, print_json, print_rows
from footfall.database import connect
from footfall.errors import NotAccepted
from footfall.judgement.rules import RuleSet, as_json, read_rules
from footfall.operations import rules as own

rules = typer.Typer(
    no_args_is_help=True,
    help="A tenant's own rules for bots, channels, pages and internal traffic, over those that come with Footfall.",
)
Tenant = Annotated[str, typer.Option(help="Whose rules.")]
Why = Annotated[str, typer.Option(help="The reason, kept with the rules.")]
History = Annotated[bool, typer.Option("--history", help="All sets that there ever were, with who made them and why.")]
Lists = Annotated[
    bool,
    typer.Option(
        "--lists", help="Judge agents and referrers of what is stored by the general lists of this version of Footfall."
    ),
]
File = Annotated[Path, typer.Argument(help="The rules, as JSON.", exists=True, dir_okay=False)]


@rules.command()
def show(
    tenant: Tenant,
    history: History = False,  # noqa: FBT002
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json_: AsJson = False,  # noqa: FBT002
) -> None:
    """Print the rules in force, as `apply` reads them.

    Example: footfall rules show --tenant acme > rules.json
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        known = own.versions(connection, tenant_key(connection, tenant))
        general = own.versions(connection, OF_NO_TENANT)
    if not history:
        # beside the rules: those may go into a file
        for one, what in ((known[:1], "own"), (general[:1], "general")):
            if one:
                typer.echo(
                    f"Version {one[0].version} of the {what} rules ({one[0].digest[:12]}), {one[0].since:%Y-%m-%d %H:%M}",
                    err=True,
                )
        print_json(as_json(known[0].rules) if known else {})
        return
    sets = [*known, *general]
    rows = [
        {
            "of": tenant if place < len(known) else "footfall",
            "version": one.version,
            "in_force_from": one.since,
            "until": one.until,
            "made_by": one.made_by,
            "reason": one.reason,
            "takes_back": one.reverts,
            "judged": one.receipt is not None,
            "digest": one.digest[:12],
        }
        for place, one in enumerate(sets)
    ]
    if as_json_:
        print_json([row | {"rules": as_json(one.rules), "receipt": one.receipt} for row, one in zip(rows, sets, strict=True)])
    else:
        print_rows(rows, "There are no rules of its own: the general ones hold.")


@rules.command()
def diff(tenant: Tenant, file: File, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Print how the rules of a file differ from those in force.

    Example: footfall rules diff rules.json --tenant acme
    """
    wanted = _read(file)
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        current = own.rules_in_force(connection, tenant_key(connection, tenant))
    for line in own.difference(current, wanted, "in force", str(file)):
        console.print(line, markup=False)


@rules.command()
def preview(
    tenant: Tenant,
    file: Annotated[
        Path | None, typer.Argument(help="The rules, as JSON; none: those in force.", exists=True, dir_okay=False)
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, help="Of visits that began in the last so many days; default: of all.")
    ] = None,
    lists: Lists = False,  # noqa: FBT002
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json_: AsJson = False,  # noqa: FBT002
) -> None:
    """Say what putting these rules in force would change, with examples; nothing is changed.

    Example: footfall rules preview rules.json --tenant acme --days 30
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        tenant_hk = tenant_key(connection, tenant)
        current = own.rules_in_force(connection, tenant_hk)
        wanted = _read(file) if file else current
        changes = own.preview(connection, tenant_hk, wanted, days, lists=lists)
    if as_json_:
        print_json([own.as_row(change) for change in changes])
    else:
        _print(changes, "Nothing would change.")
        if note := own.note_on(current, wanted):
            console.print(note, markup=False)


@rules.command()
def apply(
    tenant: Tenant,
    file: Annotated[
        Path | None,
        typer.Argument(
            help="The rules, as JSON; none: those in force, for what they have not judged yet.", exists=True, dir_okay=False
        ),
    ] = None,
    why: Why = "",
    lists: Lists = False,  # noqa: FBT002
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json_: AsJson = False,  # noqa: FBT002
) -> None:
    """Put these rules in force, for what comes and for all that is stored. Interrupted, it goes on with `apply` without a file.

    Example: footfall rules apply rules.json --tenant acme --why "our uptime check is no visitor"
    """
    wanted = _read(file) if file else None
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        tenant_hk = tenant_key(connection, tenant)
        if wanted or lists:
            wanted = wanted or own.rules_in_force(connection, tenant_hk)
            done = own.apply(connection, tenant_hk, wanted, why, lists=lists)
        else:
            done = own.judge_again(connection, tenant_hk)
    _print_done(done, is_json=as_json_)


@rules.command()
def revert(
    tenant: Tenant,
    why: Why = "",
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json_: AsJson = False,  # noqa: FBT002
) -> None:
    """Take back the rules in force: every answer is what it was under those before them.

    Example: footfall rules revert --tenant acme --why "the check is part of the shop after all"
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        done = own.revert(connection, tenant_key(connection, tenant), why)
    _print_done(done, is_json=as_json_)


def _read(file: Path) -> RuleSet:
    try:
        return read_rules(file.read_bytes())
    except OSError as error:
        raise NotAccepted("rules_invalid", f"{file} cannot be read: {error.strerror}") from None


def _print_done(done: own.Applied, *, is_json: bool) -> None:
    if is_json:
        print_json({"version": done.version, "digest": done.digest, "changes": [own.as_row(change) for change in done.changes]})
        return
    _print(done.changes, "Nothing that is stored changed.")
    console.print(f"Version {done.version} of the rules is in force ({done.digest[:12]}).")


def _print(changes: list[own.Change] | tuple[own.Change, ...], empty: str) -> None:
    if not changes:
        console.print(empty)
    for change in changes:
        console.print(own.sentence_of(change), markup=False)
        if change.example:
            console.print(f"    {change.example}", markup=False, style="dim")
