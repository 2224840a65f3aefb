"""`footfall rules`: a tenant's own rules for bots, channels, pages and internal traffic, over those that come with Footfall."""

import difflib
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from footfall.auth import tenant_key
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
    if not history:
        print_json(as_json(known[0].rules) if known else {})
        return
    rows = [
        {
            "version": one.version,
            "in_force_from": one.since,
            "until": one.until,
            "made_by": one.made_by,
            "reason": one.reason,
            "takes_back": one.reverts,
            "judged": one.receipt is not None,
            "digest": one.digest[:12],
        }
        for one in known
    ]
    if as_json_:
        print_json([row | {"rules": as_json(one.rules), "receipt": one.receipt} for row, one in zip(rows, known, strict=True)])
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
    ours, theirs = (json.dumps(as_json(one), indent=2, ensure_ascii=False).splitlines() for one in (current, wanted))
    for line in difflib.unified_diff(ours, theirs, "in force", str(file), lineterm=""):
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
        wanted = _read(file) if file else own.rules_in_force(connection, tenant_hk)
        changes = own.preview(connection, tenant_hk, wanted, days, lists=lists)
    if as_json_:
        print_json([_row(change) for change in changes])
    else:
        _print(changes, "Nothing would change.")


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


def _row(change: own.Change) -> dict[str, Any]:
    row = {"aspect": change.aspect, "was": change.was, "becomes": change.becomes, change.what: change.count}
    return (
        row
        | ({"events": change.events} if change.what == "visits" else {})
        | ({"example": change.example} if change.example else {})
    )


def _print_done(done: own.Applied, *, is_json: bool) -> None:
    if is_json:
        print_json({"version": done.version, "digest": done.digest, "changes": [_row(change) for change in done.changes]})
        return
    _print(done.changes, "Nothing that is stored changed.")
    console.print(f"Version {done.version} of the rules is in force ({done.digest[:12]}).")


def _print(changes: list[own.Change] | tuple[own.Change, ...], empty: str) -> None:
    if not changes:
        console.print(empty)
    for change in changes:
        of_events = f"{change.events:,} events of " if change.what == "visits" else ""
        what = change.what.removesuffix("s") if change.count == 1 else change.what
        console.print(
            f"{of_events}{change.count:,} {what}: {change.aspect} {change.was or 'none'} → {change.becomes or 'none'}",
            markup=False,
        )
        if change.example:
            console.print(f"    {change.example}", markup=False, style="dim")
