"""What others write around the lines of a log: syslog, Docker, Kubernetes."""

import json
import re
from collections.abc import Callable, Sequence

Unwrap = Callable[[str], str]

_BEFORE = (
    # RFC 5424: <134>1 2026-03-10T12:00:00Z host nginx 42 - - …
    re.compile(r"(?:<\d{1,3}>)?1 \d{4}-\S+ \S+ \S+ \S+ \S+ (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) (?:\ufeff)?"),
    # RFC 3164 and what systems make of it: <134>Mar 10 12:00:00 host nginx[42]: …
    re.compile(
        r"(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d))"
        r" (?:\S+ )??[^\s\[\]:\"]+(?:\[\d+\])?: "
    ),
    # the runtimes of Kubernetes: 2026-03-10T12:00:00.123456789Z stdout F …
    re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d) std(?:out|err) [FP] "),
    # docker logs --timestamps
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6,9}Z (?=[\d\[{\"-])"),
    # docker compose logs: web-1  | …
    re.compile(r"[\w.-]+ +\| "),
)
_HEAD = 20


def unwrapping(head: Sequence[str]) -> Unwrap | None:
    """What takes off whatever the first lines seem to be wrapped in, and leaves others as they are; None: in nothing."""
    sample = [line for line in head if line.strip()][:_HEAD]
    if sample and all(_docker(line) is not None for line in sample):
        inner = unwrapping([_docker(line) or "" for line in sample])
        return lambda line: inner(_docker(line) or line) if inner else _docker(line) or line
    for before in _BEFORE:
        if sample and sum(before.match(line) is not None for line in sample) * 2 > len(sample):
            return lambda line: line[found.end() :] if (found := before.match(line)) else line
    return None


def _docker(line: str) -> str | None:
    """The line within one of Docker's json-file driver, `{"log":"…","stream":"stdout","time":"…"}`; also of fluentd."""
    if not line.startswith("{"):
        return None
    try:
        written = json.loads(line)
    except ValueError:
        return None
    if not isinstance(written, dict) or not (written.keys() & {"stream", "kubernetes", "container_id", "source"}):
        return None
    log = written.get("log")
    return log.rstrip("\r\n") if isinstance(log, str) else None
