r"""Lines of fields with blanks between, in quotes or brackets: the common and the combined format, and all that resembles them.

    203.0.113.9 - - [10/Mar/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 512 "https://www.google.com/" "Mozilla/5.0 …"

Servers put more before, between and behind: the site, what proxies passed on, how long it took. So a line is taken apart, and
what its fields are is told by what they look like, by all lines of the file's beginning together. That is a layout: a pattern,
by which the lines after it are read at once. A line of another layout has its own; a file may have several.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from footfall.auth import address_of
from footfall.imports.logs.request import MALFORMED, NO_REQUEST, Reader, Request, asked, moment_of, request_of

NAME = "common"
SAYS = "Apache, nginx and others: common and combined, with hosts, forwarded lists, times before, between or behind"

_LAYOUTS = 32
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|\[[^\]]*\]|\([^)]*\)|[^\s"]\S*')
_SKIP = {'"': r'"[^"\\]*(?:\\.[^"\\]*)*"', "[": r"\[[^\]]*\]", "(": r"\([^)]*\)"}
_STATUS = re.compile(r"[1-5]\d\d|000")
_NAME = re.compile(
    r"(?=.*[a-z])[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.(?:[a-z]{2,}|xn--[a-z0-9-]+)(?::\d{1,5})?|localhost(?::\d{1,5})?", re.IGNORECASE
)
_INTERNAL = re.compile(r"\.(?:internal|local|lan|cluster|consul|svc)(?::\d+)?$", re.IGNORECASE)
_AGENT = re.compile(r"Mozilla/|[A-Za-z][\w .-]*/v?\d|.*\bbot\b", re.IGNORECASE)
# of several addresses in one field, each but the first follows a comma
_LIST = r'[^\s,"\[]+(?:, ?[^\s,"\[]+)*'
_ADDRESSES = r"[0-9A-Fa-f.:\[\]%-]+(?:, ?[0-9A-Fa-f.:\[\]%-]+)*"


def reader(head: Sequence[str]) -> Reader | None:
    """Reads lines by their layouts; the first is that of the file's beginning."""
    layouts: list[_Layout] = []
    if (first := _layout_of(head)) is not None:
        layouts.append(first)

    def read(line: str) -> Request | str | None:
        if not line or line.startswith("#"):
            return None
        for layout in layouts:
            if (found := layout.read(line)) is not None:
                return found
        if (another := _layout_of([line])) is None:
            return NO_REQUEST if _NOISE.match(line) else MALFORMED
        if len(layouts) < _LAYOUTS:
            layouts.append(another)
        return another.read(line) or MALFORMED

    return read if layouts else None


# a line like the others, whose quoted request is none
_NOISE = re.compile(r'[^"]*\[\d\d/[A-Z][a-z]{2}/\d{4}:[^\]]+\] "[^"\\]*(?:\\.[^"\\]*)*" (?:\d{3}|-) ')


@dataclass(frozen=True, slots=True)
class _Layout:
    """A pattern whose groups are named as the arguments of `request_of`."""

    pattern: re.Pattern[str]

    def read(self, line: str) -> Request | str | None:
        """The line by this layout; None: it is of another one."""
        found = self.pattern.match(line)
        if found is None:
            return None
        fields = found.groupdict()
        told = fields.get("address")
        if told is not None and ("," in told or (told == "-" and fields.get("forwarded"))):
            # what proxies passed on stands where the address does
            fields |= {"address": None, "forwarded": told if "," in told else fields["forwarded"]}
        return request_of(**fields)


def _layout_of(lines: Sequence[str]) -> _Layout | None:
    """The layout of lines that begin a file: as the first of them has its fields, and as most of them fill these."""
    taken = [parts for line in lines if (parts := _Parts.of(line)) is not None]
    if not taken:
        return None
    (shape, _), *_ = Counter(parts.shape for parts in taken).most_common(1)
    alike = [parts for parts in taken if parts.shape == shape]
    first = alike[0]
    roles = _roles_before(first.before) | {first.time: "time", first.line: "line", first.status: "status"}
    roles |= _roles_behind(alike, set(roles.values()))
    return _Layout(re.compile(_pattern(first.tokens, roles, first.time)))


@dataclass(frozen=True, slots=True)
class _Parts:
    """A line in its fields, and which of them are time, request line and status."""

    tokens: tuple[str, ...]
    time: int
    line: int
    status: int

    @classmethod
    def of(cls, line: str) -> "_Parts | None":
        """None: it has not got all three."""
        tokens = tuple(_TOKEN.findall(line))
        time = next((i for i, token in enumerate(tokens) if _is_moment(token)), None)
        request = next((i for i, token in enumerate(tokens) if token[0] == '"' and asked(token[1:-1]) is not None), None)
        if time is None or request is None:
            return None
        behind = (i for i in range(request + 1, len(tokens)) if _STATUS.fullmatch(tokens[i].strip('"')))
        before = (i for i in range(request - 1, time, -1) if _STATUS.fullmatch(tokens[i].strip('"')))
        status = next(behind, None) or next(before, None)
        return None if status is None or request < time else cls(tokens, time, request, status)

    @property
    def before(self) -> tuple[str, ...]:
        """What stands before the time, lists of addresses as one."""
        return tuple(_joined(self.tokens[: self.time]))

    @property
    def shape(self) -> tuple[object, ...]:
        """What lines of one layout have in common: a user's name may have blanks."""
        kinds = (token[0] if token[0] in _SKIP else "" for token in self.tokens[self.time :])
        told = [_kind(token) in ("addresses", "host") for token in self.before[:2]]
        return (*told, self.line - self.time, self.status - self.time, *kinds)


def _joined(tokens: Sequence[str]) -> list[str]:
    joined: list[str] = []
    for token in tokens:
        if joined and joined[-1].endswith(","):
            joined[-1] += f" {token}"
        else:
            joined.append(token)
    return joined


def _is_moment(token: str) -> bool:
    text = token[1:-1] if token[0] in '["' else token
    if not text[:1].isdigit() or len(text) < 13:  # noqa: PLR2004  no number of seconds with a fraction is shorter
        return False
    try:
        moment_of(text)
    except (ValueError, OverflowError):
        return False
    return True


def _kind(token: str) -> str:
    """What a field looks like: empty, addresses, host, url, agent, scheme; else other."""
    text = token[1:-1] if token[0] == '"' else token
    if text in ("", "-"):
        return "empty"
    if all(address_of(part) is not None for part in text.split(",")):
        return "addresses"
    if re.match(r"[a-z][a-z0-9+.-]*://", text, re.IGNORECASE):
        return "url"
    if _NAME.fullmatch(text):
        return "host"
    if text.lower() in ("http", "https"):
        return "scheme"
    return "agent" if _AGENT.match(text) else "other"


def _roles_before(before: Sequence[str]) -> dict[int, str]:
    """What the fields before the time are: clients, sites, users. Of two addresses, the second is who the connection was with."""
    kinds = [_kind(token) for token in before]
    match kinds[:2]:
        case ["addresses" | "empty", "addresses"]:
            return {0: "forwarded", 1: "address"}
        case ["host" | "other", "addresses"]:
            return {0: "host", 1: "address"}
        case ["addresses", "host"]:
            return {0: "address", 1: "host"}
        case ["host", "host"]:
            return {0: "host", 1: "address"}
        case []:
            return {}
    return {0: "address"}


def _roles_behind(alike: Sequence[_Parts], known: set[str]) -> dict[int, str]:
    """What the fields behind the time are, by what most lines have there. `known`: what stands elsewhere."""
    first = alike[0]
    kinds: dict[int, str] = {}
    for place in range(first.time + 1, len(first.tokens)):
        if place not in (first.line, first.status):
            seen = Counter(_kind(parts.tokens[parts.time + place - first.time]) for parts in alike)
            del seen["empty"]
            kinds[place] = seen.most_common(1)[0][0] if seen else "empty"
    quoted = [place for place in kinds if first.tokens[place][0] == '"' and place > first.line]
    roles = _headers(quoted, kinds)
    for place, kind in kinds.items():
        name = {"addresses": "forwarded" if place > first.line or "address" in known else "address"}.get(kind, kind)
        if place in roles or name in known or name in roles.values():
            continue
        # without quotes these are whom the server asked itself
        is_client = name in ("address", "forwarded") and (place in quoted or place < first.line)
        is_site = name == "host" and not _INTERNAL.search(first.tokens[place].strip('"'))
        if is_client or is_site or name == "scheme":
            roles[place] = name
    return roles


def _headers(quoted: Sequence[int], kinds: dict[int, str]) -> dict[int, str]:
    """Which fields in quotes are referrer and agent: the first two, in this order, unless they look otherwise."""
    match [kinds[place] for place in quoted[:2]]:
        case ["agent", "url"]:
            return {quoted[0]: "user_agent", quoted[1]: "referrer"}
        case ["url" | "empty" | "other", "agent" | "empty" | "other"]:
            return {quoted[0]: "referrer", quoted[1]: "user_agent"}
    agents = [place for place in quoted if kinds[place] == "agent"]
    urls = [place for place in quoted if kinds[place] == "url"]
    return dict.fromkeys(agents[:1], "user_agent") | dict.fromkeys(urls[:1], "referrer")


def _pattern(tokens: Sequence[str], roles: dict[int, str], time: int) -> str:
    """A regular expression for lines like this one, as far as their last field that says something."""
    before = "".join(rf"{part}\s+" for part in _before(_joined(tokens[:time]), roles))
    # how many fields come then is not known: a user's name may have blanks
    others = "" if not time else r"(?:[^\[]*?\s+)?" if tokens[time][0] == "[" else r"(?:.*?\s+)?"
    behind = [_behind(tokens[place], roles.get(place), is_time=place == time) for place in range(time, max(roles) + 1)]
    return rf"\s*{before}{others}" + r"\s+".join(behind)


def _before(tokens: Sequence[str], roles: dict[int, str]) -> list[str]:
    """The fields before the time, as far as they say something."""
    last = max((place for place in roles if place < len(tokens)), default=-1)
    parts = []
    for place, token in enumerate(tokens[: last + 1]):
        name = roles.get(place)
        if token[0] == '"':
            parts.append(f'"{_group(name, _QUOTED)}"')
        elif name == "host":
            parts.append(_group(name, r"[^\s,]+"))
        elif _kind(token) == "host":
            # who comes by name; an address behind would be of a line in which this is the site
            parts.append(rf"{_group(name, _LIST)}(?= +(?:[^\s.:]+|-) )")
        else:
            parts.append(_group(name, _LIST if _kind(token) == "other" else _ADDRESSES))
    return parts


def _behind(token: str, name: str | None, *, is_time: bool) -> str:
    """The time, or a field behind it."""
    if is_time:
        if token[0] in '["':
            return re.escape(token[0]) + _group(name, r"[^\]\"]+") + re.escape(token[-1])
        return _group(name, r"[^\s\"]+")
    if name is None:
        return _SKIP.get(token[0], r'[^\s"\[]\S*')
    if token[0] == '"':
        return f'"{_group(name, _QUOTED)}"'
    return _group(name, r"[^\s\"]+" if name != "status" else r"\d{3}|-")


def _group(name: str | None, inner: str) -> str:
    return f"(?P<{name}>{inner})" if name else f"(?:{inner})"


_QUOTED = r'[^"\\]*(?:\\.[^"\\]*)*'
