"""Where visits come from: what is known of a host, an app, or a name that campaigns use. Lists first, then a few short rules."""

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Self

from footfall.judgement.origins.names import ANY, APP, ascii_name, country_suffix, is_country, is_package, parents, site_of


@dataclass(frozen=True, slots=True)
class Source:
    """Whom a visit comes from: one name, however it is written; and what kind of place that is (None: none that we know)."""

    name: str
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of a host.

    Attributes:
        name: its one spelling.
        site: whose it is: the name that was registered; two hosts of one site do not refer to each other.
        source: the host itself, where no list knows it.
        paths: what stands under some of its paths, if that is something else.
    """

    name: str
    site: str
    source: Source
    paths: dict[str, Source]


# Parts of a host that say what is there: Roundcube, Horde, Zimbra and Outlook on the web are installed by everybody.
_MAIL = re.compile(
    r"mail.*|.*mails?[a-z]?[0-9]{0,3}|.*webmail.*|messagerie.*|poczta|posta|correo|correio|courriel|owa|roundcube|horde|zimbra"
    r"|newsletters?"
)
_ADS = re.compile(
    r"ads?[0-9]{0,3}|adservers?[0-9]*|adserv(?:ice|ing|e)?|adclicks?|adtrack(?:er|ing)?|servedby|.*-ads|ads-.*"
    r"|pagead[0-9]*|pubads|adx"
)
# Under a search engine's host is the same engine: in another language, for phones, for pictures. What else stands there is none
# (documents, a calendar, news, finance): nobody searched for the page.
_NEUTRAL = re.compile(
    r"www?[0-9]*|m|mobile|wap|touch|lite|go|r|l|search[0-9]*|images?|videos?|web|int|global|intl|encrypted|ipv[46]"
    r"|[a-z]{2}(?:-[a-z]{2})?|html|safe"
)
_ADVERTISING = re.compile(r"(.+?)[-_ .]?(?:paid|ads?|adverts?)")
_EMAIL = re.compile(r"e[-_ ]?mail|newsletter|(?:^|[-_ ])(?:mail|mailing|nl)(?:$|[-_ ])")
_PACKAGE_OF = re.compile(r"([a-z]{2,6})\.([a-z0-9_-]+)(?:\.|$)")


class Sources:
    """The lists, ready to be asked."""

    def __init__(self, rows: list[dict[str, str]]) -> None:
        self._known: dict[str, Source] = {}
        self._in_countries: dict[tuple[str, str], Source] = {}  # by what stands before and after the country
        self._paths: dict[str, dict[str, Source]] = {}
        for row in rows:
            source = Source(row["source"], row["kind"] or None)
            host, slash, path = row["pattern"].partition("/")
            before, any_country, after = host.partition(ANY)
            if slash:
                self._paths.setdefault(host, {})[slash + path] = source
            elif any_country:
                self._in_countries[before.rstrip("."), after.lstrip(".")] = source
            else:
                self._known[host] = source
        self._before = {before.partition(".")[0] for before, after in self._in_countries if not after}
        self._after = {after for _, after in self._in_countries if after}

    @classmethod
    def read(cls) -> Self:
        """What comes with Footfall: the generated list, and over it the rows of our own."""
        return cls([row for file in ("sources.csv", "own_sources.csv") for row in listed(file)])

    def of_host(self, host: str) -> Origin:
        """What is known of a host as a URL writes it, or of an app: android-app://<package>."""
        if host.startswith(APP):
            package = host.removeprefix(APP)
            return Origin(package, package, self._of_app(package), {})
        name = ascii_name(host)
        source = self._of_app(name) if is_package(name) else self._of_name(name)
        return Origin(name, site_of(name), source, self._paths.get(name, {}))

    def of_word(self, written: str) -> Source | None:
        """What a campaign says that it comes from: a name, a host, a name with what it pays; None: nothing that we know."""
        word = written.strip().lower()
        if known := self._known.get(word) or self._known.get(word.replace("_", " ").replace("-", " ")):
            return known
        host = re.sub(r"^[a-z-]+://|/.*$", "", word)
        if "." in host and " " not in host:
            source = self._of_app(host) if host.startswith("com.") else self._of_name(ascii_name(host))
            if source.kind or source.name != ascii_name(host):
                return source
        return Source(word, "email") if _EMAIL.search(word) else None

    def of_advertising(self, written: str) -> Source | None:
        """Whose advertisements a campaign says that it comes from, where it says so: fb-ads, google_ads, yt ads, adwords."""
        word = written.strip().lower()
        if word in ("adwords", "googleads", "gads"):
            return self.of_word("google")
        match = _ADVERTISING.fullmatch(word)
        return self.of_word(match[1]) if match else None

    def _of_name(self, name: str) -> Source:
        if known := self._exactly(name):
            return known
        if name.startswith("deref-"):
            # where GMX, web.de and mail.com lead readers of mail out
            return Source(site_of(name), "email")
        for more, parent in parents(name):
            known = self._exactly(parent)
            for kind, said in (("email", _MAIL), ("ads", _ADS)):
                if any(map(said.fullmatch, more)):
                    return known if known and known.kind == kind else Source(name, kind)
            if known and (known.kind != "search" or all(map(_NEUTRAL.fullmatch, more))):
                return known
            if known:
                break
        return Source(name)

    def _exactly(self, name: str) -> Source | None:
        if known := self._known.get(name):
            return known
        first, _, rest = name.partition(".")
        if first in self._before and (suffix := country_suffix(name)):
            return self._in_countries.get((name.removesuffix(suffix).rstrip("."), ""))
        while rest:
            if rest in self._after:
                before = name.removesuffix(rest).rstrip(".").split(".")
                for parts in (1, 2):
                    key = (".".join(before[:-parts]), rest)
                    if key in self._in_countries and is_country(".".join(before[-parts:])):
                        return self._in_countries[key]
            rest = rest.partition(".")[2]
        return None

    def _of_app(self, package: str) -> Source:
        """An app is its maker's, whose host its package has backwards; of a search engine's apps, only that which searches."""
        if known := self._known.get(package):
            return known
        if re.search(r"(?:^|[._])(?:e?mail|mailapp)(?:$|[._])", package):
            return Source(package, "email")
        if match := _PACKAGE_OF.match(package):
            maker = self._of_name(f"{match[2]}.{match[1]}")
            if maker.kind not in (None, "search", "payment", "sign-in"):
                return maker
        return Source(package)


def listed(file: str) -> list[dict[str, str]]:
    """The rows of a list in `judgement/lists`; lines that begin with # are for people."""
    text = (resources.files("footfall.judgement") / "lists" / file).read_text()
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


@cache
def sources() -> Sources:
    """The lists, read once a process."""
    return Sources.read()
