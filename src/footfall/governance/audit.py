"""Who did what: the rows of the chains, and whether a chain is whole.

Rows are written by `auth/sql/audit.sql`, in the transaction that they tell of. Nothing here writes.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from footfall.database import Connection
from footfall.errors import NotAccepted

_NAMES = ("tenant", "seq", "at", "kind", "who", "via", "action", "subject", "details", "request_id", "hash")
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets compute (OWASP, CSV injection): names are customers' own
_EVER = datetime(1, 1, 1, tzinfo=UTC)
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_BREAKS = {
    "changed": "the row is not the one that was written",
    "missing": "there is no row of this number",
    "unlinked": "the row does not follow from the one before it",
    "end": "the chain ends here, and went on once",
    "anchor": "the operators' chain says that another row stood here",
    "gone": "there is no such chain any more",
}
_HEADS = """
/* governance.audit */ SELECT t.public_id, h.tenant_hk, h.seq, encode(h.hash, 'hex')
FROM auth.audit_head h LEFT JOIN auth.tenant_v t USING (tenant_hk)
WHERE %s::bytea IS NULL OR h.tenant_hk = %s
ORDER BY t.public_id NULLS FIRST
"""
_FOUND = """
/* governance.audit */ SELECT t.public_id, b.tenant_hk, b.seq, b.broken
FROM auth.audit_breaks(%s, '-infinity') b LEFT JOIN auth.tenant_v t USING (tenant_hk)
ORDER BY t.public_id NULLS FIRST, b.seq
"""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """Which rows are asked for: all, unless something is said.

    `who`: a part of who did it, their name or kind; `action`: one of `ACTIONS`, or what is before its point; `since` and
    `until`: from one moment on, before another.
    """

    who: str = ""
    action: str = ""
    since: datetime = _EVER
    until: datetime = _NEVER
    limit: int = 100
    offset: int = 0

    @property
    def whole(self) -> "Wish":
        """The same from the newest row on: what a page of several chains is cut from."""
        return replace(self, limit=self.offset + self.limit, offset=0)


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain: how many rows it has, and the hash of the last, to be noted down elsewhere. Of no `tenant`: the operators'."""

    tenant: str | None
    rows: int
    head: str


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a chain is broken, and what is wrong there."""

    tenant: str | None
    seq: int
    code: str
    message: str


def own_entries(connection: Connection, wish: Wish = Wish()) -> list[Row]:
    """Rows of the chain of the connection's tenant, the newest first; `connection` acts as footfall_admin (`administering`)."""
    query = "SELECT * FROM auth.own_audit(%s, %s, %s, %s, %s, %s)"
    values = (wish.who, wish.action, wish.since, wish.until, wish.limit, wish.offset)
    return [dict(zip(_NAMES, row, strict=True)) for row in connection.execute(query, values)]


def all_entries(connection: Connection, tenant_hk: bytes | None = None, wish: Wish = Wish()) -> list[Row]:
    """Rows of all chains, or of one (b"": what belongs to no tenant), the newest first: for operators."""
    query = "SELECT * FROM auth.all_audit(%s, %s, %s, %s, %s, %s, %s)"
    values = (tenant_hk, wish.who, wish.action, wish.since, wish.until, wish.limit, wish.offset)
    return [dict(zip(_NAMES, row, strict=True)) for row in connection.execute(query, values)]


def as_csv(rows: Iterable[Row]) -> Iterator[str]:
    """Rows as lines of CSV, a header first; `details` as JSON."""
    for cells in (_NAMES, *(_cells(row) for row in rows)):
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow(cells)
        yield buffer.getvalue()


def verify(connection: Connection, tenant_hk: bytes | None = None) -> tuple[list[Chain], list[Break]]:
    """The chains, of one tenant (b"": of none) or of all, and the places where they are broken, the first of each first.

    `connection` is a worker's. What whoever owns the database may do unseen is to write a whole chain anew, its head
    included: `require_head` finds that for who noted a head down elsewhere.
    """
    chains = connection.execute(_HEADS, (tenant_hk, tenant_hk)).fetchall()
    breaks = connection.execute(_FOUND, (tenant_hk,)).fetchall()
    return (
        [Chain(_name(public_id, hk), seq, head) for public_id, hk, seq, head in chains],
        [Break(_name(public_id, hk), seq, code, _BREAKS[code]) for public_id, hk, seq, code in breaks],
    )


def require_head(connection: Connection, tenant_hk: bytes, noted: str) -> None:
    """Prove that a chain still goes through the head that was noted down, `SEQ:HASH`.

    Raises NotAccepted: ``head_invalid`` when it is none, ``head_unknown`` when the chain has been written anew since, or cut.
    """
    seq, _, head = noted.partition(":")
    if not seq.isdecimal() or not head:
        raise NotAccepted("head_invalid", f"{noted!r} is no head: `footfall audit verify` prints them as SEQ:HASH")
    row = connection.execute(
        "SELECT encode(e.hash, 'hex') FROM auth.audit_event e WHERE e.tenant_hk = %s AND e.seq = %s", (tenant_hk, int(seq))
    ).fetchone()
    if row is None or row[0] != head.lower():
        raise NotAccepted("head_unknown", f"the chain does not go through {noted}: it was cut there, or written anew")


def _name(public_id: str | None, tenant_hk: bytes) -> str | None:
    return public_id or bytes(tenant_hk).hex() or None


def _cells(row: Row) -> list[Any]:
    said = row | {"at": f"{row['at']:%Y-%m-%dT%H:%M:%S.%fZ}", "details": json.dumps(row["details"], sort_keys=True)}
    return [f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULAS) else cell for cell in said.values()]
