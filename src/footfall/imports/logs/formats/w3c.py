"""W3C's extended format, whose `#Fields` name the fields of the lines after them: IIS, CloudFront, and others.

https://www.w3.org/TR/WD-logfile, with the fields that Microsoft and Amazon document.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import unquote

from footfall.imports.logs.request import MALFORMED, NO_REQUEST, Reader, Request, request_of, said

NAME = "w3c"
SAYS = "W3C extended: IIS, CloudFront and whatever has #Fields"

_VALUE = re.compile(r'"([^"]*)"|(\S+)')
# Arguments of `request_of`, each with the fields that it may stand in, the best first.
_FIELDS = {
    "method": ("cs-method",),
    "target": ("cs-uri-stem", "cs-uri"),
    "query": ("cs-uri-query",),
    "status": ("sc-status", "c-status"),
    "address": ("c-ip", "x-client-ip", "c-dns"),
    "forwarded": ("x-forwarded-for", "cs(x-forwarded-for)", "s-xff", "cs-x-forwarded-for"),
    "referrer": ("cs(referer)", "cs(referrer)", "c-referrer", "cs-referer"),
    "user_agent": ("cs(user-agent)", "c-user-agent", "cs-user-agent"),
    "host": ("x-host-header", "cs-host", "cs(host)"),
    "scheme": ("cs-protocol", "cs-uri-scheme"),
    "port": ("s-port",),
}


def reader(head: Sequence[str]) -> Reader | None:
    """Reads what follows a line of fields, and again after another one."""
    if not any(line.startswith("#Fields:") for line in head):
        return None
    take: Callable[[str], Request | str] = lambda _: MALFORMED  # noqa: E731

    def read(line: str) -> Request | str | None:
        nonlocal take
        if line.startswith("#"):
            if line.startswith("#Fields:"):
                # some programs put marks between the names that nobody sees
                take = _taking(re.sub(r"[\u200b\ufeff]", "", line.removeprefix("#Fields:")).lower().split())
            return None
        return take(line) if line.strip() else None

    return read


def _taking(names: Sequence[str]) -> Callable[[str], Request | str]:
    """Reads lines of these fields."""
    places = {name: place for place, name in reversed(list(enumerate(names)))}
    chosen = {role: places[found[0]] for role, ways in _FIELDS.items() if (found := [way for way in ways if way in places])}
    date = next((places[name] for name in ("date", "date-local") if name in places), None)
    time = next((places[name] for name in ("time", "time-local", "timestamp") if name in places), None)
    has_whole = "cs-uri-stem" not in places and "cs-uri" in places
    is_http = "sc-status" in places or "c-status" in places or "cs-method" in places

    def take(line: str) -> Request | str:
        values = _values(line, len(names))
        if values is None or time is None:
            return MALFORMED
        if not is_http:
            return NO_REQUEST
        fields: dict[str, str | None] = {role: values[place] for role, place in chosen.items()}
        is_tabbed = "\t" in line
        if has_whole and (whole := said(fields["target"])):
            # as Imperva has it, both in one
            host, slash, path = whole.partition("/")
            fields |= {"host": host, "target": slash + path}
        elif fields.get("target") and not is_tabbed:
            # a blank; CloudFront, whose fields are told apart by tabs, escapes blanks
            fields["target"] = str(fields["target"]).replace("+", "%20")
        fields["user_agent"] = _agent(fields.get("user_agent"), is_tabbed)
        moment = values[time] if date is None else f"{values[date]}T{values[time]}"
        return request_of(time=moment, **_of_proxies(fields))

    return take


def _of_proxies(fields: Mapping[str, str | None]) -> dict[str, str | None]:
    """The fields, of which one with several addresses is what proxies passed on."""
    address = fields.get("address")
    return {**fields, "address": None, "forwarded": address} if address and "," in address else dict(fields)


def _values(line: str, count: int) -> list[str] | None:
    """A line's values; None: they are not as many as its fields."""
    if "\t" in line:
        values = line.split("\t")
    else:
        values = line.split()
        if len(values) != count and '"' in line:
            values = [quoted or plain for quoted, plain in _VALUE.findall(line)]
        elif '"' in line:
            values = [value.strip('"') for value in values]
    return values if len(values) == count else None


def _agent(logged: str | None, is_escaped: bool) -> str | None:  # noqa: FBT001
    """An agent as it was sent: with its blanks, for which some write +, others %20 or, twice escaped, %2520."""
    if logged is None or (agent := said(logged)) is None:
        return None
    if not is_escaped and " " not in agent:
        agent = agent.replace("+", " ")
    return unquote(unquote(agent)) if is_escaped or "%20" in agent else agent
