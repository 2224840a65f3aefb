"""Web server logs as events.

A request is a page view when a page was asked for and given; a file that was taken home is a download, a page that is not there
is a missing one (`logs.kinds`). The id of an event is made of the line itself, so that a log imported twice, or again after it
has grown, counts once.
"""

import hashlib
import json
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import chain, islice
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from footfall.auth import (
    TrustedProxies,
    address_of,
    day_of,
    first_id,
    own_network_of,
    own_networks,
    tenant_key,
    visitor_key,
)
from footfall.database import Connection
from footfall.imports.ledger import Import, begin_import, finish_import
from footfall.imports.logs.formats import HEAD, reader_of
from footfall.imports.logs.kinds import EVENTS, Kind, kind_of
from footfall.imports.logs.opening import LogFile
from footfall.imports.logs.request import MALFORMED, Request
from footfall.imports.logs.sites import Sites, bare
from footfall.raw import IncomingEvent, land, moving, tenant_moving
from footfall.settings import Networks

_AT_ONCE = 5000  # events in one commit
_REMEMBERED_LINES = 200_000
_REMEMBERED_VISITORS = 100_000
_VISIT = timedelta(minutes=30)


@dataclass(slots=True)
class Imported:
    """What became of a log.

    Attributes:
        import_id: what it can be taken back by.
        record_source: of its events.
        format: the name of the format that it is in.
        kinds: events landed, by kind.
        skipped: lines left out, by reason.
        malformed: the number of the first line that could not be read, and the line.
        incomplete: what is wrong with a file that is cut off or damaged.
        is_site_missing: pages have no host, as neither the log nor the caller named one.
    """

    import_id: str
    record_source: str
    format: str = ""
    kinds: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    malformed: tuple[int, str] | None = None
    incomplete: str | None = None
    is_site_missing: bool = False

    @property
    def imported(self) -> int:
        """Events landed."""
        return sum(self.kinds.values())


def import_access_log(
    connection: Connection,
    file: BinaryIO,
    tenant_id: str,
    site: str = "",
    *,
    wanted: str = "",
    trusted: Networks = Networks("private"),  # noqa: B008  it never changes
    file_name: str = "",
    by: str = "",
) -> Imported:
    """Land what a log tells of a tenant's pages.

    Args:
        connection: a worker's.
        file: the log, plain or packed (gzip, bzip2, xz, zstd).
        tenant_id: raises NotAccepted ``tenant_unknown`` when there is none of this id.
        site: what comes before the path in a page's URL, e.g. ``https://example.com``, where the log does not say.
        wanted: the name of its format, or one of one's own; empty: it is told by the first lines.
        trusted: the proxies that are believed when they say whom they speak for.
        file_name: what the list of imports shows.
        by: who imports, likewise.

    Raises FormatUnknown before anything is landed, and NotAccepted ``format_incomplete``.
    """
    tenant_id = first_id(connection, tenant_id)
    opened = LogFile(file)
    lines = enumerate(map(_decoded, opened), start=1)
    head = list(islice(lines, HEAD))
    name, read = reader_of([line for _, line in head], wanted)
    importing = begin_import(connection, tenant_key(connection, tenant_id), name, file_name=file_name, site=site, by=by)
    done = Imported(importing.import_id, importing.record_source, name)
    counted: Counter[Kind] = Counter()
    skipped: Counter[str] = Counter()
    events = _Events(connection, tenant_id, importing, Sites(site, _hosts_of(connection, tenant_id)), trusted)
    waiting: list[IncomingEvent] = []
    for number, line in chain(head, lines):
        if not line or (request := read(line)) is None:
            continue
        if isinstance(request, str):
            skipped[request] += 1
            if request == MALFORMED and done.malformed is None:
                done.malformed = number, _identity(line)
            continue
        kind, event = events.of(request, line)
        if event is None:
            skipped[kind] += 1
            continue
        counted[kind] += 1
        waiting.append(event)
        if len(waiting) == _AT_ONCE:
            _land(connection, waiting)
            waiting.clear()
    _land(connection, waiting)
    done.kinds = {str(kind): counted[kind] for kind in EVENTS if counted[kind]}
    done.skipped = {str(reason): count for reason, count in sorted(skipped.items())}
    done.incomplete, done.is_site_missing = opened.incomplete, events.sites.is_unknown
    finish_import(connection, importing, lines=done.imported + skipped.total(), imported=done.imported)
    return done


def _land(connection: Connection, events: list[IncomingEvent]) -> None:
    """Raises NotAccepted: ``tenant_moving`` when the tenant goes to another cell meanwhile; the import can be run again there."""
    with connection.transaction():
        if moving(connection, events):
            raise tenant_moving()
        land(connection, events)


def outcome(connection: Connection, imported: Imported) -> dict[str, int]:
    """What became of an import's events so far: pending, loaded, duplicate, invalid."""
    cursor = connection.execute(
        "SELECT fate, count(*) FROM raw.site_tracking_events_v WHERE record_source = %s GROUP BY fate ORDER BY fate",
        (imported.record_source,),
    )
    return dict(cursor.fetchall())


def bots(connection: Connection, imported: Imported) -> int:
    """How many of an import's events are of bots, of those that have been loaded."""
    row = connection.execute(
        "SELECT count(*) FROM business.site_event_details_s WHERE record_source = %s AND traffic_class = 'bot'",
        (imported.record_source,),
    ).fetchone()
    return int(row[0]) if row else 0


class _Events:
    """The events of a log's requests."""

    def __init__(self, connection: Connection, tenant_id: str, importing: Import, sites: Sites, trusted: Networks) -> None:
        self.sites = sites
        self._tenant_id = tenant_id
        self._record_source = importing.record_source
        self._proxies = TrustedProxies(trusted)
        self._visitors = _Visitors(connection, tenant_id)
        self._networks = own_networks(connection, tenant_key(connection, tenant_id))
        self._repeats = _Repeats()
        self._seen: OrderedDict[str, datetime] = OrderedDict()

    def of(self, request: Request, line: str) -> tuple[Kind, IncomingEvent | None]:
        """What a request counts as, and its event; None: it is none."""
        own = self.sites.own(request)
        if own is None:
            return (Kind.METHOD if request.method != "GET" else Kind.PROXY), None
        before, target = own
        path = target.partition("?")[0]
        kind = kind_of(request, path)
        if kind not in EVENTS:
            return kind, None
        said = self._payload(kind, request, before, target)
        said |= {"event_id": self._event_id(line), "event_timestamp": request.moment.isoformat()}
        event = IncomingEvent(
            tenant_id=self._tenant_id,
            received=datetime.now(UTC),
            payload=json.dumps({key: value for key, value in said.items() if value is not None}),
            record_source=self._record_source,
            user_agent=request.user_agent,
            visitor_id=self._visitor(kind, request),
            own_network=own_network_of(address_of(self._client_of(request)), self._networks),
            is_trusted=True,
            is_late=True,
        )
        return kind, event

    def _payload(self, kind: Kind, request: Request, before: str, target: str) -> dict[str, str | None]:
        """What the tracker would have sent: of a download, the page that linked to it; of a missing page, itself."""
        page, referrer = before + target, self.sites.referrer(request, before)
        match kind:
            case Kind.DOWNLOAD:
                is_own = referrer is not None and bare(urlsplit(referrer).hostname or "") == bare(urlsplit(before).hostname or "")
                return {
                    "evt_type": "engagement",
                    "evt_action": "download",
                    "evt_label": page,
                    "page_url": referrer if is_own else None,
                    "page_referrer": None if is_own else referrer,
                }
            case Kind.NOT_FOUND:
                path = unquote(target.partition("?")[0])
                told = {"evt_type": "engagement", "evt_action": "not_found", "evt_label": path}
                return told | {"page_url": page, "page_referrer": referrer}
        return {"evt_type": "page_view", "page_url": page, "page_referrer": referrer}

    def _visitor(self, kind: Kind, request: Request) -> str | None:
        """Whose request it is. What asks for pages that are not there, and for none that are, is a scanner: it makes no visit."""
        visitor = self._visitors.key_of(self._client_of(request), request)
        if visitor is None:
            return None
        if kind is Kind.NOT_FOUND:
            seen = self._seen.get(visitor)
            return visitor if seen is not None and request.moment - seen <= _VISIT else None
        self._seen[visitor] = request.moment
        self._seen.move_to_end(visitor)
        if len(self._seen) > _REMEMBERED_VISITORS:
            self._seen.popitem(last=False)
        return visitor

    def _client_of(self, request: Request) -> str | None:
        """Who asked, as at the door; of a client that the log names by its host, that name."""
        address = address_of(request.address)
        if request.forwarded is None:
            name = (request.address or "").lower()
            return address or (name if name not in ("", "unknown") else None)
        return self._proxies.client_of(address, [request.forwarded])

    def _event_id(self, line: str) -> str:
        said = _identity(line)
        return "log_" + hashlib.sha256(f"{self._repeats.count(said)} {said}".encode()).hexdigest()[:32]


def _decoded(line: bytes) -> str:
    """A line as text; bytes that are no UTF-8 are kept, as lone halves of pairs."""
    return line.decode("utf-8", "surrogateescape").replace("\0", "")


def _identity(line: str) -> str:
    """The line as it can be hashed and shown."""
    return line if line.isascii() else line.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _hosts_of(connection: Connection, tenant_id: str) -> list[str]:
    """The hosts that are the tenant's by its settings: those that it allows, and those of its sites."""
    cursor = connection.execute(
        "SELECT DISTINCT unnest(t.allowed_hosts || coalesce((SELECT array_agg(h) FROM auth.site w, unnest(w.hosts) h"
        " WHERE w.tenant_hk = t.tenant_hk), '{}')) FROM auth.tenant_v t WHERE t.tenant_hk = %s",
        (tenant_key(connection, tenant_id),),
    )
    return [host for (host,) in cursor]


class _Visitors:
    """Visitor keys of a log's clients, under the secrets of the days they came."""

    def __init__(self, connection: Connection, tenant_id: str) -> None:
        self._connection = connection
        self._tenant_hk = tenant_key(connection, tenant_id)
        row = connection.execute("SELECT time_zone FROM auth.tenant_v WHERE tenant_hk = %s", (self._tenant_hk,)).fetchone()
        self._time_zone = row[0] if row else "UTC"
        self._secrets: dict[date, bytes] = {}

    def key_of(self, client: str | None, request: Request) -> str | None:
        """The key of an address or a host's name with its agent; None: it is not known who asked."""
        if client is None:
            return None
        return visitor_key(self._secret(day_of(request.moment, self._time_zone)), client, request.user_agent)

    def _secret(self, day: date) -> bytes:
        if day not in self._secrets:
            row = self._connection.execute("SELECT auth.visitor_secret_of(%s, %s)", (self._tenant_hk, day)).fetchone()
            assert row is not None  # noqa: S101  a function without a set returns one row
            self._secrets[day] = bytes(row[0])
        return self._secrets[day]


class _Repeats:
    """Tells lines apart that are the same to the letter: two requests of one visitor in one second are two page views."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, int] = OrderedDict()

    def count(self, line: str) -> int:
        """How often this line has come before, among the latest ones."""
        digest = hashlib.blake2b(line.encode(), digest_size=16).digest()
        times = self._seen.pop(digest, -1) + 1
        self._seen[digest] = times
        if len(self._seen) > _REMEMBERED_LINES:
            self._seen.popitem(last=False)
        return times
