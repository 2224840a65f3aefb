"""Web server logs as events: Apache's and nginx's combined format.

A line is a page view when a page was asked for and given: GET, answered 2xx or 304, no picture, script or feed. Its event id is
made of the line itself, so that a log imported twice, or again after it has grown, counts once.
"""

import gzip
import hashlib
import io
import json
import re
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import BinaryIO, cast

from footfall.auth import address_of, day_of, first_id, tenant_key, visitor_key
from footfall.database import Connection
from footfall.raw import IncomingEvent, land

RECORD_SOURCE = "import:access-log"
_AT_ONCE = 5000  # events in one commit
_REMEMBERED_LINES = 200_000
_MONTHS = {name: number for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1)}
_LINE = re.compile(
    r"^(?P<address>\S+) \S+ .+? \[(?P<day>\d\d)/(?P<month>\w{3})/(?P<year>\d{4}):(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d) "
    r'(?P<sign>[+-])(?P<oh>\d\d)(?P<om>\d\d)\] "(?P<method>[A-Z]+) (?P<target>\S+)[^"]*" (?P<status>\d{3}) \S+'
    r'(?: "(?P<referrer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)")?'
)
_ASSET = re.compile(
    r"\.(?:css|js|mjs|map|json|xml|rss|atom|txt|ico|png|jpe?g|gif|svg|webp|avif|bmp|woff2?|ttf|otf|eot|mp[34]|webm|ogg|wav|avi|mov"
    r"|pdf|zip|gz|tgz|bz2|xz|7z|rar|tar|rpm|deb|exe|dmg|iso|jar|csv|doc|docx|xls|xlsx|ppt|pptx|swf|pl|rb|py|c|h|sh|patch|diff)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page that was asked for and given."""

    address: str
    moment: datetime
    target: str
    referrer: str | None
    user_agent: str  # empty where the log has none


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a log: lines landed as page views, and lines left out, by reason."""

    imported: int
    skipped: dict[str, int]
    record_source: str


def read_line(line: str) -> PageRequest | str:
    """A line as a page request, or the reason why it is none: malformed, method, status, asset."""
    match = _LINE.match(line)
    if match is None:
        return "malformed"
    try:
        moment = _moment(match)
    except (KeyError, ValueError):
        return "malformed"
    if match["method"] != "GET":
        return "method"
    if not (match["status"].startswith("2") or match["status"] == "304"):
        return "status"
    if _ASSET.search(match["target"].partition("?")[0]):
        return "asset"
    return PageRequest(match["address"], moment, match["target"], _text(match["referrer"]), _text(match["agent"]) or "")


def import_access_log(
    connection: Connection,
    file: BinaryIO,
    tenant_id: str,
    site: str = "",
) -> Imported:
    """Land a log's page views for a tenant.

    Args:
        connection: a worker's.
        file: the log, plain or gzip.
        tenant_id: raises NotAccepted ``tenant_unknown`` when there is none of this id.
        site: what comes before the path in a page's URL, e.g. ``https://example.com``; a log does not say.
    """
    tenant_id = first_id(connection, tenant_id)
    visitors = _Visitors(connection, tenant_id)
    record_source = f"{RECORD_SOURCE}:{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    skipped: Counter[str] = Counter()
    waiting: list[IncomingEvent] = []
    imported = 0
    repeats = _Repeats()
    for raw_line in _lines(file):
        line = raw_line.rstrip(b"\r\n").decode("utf-8", "replace").replace("\0", "")
        if not line:
            continue
        request = read_line(line)
        if isinstance(request, str):
            skipped[request] += 1
            continue
        event_id = "log_" + hashlib.sha256(f"{repeats.count(line)} {line}".encode()).hexdigest()[:32]
        waiting.append(_event(request, event_id, visitors, tenant_id, site, record_source))
        if len(waiting) == _AT_ONCE:
            imported += sum(land(connection, waiting))
            waiting.clear()
    imported += sum(land(connection, waiting))
    return Imported(imported, dict(skipped), record_source)


def outcome(connection: Connection, imported: Imported) -> dict[str, int]:
    """What became of an import's events so far: pending, loaded, duplicate, invalid."""
    cursor = connection.execute(
        "SELECT fate, count(*) FROM raw.site_tracking_events_v WHERE record_source = %s GROUP BY fate ORDER BY fate",
        (imported.record_source,),
    )
    return dict(cursor.fetchall())


def _event(
    request: PageRequest, event_id: str, visitors: "_Visitors", tenant_id: str, site: str, record_source: str
) -> IncomingEvent:
    payload = {
        "evt_type": "page_view",
        "event_id": event_id,
        "event_timestamp": request.moment.isoformat(),
        "page_url": site.rstrip("/") + request.target if request.target.startswith("/") else request.target,
        "page_referrer": request.referrer,
    }
    return IncomingEvent(
        tenant_id=tenant_id,
        received=datetime.now(UTC),
        payload=json.dumps({key: value for key, value in payload.items() if value is not None}),
        record_source=record_source,
        user_agent=request.user_agent or None,  # who names none is unknown
        visitor_id=visitors.key_of(request),
        is_trusted=True,
        is_late=True,
    )


class _Visitors:
    """Visitor keys of a log's addresses, under the secrets of the days they came."""

    def __init__(self, connection: Connection, tenant_id: str) -> None:
        self._connection = connection
        self._tenant_hk = tenant_key(connection, tenant_id)
        row = connection.execute("SELECT time_zone FROM auth.tenant_v WHERE tenant_hk = %s", (self._tenant_hk,)).fetchone()
        self._time_zone = row[0] if row else "UTC"
        self._secrets: dict[date, bytes] = {}

    def key_of(self, request: PageRequest) -> str | None:
        address = address_of(request.address)
        if address is None:
            return None
        return visitor_key(self._secret(day_of(request.moment, self._time_zone)), address, request.user_agent)

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


def _moment(match: re.Match[str]) -> datetime:
    offset = timedelta(hours=int(match["oh"]), minutes=int(match["om"])) * (-1 if match["sign"] == "-" else 1)
    return datetime(
        int(match["year"]),
        _MONTHS[match["month"]],
        int(match["day"]),
        int(match["h"]),
        int(match["m"]),
        int(match["s"]),
        tzinfo=timezone(offset),
    )


def _text(logged: str | None) -> str | None:
    """A quoted field without its escapes; None for '-'."""
    if logged is None or logged in ("", "-"):
        return None
    return re.sub(r'\\(["\\])', r"\1", logged)


def _lines(file: BinaryIO) -> Iterable[bytes]:
    """The file's lines, unpacked if it is gzip."""
    buffered = file if isinstance(file, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, file))
    return gzip.GzipFile(fileobj=buffered) if buffered.peek(2)[:2] == b"\x1f\x8b" else buffered
