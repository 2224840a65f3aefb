"""Access keys: what a site, a tool or a server shows at the door. The store keeps only their hashes."""

import hashlib
import math
import re
import secrets
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Literal, cast, get_args

from footfall.auth.own_networks import OwnNetworks, own_networks
from footfall.auth.tenants import tenant_disabled
from footfall.database import Connection, Pool, Pools
from footfall.errors import CellAway, NotAccepted
from footfall.settings import HOME

Kind = Literal["write", "read", "admin"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_MOST_DAYS = 3660
_KEY = re.compile("ff[wra]_[A-Za-z0-9_-]{32}")  # as `add_key` makes them


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """Whom a key belongs to, and what the door must know of that tenant."""

    access_key_id: int
    kind: Kind
    tenant_id: str
    tenant_hk: bytes
    time_zone: str
    honour_do_not_track: bool
    keep_truncated_ip: bool
    event_types: tuple[str, ...]  # that the tenant's events may have
    names: tuple[str, ...]  # ids that requests may call the tenant by, the one that is shown first
    events_per_second: int | None = None  # that the tenant may send; None: as the setting says
    limit_reached: str | None = None  # of the tenant's plan
    starts_again: datetime | None = None  # when it counts no longer
    is_disabled: bool = False
    networks: OwnNetworks = ()  # ranges of the tenant's own people
    cell: str = HOME  # where the tenant lives

    @property
    def may_write(self) -> bool:
        """Whether the key lands events."""
        return self.kind in ("write", "admin")

    @property
    def may_read(self) -> bool:
        """Whether the key asks questions."""
        return self.kind in ("read", "admin")

    @property
    def shown_id(self) -> str:
        """The tenant's id as people know it; `tenant_id` is the one that its keys are made of."""
        return self.names[0]

    def is_called(self, name: Any) -> bool:
        """Whether this is one of the tenant's ids."""
        return name in self.names

    def require_active(self) -> None:
        """Raises NotAccepted: ``tenant_disabled`` (403)."""
        if self.is_disabled:
            raise tenant_disabled()

    def require_room(self) -> None:
        """Raises NotAccepted: ``quota_exceeded`` (429) when the tenant has sent all that its plan lets it."""
        if self.limit_reached is None or self.starts_again is None or (wait := self.starts_again - datetime.now(UTC)).days < 0:
            return
        raise NotAccepted(
            "quota_exceeded",
            f"the tenant's plan is used up: {self.limit_reached} (`footfall tenant plan {self.shown_id}` shows it)",
            HTTPStatus.TOO_MANY_REQUESTS,
            retry_after=math.ceil(wait.total_seconds()),
        )

    @property
    def is_trusted(self) -> bool:
        """Whether its sender may name address, user agent and time of an event."""
        return self.kind == "admin"


def folded(event_type: str) -> str:
    """An event type without what spellings differ in: `Page View`, `page-view` and `pageview` are one. Twin of staging.folded."""
    return re.sub(r"[\s._-]+", "", event_type.strip()).lower()


def key_hash(key: str) -> bytes:
    """What the store knows of a key. Keys are 192 random bits: a plain SHA-256 cannot be searched."""
    return hashlib.sha256(key.encode()).digest()


def add_key(
    connection: Connection,
    tenant_id: str,
    kind: Kind,
    label: str,
    *,
    days: int | None = None,
    created_by: str | None = None,
    site: str | None = None,
) -> tuple[int, str]:
    """Make a key for a tenant, for so many days; returns its number and the key itself, which is shown now or never.

    With a site, a write key sends of that site's pages only. Raises NotAccepted: ``tenant_unknown``, ``key_kind_unknown``,
    ``days_invalid``, ``site_unknown``.
    """
    if days is not None and not 1 <= days <= _MOST_DAYS:
        raise NotAccepted("days_invalid", f"a key lasts 1 to {_MOST_DAYS} days")
    if kind not in KINDS:
        raise NotAccepted("key_kind_unknown", f"a key is one of {', '.join(KINDS)}, not {kind!r}")
    if site is not None:
        _require_site(connection, tenant_id, kind, site)
    key = f"ff{kind[0]}_{secrets.token_urlsafe(24)}"
    row = connection.execute(
        "INSERT INTO auth.access_key (key_hash, tenant_hk, kind, label, created_at, created_by, expires_at, site)"
        " SELECT %s, tenant_hk, %s, %s, util.current_load_date(), %s, util.current_load_date() + make_interval(days => %s), %s"
        " FROM auth.tenant_h WHERE tenant_hk = auth.tenant_named(%s) RETURNING access_key_id",
        (key_hash(key), kind, label, created_by, days, site, tenant_id),
    ).fetchone()
    if row is None:
        raise NotAccepted("tenant_unknown", f"there is no tenant {tenant_id!r}: `footfall tenant list` names them")
    return row[0], key


def _require_site(connection: Connection, tenant_id: str, kind: Kind, site: str) -> None:
    if kind != "write":
        raise NotAccepted("site_unknown", f"a {kind} key is of no site: only a write key says whose pages send")
    known = "SELECT FROM auth.site w WHERE w.tenant_hk = auth.tenant_named(%s) AND w.site = %s"
    if connection.execute(known, (tenant_id, site)).fetchone() is None:
        raise NotAccepted("site_unknown", f"{tenant_id} has no site {site!r}: `footfall site list {tenant_id}` names them")


def revoke_key(connection: Connection, access_key_id: int, tenant_id: str | None = None) -> None:
    """End a key for good, of any tenant or of this one; the doors notice within a minute. Raises NotAccepted: ``key_unknown``."""
    revoked = connection.execute(
        "UPDATE auth.access_key k SET revoked_at = coalesce(k.revoked_at, util.current_load_date())"
        " WHERE k.access_key_id = %s AND (%s::text IS NULL OR k.tenant_hk = auth.tenant_named(%s))",
        (access_key_id, tenant_id, tenant_id),
    )
    if revoked.rowcount == 0:
        raise NotAccepted("key_unknown", f"there is no key {access_key_id}: `footfall key list` names them")


def list_keys(connection: Connection, tenant_id: str | None = None) -> list[dict[str, object]]:
    """Every key, or those of one tenant: what is known of it except the key."""
    cursor = connection.execute(
        "SELECT k.access_key_id, t.public_id, k.kind, k.label, k.site, k.created_at, k.created_by, k.expires_at, k.revoked_at"
        " FROM auth.access_key k JOIN auth.tenant_v t USING (tenant_hk)"
        " WHERE %s::text IS NULL OR t.tenant_hk = auth.tenant_named(%s) ORDER BY k.access_key_id",
        (tenant_id, tenant_id),
    )
    names = ("key", "tenant", "kind", "label", "site", "created_at", "created_by", "expires_at", "revoked_at")
    return [dict(zip(names, row, strict=True)) for row in cursor]


class KeyRing:
    """Looks keys up once a minute at most, unknown ones too: a revoked key works no longer than that."""

    SECONDS = 60.0  # a revoked key works no longer than that
    _UNKNOWN_SECONDS = 5.0  # a key may have been made a moment ago
    _KEPT = 50_000
    _UNKNOWN_KEPT = 10_000  # apart: whoever makes keys up pushes no key of a tenant out

    def __init__(self, connections: Pools) -> None:
        self._connections = connections
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, KeyOwner]] = {}
        self._unknown: dict[str, float] = {}
        self._forgotten: dict[bytes, float] = {}
        self._cells: dict[str, str] = {}  # where a key was found last: that cell is asked first

    def known(self, key: str) -> tuple[bool, KeyOwner | None]:
        """Whether the answer is known at once, and the answer: None for a key that opens nothing."""
        if not _KEY.fullmatch(key):
            return True, None
        expires, owner = self._known.get(key, (0.0, None))
        now = time.monotonic()
        return now < expires or now < self._unknown.get(key, 0.0), owner if now < expires else None

    def owner_of(self, key: str) -> KeyOwner | None:
        """The answer, from memory or else from the store."""
        is_known, owner = self.known(key)
        return owner if is_known else self.look_up(key)

    def look_up(self, key: str) -> KeyOwner | None:
        """Ask the store, or all cells, and remember.

        Raises CellAway for a key that none of those knows which answer: it may be one of the other's.
        """
        owner, away = None, None
        for connections in sorted(self._connections.each(), key=lambda one: one.cell != self._cells.get(key, HOME)):
            try:
                owner = self._owner_in(connections, key)
            except CellAway as error:
                away = error
            if owner is not None:
                break
        if owner is None and away is not None:
            raise away
        with self._lock:
            if owner:
                _remember(self._cells, key, owner.cell, self._KEPT)
                _remember(self._known, key, (time.monotonic() + self.SECONDS, owner), self._KEPT)
            else:
                self._known.pop(key, None)
                _remember(self._unknown, key, time.monotonic() + self._UNKNOWN_SECONDS, self._UNKNOWN_KEPT)
        return owner

    def _owner_in(self, connections: Pool, key: str) -> KeyOwner | None:
        with connections.connection() as connection:
            row = connection.execute("SELECT * FROM auth.key_owner(%s)", (key_hash(key),)).fetchone()
            networks = own_networks(connection, bytes(row[3])) if row else ()
        # what was copied on a tenant's way to another cell opens nothing before it is there, nor after it has left
        if row is None or not connections.lives(bytes(row[3])):
            return None
        number, kind, tenant_id, tenant_hk, zone, honours, keeps, event_types, names, *state = row
        owner = KeyOwner(
            number,
            cast(Kind, kind),
            tenant_id,
            bytes(tenant_hk),
            zone,
            honours,
            keeps,
            tuple(event_types),
            tuple(names),
            *state,
        )
        return replace(owner, cell=connections.cell, networks=networks)

    def forget(self, tenant_hk: bytes) -> None:
        """Look this tenant's keys up anew, as it moves; every other second, as each of its events says that it does."""
        now = time.monotonic()
        if now < self._forgotten.get(tenant_hk, 0.0):
            return
        with self._lock:
            self._forgotten = {one: until for one, until in self._forgotten.items() if now < until} | {tenant_hk: now + 2}
            self._known = {key: known for key, known in self._known.items() if known[1].tenant_hk != tenant_hk}


def _remember(answers: dict[str, Any], key: str, answer: Any, most: int) -> None:
    """Keep an answer, and forget the oldest where there are too many."""
    answers.pop(key, None)
    if len(answers) >= most:
        del answers[next(iter(answers))]
    answers[key] = answer
