"""Agents measured on lists that nobody here wrote: the least shares. Sources and licences: tests/suites/README.md."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from footfall.judgement import UserAgent, describe

SUITES = Path(__file__).parents[1] / "suites"
SHARED = Path(__file__).parents[3] / "shared/data/suites/user_agents.tsv.gz"


def _lines(file: Path) -> Iterator[list[str]]:
    with gzip.open(file, "rt") as lines:
        yield from (line.rstrip("\n").split("\t") for line in lines)


def _agents(suite: str, kind: str) -> list[UserAgent]:
    return [describe(agent) for said, agent in _lines(SUITES / f"{suite}.tsv.gz") if said == kind]


def _share_of_bots(agents: list[UserAgent]) -> float:
    return sum(agent.traffic_class != "human" for agent in agents) / len(agents)


@pytest.mark.parametrize(("suite", "least"), [("crawler-user-agents", 0.99), ("isbot", 0.99)])
def test_bots_are_found(suite: str, least: float) -> None:
    assert _share_of_bots(_agents(suite, "bot")) >= least


def test_no_person_of_isbots_is_taken_for_a_bot() -> None:
    assert _share_of_bots(_agents("isbot", "human")) == 0


def test_most_bots_have_a_kind_other_than_other_and_nearly_all_have_a_name() -> None:
    agents = _agents("crawler-user-agents", "bot")
    assert sum(agent.bot_kind not in (None, "other") for agent in agents) / len(agents) >= 0.9
    assert sum(agent.bot_name is not None for agent in agents) / len(agents) >= 0.99


def test_the_shares_hold_on_the_lists_as_others_keep_them() -> None:
    if not SHARED.exists():
        pytest.skip("the suites of the workshop are not here")
    found: dict[str, list[UserAgent]] = {}
    for row in list(_lines(SHARED))[1:]:
        found.setdefault(row[0], []).append(describe(row[-1]))
    assert _share_of_bots(found["crawler-user-agents"]) >= 0.99
    assert _share_of_bots(found["isbot-crawlers"]) >= 0.99
    assert _share_of_bots(found["isbot-browsers"]) == 0
