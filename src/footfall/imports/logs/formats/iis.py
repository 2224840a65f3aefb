"""The older format of IIS: values in a fixed order, with commas between; of the server's local time.

https://learn.microsoft.com/en-us/windows/win32/http/iis-logging
"""

import re
from collections.abc import Sequence
from datetime import datetime

from footfall.imports.logs.request import MALFORMED, Reader, Request, request_of

NAME = "iis"
SAYS = "IIS's own format, with commas (not W3C)"

# client, user, date, time, service, computer, server, taken, received, sent, status, of Windows, method, path, query,
_LINE = re.compile(
    r"(?P<address>[^,\s]+), [^,]*, (?P<date>\d\d?/\d\d?/\d{2,4}), (?P<time>\d\d?:\d\d:\d\d), [^,]*, [^,]*, [^,]*, \d+, \d+, \d+,"
    r" (?P<status>\d+), -?\d+, (?P<method>[A-Z]+), (?P<target>[^,]*), (?P<query>.*?),?\s*$"
)


def reader(head: Sequence[str]) -> Reader | None:
    """Reads lines of it; dates are those of the United States, as IIS writes them."""
    return _read if any(_LINE.match(line) for line in head) else None


def _read(line: str) -> Request | str | None:
    if (found := _LINE.match(line)) is None:
        return MALFORMED
    fields = found.groupdict()
    date, time = fields.pop("date"), fields.pop("time")
    try:
        moment = datetime.strptime(f"{date} {time}", "%m/%d/%y %H:%M:%S" if len(date) < 9 else "%m/%d/%Y %H:%M:%S")  # noqa: DTZ007, PLR2004
    except ValueError:
        return MALFORMED
    return request_of(time=moment.isoformat(), **fields)
