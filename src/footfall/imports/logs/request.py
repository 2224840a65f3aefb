"""A request as a server logged it, and the spellings in which servers write what it is made of."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from urllib.parse import quote_from_bytes, urlsplit

from footfall.auth import address_of

# What a line may be besides a request.
MALFORMED = "malformed"  # it cannot be read
NO_REQUEST = "no_request"  # it was read, and tells of no request of HTTP: noise at the port, a connection that ended before


@dataclass(slots=True)
class Request:
    """A request of HTTP, and how it was answered; None where the log does not say.

    Attributes:
        moment: when it came, or was answered.
        target: what was asked for: path and query, or an address with scheme and host.
        status: of the answer; 0: there was none.
        method: GET where the log does not say.
        address: who the connection was with: an address with or without a port, or the name of a host.
        forwarded: what proxies passed on of whom they spoke for, as in X-Forwarded-For.
        referrer: where it came from, as sent.
        user_agent: as sent.
        host: whose page it is, without a port.
        scheme: http or https.
    """

    moment: datetime
    target: str
    status: int
    method: str = "GET"
    address: str | None = None
    forwarded: str | None = None
    referrer: str | None = None
    user_agent: str | None = None
    host: str | None = None
    scheme: str | None = None


# A line as a request, or as what else it is; None: it says nothing (a comment, a heading).
Reader = Callable[[str], Request | str | None]

_MONTHS = {name: number for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1)}
_COMMON = re.compile(r"(\d\d?)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6})\d*)?(?: ?([+-])(\d\d):?(\d\d)| ?Z)?")
_EPOCH = re.compile(r"\d{9,11}(\.\d+)?|\d{12,20}")
_PORTS = {"80": "http", "8080": "http", "443": "https", "8443": "https"}
_HOST = re.compile(r"(?=.{1,253}(?::|$))(\[[0-9a-f:.]+\]|[^\s/\\:?#@\[\]\"'<>,;=]+)(?::(\d{1,5}))?", re.IGNORECASE)
_METHOD = re.compile(r"[A-Z][A-Z_-]{1,29}")


@lru_cache(maxsize=8192)
def moment_of(text: str) -> datetime:
    """A moment as logs write it; of UTC where it names no offset. Raises ValueError.

    `10/Mar/2026:12:00:00 +0100`, ISO 8601, or seconds, milli-, micro- or nanoseconds since 1970.
    """
    if (common := _COMMON.fullmatch(text)) is not None:
        day, month, year, hour, minute, second, fraction, sign, offset_hours, offset_minutes = common.groups()
        if month not in _MONTHS:
            raise ValueError(text)
        offset = timedelta(hours=int(offset_hours), minutes=int(offset_minutes)) if sign else timedelta(0)
        zone = timezone(-offset if sign == "-" else offset) if offset else UTC
        # a leap second is the last one of its minute
        parts = (int(year), _MONTHS[month], int(day), int(hour), int(minute), min(int(second), 59))
        return datetime(*parts, int((fraction or "").ljust(6, "0")), tzinfo=zone)
    if _EPOCH.fullmatch(text):
        whole, _, fraction = text.partition(".")
        microseconds = int(whole[:10].ljust(10, "0") if len(whole) > 11 else whole) * 1_000_000  # noqa: PLR2004
        rest = whole[10:] if len(whole) > 11 else fraction  # noqa: PLR2004
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds + int(rest[:6].ljust(6, "0")))
    moment = datetime.fromisoformat(text.replace(",", "."))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def said(field: str | None) -> str | None:
    """A field that says something; None for what servers write where there is nothing."""
    return None if field is None or field in ("", "-", "(null)", "null") else field


def text_of(field: str | None) -> str | None:
    r"""What a field of a header said: without the escapes of quotes, and of bytes, `\xC3\xA9`."""
    if (text := said(field)) is None or ("\\" not in text and text.isascii()):
        return text
    return _ESCAPE.sub(_unescaped, text).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def target_of(field: str) -> str:
    r"""A path or an address in ASCII and percent escapes: `/caf\xC3\xA9`, raw bytes and letters are one."""
    if "\\" in field:
        field = _ESCAPE.sub(_unescaped, field)
    return field if field.isascii() and " " not in field else quote_from_bytes(field.encode("utf-8", "surrogateescape"), _KEPT)


_KEPT = "".join(chr(code) for code in range(0x21, 0x7F))  # what is ASCII and to be seen stays as it is
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|(.))")


def _unescaped(escape: re.Match[str]) -> str:
    byte, unit, other = escape.groups()
    if byte:
        # a byte that begins or goes on a letter comes together with its neighbours when the text is encoded
        return chr(int(byte, 16)) if int(byte, 16) < 0x80 else chr(0xDC00 + int(byte, 16))  # noqa: PLR2004
    if unit:
        return chr(int(unit, 16)) if not 0xD800 <= int(unit, 16) <= 0xDFFF else "\ufffd"  # noqa: PLR2004
    return {"t": "\t", "n": "\n", "r": "\r"}.get(str(other), str(other))


@lru_cache(maxsize=8192)
def host_of(field: str | None) -> tuple[str | None, str | None]:
    """A host that has a name, in lower case, and the scheme that its port stands for; None: the field names none.

    What is asked for by address, or of the machine itself, is asked of no site.
    """
    if (text := said(field)) is None or (parts := _HOST.fullmatch(text)) is None:
        return None, None
    host, port = parts.groups()
    if host == "_" or address_of(host) is not None or host.lower() in ("localhost", "undefined", "default"):
        return None, _PORTS.get(port or "")
    return host.lower().rstrip("."), _PORTS.get(port or "")


def asked(line: str) -> tuple[str, str] | None:
    """Method and target of a request line, `GET /a HTTP/1.1`; None: it is none."""
    method, _, rest = line.partition(" ")
    if not rest or _METHOD.fullmatch(method) is None:
        return None
    target, _, protocol = rest.rpartition(" ")
    return method, (target if target and protocol[:5] in ("HTTP/", "http/") else rest).strip()


def apart(target: str) -> tuple[str, str, str]:
    """Scheme, host and path with query of what was asked for; the first two are empty where it is a path."""
    if not target[:8].lower().startswith(("http://", "https://")):
        return "", "", target
    parts = urlsplit(target)
    return parts.scheme, parts.netloc.rpartition("@")[2], f"{parts.path or '/'}{'?' * bool(parts.query)}{parts.query}"


def request_of(
    *,
    time: str,
    line: str | None = None,
    method: str | None = None,
    target: str | None = None,
    query: str | None = None,
    status: str | None = None,
    address: str | None = None,
    forwarded: str | None = None,
    referrer: str | None = None,
    user_agent: str | None = None,
    host: str | None = None,
    port: str | None = None,
    scheme: str | None = None,
) -> Request | str:
    """A request from the texts of a line's fields, in whatever spelling; or what else the line is.

    The request is told by `line`, or by `method`, `target` and `query`.
    """
    try:
        moment = moment_of(time)
    except (ValueError, OverflowError):
        return MALFORMED
    if line is not None:
        told = asked(line)
        if told is None:
            return NO_REQUEST
        method, target = told
    if not target or target == "-":
        return NO_REQUEST
    if (question := said(query)) is not None:
        target = f"{target}?{question.removeprefix('?')}"
    name, scheme_of_port = host_of(host)
    return Request(
        moment,
        target_of(target),
        int(status) if status and status.isdigit() else 0,
        said(method) or "GET",
        said(address),
        said(forwarded),
        target_of(source) if (source := said(referrer)) else None,
        text_of(user_agent),
        name,
        scheme.lower() if scheme and scheme.lower() in ("http", "https") else _PORTS.get(port or "") or scheme_of_port,
    )
