"""What a tenant's own rules may say, as typed data. They lie over the general rules, which come with Footfall.

A pattern is a text in which `*` stands for anything, and capitals for small letters. There are no regular expressions: what a
tenant writes is looked for in what others send, and must not take long, whatever both are.
"""

import hashlib
from datetime import date
from functools import cache
from ipaddress import ip_network
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from footfall.errors import NotAccepted
from footfall.judgement.origins.sources import listed

_MOST_RULES = 500  # of a kind: every distinct input is held against each
_MOST_NETWORKS = 100  # every event is held against each, at the door

Name = Annotated[str, Meta(min_length=1, max_length=50, pattern=r"^\S(.*\S)?$", description="what it is called in answers")]
Pattern = Annotated[str, Meta(min_length=1, max_length=200, description="a text; * stands for anything")]
Source = Annotated[str, Meta(min_length=1, max_length=100)]
Channel = Annotated[str, Meta(min_length=1, max_length=30, description="one of the 19 channels, such as Email or AI")]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Label = Annotated[str, Meta(min_length=1, max_length=50)]


class OwnBot(Struct, frozen=True, forbid_unknown_fields=True):
    """A bot that the lists do not know: `agent` is somewhere in its user agent."""

    name: Name
    agent: Pattern


class Behaviour(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What only a bot does in a visit.

    Attributes:
        views_per_minute: more page views than so many within a minute.
        views_without_engagement: more page views than so many, and nothing else: no other event, no scrolling, no time
            on a page.
    """

    views_per_minute: Count | None = None
    views_without_engagement: Count | None = None


class OwnSource(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where visits without a campaign come from, by the host that referred them; `*.x.org` are the hosts under it."""

    host: Pattern
    source: Source | None = None
    channel: Channel | None = None


class OwnCampaign(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The channel, and what the source is called, of visits whose campaign says all of this of itself."""

    utm_source: Pattern | None = None
    utm_medium: Pattern | None = None
    utm_campaign: Pattern | None = None
    source: Source | None = None
    channel: Channel | None = None


class PageClass(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the pages of a path are: the whole path, as `/docs/*`."""

    path: Pattern
    category: Label | None = None
    type: Label | None = None


class Internal(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Visits of the tenant's own people, by all that is said here of the address at which they begin.

    Attributes:
        parameter: of its query: a name, or a name and a value as `audience=staff`.
    """

    name: Name
    host: Pattern | None = None
    path: Pattern | None = None
    parameter: Pattern | None = None


class OwnNetwork(Struct, frozen=True, forbid_unknown_fields=True):
    """A range of addresses of the tenant's own people: visits that begin from there are internal.

    It is looked at when an event arrives, as no address is kept; what is stored is only that it came from the range of this
    name.

    Attributes:
        range: CIDR of IPv4 or IPv6, as `203.0.113.0/24`; or one address.
    """

    name: Name
    range: Annotated[str, Meta(min_length=1, max_length=50)]


class RuleSet(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """All rules of a tenant's own; of a kind the first that fits holds.

    Attributes:
        since: visits that began before this day of UTC are judged by the general rules alone; None: these judge all of history.
    """

    since: date | None = None
    internal: Annotated[tuple[Internal, ...], Meta(max_length=_MOST_RULES)] = ()
    networks: Annotated[tuple[OwnNetwork, ...], Meta(max_length=_MOST_NETWORKS)] = ()
    bots: Annotated[tuple[OwnBot, ...], Meta(max_length=_MOST_RULES)] = ()
    behaviour: Behaviour | None = None
    campaigns: Annotated[tuple[OwnCampaign, ...], Meta(max_length=_MOST_RULES)] = ()
    sources: Annotated[tuple[OwnSource, ...], Meta(max_length=_MOST_RULES)] = ()
    pages: Annotated[tuple[PageClass, ...], Meta(max_length=_MOST_RULES)] = ()


def read_rules(document: str | bytes | dict[str, Any]) -> RuleSet:
    """Rules from JSON text, or from what it says. Raises NotAccepted: ``rules_invalid``, with the place."""
    try:
        rules = stored_rules(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotAccepted("rules_invalid", f"these are no rules: {error}") from None
    for kind, index, rule in _said(rules):
        values = msgspec.to_builtins(rule)
        place = f"$.{kind}[{index}]"
        if any(not text.isprintable() for text in values.values()):
            raise NotAccepted("rules_invalid", f"a text has a character that nobody can see - at `{place}`")
        if (channel := values.get("channel")) and channel not in channel_groups():
            raise NotAccepted("rules_invalid", f"there is no channel {channel!r} - at `{place}.channel`")
        if isinstance(rule, OwnNetwork) and not _is_range(rule.range):
            raise NotAccepted("rules_invalid", f"{rule.range!r} is no range such as 203.0.113.0/24 - at `{place}.range`")
        if _says_nothing(rule):
            raise NotAccepted("rules_invalid", f"the rule is missing what it goes by, or what it says - at `{place}`")
    return rules


def stored_rules(document: str | bytes | dict[str, Any]) -> RuleSet:
    """Rules as they were stored: what they say was looked at then."""
    return msgspec.convert(document, RuleSet) if isinstance(document, dict) else msgspec.json.decode(document, type=RuleSet)


def as_json(rules: RuleSet) -> dict[str, Any]:
    """Rules as they are stored, in JSON: what is not said is not there."""
    document: dict[str, Any] = msgspec.to_builtins(rules)
    if document.get("behaviour") == {}:
        del document["behaviour"]
    return document


def digest_of(rules: RuleSet) -> str:
    """SHA-256 of the rules, in hexadecimal digits."""
    return hashlib.sha256(msgspec.json.encode(as_json(rules), order="deterministic")).hexdigest()


@cache
def channel_groups() -> dict[str, str]:
    """The channels, each with its group."""
    return {row["channel"]: row["channel_group"] for row in listed("channel_groups.csv")}


def _said(rules: RuleSet) -> list[tuple[str, int, Struct]]:
    kinds = ("internal", "networks", "bots", "campaigns", "sources", "pages")
    return [(kind, index, rule) for kind in kinds for index, rule in enumerate(getattr(rules, kind))]


def _is_range(text: str) -> bool:
    """Whether Python and PostgreSQL both read this as a range of addresses, and as the same one."""
    address, _, bits = text.partition("/")
    if "%" in address or (bits and not bits.isdecimal()):
        return False
    try:
        return str(ip_network(text)) in {f"{text.lower()}{end}" for end in ("", "/32", "/128")}
    except ValueError:
        return False


def _says_nothing(rule: Struct) -> bool:
    match rule:
        case OwnSource(source=None, channel=None) | OwnCampaign(source=None, channel=None) | PageClass(category=None, type=None):
            return True
        case OwnCampaign(utm_source=None, utm_medium=None, utm_campaign=None) | Internal(host=None, path=None, parameter=None):
            return True
    return False
