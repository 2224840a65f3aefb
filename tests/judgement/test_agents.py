"""Who came, by what their agents say of themselves."""

import pytest

from footfall.judgement import describe
from site_under_test import BOT, HUMAN, Site

AGENTS = [
    (HUMAN, "desktop", "Chrome", "Windows", "human"),
    (BOT, None, "Googlebot", "Other", "bot"),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1"
        " Mobile/15E148 Safari/604.1",
        "mobile",
        "Mobile Safari",
        "iOS",
        "human",
    ),
    (
        "Mozilla/5.0 (iPad; CPU OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1"
        " Mobile/15E148 Safari/604.1",
        "tablet",
        "Mobile Safari",
        "iOS",
        "human",
    ),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "desktop", "Firefox", "Linux", "human"),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/142.0.0.0 Safari/537.36", "desktop", None, None, "bot"),
    ("curl/8.5.0", None, None, None, "bot"),
    ("python-requests/2.32", None, None, None, "bot"),
    ("UniversalFeedParser/5.2.0", None, None, None, "bot"),
    ("", None, None, None, "bot"),
    ("nonsense \x01", None, None, None, "human"),
]


@pytest.mark.parametrize(("agent", "device", "browser", "system", "traffic"), AGENTS)
def test_a_user_agent_says_device_browser_system_and_whether_it_is_a_bot(agent, device, browser, system, traffic) -> None:
    described = describe(agent)
    assert (described.device_type, described.traffic_class) == (device, traffic)
    if browser:
        assert described.browser_name == browser
    if system and system != "Other":
        assert described.operating_system == system


def test_each_distinct_user_agent_is_parsed_once_and_its_text_is_not_kept_in_the_reference(site: Site) -> None:
    site.land(*({"evt_type": "page_view", "event_id": str(n), "_user_agent": (HUMAN, BOT)[n % 2]} for n in range(6)))
    site.load()
    assert site.value("SELECT count(*) FROM ref.user_agent") == 2
    assert site.value("SELECT count(*) FROM ref.user_agent u WHERE u::text LIKE '%%Mozilla%%'") == 0
