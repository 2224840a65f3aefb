"""The channel of a visit: one table of rules (channels.csv), laid out here for all there is, so that SQL need only look it up."""

from collections.abc import Iterator
from itertools import product

from footfall.judgement.origins.sources import listed

OTHER = "other"  # the kind of a place or campaign of which nothing is known; an empty one: there is neither


def channels() -> Iterator[tuple[str, str, str, str, str]]:
    """Every medium, kind and way of a click id with its channel and the group of that."""
    rules = listed("channels.csv")
    groups = {row["channel"]: row["channel_group"] for row in listed("channel_groups.csv")}
    parameters = listed("parameters.csv")
    media = {"", "organic", *(row["medium"] for row in listed("media.csv"))}
    kinds = {"", OTHER, *(row["kind"] for row in (*listed("sources.csv"), *listed("own_sources.csv"), *parameters))}
    for case in product(sorted(media), sorted(kinds), sorted({row["click_id"] for row in parameters} | {""})):
        channel = next(rule["channel"] for rule in rules if _fits(rule, *case))
        yield (*case, channel, groups[channel])


def _fits(rule: dict[str, str], medium: str, kind: str, click_id: str) -> bool:
    return all(rule[name] in ("*", value) for name, value in (("medium", medium), ("kind", kind), ("click_id", click_id)))
