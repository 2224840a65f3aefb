"""Envoy's own format, and Istio's, which has more fields in it.

https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#default-format-string
"""

import re
from collections.abc import Sequence

from footfall.imports.logs.request import MALFORMED, Reader, Request, request_of

NAME = "envoy"
SAYS = "Envoy and Istio"

# [time] "request" status flags … received sent duration upstream "forwarded" "agent" "request id" "host" "upstream host"
_LINE = re.compile(
    r'\[(?P<time>[^\]]+)\] "(?P<line>[^"\\]*(?:\\.[^"\\]*)*)" (?P<status>\d{3}) \S+ (?:\S+ \S+ "[^"]*" )?'
    r"\d+ \d+ (?:\d+|-) (?:\d+|-)"
    r' "(?P<forwarded>[^"]*)" "(?P<user_agent>[^"\\]*(?:\\.[^"\\]*)*)" "[^"]*" "(?P<host>[^"]*)" "[^"]*"'
)


def reader(head: Sequence[str]) -> Reader | None:
    """Reads lines of both."""
    return _read if any(_LINE.match(line) for line in head) else None


def _read(line: str) -> Request | str | None:
    found = _LINE.match(line)
    return MALFORMED if found is None else request_of(**found.groupdict())
