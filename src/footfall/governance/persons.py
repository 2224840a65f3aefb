"""A person of a tenant: found, counted by layer, forgotten or deleted, with a receipt.

A person is whatever one id leads to: sessions lead to visitors and visitors to sessions, until nothing is new. Without consent a
visitor is a browser behind an address, of one day; that is the smallest that can be told apart.
"""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal, get_args

import psycopg

from footfall.auth import require_no_hold, tell
from footfall.database import Connection
from footfall.errors import NotAccepted
from footfall.governance.reach import REACH
from footfall.judgement import judge_new

Kind = Literal["user", "visitor", "session", "email", "event"]
Mode = Literal["forget", "delete"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MODES: tuple[Mode, ...] = get_args(Mode)
MOST_SESSIONS = 20_000  # that one id may lead to: what more share is nobody's
_GONE_FROM_RAW = """
/* governance.persons */ SELECT count(*)
FROM pg_temp.person_event p
WHERE NOT EXISTS (
    SELECT FROM pg_temp.person_raw o
    JOIN raw.site_tracking_events_r r ON r.raw_event_id = o.raw_event_id AND r.received_timestamp = o.received_timestamp
    WHERE o.event_hk = p.site_event_hk AND o.load_date IS NOT NULL)
"""
_TURNS = ("sessions", "site_visitor_details", "site_page_details", "business_item_details", "rollups", "load")


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

    `connection` is a worker's. Raises NotAccepted: ``person_too_large``, ``kind_unknown``.
    """
    with connection.transaction():
        _gather(connection, tenant_hk, kind, value)
        person = _person(connection, tenant_hk)
        tell(connection, "visitor.found", kind, {"events": person.events}, tenant_hk)
    return person


def erase_person(connection: Connection, tenant_hk: bytes, kind: Kind, value: str, mode: Mode = "forget") -> Receipt:
    """Erase whoever is known by an id from every layer, in one transaction; loads and upkeep wait for it.

    *forget*: their events stay and count as before, nobody's; *delete*: the events go too. Nothing brings them back: what
    comes under one of their ids later is refused. Raises NotAccepted: ``person_unknown``, ``person_too_large``,
    ``kind_unknown``, ``mode_unknown``, ``tenant_held``, ``raw_gone``: retention has removed from raw what forgetting would load
    anew.
    """
    if mode not in MODES:
        raise NotAccepted("mode_unknown", f"{mode!r} is no mode: forget or delete")
    with connection.transaction():
        connection.execute(
            "SELECT util.take_turn(w) FROM unnest(%s::text[]) WITH ORDINALITY AS t(w, n) ORDER BY n", (list(_TURNS),)
        )
        require_no_hold(connection, tenant_hk)
        _gather(connection, tenant_hk, kind, value)
        return _erase(connection, tenant_hk, mode)


def _erase(connection: Connection, tenant_hk: bytes, mode: Mode) -> Receipt:
    """Erase who is laid out in the temporary tables."""
    counts = _counts(connection, tenant_hk)
    if not counts:
        raise NotAccepted("person_unknown", "nothing is held about anybody of this id", HTTPStatus.NOT_FOUND)
    if mode == "forget" and (gone := int(_value(connection, _GONE_FROM_RAW))):
        raise NotAccepted(
            "raw_gone",
            f"{gone:,} of these events are kept in raw no longer: they cannot be told anew without who they are of, only deleted",
            HTTPStatus.CONFLICT,
        )
    secret = bytes(_value(connection, "SELECT auth.erasure_secret_of(%s)", tenant_hk))
    before = _digest(connection, tenant_hk, secret)
    number = int(_value(connection, "SELECT coalesce(max(erasure_id), 0) + 1 FROM auth.erasure WHERE tenant_hk = %s", tenant_hk))
    connection.execute("SELECT business.bury_person(%s, %s)", (tenant_hk, number))
    connection.execute(
        "SELECT business.remove_events(%s, ARRAY(SELECT p.site_event_hk FROM pg_temp.person_event p), 'erasure')", (tenant_hk,)
    )
    if mode == "delete":
        connection.execute("SELECT business.delete_person(%s)", (tenant_hk,))
    else:
        connection.execute("SELECT business.forget_person(%s)", (tenant_hk,))
        batches = _value(
            connection, "SELECT array_agg(DISTINCT p.batch_id) FROM pg_temp.person_raw p WHERE p.event_hk IS NOT NULL"
        )
        if batches:
            judge_new(connection, batches)
        connection.execute("SELECT business.reload_person(%s)", (tenant_hk,))
    if left := _counts(connection, tenant_hk, is_left=True):
        raise AssertionError(f"an erasure left rows in {', '.join(left)}")
    connection.execute("SELECT business.renew_person()")
    after = _digest(connection, tenant_hk, secret)
    row = connection.execute(
        "SELECT e.erasure_id, e.erased_at, e.mode, e.counts, encode(e.digest_before, 'hex'), encode(e.digest_after, 'hex'),"
        " encode(e.previous_hash, 'hex'), encode(e.hash, 'hex') FROM auth.write_receipt(%s, %s, %s, %s, %s, %s) e",
        (tenant_hk, number, mode, psycopg.types.json.Jsonb(counts), before, after),
    ).fetchone()
    assert row is not None  # noqa: S101  the function returns a row
    return Receipt(*row)


def receipts(connection: Connection, tenant_hk: bytes) -> list[Receipt]:
    """The receipts of a tenant's erasures, the newest first."""
    return [
        Receipt(*row)
        for row in connection.execute(
            "/* governance.persons */ SELECT erasure_id, erased_at, mode, counts, encode(digest_before, 'hex'),"
            " encode(digest_after, 'hex'), encode(previous_hash, 'hex'), encode(hash, 'hex')"
            " FROM auth.erasure WHERE tenant_hk = %s ORDER BY erasure_id DESC",
            (tenant_hk,),
        )
    ]


@contextmanager
def laid_out(connection: Connection, tenant_hk: bytes, kind: Kind, value: str) -> Iterator[None]:
    """A transaction that sees one moment, in which a person is laid out in the temporary tables of `REACH`."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        _gather(connection, tenant_hk, kind, value)
        yield


def _gather(connection: Connection, tenant_hk: bytes, kind: Kind, value: str) -> None:
    """Lay the person out, as of an id; an e-mail address is looked for under what sites make of one."""
    if kind not in KINDS:
        raise NotAccepted("kind_unknown", f"{kind!r} is no kind of id: {', '.join(KINDS)}")
    try:
        if kind != "email":
            connection.execute("SELECT business.gather_person(%s, %s, %s, %s)", (tenant_hk, kind, value.strip(), MOST_SESSIONS))
            return
        for made in _made_of(value):
            for as_kind in ("user", "visitor"):
                connection.execute("SELECT business.gather_person(%s, %s, %s, %s)", (tenant_hk, as_kind, made, MOST_SESSIONS))
                if _value(connection, "SELECT EXISTS (SELECT FROM pg_temp.person_raw)") or _value(
                    connection, "SELECT EXISTS (SELECT FROM pg_temp.person_session)"
                ):
                    return
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


def _person(connection: Connection, tenant_hk: bytes) -> Person:
    def ids(kind: str) -> tuple[str, ...]:
        rows = connection.execute("SELECT p.id FROM pg_temp.person_id p WHERE p.kind = %s ORDER BY 1", (kind,))
        return tuple(one for (one,) in rows)

    users = connection.execute(
        "/* governance.persons */ SELECT c.user_id FROM pg_temp.person_session p JOIN business.site_session_context_s c"
        " USING (site_session_hk) WHERE c.user_id IS NOT NULL"
        " UNION SELECT s.user_id FROM pg_temp.person_raw p JOIN staging.site_events_staging s"
        " USING (raw_event_id, received_timestamp) WHERE s.user_id IS NOT NULL ORDER BY 1"
    )
    counts = _counts(connection, tenant_hk)
    return Person(
        ids("visitor") if counts else (),
        tuple(one for (one,) in users),
        ids("session") if counts else (),
        int(_value(connection, "SELECT count(*) FROM pg_temp.person_event")),
        counts,
    )


def _counts(connection: Connection, tenant_hk: bytes, *, is_left: bool = False) -> dict[str, int]:
    found = {}
    for reached in REACH:
        where = (reached.left or reached.where) if is_left else reached.where
        query = f"/* governance.reach */ SELECT count(*) FROM {reached.table} t WHERE {where}"  # noqa: S608  of the list alone
        rows = _value(connection, query, tenant_hk=tenant_hk)
        if rows:
            found[reached.table] = int(rows)
    return found


def _digest(connection: Connection, tenant_hk: bytes, secret: bytes) -> bytes:
    """HMAC of the person's rows of all tables: the order of rows says nothing."""
    whole = hmac.new(secret, digestmod="sha256")
    for reached in REACH:
        rows = connection.execute(
            f"/* governance.reach */ SELECT sha256(convert_to(to_jsonb(t)::text, 'UTF8')) FROM {reached.table} t"  # noqa: S608
            f" WHERE {reached.where} ORDER BY 1",
            {"tenant_hk": tenant_hk},
        )
        whole.update(reached.table.encode())
        for (row,) in rows:
            whole.update(row)
    return whole.digest()


def _value(connection: Connection, query: str, *values: Any, **named: Any) -> Any:
    row = connection.execute(query, named or values).fetchone()
    return row[0] if row else None
