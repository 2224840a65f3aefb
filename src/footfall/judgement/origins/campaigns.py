"""What campaigns say of themselves: who sent the visit (utm_source), by what way (utm_medium), and the ids that networks add."""

import re
from dataclasses import dataclass
from functools import cache

from footfall.judgement.origins.sources import Source, listed, sources

# What stands where nothing was filled in, and what Google writes of visits without a campaign.
_NOTHING = re.compile(r"|\(?(?:not set|none|direct|null|undefined|nan|n/a|unknown)\)?|[-?*.]+|[{\[%<$].*[}\]%>]")
_BLANKS = re.compile(r"[\s_+./|:]+")
# Google's words for its own mixed and shopping campaigns, https://support.google.com/analytics/answer/9756891
_CROSS_NETWORK = re.compile(r".*cross-network.*")
_SHOPPING = re.compile(r".*(?:(?:[^a-df-z]|^)shop|shopping).*")


@dataclass(frozen=True, slots=True)
class Campaign:
    """What a campaign's words come to.

    Attributes:
        source: who sent the visit; None: the words do not say.
        medium: the way, by the words of `media.csv`; empty: they do not say, or nothing that we know.
    """

    source: Source | None
    medium: str


def judge_campaign(utm_source: str | None, utm_medium: str | None, utm_campaign: str | None, ref: str | None = None) -> Campaign:
    """What these words come to. Where utm_source is missing, `ref` stands for it if it is the name of a place that is known."""
    word, medium = _word(utm_source), _medium(_word(utm_medium))
    source = None
    if word:
        paying = sources().of_advertising(word) if not medium or medium.startswith("paid") else None
        source = paying or sources().of_word(word) or Source(word[:100])
        medium = medium or ("paid" if paying else "")
    elif ref and (known := sources().of_word(ref)) and known.kind:
        source = known
    campaign = _word(utm_campaign) or ""
    if _CROSS_NETWORK.fullmatch(campaign):
        medium = "cross-network"
    elif medium in ("paid", "cpm", "") and _SHOPPING.fullmatch(campaign):
        medium = "paid shopping" if medium else "shopping"
    return Campaign(source, medium)


def says_nothing(written: str | None) -> bool:
    """Whether a campaign's word is none: empty, a place that was never filled, Google's (not set)."""
    return _word(written) is None


def _word(written: str | None) -> str | None:
    word = (written or "").strip().lower()
    return None if _NOTHING.fullmatch(word) else word


def _medium(word: str | None) -> str:
    if word is None:
        return ""
    plain = _BLANKS.sub("-", word).strip("-")
    return next((medium for pattern, medium in _media() if pattern.fullmatch(plain)), "")


@cache
def _media() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(row["pattern"]), row["medium"]) for row in listed("media.csv"))
