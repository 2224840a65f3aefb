"""A person of a tenant: found, counted by layer, forgotten or deleted, with a receipt.

A person is whatever one id leads to: sessions lead to visitors and visitors to sessions, until nothing is new. Without consent a
visitor is a browser behind an address, of one day; that is the smallest that can be told apart.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal, get_args

import psycopg

from footfall.auth import require_no_hold, require_raw, tell
from footfall.business.reach import REACH
from footfall.database import Connection, actor_setting
from footfall.errors import NotAccepted
from footfall.judgement import judge_own_origins

Kind = Literal["user", "visitor", "session", "email", "event", "code"]
Mode = Literal["forget", "delete"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MODES: tuple[Mode, ...] = get_args(Mode)
MOST_SESSIONS = 20_000  # that one id may lead to: what more share is nobody's
_RECEIPT = (
    "e.erasure_id, e.erased_at, e.mode, e.counts, encode(e.digest_before, 'hex'), encode(e.digest_after, 'hex'),"
    " encode(e.previous_hash, 'hex'), encode(e.hash, 'hex')"
)


@dataclass(frozen=True, slots=True)
class Person:
    """What is held about somebody.

    Attributes:
        visitors: visitor ids and keys that they were seen under.
        users: the site's own ids that were met in their sessions; of a shared browser there may be several people's.
        sessions: ids of their sessions.
        events: how many events.
        counts: rows by table, those without any left out.
    """

    visitors: tuple[str, ...]
    users: tuple[str, ...]
    sessions: tuple[str, ...]
    events: int
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an erasure did; nothing in it leads to the person. `hash` covers the rest and the hash of the receipt before."""

    number: int
    erased_at: datetime
    mode: str
    counts: dict[str, int]
    digest_before: str
    digest_after: str
    previous_hash: str
    hash: str


def find_person(connection: Connection, tenant_hk: bytes, kind: Kind, value: str) -> Person:
    """Who is known by an id. Somebody of whom nothing is held has no counts.

    `connection` is a worker's or an administrator's. Raises NotAccepted: ``person_too_large``, ``kind_unknown``.
    """
    with laid_out(connection, tenant_hk, kind, value) as is_somebody:
        told = _value(connection, "/* governance.persons */ SELECT business.tell_own_person()") if is_somebody else {}
        person = Person(
            tuple(told.get("visitors") or ()),
            tuple(told.get("users") or ()),
            tuple(told.get("sessions") or ()),
            told.get("events", 0),
            _in_order(told.get("counts", {})),
        )
        tell(connection, "visitor.found", kind, {"events": person.events}, tenant_hk)
    return person


def erase_person(connection: Connection, tenant_hk: bytes, kind: Kind, value: str, mode: Mode = "forget") -> Receipt:
    """Erase whoever is known by an id from every layer, in one transaction; loads and upkeep wait for it.

    *forget*: their events stay and count as before, nobody's; *delete*: the events go too. Nothing brings them back: what
    comes under one of their ids later is refused. `connection` is a worker's or an administrator's. Raises NotAccepted:
    ``person_unknown``, ``person_too_large``, ``kind_unknown``, ``mode_unknown``, ``tenant_held``, ``raw_gone``: retention has
    removed from raw what forgetting would load anew; ``raw_in_archive``: what was sent has left for the archive, and has to be
    brought back (`footfall.archive.upkeep`).
    """
    if mode not in MODES:
        raise NotAccepted("mode_unknown", f"{mode!r} is no mode: forget or delete")
    with connection.transaction():
        is_somebody = _gather(connection, tenant_hk, kind, value, is_to_change=True)
        require_no_hold(connection, tenant_hk)
        require_raw(connection, tenant_hk)
        if not is_somebody:
            raise NotAccepted("person_unknown", "nothing is held about anybody of this id", HTTPStatus.NOT_FOUND)
        if mode == "forget" and (gone := int(_value(connection, "SELECT business.own_events_gone_from_raw()"))):
            raise NotAccepted(
                "raw_gone",
                f"{gone:,} of these events, or visits, have lost what was sent: they cannot be told anew without who they are of,"
                " only deleted",
                HTTPStatus.CONFLICT,
            )
        judge_own_origins(connection)
        row = connection.execute(
            f"/* governance.persons */ SELECT {_RECEIPT} FROM business.erase_own_person(%s) e",  # noqa: S608  a constant
            (mode,),
        ).fetchone()
    assert row is not None  # noqa: S101  the function returns a row
    return Receipt(row[0], row[1], row[2], _in_order(row[3]), *row[4:])


def receipts(connection: Connection, tenant_hk: bytes) -> list[Receipt]:
    """The receipts of a tenant's erasures, the newest first."""
    rows = connection.execute(
        f"/* governance.persons */ SELECT {_RECEIPT} FROM auth.erasure e"  # noqa: S608  a constant
        " WHERE e.tenant_hk = %s ORDER BY e.erasure_id DESC",
        (tenant_hk,),
    )
    return [Receipt(*row) for row in rows]


@contextmanager
def laid_out(connection: Connection, tenant_hk: bytes, kind: Kind, value: str) -> Iterator[bool]:
    """A transaction that sees one moment, in which a person is laid out; whether there is one."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield _gather(connection, tenant_hk, kind, value)


def rows_of(connection: Connection, table: str) -> list[dict[str, Any]]:
    """The rows of a table that are of the person who is laid out."""
    return [row for (row,) in connection.execute("/* governance.persons */ SELECT business.rows_of_own_person(%s)", (table,))]


def _gather(connection: Connection, tenant_hk: bytes, kind: Kind, value: str, *, is_to_change: bool = False) -> bool:
    """Lay the person out, as of an id; an e-mail address is looked for under what sites make of one."""
    if kind not in KINDS:
        raise NotAccepted("kind_unknown", f"{kind!r} is no kind of id: {', '.join(KINDS)}")
    ids = (
        [(as_kind, made) for made in _made_of(value) for as_kind in ("user", "visitor")]
        if kind == "email"
        else [(kind, value.strip())]
    )
    connection.execute("SELECT set_config('app.tenant_hk', %s, true)", (tenant_hk.hex(),))
    if actor := actor_setting():
        connection.execute("SELECT set_config('app.actor', %s, true)", (actor,))
    try:
        return bool(
            _value(
                connection,
                "/* governance.persons */ SELECT business.gather_own_person(%s, %s, %s, %s)",
                [as_kind for as_kind, _ in ids],
                [one for _, one in ids],
                MOST_SESSIONS,
                is_to_change,
            )
        )
    except psycopg.DatabaseError as error:
        if error.diag.message_primary != "person_too_large":
            raise
        raise NotAccepted(
            "person_too_large",
            f"more than {MOST_SESSIONS:,} sessions hang together under this id: it is shared, and nobody's",
            HTTPStatus.CONFLICT,
        ) from None


def _made_of(email: str) -> Iterator[str]:
    """What sites send in place of an e-mail address, which itself is never stored: its usual digests, in hexadecimal."""
    address = email.strip().lower().encode()
    for digest in (hashlib.sha256, hashlib.md5, hashlib.sha1, hashlib.sha512):
        yield digest(address).hexdigest()


def _in_order(counts: dict[str, int]) -> dict[str, int]:
    """As the layers follow each other."""
    return {one.table: counts[one.table] for one in REACH if one.table in counts}


def _value(connection: Connection, query: str, *values: Any) -> Any:
    row = connection.execute(query, values).fetchone()
    return row[0] if row else None
