"""What a tenant's rules say of each distinct input: looked at once, in Python, and kept in `ref.rule_match` for SQL to look up.

A load judges what is new in it after its turn has come, so that it judges by the very rules that it loads under; and whoever puts
rules in force judges, in the same turn, all inputs that are stored.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from itertools import islice
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from footfall.database import Connection
from footfall.judgement.agents import describe
from footfall.judgement.origins.channels import OTHER, channels
from footfall.judgement.origins.sources import sources
from footfall.judgement.rules.declared import RuleSet, channel_groups, stored_rules

BY_LISTS = "lists"  # the name of the general ones among rules
_AT_ONCE = 10_000
_PARAMETERS = 50  # of an address, the first: loads of all tenants wait for who looks at them

# of each kind the text that is looked at, and the key that the judgement is looked up by
_NEW = """/* judgement.rules */
    SELECT DISTINCT 'agent', util.hash_binary(f.user_agent), ARRAY[f.user_agent] FROM pg_temp.fresh_event f
    WHERE 'agent' = ANY (%(kinds)s) AND f.tenant_hk = %(tenant)s AND f.user_agent IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'landing', util.hash_binary(f.page_url), ARRAY[f.page_url] FROM pg_temp.fresh_event f
    WHERE 'landing' = ANY (%(kinds)s) AND f.tenant_hk = %(tenant)s AND f.page_url IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'referrer', util.hash_binary(o.host), ARRAY[o.host] FROM pg_temp.fresh_event f
    CROSS JOIN LATERAL (SELECT business.referrer_host(f.page_referrer) AS host OFFSET 0) o
    WHERE 'referrer' = ANY (%(kinds)s) AND f.tenant_hk = %(tenant)s AND o.host IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'campaign', staging.campaign_key(f.utm_source, f.utm_medium, f.utm_campaign, NULL),
           ARRAY[f.utm_source, f.utm_medium, f.utm_campaign]
    FROM pg_temp.fresh_event f
    WHERE 'campaign' = ANY (%(kinds)s) AND f.tenant_hk = %(tenant)s
      AND num_nonnulls(f.utm_source, f.utm_medium, f.utm_campaign) > 0
    UNION ALL
    SELECT DISTINCT 'page', f.site_page_hk, ARRAY[business.page_path(f.site_page_bk)] FROM pg_temp.fresh_event f
    WHERE 'page' = ANY (%(kinds)s) AND f.tenant_hk = %(tenant)s AND f.site_page_hk IS NOT NULL
"""
_STORED = """/* judgement.rules */
    SELECT DISTINCT 'agent', util.hash_binary(c.user_agent), ARRAY[c.user_agent] FROM business.site_session_context_s c
    WHERE 'agent' = ANY (%(kinds)s) AND c.tenant_hk = %(tenant)s AND c.user_agent IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'landing', util.hash_binary(d.page_url), ARRAY[d.page_url] FROM business.site_session_context_s c
    CROSS JOIN LATERAL (
        SELECT d.page_url FROM business.site_event_details_s d WHERE d.site_event_hk = c.entry_event_hk LIMIT 1
    ) d
    WHERE 'landing' = ANY (%(kinds)s) AND c.tenant_hk = %(tenant)s AND d.page_url IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'referrer', util.hash_binary(o.host), ARRAY[o.host] FROM business.site_session_context_s c
    CROSS JOIN LATERAL (SELECT business.referrer_host(c.referrer_url) AS host OFFSET 0) o
    WHERE 'referrer' = ANY (%(kinds)s) AND c.tenant_hk = %(tenant)s AND o.host IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'campaign', staging.campaign_key(c.utm_source, c.utm_medium, c.utm_campaign, NULL),
           ARRAY[c.utm_source, c.utm_medium, c.utm_campaign]
    FROM business.site_session_context_s c
    WHERE 'campaign' = ANY (%(kinds)s) AND c.tenant_hk = %(tenant)s
      AND num_nonnulls(c.utm_source, c.utm_medium, c.utm_campaign) > 0
    UNION ALL
    SELECT 'page', h.site_page_hk, ARRAY[business.page_path(h.site_page_bk)] FROM business.site_page_h h
    WHERE 'page' = ANY (%(kinds)s) AND h.tenant_hk = %(tenant)s
"""
_IN_FORCE = """/* judgement.rules */
    SELECT r.tenant_hk, r.version, r.rules::text FROM ref.rule_set r
    WHERE r.in_force_until IS NULL AND r.rules <> '{}' AND r.tenant_hk IN (SELECT DISTINCT f.tenant_hk FROM pg_temp.fresh_event f)
"""
_OF_LISTS = """/* judgement.rules */
    SELECT DISTINCT 'device', staging.agent_key(c.user_agent, c.client_hints), ARRAY[c.user_agent, c.client_hints]
    FROM business.site_session_context_s c WHERE c.tenant_hk = %(tenant)s AND c.user_agent IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'origin', util.hash_binary(business.referrer_origin(c.referrer_url)),
           ARRAY[staging.origin_host(o.parts), o.parts[4]]
    FROM business.site_session_context_s c
    CROSS JOIN LATERAL (SELECT staging.url_parts(c.referrer_url) AS parts OFFSET 0) o
    WHERE c.tenant_hk = %(tenant)s AND c.channel <> 'direct' AND staging.origin_host(o.parts) IS NOT NULL
      AND num_nonnulls(c.utm_source, c.utm_medium, c.utm_campaign, c.utm_id, c.click_id) = 0
"""


class _Said(NamedTuple):
    """What a rule, or the general lists, say of an input: a row of ref.rule_match from `rule` on."""

    rule: str
    traffic_class: str | None = None
    bot_kind: str | None = None
    bot_name: str | None = None
    browser_name: str | None = None
    browser_version: str | None = None
    operating_system: str | None = None
    operating_system_version: str | None = None
    source: str | None = None
    channel: str | None = None
    channel_name: str | None = None
    page_category: str | None = None
    page_type: str | None = None


_Looks = dict[str, Callable[..., _Said | None]]
_KEEP = f"""/* judgement.rules */
    INSERT INTO ref.rule_match (tenant_hk, version, input, input_hash, {", ".join(_Said._fields)})
    SELECT %s, %s, m.* FROM unnest(%s::text[], %s::bytea[], {", ".join(["%s::text[]"] * len(_Said._fields))}) m
    ORDER BY 1, 2, 3, 4 ON CONFLICT DO NOTHING
"""  # noqa: S608  names of columns


def judge_by_own_rules(connection: Connection) -> None:
    """Judge what a load has gathered, of tenants with rules of their own; in the load's transaction, when it is its turn."""
    for tenant_hk, version, rules in connection.execute(_IN_FORCE).fetchall():
        _judge(connection, tenant_hk, version, _looks(_read(rules)), _NEW)


def judge_stored_inputs(connection: Connection, tenant_hk: bytes, version: int, rules: RuleSet) -> None:
    """Judge all inputs of a tenant's stored visits and pages by rules that are being put in force."""
    _judge(connection, tenant_hk, version, _looks(rules), _STORED)


def judge_by_lists(connection: Connection, tenant_hk: bytes, version: int) -> None:
    """Judge the agents and referrers of a tenant's stored visits by the general lists as they are now."""
    _judge(connection, tenant_hk, version, {"device": _device, "origin": _origin}, _OF_LISTS)


@lru_cache(256)
def _read(rules: str) -> RuleSet:
    return stored_rules(rules)


def _judge(connection: Connection, tenant_hk: bytes, version: int, looks: _Looks, inputs: str) -> None:
    if not looks:
        return
    found = connection.execute(inputs, {"tenant": tenant_hk, "kinds": list(looks)})
    said = ((kind, key, *word) for kind, key, texts in found if (word := looks[kind](*texts)))
    for rows in iter(lambda: list(islice(said, _AT_ONCE)), []):
        connection.execute(_KEEP, (tenant_hk, version, *(list(column) for column in zip(*rows, strict=True))))


def _looks(rules: RuleSet) -> _Looks:
    """For each kind of input that rules go by, what they say of one."""
    kinds: dict[str, tuple[object, Callable[..., _Said | None]]] = {
        "agent": (rules.bots, lambda agent: _first(_bots(rules, agent))),
        "landing": (rules.internal, lambda url: _first(_internal(rules, url))),
        "referrer": (rules.sources, lambda host: _first(_sources(rules, host))),
        "campaign": (rules.campaigns, lambda *words: _first(_campaigns(rules, words))),
        "page": (rules.pages, lambda path: _first(_pages(rules, path))),
    }
    return {kind: look for kind, (some, look) in kinds.items() if some}


def _first(said: Iterable[_Said]) -> _Said | None:
    return next(iter(said), None)


def _bots(rules: RuleSet, agent: str) -> Iterator[_Said]:
    text = agent.lower()
    return (_Said(rule.name) for rule in rules.bots if fits(f"*{rule.agent.lower()}*", text))


def _sources(rules: RuleSet, host: str) -> Iterator[_Said]:
    for rule in rules.sources:
        if fits(rule.host.lower().removeprefix("www."), host):
            yield _Said(rule.host[:100], source=rule.source, **_channel(rule.channel))


def _campaigns(rules: RuleSet, words: tuple[str | None, ...]) -> Iterator[_Said]:
    texts = [(word or "").lower() for word in words]
    for rule in rules.campaigns:
        patterns = (rule.utm_source, rule.utm_medium, rule.utm_campaign)
        if all(pattern is None or fits(pattern.lower(), text) for pattern, text in zip(patterns, texts, strict=True)):
            yield _Said(" ".join(filter(None, patterns))[:100], source=rule.source, **_channel(rule.channel))


def _pages(rules: RuleSet, path: str) -> Iterator[_Said]:
    for rule in rules.pages:
        if fits(rule.path.lower(), path.lower()):
            yield _Said(rule.path[:100], page_category=rule.category, page_type=rule.type)


def _internal(rules: RuleSet, url: str) -> Iterator[_Said]:
    try:
        parts = urlsplit(url.lower())
        host, path, query = (parts.hostname or "").removeprefix("www."), parts.path or "/", parts.query
    except ValueError:
        return
    asked = {
        text
        for name, value in islice(parse_qsl(query, keep_blank_values=True), _PARAMETERS)
        for text in (name, f"{name}={value}")
    }
    for rule in rules.internal:
        if (
            (rule.host is None or fits(rule.host.lower().removeprefix("www."), host))
            and (rule.path is None or fits(rule.path.lower(), path))
            and (rule.parameter is None or _is_asked(rule.parameter.lower(), asked))
        ):
            yield _Said(rule.name)


def _is_asked(pattern: str, asked: set[str]) -> bool:
    return any(fits(pattern, text) for text in asked) if "*" in pattern else pattern in asked


def _channel(channel: str | None) -> dict[str, str | None]:
    return {"channel": channel_groups().get(channel), "channel_name": channel} if channel else {}


def _device(agent: str, hints: str | None) -> _Said:
    found = describe(agent, hints)
    # of a program it depends on the key that it came with whether it is somebody: that was judged when it came
    is_told = found.traffic_class != "program"
    return _Said(
        BY_LISTS,
        found.traffic_class if is_told else None,
        found.bot_kind if is_told else None,
        found.bot_name if is_told else None,
        found.browser_name,
        found.browser_version,
        found.operating_system,
        found.operating_system_version,
    )


def _origin(host: str, path: str | None) -> _Said:
    origin = sources().of_host(host)
    under = max((start for start in origin.paths if (path or "/").startswith(start)), key=len, default=None)
    source = origin.paths[under] if under is not None else origin.source
    if source.kind in ("payment", "sign-in"):
        return _Said(BY_LISTS, source="direct", **_channel("Direct"))
    return _Said(BY_LISTS, source=source.name[:100], **_channel(_referring()[source.kind or OTHER]))


@cache
def _referring() -> dict[str, str]:
    """The channels of visits of which nothing but the kind of who referred them is known."""
    return {kind: channel for medium, kind, click_id, channel, _ in channels() if not medium and not click_id}


def fits(pattern: str, text: str) -> bool:
    """Whether a text is as a pattern says, in which `*` stands for anything. In steps that each move on: it never tries again."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    *middle, last = rest
    at = len(first)
    if not text.startswith(first):
        return False
    for part in middle:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - at >= len(last) and text.endswith(last)
