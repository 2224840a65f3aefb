"""HAProxy's HTTP format (`option httplog`), with the headers that it may be told to capture.

https://docs.haproxy.org/3.0/configuration.html#8.2.3
"""

import re
from collections.abc import Sequence

from footfall.auth import address_of
from footfall.imports.logs.request import MALFORMED, NO_REQUEST, Reader, Request, host_of, request_of, said

NAME = "haproxy"
SAYS = "HAProxy's HTTP format; captured headers are told by what they look like"

_LINE = re.compile(
    r"(?P<address>\S+):\d+ \[(?P<time>[^\]]+)\] (?P<frontend>\S+) \S+/\S+ [-+\d]+(?:/[-+\d]+)+ (?P<status>-?\d+) [-+\d]+"
    r' \S+ \S+ \S{4} [-+\d/]+ [-+\d/]+ (?:\{(?P<captured>[^}]*)\} )?(?:\{[^}]*\} )?"(?P<line>[^"\\]*(?:\\.[^"\\]*)*)"'
)


def reader(head: Sequence[str]) -> Reader | None:
    """Reads lines of the HTTP format; those of TCP tell of no request."""
    return _read if any(_LINE.search(line) for line in head) else None


def _read(line: str) -> Request | str | None:
    found = _LINE.search(line)
    if found is None:
        return NO_REQUEST if re.search(r"\[\d\d/[A-Z][a-z]{2}/\d{4}:[\d:.]+\] \S+ \S+/\S+ [-\d/]+ \d+ ", line) else MALFORMED
    status = found["status"]
    return request_of(
        time=found["time"],
        line="-" if found["line"] == "<BADREQ>" else found["line"],
        status=status if status.isdigit() else None,
        address=found["address"],
        # a ~ marks what came encrypted
        scheme="https" if found["frontend"].endswith("~") else None,
        **_captured(found["captured"]),
    )


def _captured(headers: str | None) -> dict[str, str]:
    """Which of the captured headers are host, agent, referrer, and what proxies passed on."""
    told: dict[str, str] = {}
    for value in (headers or "").split("|"):
        if said(value) is None:
            continue
        if all(address_of(part) for part in value.split(",")):
            told.setdefault("forwarded", value)
        elif re.match(r"[a-z][a-z0-9+.-]*://", value):
            told.setdefault("referrer", value)
        elif host_of(value)[0] is not None and "." in value and "/" not in value:
            told.setdefault("host", value)
        elif "/" in value:
            told.setdefault("user_agent", value)
    return told
