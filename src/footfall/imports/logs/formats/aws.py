"""Amazon's load balancers (application and classic) and S3, as their documentation says that they log.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
"""

import re
from collections.abc import Sequence

from footfall.imports.logs.request import MALFORMED, NO_REQUEST, Reader, Request, apart, asked, request_of, said

NAME = "aws"
SAYS = "AWS: application and classic load balancers, S3"

_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
# type time elb client:port target:port 3 times status status of target received sent "request" "agent"; classic: no type
_BALANCER = re.compile(
    r"(?:(?P<type>[a-z0-9]+) )?(?P<time>\d{4}-\d\d-\d\dT\S+) \S+ (?P<address>\S+):\d+ \S+ \S+ \S+ \S+"
    r' (?P<status>\d{3}|-) (?:\d{3}|-) \S+ \S+ "(?P<line>[^"\\]*(?:\\.[^"\\]*)*)" "(?P<user_agent>[^"\\]*(?:\\.[^"\\]*)*)"'
)
_S3 = re.compile(
    rf"\S+ (?P<bucket>\S+) \[(?P<time>[^\]]+)\] (?P<address>\S+) \S+ \S+ (?P<operation>[A-Z]+(?:\.[A-Z_0-9]+)+) (?P<key>\S+)"
    rf" (?:{_QUOTED}|-) (?P<status>\d{{3}}|-) \S+ \S+ \S+ \S+ \S+ (?:{_QUOTED}|-) (?:{_QUOTED}|-)"
    r"(?: \S+ \S+ \S+ \S+ \S+ (?P<host>\S+))?"
)
_OF_AMAZON = ".amazonaws.com"


def reader(head: Sequence[str]) -> Reader | None:
    """Reads both: they cannot be taken for each other."""
    return _read if any(_BALANCER.match(line) or _S3.match(line) for line in head) else None


def _read(line: str) -> Request | str | None:
    if line.startswith("#"):
        return None
    if (found := _BALANCER.match(line)) is not None:
        fields = found.groupdict()
        if fields.pop("type") in ("ws", "wss") or (told := asked(fields.pop("line"))) is None:
            return NO_REQUEST
        # a balancer writes the whole address
        scheme, host, path = apart(told[1])
        return request_of(**fields, method=told[0], target=path, scheme=scheme, host=host)
    return _of_bucket(found) if (found := _S3.match(line)) is not None else MALFORMED


def _of_bucket(found: re.Match[str]) -> Request | str:
    """A request for an object. What Amazon does by itself, and what is asked of the bucket itself, is none of a page."""
    bucket, operation, line = found["bucket"], found["operation"], found[6]
    if line is None or not operation.endswith(".OBJECT"):
        return NO_REQUEST
    host = said(found["host"])
    if host is None or host.endswith(_OF_AMAZON):
        if host is not None and not host.startswith(f"{bucket}."):
            line = line.replace(f" /{bucket}/", " /", 1)
        # a bucket that is a site has its name
        host = bucket if "." in bucket else host
    return request_of(
        time=found["time"],
        line=line,
        status=found["status"],
        address=found["address"],
        referrer=found[8],
        user_agent=found[9],
        host=host,
    )
