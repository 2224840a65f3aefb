"""User agents, each distinct one parsed once: device, browser, system, human or bot."""

import re
from dataclasses import dataclass
from importlib.metadata import version

from ua_parser import parse

from footfall.database import Connection

_PARSER_VERSION = version("ua-parser-builtins")

# Programs that call themselves by name. ua-parser knows crawlers as devices ("Spider"); libraries and headless browsers it takes
# for browsers like any other.
_BOT = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|fetch|scrap|monitor|preview|headless|phantomjs|selenium|puppeteer|playwright|lighthouse"
    r"|^curl|^wget|^python|^java/|^go-http|^okhttp|^ruby|^perl|^php|libwww|httpclient|axios|node-fetch|aiohttp|scrapy|guzzle"
    r"|feed|rss|theoldreader|validator|facebookexternalhit|whatsapp|pingdom|uptime|archiver|search(?!.*chrome/)|\bindexer\b|^-?$",
    re.IGNORECASE,
)
_TABLET = re.compile(r"ipad|tablet|kindle|silk/|playbook|nexus (7|9|10)|sm-t\d|android(?!.*mobile)", re.IGNORECASE)
_MOBILE = re.compile(r"mobi|iphone|ipod|android|phone|blackberry|opera mini|iemobile", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class UserAgent:
    """What a user agent says of itself; None where it says nothing."""

    device_type: str | None
    browser_name: str | None
    browser_version: str | None
    operating_system: str | None
    traffic_class: str


def describe(user_agent: str) -> UserAgent:
    """Parse a user agent. Never fails: of nonsense nothing is known but that it is taken for a bot when it is empty."""
    result = parse(user_agent)
    browser, system, device = result.user_agent, result.os, result.device
    is_bot = _BOT.search(user_agent) is not None or (device is not None and device.family == "Spider")
    # a version of two parts: enough to tell browsers apart, too little to tell visitors apart
    parts = [part for part in (browser.major, browser.minor) if part] if browser else []
    return UserAgent(
        device_type=_device_type(user_agent),
        browser_name=browser.family[:50] if browser else None,
        browser_version=".".join(parts)[:20] or None,
        operating_system=system.family[:50] if system else None,
        traffic_class="bot" if is_bot else "human",
    )


def judge_agents(connection: Connection, batch_ids: list[int]) -> None:
    """Add to the reference table what agents these ingest batches bring for the first time."""
    cursor = connection.execute(
        "/* judgement.agents */ SELECT DISTINCT r.user_agent"
        " FROM raw.events_of(%s) r"
        " WHERE r.user_agent IS NOT NULL"
        "  AND NOT EXISTS (SELECT FROM ref.user_agent a WHERE a.user_agent_hash = util.hash_binary(r.user_agent))",
        (batch_ids,),
    )
    rows = [(agent, describe(agent)) for (agent,) in cursor]
    connection.execute(
        "/* judgement.agents */ INSERT INTO ref.user_agent"
        " SELECT util.hash_binary(u.agent), u.device, u.browser, u.version, u.system, u.traffic, %s"
        " FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])"
        "   AS u(agent, device, browser, version, system, traffic)"
        " ORDER BY 1 ON CONFLICT DO NOTHING",
        (
            _PARSER_VERSION,
            [agent for agent, _ in rows],
            [described.device_type for _, described in rows],
            [described.browser_name for _, described in rows],
            [described.browser_version for _, described in rows],
            [described.operating_system for _, described in rows],
            [described.traffic_class for _, described in rows],
        ),
    )


def _device_type(user_agent: str) -> str | None:
    if _TABLET.search(user_agent):
        return "tablet"
    if _MOBILE.search(user_agent):
        return "mobile"
    return "desktop" if re.search(r"windows|macintosh|x11|linux|cros", user_agent, re.IGNORECASE) else None
