"""`footfall person`: a visitor asks what is held about them, or asks to be forgotten."""

import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from footfall.archive.upkeep import bring_back, forget_erased
from footfall.auth import tenant_key
from footfall.cli.options import AsJson, Data, DatabaseUrl, existing_store, settings_of
from footfall.cli.output import console, print_json, print_rows
from footfall.database import connect
from footfall.errors import NotAccepted
from footfall.governance.handing_over import export_person
from footfall.governance.persons import Kind, Mode, erase_person, find_person, receipts
from footfall.governance.requests import Law, RequestKind, State, add_request, close_request, list_requests
from footfall.governance.tombstones import erase_again, tombstones

person = typer.Typer(no_args_is_help=True, help="What is held about a visitor: find, hand over, erase; and who asked for it.")
requests = typer.Typer(no_args_is_help=True, help="Register of requests: what people asked, and until when it is due.")
person.add_typer(requests, name="requests")
_Tenant = Annotated[str, typer.Option("--tenant", help="Whose visitor.")]
_Kind = Annotated[
    Kind,
    typer.Argument(
        help="What the id is: user, visitor, session, email (by its usual digests), event (its key), code (of footfall.whoami())."
    ),
]
_Value = Annotated[str, typer.Argument(help="The id.")]


@person.command()
def find(
    kind: _Kind,
    value: _Value,
    tenant: _Tenant,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Say who is known by an id: visitors, user ids, sessions, and how many rows of each table.

    Example: footfall person find user customer-4711 --tenant acme
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        found = find_person(connection, tenant_key(connection, tenant), kind, value)
    if as_json:
        print_json(asdict(found))
        return
    print_rows(
        [{"table": table, "rows": rows} for table, rows in found.counts.items()], "Nothing is held about anybody of this id."
    )
    for name, ids in (("visitors", found.visitors), ("user ids", found.users), ("sessions", found.sessions)):
        if ids:
            console.print(f"{name}: {', '.join(ids[:20])}{' …' if len(ids) > 20 else ''}", markup=False)  # noqa: PLR2004


@person.command()
def export(
    kind: _Kind,
    value: _Value,
    tenant: _Tenant,
    out: Annotated[Path, typer.Option(help="The zip to write; it must not be there yet.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Write all that is held about a visitor into a zip: a folder a layer, JSON and CSV, and an index to read.

    Example: footfall person export user customer-4711 --tenant acme --out customer-4711.zip
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        tenant_hk = tenant_key(connection, tenant)
        bring_back(store.url, connection, settings_of(data, database_url).archive, tenant_hk)
        counts = export_person(connection, tenant_hk, kind, value, out)
    if as_json:
        print_json({"file": out, "rows": counts})
    else:
        console.print(f"{out}: {sum(counts.values()):,} rows of {len(counts)} tables.", markup=False)


@person.command()
def erase(
    kind: _Kind,
    value: _Value,
    tenant: _Tenant,
    mode: Annotated[Mode, typer.Option(help="forget: figures stay, nobody's; delete: the events go too.")] = "forget",
    request: Annotated[int | None, typer.Option(help="The request of the register that this answers.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without: say what would go, and end with status 1.")] = False,  # noqa: FBT002
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Erase a visitor from every layer. Nothing brings them back; the receipt names nobody.

    Example: footfall person erase user customer-4711 --tenant acme --yes
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        tenant_hk = tenant_key(connection, tenant)
        if not yes:
            found = find_person(connection, tenant_hk, kind, value)
            if as_json:
                print_json({"would_erase": found.counts, "users": found.users})
            else:
                print_rows([{"table": table, "rows": rows} for table, rows in found.counts.items()], "Nothing is held.")
                console.print("Nothing was erased. To do it, add --yes.")
            raise typer.Exit(1)
        bring_back(store.url, connection, settings_of(data, database_url).archive, tenant_hk)
        with connection.transaction():
            receipt = erase_person(connection, tenant_hk, kind, value, mode)
            if request is not None:
                close_request(connection, tenant_hk, request, "done", receipt.number)
        _forget_in_files(store.url, data, database_url)
    if as_json:
        print_json(asdict(receipt))
    else:
        console.print(f"Erased ({mode}): {sum(receipt.counts.values()):,} rows. Receipt {receipt.number}: {receipt.hash}")


def _forget_in_files(url: str, data: Data, database_url: DatabaseUrl) -> None:
    """Have the archive's files be without who was erased, too."""
    if not forget_erased(url, settings_of(data, database_url).archive):
        message = "Files of the archive hold them still: a worker writes these anew; until then `footfall doctor` says so."
        Console(stderr=True).print(message)


@person.command(name="receipts")
def receipts_(tenant: _Tenant, data: Data = None, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """List the receipts of a tenant's erasures, the newest first.

    Example: footfall person receipts --tenant acme
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        rows = [asdict(one) for one in receipts(connection, tenant_key(connection, tenant))]
    if as_json:
        print_json(rows)
    else:
        said = [row | {"rows": sum(row["counts"].values())} for row in rows]
        print_rows(
            [{name: row[name] for name in ("number", "erased_at", "mode", "rows", "hash")} for row in said],
            "Nobody was erased yet.",
        )


@person.command(name="tombstones")
def tombstones_(
    tenant: _Tenant,
    out: Annotated[Path, typer.Option(help="The file to write.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Write a tenant's tombstones, to be kept beside backups: after a restore they say who must not come back.

    Example: footfall person tombstones --tenant acme --out acme-tombstones.json
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        kept = tombstones(connection, tenant_key(connection, tenant))
    try:
        out.write_text(json.dumps(kept, indent=1) + "\n")
        out.chmod(0o600)
    except OSError as error:
        raise NotAccepted("file_unwritable", f"{out} cannot be written: {error.strerror}") from None
    if as_json:
        print_json({"file": out, "tombstones": len(kept["tombstones"])})
    else:
        console.print(f"{out}: {len(kept['tombstones']):,} tombstones.", markup=False)


@person.command()
def again(
    tenant: _Tenant,
    tombstones_file: Annotated[Path | None, typer.Option("--tombstones", help="File of `footfall person tombstones`.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Erase whoever is stored again under a tombstone: after a restore from a backup.

    Example: footfall person again --tenant acme --tombstones acme-tombstones.json
    """
    kept = _read(tombstones_file) if tombstones_file else None
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        tenant_hk = tenant_key(connection, tenant)
        bring_back(store.url, connection, settings_of(data, database_url).archive, tenant_hk)
        done = erase_again(connection, tenant_hk, kept)
        _forget_in_files(store.url, data, database_url)
    if as_json:
        print_json([asdict(one) for one in done])
    else:
        console.print(f"Erased again: {len(done):,}.")


@requests.command(name="list")
def list_(tenant: _Tenant, data: Data = None, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """List the requests: open ones first, what is due soonest before the others.

    Example: footfall person requests list --tenant acme
    """
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        rows = list_requests(connection, tenant_key(connection, tenant))
    print_json(_said(rows)) if as_json else print_rows(rows, "Nobody has asked yet.")


@requests.command()
def add(
    kind: Annotated[RequestKind, typer.Argument(help="What was asked for.")],
    tenant: _Tenant,
    reference: Annotated[str, typer.Option(help="Leads to your own papers, such as a ticket's number; names nobody.")] = "",
    received: Annotated[datetime | None, typer.Option(help="Day of receipt; default: today (UTC).", formats=["%Y-%m-%d"])] = None,
    law: Annotated[Law, typer.Option(help="gdpr: due in a month; ccpa: in 45 days.")] = "gdpr",
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Put a request down.

    Example: footfall person requests add erasure --tenant acme --reference ticket-512
    """
    day = received.date() if received else datetime.now(UTC).date()
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        row = add_request(connection, tenant_key(connection, tenant), kind, day, reference, law)
    if as_json:
        print_json(_said([row])[0])
    else:
        console.print(f"Request {row['request']}: {row['kind']}, due on {row['due_on']}.")


@requests.command()
def close(
    number: Annotated[int, typer.Argument(help="Which request.")],
    tenant: _Tenant,
    state: Annotated[State, typer.Option(help="done or refused.")] = "done",
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Say that a request was answered, or refused.

    Example: footfall person requests close 1 --tenant acme
    """
    if state == "open":
        raise NotAccepted("state_invalid", "a request is closed as done or refused")
    with existing_store(data, database_url, tenant) as store, connect(store.url, "footfall_worker") as connection:
        row = close_request(connection, tenant_key(connection, tenant), number, state)
    if as_json:
        print_json(_said([row])[0])
    else:
        console.print(f"Request {row['request']}: {row['state']}.")


def _read(file: Path) -> dict[str, Any]:
    try:
        kept = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise NotAccepted("tombstones_invalid", f"{file} cannot be read: {error}") from None
    return kept if isinstance(kept, dict) else {}


def _said(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()} for row in rows]
