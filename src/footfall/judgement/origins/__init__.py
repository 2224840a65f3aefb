"""Where visits come from: each distinct host and campaign judged once, by kept lists and short rules."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from footfall.database import Connection
from footfall.judgement.origins.campaigns import judge_campaign, says_nothing
from footfall.judgement.origins.channels import channels
from footfall.judgement.origins.sources import Origin, listed, sources

__all__ = ["channels", "is_known_origin", "judge_origins", "judge_own_origins", "known_origins", "parameters"]

OriginRow = tuple[str, str, str, str, str, str | None]  # as ref.origin


def judge_origins(connection: Connection, batch_ids: list[int]) -> None:
    """Add to the reference tables what hosts and campaigns these ingest batches bring for the first time."""
    connection.execute("/* judgement.origins */ SELECT staging.gather_addresses(%s)", (batch_ids,))
    hosts = connection.execute(
        "/* judgement.origins */ SELECT h.host FROM ("
        "  SELECT p.host FROM pg_temp.page_address p UNION SELECT r.host FROM pg_temp.referrer_address r) h"
        " WHERE length(h.host) <= 253 AND NOT EXISTS (SELECT FROM ref.origin o WHERE o.host = h.host AND o.path = '')"
    ).fetchall()
    if hosts:
        rows = [row for (host,) in hosts for row in _rows(host, sources().of_host(host))]
        connection.execute(
            "/* judgement.origins */ INSERT INTO ref.origin"
            " SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[]) ORDER BY 1, 2"
            " ON CONFLICT DO NOTHING",
            tuple(list(column) for column in zip(*rows, strict=True)),
        )
    campaigns = connection.execute(
        "/* judgement.origins */ SELECT c.campaign_hash, c.utm_source, c.utm_medium, c.utm_campaign, c.ref"
        " FROM pg_temp.campaign c WHERE NOT EXISTS (SELECT FROM ref.campaign k WHERE k.campaign_hash = c.campaign_hash)"
    ).fetchall()
    if campaigns:
        judged = [(key, *_campaign(*words)) for key, *words in campaigns]
        connection.execute(
            "/* judgement.origins */ INSERT INTO ref.campaign"
            " SELECT * FROM unnest(%s::bytea[], %s::text[], %s::text[], %s::text[], %s::boolean[]) ORDER BY 1"
            " ON CONFLICT DO NOTHING",
            tuple(list(column) for column in zip(*judged, strict=True)),
        )


def judge_own_origins(connection: Connection) -> None:
    """The same of the person who is laid out, by whoever may change them alone (business.unjudged_own_origins)."""
    rows = connection.execute("/* judgement.origins */ SELECT * FROM business.unjudged_own_origins()").fetchall()
    if not rows:
        return
    origins = [row for host, *_ in rows if host is not None for row in _rows(host, sources().of_host(host))]
    campaigns = [(key, *_campaign(*words)) for _, key, *words in rows if key is not None]
    connection.execute(
        "/* judgement.origins */ SELECT business.judge_own_origins("
        " ARRAY(SELECT ROW(o.*)::ref.origin"
        "  FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[]) o),"
        " ARRAY(SELECT ROW(c.*)::ref.campaign FROM unnest(%s::bytea[], %s::text[], %s::text[], %s::text[], %s::boolean[]) c))",
        (*_columns(origins, 6), *_columns(campaigns, 5)),
    )


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [[row[place] for row in rows] for place in range(width)]


def known_origins() -> list[OriginRow]:
    """What the lists know by the very name of a host: rows of ref.origin that are there before anybody comes from them."""
    patterns = [row["pattern"].replace("*", "com") for file in ("sources.csv", "own_sources.csv") for row in listed(file)]
    hosts = {host for pattern in patterns if "." in (host := pattern.partition("/")[0])}
    return [row for host in sorted(hosts | {"www." + host for host in hosts}) for row in _rows(host, sources().of_host(host))]


@lru_cache(maxsize=10_000)
def is_known_origin(host: str) -> bool:
    """Whether visits are known to come from this host: a search engine, a network, mail and the like."""
    return sources().of_host(host).source.kind is not None


def parameters() -> list[tuple[str, int, str, str | None, str | None, str | None]]:
    """What keys of a query mean: rows of ref.parameter."""
    return [
        (row["parameter"], rank, row["means"], row["source"] or None, row["kind"] or None, row["click_id"] or None)
        for rank, row in enumerate(listed("parameters.csv"))
    ]


def _rows(host: str, origin: Origin) -> list[OriginRow]:
    return [
        (host, path, origin.name, origin.site, source.name, source.kind)
        for path, source in {"": origin.source, **origin.paths}.items()
    ]


def _campaign(
    utm_source: str | None, utm_medium: str | None, utm_campaign: str | None, ref: str | None
) -> tuple[str | None, str | None, str, bool]:
    campaign = judge_campaign(utm_source, utm_medium, utm_campaign, ref)
    if campaign.source is None:
        return None, None, campaign.medium, not all(map(says_nothing, (utm_source, utm_medium, utm_campaign)))
    return campaign.source.name[:100], campaign.source.kind, campaign.medium, True
