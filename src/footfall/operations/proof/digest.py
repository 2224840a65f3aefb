"""Digests of what is stored, for each table, tenant and month; and of two stores, where they differ, to the row.

A row's hash is the SHA-256 of its values as PostgreSQL writes them under settings that a digest fixes. A digest is the count of
the rows and the sums of two 64-bit parts of their hashes, modulo 2^64: the order of rows says nothing, and a row that is there
twice counts twice.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any, NamedTuple, cast

from footfall.database import Connection
from footfall.errors import NotAccepted
from footfall.operations.proof.tables import Part, parts

_MOST_ROWS = 10  # told of one table, tenant and month
_SIZE = 2**64


class Place(NamedTuple):
    """What a digest is of. A month as 2026-11; rows whose months are none, such as those of rollups of all time, have ``-``."""

    table: str
    tenant: str
    month: str


class Digest(NamedTuple):
    """The rows there, and 128 bits in hexadecimal digits that say which."""

    rows: int
    value: str


Digests = Mapping[Place, Digest]


@dataclass(frozen=True, slots=True)
class Extent:
    """What is looked at: these tenants (their hash keys), or all; this month, or all; as it was at the end of a month, or is."""

    tenants: tuple[bytes, ...] | None = None
    month: date | None = None
    until: str = "infinity"

    @property
    def parameters(self) -> dict[str, Any]:
        """Of the statements."""
        return {"tenants": None if self.tenants is None else list(self.tenants), "month": self.month, "until": self.until}

    def covers(self, part: Part) -> bool:
        """Whether a table can be asked what it was then."""
        return part.has_history or self.until == "infinity"


@dataclass(frozen=True, slots=True)
class RowDifference:
    """A row that one of two stores has otherwise, or has not: ``{column: (here, there)}``, None where there is no row."""

    key: str
    columns: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    only: str = ""  # "here" or "there"


@dataclass(frozen=True, slots=True)
class Difference:
    """A table, tenant and month in which two stores differ; `rows`: the first that do, none where only digests were compared."""

    place: Place
    here: Digest | None
    there: Digest | None
    rows: tuple[RowDifference, ...] = ()


def month_of(text: str) -> date:
    """The first day of a month such as 2026-11. Raises NotAccepted: ``date_invalid``."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise NotAccepted("date_invalid", f"{text} is no month: write 2026-11") from None


@contextlib.contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """A transaction that sees one moment, and writes every value in one way."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.execute(
            "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres';"
            " SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off"
        )
        yield


def digests_of(connection: Connection, extent: Extent, told: Callable[[str], None] = lambda _: None) -> dict[Place, Digest]:
    """The digests of a store, in a `snapshot`; `told` hears of each table before it is read."""
    names = _names(connection)
    found: dict[Place, Digest] = {}
    for part in parts(connection):
        if not extent.covers(part):
            continue
        told(part.table)
        for tenant_hk, month, rows, first, second in connection.execute(_digest(part), extent.parameters):
            place = Place(part.table, names.get(tenant_hk, tenant_hk.hex()), _month(month))
            found[place] = Digest(rows, f"{int(first) % _SIZE:016x}{int(second) % _SIZE:016x}")
    return found


def compare(here: Digests, there: Digests) -> list[Difference]:
    """Where two stores differ, by their digests."""
    places = sorted(here.keys() | there.keys())
    return [Difference(place, here.get(place), there.get(place)) for place in places if here.get(place) != there.get(place)]


def with_rows(here: Connection, there: Connection, extent: Extent, differences: Iterable[Difference]) -> list[Difference]:
    """The same differences with the rows that differ, the first of each; both stores in a `snapshot`."""
    known = {part.table: part for part in parts(here)}
    keys = {name: tenant_hk for tenant_hk, name in _names(here).items()} | {name: t for t, name in _names(there).items()}
    return [
        Difference(found.place, found.here, found.there, _rows(here, there, known[found.place.table], found.place, extent, keys))
        for found in differences
    ]


def as_json(found: Digests) -> list[dict[str, Any]]:
    """Digests as a document."""
    return [{**place._asdict(), "rows": digest.rows, "digest": digest.value} for place, digest in sorted(found.items())]


def differences_as_json(differences: Iterable[Difference]) -> list[dict[str, Any]]:
    """Where stores differ, as a document."""
    return [
        {
            **one.place._asdict(),
            "here": one.here._asdict() if one.here else None,
            "there": one.there._asdict() if one.there else None,
            "rows": [
                {"key": row.key, "only": row.only, "columns": {name: list(values) for name, values in row.columns.items()}}
                for row in one.rows
            ],
        }
        for one in differences
    ]


def from_json(document: Iterable[Mapping[str, Any]]) -> dict[Place, Digest]:
    """Digests from such a document."""
    return {
        Place(line["table"], line["tenant"], line["month"]): Digest(int(line["rows"]), str(line["digest"])) for line in document
    }


def _names(connection: Connection) -> dict[bytes, str]:
    """Tenants by their first ids, which keys are made of; the rows of none by the empty one."""
    return {b"": ""} | dict(connection.execute("/* proof.digest */ SELECT tenant_hk, tenant_bk FROM auth.tenant_h").fetchall())


def _month(day: date | None) -> str:
    return day.strftime("%Y-%m") if day else "-"


def _base(part: Part) -> str:
    """Each row's tenant, month, key and values. Of -infinity and infinity there is no month."""
    values = ", ".join(part.values.values())
    key = ", ".join(part.values[name] for name in part.key)
    return f"""
        SELECT t.tenant_hk AS of_tenant, m.of_month, ROW({key})::text AS of_key, ROW({values})::text AS of_row
        FROM {part.rows}
        CROSS JOIN LATERAL (
            SELECT CASE WHEN isfinite({part.month}) THEN date_trunc('month', {part.month})::date END AS of_month) m
        WHERE {part.where} AND (%(tenants)s::bytea[] IS NULL OR t.tenant_hk = ANY (%(tenants)s))
          AND (%(month)s::date IS NULL OR m.of_month = %(month)s)
        OFFSET 0"""  # noqa: S608  names of the model and of the catalog


def _digest(part: Part) -> str:
    return f"""/* proof.digest */
        SELECT r.of_tenant, r.of_month, count(*), sum(('x' || left(h.hash, 16))::bit(64)::bigint),
               sum(('x' || substr(h.hash, 17, 16))::bit(64)::bigint)
        FROM ({_base(part)}) r CROSS JOIN LATERAL (SELECT encode(sha256(convert_to(r.of_row, 'UTF8')), 'hex') AS hash OFFSET 0) h
        GROUP BY r.of_tenant, r.of_month"""  # noqa: S608


def _ordered(part: Part) -> str:
    return f"""/* proof.rows */
        SELECT r.of_key, r.of_row FROM ({_base(part)}) r ORDER BY r.of_key COLLATE "C", r.of_row COLLATE "C" """  # noqa: S608


def _named(part: Part) -> str:
    names = ", ".join(f"{value} AS {name}" for name, value in part.values.items())
    key = ", ".join(part.values[name] for name in part.key)
    return f"""/* proof.row */
        SELECT to_jsonb(v) FROM (SELECT {names} FROM {part.rows}
        WHERE {part.where} AND t.tenant_hk = ANY (%(tenants)s) AND ROW({key})::text = %(key)s) v LIMIT 1"""  # noqa: S608


def _rows(
    here: Connection, there: Connection, part: Part, place: Place, extent: Extent, keys: Mapping[str, bytes]
) -> tuple[RowDifference, ...]:
    month = date.fromisoformat(f"{place.month}-01") if place.month != "-" else None
    narrow = Extent((keys.get(place.tenant, b""),), month, extent.until)
    return tuple(islice(_differing(here, there, part, narrow), _MOST_ROWS))


def _differing(here: Connection, there: Connection, part: Part, extent: Extent) -> Iterator[RowDifference]:
    """Both stores' rows are read beside each other, in the order of their keys: however many there are, few are held."""
    with _stream(here, part, extent) as ours, _stream(there, part, extent) as theirs:
        left, right = next(ours, None), next(theirs, None)
        while left or right:
            if left == right:
                left, right = next(ours, None), next(theirs, None)
            elif left and right and left[0] == right[0]:
                yield RowDifference(_shown(left[0]), _columns(here, there, part, extent, left[0]))
                left, right = next(ours, None), next(theirs, None)
            elif right is None or (left and left < right):
                yield RowDifference(_shown(cast("tuple[bytes, bytes]", left)[0]), only="here")
                left = next(ours, None)
            else:
                yield RowDifference(_shown(right[0]), only="there")
                right = next(theirs, None)


@contextlib.contextmanager
def _stream(connection: Connection, part: Part, extent: Extent) -> Iterator[Iterator[tuple[bytes, bytes]]]:
    with connection.cursor(name="proof_rows") as cursor:
        cursor.itersize = 2000
        cursor.execute(_ordered(part), extent.parameters)
        # bytes are compared as the server orders them
        yield ((key.encode(), row.encode()) for key, row in cursor)


def _columns(here: Connection, there: Connection, part: Part, extent: Extent, key: bytes) -> dict[str, tuple[Any, Any]]:
    parameters = extent.parameters | {"key": key.decode()}
    found = []
    for connection in (here, there):
        row = connection.execute(_named(part), parameters).fetchone()
        found.append(row[0] if row else {})
    ours, theirs = found
    return {name: (ours.get(name), theirs.get(name)) for name in sorted(part.values) if ours.get(name) != theirs.get(name)}


def _shown(key: bytes) -> str:
    """A key as people copy it: without the brackets and quotes of a row."""
    return key.decode().strip("()").replace('"', "").replace("\\\\x", "\\x")
