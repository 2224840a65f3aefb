"""User agents, each distinct one judged once with its client hints: device, browser, system; human, program or bot."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from importlib.metadata import version

from ua_parser import Result, parse

from footfall.database import Connection
from footfall.judgement.agents.bots import KINDS, Bot, bot_of
from footfall.judgement.agents.browsers import browser_of
from footfall.judgement.agents.devices import DEVICE_TYPES, device_type
from footfall.judgement.agents.hints import browser_by, device_by, hints_of, read_hints, system_by

__all__ = ["DEVICE_TYPES", "KINDS", "UserAgent", "describe", "hints_of", "is_program", "judge_agents"]

_FORGOTTEN = "forgotten "  # how the agents of erased people begin


@dataclass(frozen=True, slots=True)
class UserAgent:
    """What a user agent says of itself; None where it says nothing.

    `traffic_class`: human, bot, or program, which says nothing of a person: it is one or the other by the key it comes with.
    """

    device_type: str | None
    browser_name: str | None
    browser_version: str | None
    operating_system: str | None
    operating_system_version: str | None
    traffic_class: str
    bot_kind: str | None
    bot_name: str | None


def describe(user_agent: str, client_hints: str | None = None) -> UserAgent:
    """Judge a user agent and the hints that came with it (`hints_of`). Never fails: of nonsense nothing is known."""
    if user_agent.startswith(_FORGOTTEN):
        return _as_judged(user_agent.removeprefix(_FORGOTTEN))
    parsed, hints = parse(user_agent), read_hints(client_hints)
    bot = bot_of(user_agent, is_spider=parsed.device is not None and parsed.device.family == "Spider")
    if bot is None and any(brand == "HeadlessChrome" for brand, _ in hints.brands):
        bot = Bot("automation", "HeadlessChrome")
    if bot is not None and bot.is_program:
        return UserAgent(None, None, None, None, None, "program", bot.kind, bot.name)
    browser = browser_by(hints, browser_of(user_agent, parsed))
    system, number = system_by(hints, *_system_of(user_agent, parsed))
    return UserAgent(
        device_type=device_by(hints, device_type(user_agent)),
        browser_name=browser.name,
        browser_version=browser.version,
        operating_system=system,
        operating_system_version=number,
        traffic_class="bot" if bot else "human",
        bot_kind=bot.kind if bot else None,
        bot_name=bot.name if bot else None,
    )


@lru_cache(4096)
def is_program(user_agent: str) -> bool:
    """Whether an agent is only a library's, a kit's or a tool's: what the door tells who sends with a page's key."""
    bot = bot_of(user_agent)
    return bot is not None and bot.kind == "library"


def judge_agents(connection: Connection, batch_ids: list[int]) -> None:
    """Add to the reference table what agents these ingest batches bring for the first time, or the first time to these rules."""
    cursor = connection.execute(
        "/* judgement.agents */ SELECT DISTINCT r.user_agent, r.client_hints"
        " FROM raw.events_of(%s) r"
        " WHERE r.user_agent IS NOT NULL AND NOT EXISTS ("
        "  SELECT FROM ref.user_agent a"
        "  WHERE a.user_agent_hash = staging.agent_key(r.user_agent, r.client_hints) AND a.parser_version = %s)",
        (batch_ids, _rules()),
    )
    rows = [(agent, hints, describe(agent, hints)) for agent, hints in cursor]
    if not rows:
        return
    connection.execute(
        "/* judgement.agents */ INSERT INTO ref.user_agent AS a (user_agent_hash, device_type, browser_name, browser_version,"
        "  operating_system, operating_system_version, traffic_class, bot_kind, bot_name, parser_version)"
        " SELECT staging.agent_key(u.agent, u.hints), u.device, u.browser, u.version, u.system, u.number, u.traffic, u.kind,"
        "  u.bot, %s"
        " FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],"
        "   %s::text[])"
        "   AS u(agent, hints, device, browser, version, system, number, traffic, kind, bot)"
        " ORDER BY 1 ON CONFLICT (user_agent_hash) DO UPDATE SET device_type = excluded.device_type,"
        "  browser_name = excluded.browser_name, browser_version = excluded.browser_version,"
        "  operating_system = excluded.operating_system, operating_system_version = excluded.operating_system_version,"
        "  traffic_class = excluded.traffic_class, bot_kind = excluded.bot_kind, bot_name = excluded.bot_name,"
        "  parser_version = excluded.parser_version"
        " WHERE a.parser_version <> excluded.parser_version",
        (
            _rules(),
            [agent for agent, _, _ in rows],
            [hints for _, hints, _ in rows],
            [described.device_type for _, _, described in rows],
            [described.browser_name for _, _, described in rows],
            [described.browser_version for _, _, described in rows],
            [described.operating_system for _, _, described in rows],
            [described.operating_system_version for _, _, described in rows],
            [described.traffic_class for _, _, described in rows],
            [described.bot_kind for _, _, described in rows],
            [described.bot_name for _, _, described in rows],
        ),
    )


def _as_judged(told: str) -> UserAgent:
    """What an agent was judged to be whose text was erased with its person (business.forget_person): it says nothing else."""
    try:
        said = json.loads(told)
    except ValueError:
        said = None
    words = {key: str(value) for key, value in said.items()} if isinstance(said, dict) else {}

    def word(key: str, length: int) -> str | None:
        return words.get(key, "")[:length] or None

    device, traffic = words.get("device_type"), words.get("traffic_class")
    return UserAgent(
        device_type=device if device in DEVICE_TYPES else None,
        browser_name=word("browser_name", 50),
        browser_version=word("browser_version", 20),
        operating_system=word("operating_system", 50),
        operating_system_version=word("operating_system_version", 20),
        traffic_class=traffic if traffic in ("bot", "program") else "human",
        bot_kind=word("bot_kind", 20),
        bot_name=word("bot_name", 50),
    )


def _system_of(user_agent: str, parsed: Result) -> tuple[str | None, str | None]:
    system = parsed.os
    if system is None:
        return None, None
    parts = [part for part in (system.major, system.minor) if part]
    # of the device that Chromium calls K it also says Android 10, whatever it has
    number = None if "Android 10; K)" in user_agent else ".".join(parts)[:20] or None
    return system.family[:50], number


@cache
def _rules() -> str:
    """What tells these rules and lists from others: what was judged by others is judged again when it comes again."""
    told = hashlib.sha256(version("ua-parser-builtins").encode())
    for folder in ("agents", "lists"):
        for file in sorted((resources.files("footfall.judgement") / folder).iterdir(), key=lambda file: file.name):
            if file.name.endswith((".py", ".txt", ".tsv")):
                told.update(file.read_bytes())
    return told.hexdigest()[:20]
