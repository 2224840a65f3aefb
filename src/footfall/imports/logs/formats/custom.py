"""A format of one's own, as nginx (`log_format`) or Apache (`LogFormat`) are told it.

https://nginx.org/en/docs/http/ngx_http_log_module.html, https://httpd.apache.org/docs/2.4/mod/mod_log_config.html
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from footfall.errors import NotAccepted
from footfall.imports.logs.request import MALFORMED, Reader, Request, request_of, said

_NGINX = {
    "remote_addr": "address",
    "http_x_real_ip": "address",
    "proxy_protocol_addr": "address",
    "http_cf_connecting_ip": "address",
    "http_x_forwarded_for": "forwarded",
    "proxy_add_x_forwarded_for": "forwarded",
    "time_local": "time",
    "time_iso8601": "time",
    "msec": "time",
    "request": "line",
    "request_method": "method",
    "request_uri": "target",
    "uri": "target",
    "document_uri": "target",
    "args": "query",
    "query_string": "query",
    "status": "status",
    "http_referer": "referrer",
    "http_user_agent": "user_agent",
    "host": "host",
    "http_host": "host",
    "server_name": "host",
    "server_port": "port",
    "scheme": "scheme",
    "http_x_forwarded_proto": "scheme",
}
_APACHE = {
    "h": "address",
    "a": "address",
    "r": "line",
    "m": "method",
    "U": "target",
    "q": "query",
    "s": "status",
    "v": "host",
    "V": "host",
    "p": "port",
    "{referer}i": "referrer",
    "{user-agent}i": "user_agent",
    "{x-forwarded-for}i": "forwarded",
    "{x-real-ip}i": "address",
    "{c}a": "address",
    "{host}i": "host",
    "{x-forwarded-host}i": "host",
    "{x-forwarded-proto}i": "scheme",
    "{scheme}n": "scheme",
    "{request_scheme}e": "scheme",
}
_NGINX_NAME = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_APACHE_NAME = re.compile(r"%[<>!\d,]*(\{[^}]*\}\^?[a-zA-Z]+|[a-zA-Z%])")
# what has blanks in it, which may stand behind it as well
_SHAPES = {"%t": r"\[[^\]]+\]", "$time_local": r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"}
_UNTIL = {'"': r'[^"\\]*(?:\\.[^"\\]*)*', "]": r"[^\]]*"}
_UNITS = {"sec": 1, "msec": 1_000, "usec": 1_000_000}


def is_format(text: str) -> bool:
    """Whether a text says what lines look like, rather than naming a format."""
    return "$" in text or "%" in text


def reader_of(text: str) -> Reader:
    """Reads lines that were written by this format. Raises NotAccepted: ``format_incomplete``."""
    text = text.strip().replace(r"\"", '"').replace(r"\t", "\t")
    # as a configuration has it: in quotes, in several parts
    if len(text) > 1 and text[0] == text[-1] == "'":
        text = re.sub(r"'\s*'", "", text[1:-1])
    is_nginx = _NGINX_NAME.search(text) is not None
    pattern, moments = (_of_nginx if is_nginx else _of_apache)(text)
    names = re.compile(pattern).groupindex
    missing = [name for name in ("time", "status") if name not in names]
    if not names.keys() & {"line", "target"}:
        missing.append("request")
    if missing:
        message = f"the format says nothing of {' and '.join(missing)}: it needs time, status and request (or method and path)"
        raise NotAccepted("format_incomplete", message)
    return _reading(re.compile(pattern), moments)


def _reading(pattern: re.Pattern[str], moment: Callable[[str], str]) -> Reader:
    def read(line: str) -> Request | str | None:
        found = pattern.fullmatch(line.rstrip())
        if found is None:
            return None if line.startswith("#") or not line.strip() else MALFORMED
        fields = {name: value or None for name, value in found.groupdict().items()}
        try:
            time = moment(fields.pop("time") or "")
        except (ValueError, OverflowError):
            return MALFORMED
        if "," in (fields.get("address") or ""):
            fields["forwarded"] = fields.pop("address")
        if said(fields.get("line")) is None and "target" not in fields:
            fields["line"] = "-"
        return request_of(time=time, **fields)

    return read


def _of_nginx(text: str) -> tuple[str, Callable[[str], str]]:
    return _pattern(text, _NGINX_NAME, lambda found: _NGINX.get(found[1] or found[2])), lambda time: time


def _of_apache(text: str) -> tuple[str, Callable[[str], str]]:
    moments: list[Callable[[str], str]] = []

    def role(found: re.Match[str]) -> str | None:
        name = found[1]
        if name == "t" or re.fullmatch(r"\{.*\}t", name):
            moments.append(_apache_time(name[1:-2] if name != "t" else ""))
            return "time"
        return _APACHE.get(name.lower() if name[0] == "{" else name)

    # %t writes its brackets itself
    return _pattern(text, _APACHE_NAME, role), lambda time: moments[0](time)  # noqa: PLW0108  it is known when the pattern is made


def _apache_time(shape: str) -> Callable[[str], str]:
    """How a time of this shape is read: Apache's own, an epoch, or one of strftime."""
    shape = shape.removeprefix("begin:").removeprefix("end:")
    if not shape:
        return lambda time: time.strip("[]")
    if shape in _UNITS:
        return lambda time: datetime.fromtimestamp(int(time) / _UNITS[shape], UTC).isoformat()
    shape = shape.replace("%T", "%H:%M:%S").replace("%F", "%Y-%m-%d").replace("%D", "%m/%d/%y").replace("%e", "%d")

    def read(time: str) -> str:
        moment = datetime.strptime(time, shape)  # noqa: DTZ007  a shape may have its zone
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()

    return read


def _pattern(text: str, name: re.Pattern[str], role: Callable[[re.Match[str]], str | None]) -> str:
    """A regular expression for lines of the format: each variable ends where what stands behind it begins."""
    parts: list[str] = []
    end = 0
    taken: set[str] = set()
    for found in name.finditer(text):
        parts.append(re.escape(text[end : found.start()]))
        end = found.end()
        following = text[end : end + 1]
        if found[0] == "%%":
            parts.append("%")
            continue
        said_there = role(found)
        inner = _SHAPES.get(found[0]) or _UNTIL.get(following, ".*?" if following else ".*")
        if said_there is None or said_there in taken:
            parts.append(f"(?:{inner})")
        else:
            taken.add(said_there)
            parts.append(f"(?P<{said_there}>{inner})")
    return "".join(parts) + re.escape(text[end:])
