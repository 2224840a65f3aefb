"""Many tenants at once, from a table: all of them or none."""

import csv
import io
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass

from footfall.auth import NewTenant, add_key, add_owner, add_tenant, set_plan
from footfall.database import Connection
from footfall.errors import NotAccepted
from footfall.vault.hashing import hash_key

_NEEDED = ("tenant_id",)
_CHOICES = ("name", "industry", "time_zone", "currency", "owner", "allowed_hosts", "plan")
COLUMNS = (*_NEEDED, *_CHOICES)
_MOST_TOLD = 20  # faults that are told at once


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table: a tenant, who owns it (an e-mail address), and the most events that it may send in a month."""

    number: int
    tenant: NewTenant
    owner: str
    plan: int | None


@dataclass(frozen=True, slots=True)
class Imported:
    """What is handed to a new tenant; `password`: of an owner who had no account, for one sign-in."""

    tenant_id: str
    write_key: str
    owner: str
    password: str


def read_tenants(text: str) -> list[Line]:
    """The lines of a CSV table with a header. Raises NotAccepted: ``table_invalid``, line by line."""
    rows = csv.DictReader(io.StringIO(text))
    columns = [column.strip().lower() for column in rows.fieldnames or []]
    rows.fieldnames = columns
    if unknown := [column for column in columns if column not in COLUMNS]:
        raise NotAccepted("table_invalid", f"line 1: no such column: {', '.join(unknown)}; there are {', '.join(COLUMNS)}")
    if missing := [column for column in _NEEDED if column not in columns]:
        raise NotAccepted("table_invalid", f"line 1: the column {missing[0]} is missing; there are {', '.join(COLUMNS)}")
    lines: list[Line] = []
    faults: list[str] = []
    seen: dict[str, int] = {}
    for row in rows:
        number, cells = rows.line_num, {column: (row[column] or "").strip() for column in columns}
        if None in row:
            faults.append(f"line {number}: more cells than columns")
            continue
        if (first := seen.setdefault(cells["tenant_id"], number)) != number:
            faults.append(f"line {number}: {cells['tenant_id']!r} is in line {first} already")
        if not (cells.get("plan") or "1").isdecimal() or cells.get("plan") == "0":
            faults.append(f"line {number}: a plan is a number of events a month, not {cells['plan']!r}")
            continue
        lines.append(_line(number, cells))
    _require_none(faults)
    return lines


def import_tenants(connection: Connection, lines: Iterable[Line], home: Connection | None = None) -> list[Imported]:
    """Add all of these tenants, each with a write key, its plan and its owner; or, when anything is wrong with one, none.

    `home`: where owners' accounts are, when these tenants come to live in another cell.
    Raises NotAccepted: ``table_invalid``, which names the lines that are to be mended.
    """
    done, faults = [], []
    people = home or connection
    with connection.transaction(), people.transaction():
        for line in lines:
            try:
                with connection.transaction(), people.transaction():
                    done.append(_add(connection, people, line))
            except NotAccepted as refused:
                faults.append(f"line {line.number}: {refused.code}: {refused}")
        _require_none(faults)
    return done


def keys_as_csv(imported: Iterable[Imported]) -> Iterator[str]:
    """What is handed to the new tenants, a line each, with a header."""
    for row in (("tenant_id", "write_key", "owner", "password"), *map(astuple, imported)):
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow(row)
        yield buffer.getvalue()


def _line(number: int, cells: dict[str, str]) -> Line:
    tenant_id = cells["tenant_id"]
    as_usual = NewTenant(tenant_id, tenant_id)
    tenant = NewTenant(
        tenant_id,
        cells.get("name") or tenant_id,
        cells.get("industry") or as_usual.industry,
        cells.get("time_zone") or as_usual.time_zone,
        cells.get("currency") or as_usual.currency,
        allowed_hosts=tuple(cells.get("allowed_hosts", "").split()),
    )
    return Line(number, tenant, cells.get("owner", ""), int(cells["plan"]) if cells.get("plan") else None)


def _add(connection: Connection, people: Connection, line: Line) -> Imported:
    tenant_id = line.tenant.tenant_id
    add_tenant(connection, line.tenant)
    if line.plan is not None:
        set_plan(connection, tenant_id, {"events_per_month": line.plan})
    password = secrets.token_urlsafe(12) if line.owner else ""
    if line.owner and not add_owner(people, line.owner, tenant_id, password, hash_key(tenant_id)):
        password = ""
    return Imported(tenant_id, add_key(connection, tenant_id, "write", "import")[1], line.owner, password)


def _require_none(faults: list[str]) -> None:
    if faults:
        more = [f"and {len(faults) - _MOST_TOLD} more"] if len(faults) > _MOST_TOLD else []
        raise NotAccepted("table_invalid", "nothing was added:\n" + "\n".join([*faults[:_MOST_TOLD], *more]))
