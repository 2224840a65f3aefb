"""Whether an agent is a bot, of which kind, and what it is called: by kept lists, and by a few rules that the lists cannot say.

The lists (`judgement/lists`): isbot's patterns, which tell bots from people; crawler-user-agents', which tell kinds; ours, of
what both leave out or call otherwise, and of what people's browsers say that both take for a bot's. Beside them ua-parser's.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, get_args

from footfall.judgement.agents.words import telling

Kind = Literal[
    "search_engine",
    "ai_crawler",
    "ai_assistant",
    "automation",
    "monitor",
    "link_preview",
    "feed_reader",
    "archiver",
    "seo",
    "advertising",
    "scanner",
    "library",
    "other",
]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Bot:
    """A program that asks for pages. `is_program`: a library or a kit, which says nothing of who is behind it."""

    kind: Kind
    name: str | None
    is_program: bool = False


# The device that a browser on Android or Windows Phone names: CUBOT, XBot and Discovery are telephones. Bots that put themselves
# there give an address, or a name with a version.
_DEVICE = re.compile(r"(?<=Andr[o0]id)[^()]*|(?<=IEMobile)[^()]*")
_NO_DEVICE = re.compile(r"compatible|https?:|www\.|\+http|@|catchpoint|\b(?!build|cronet)[\w-]+/\d+\.\d", re.IGNORECASE)
# Shapes among isbot's patterns: what has one, and is on no list by a name, is a kit or a script.
_SHAPE = re.compile(r"\^\[\\w|\^\\w|\^\[\^ \]")
# what people have; an app that names it is on somebody's device
_OF_A_PERSON = re.compile(
    r"iphone|\biph\d|ucbrowser|ipad|ipod|\bios\b|android|windows|mac ?os|mac(?:book|mini|pro)|imac|watch ?os|tv ?os"
    r"|tizen|symbian|amiga|presto/|smart-?(?:tv|hub)|\bnook|midp|\bnokia|\bwap",
    re.IGNORECASE,
)
_BROWSER = re.compile(r"^(?:mozilla|opera)/\d", re.IGNORECASE)
# what a bot on no list is called: the word that says it is one, else the word that is no browser's
_NAME = re.compile(
    r"\b[\w.-]*(?:bot|crawl|spider|slurp|fetch|scan|monitor|check|preview|index|archiv|feed|rss|search|agent|validator|proxy)[\w.-]*",
    re.IGNORECASE,
)
_ANY_NAME = re.compile(
    r"\b(?!(?:mozilla|applewebkit|gecko|khtml|like|compatible|chrome|safari|version|mobile|windows|linux|macintosh|intel|mac|os|android|x11|x86_64|i686|ubuntu|http|https|www)\b)"
    r"[a-z][\w.-]{2,}",
    re.IGNORECASE,
)
# A browser that says no more than its name: privacy tools shorten agents so.
_BARE_BROWSER = re.compile(r"(?:Firefox|Chrome|Safari|Edge|Opera)/[0-9.]+")
_KIND_BY_NAME: tuple[tuple[str, Kind], ...] = (
    (r"feed|rss|podcast", "feed_reader"),
    (r"preview|unfurl|embed|linkexpand", "link_preview"),
    (r"monitor|uptime|status|ping|synthetic|speed|perf", "monitor"),
    (r"scan|secur|vuln|pentest|inspect", "scanner"),
    (r"archiv|wayback", "archiver"),
    (r"seo|rank|backlink|audit|linkcheck|sitecheck", "seo"),
    (r"\bads?bot|advert", "advertising"),
    (r"search", "search_engine"),
    (r"selenium|automat|headless", "automation"),
)


def bot_of(agent: str, *, is_spider: bool = False) -> Bot | None:
    """The bot that an agent is, or None: a person's. `is_spider`: ua-parser knows it as one."""
    if agent.strip() in ("", "-"):
        return Bot("library", None, is_program=True)
    lists = _lists()
    text, left_out = lists.exceptions.subn("~", _DEVICE.sub(_without_device, telling(agent)))
    lowered = _small(text)
    if found := _ours(agent, text, lowered, lists) or _theirs(text, lists):
        return found
    if lists.named.search(lowered) or (is_spider and not left_out and not _OF_A_PERSON.search(agent)):
        name = _name(text)
        return Bot(next((kind for words, kind in _KIND_BY_NAME if re.search(words, name or "", re.IGNORECASE)), "other"), name)
    if lists.shapes.search(_small(agent)) and not (_OF_A_PERSON.search(agent) or _BARE_BROWSER.fullmatch(agent)):
        return Bot("other", _name(text)) if _BROWSER.match(agent) else Bot("library", _name(text), is_program=True)
    return None


@dataclass(frozen=True, slots=True)
class _Lists:
    exceptions: re.Pattern[str]
    ours: re.Pattern[str]  # all of them: nearly every agent is a person's, and meets none
    our_rows: tuple[tuple[re.Pattern[str], str, str], ...]
    literals: tuple[tuple[str, Kind, str], ...]  # the longest first
    patterns: re.Pattern[str]
    pattern_rows: tuple[tuple[re.Pattern[str], Kind, str], ...]
    named: re.Pattern[str]
    shapes: re.Pattern[str]


@cache
def _lists() -> _Lists:
    ours = [(_either([pattern]), kind, name) for pattern, kind, name, _ in _rows("more_bots.tsv")]
    literals: list[tuple[str, Kind, str]] = []
    rows: list[tuple[re.Pattern[str], Kind, str]] = []
    for pattern, kind, name in _rows("bot_kinds.tsv"):
        literal = re.sub(r"\\([/.\-() ])", r"\1", pattern)
        if re.search(r"[\\^$*+?()\[\]{}|]", literal):
            rows.append((re.compile(pattern), _kind(kind), name))
        else:
            literals.append((literal, _kind(kind), name))
    isbot = [pattern for (pattern,) in _rows("bots.txt")]
    return _Lists(
        exceptions=re.compile("|".join(pattern for pattern, _ in _rows("exceptions.tsv"))),
        ours=_either([pattern.pattern for pattern, _, _ in ours]),
        our_rows=tuple(ours),
        literals=tuple(sorted(literals, key=lambda row: -len(row[0]))),
        patterns=re.compile("|".join(f"(?:{pattern.pattern})" for pattern, _, _ in rows)),
        pattern_rows=tuple(rows),
        named=_either([pattern for pattern in isbot if not _SHAPE.match(pattern)]),
        shapes=_either([pattern for pattern in isbot if _SHAPE.match(pattern)]),
    )


def _rows(file: str) -> list[list[str]]:
    text = (resources.files("footfall.judgement") / "lists" / file).read_text()
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


def _either(patterns: list[str]) -> re.Pattern[str]:
    """One pattern of many, for text in small letters; words and digits are ASCII's, as in JavaScript, which they come from."""
    small = (re.sub(r"\\.|[A-Z]", lambda found: found[0] if found[0][0] == "\\" else found[0].lower(), one) for one in patterns)
    return re.compile("|".join(f"(?:{one})" for one in small), re.ASCII)


def _without_device(found: re.Match[str]) -> str:
    return found[0] if _NO_DEVICE.search(found[0]) else " "


def _ours(agent: str, text: str, lowered: str, lists: _Lists) -> Bot | None:
    if not lists.ours.search(lowered):
        return None
    for pattern, kind, name in lists.our_rows:
        if found := pattern.search(lowered):
            called = name or _shown(text[found.start() : found.end()])
            if kind != "program":
                return Bot(_kind(kind), called)
            return None if _OF_A_PERSON.search(agent) else Bot("library", called, is_program=True)
    return None


def _theirs(text: str, lists: _Lists) -> Bot | None:
    for literal, kind, name in lists.literals:
        if literal in text:
            return Bot(kind, _shown(name or literal))
    if lists.patterns.search(text):
        for pattern, kind, name in lists.pattern_rows:
            if found := pattern.search(text):
                return Bot(kind, _shown(name or found[0]))
    return None


def _kind(name: str) -> Kind:
    return next(kind for kind in KINDS if kind == name)


def _small(text: str) -> str:
    """Small letters, one for one."""
    return text.lower() if text.isascii() else "".join(one.lower() if one.isascii() else one for one in text)


def _name(text: str) -> str | None:
    found = _NAME.search(text) or _ANY_NAME.search(text)
    return _shown(found[0]) if found else None


def _shown(name: str) -> str | None:
    """A name as reports show it: without its version, fifty characters at most."""
    return re.split(r"/|\s\(|\s*[;,]", name.strip(" /;:-+()"))[0].strip(" .-_")[:50] or None
