"""Who came, by what their agents say of themselves, and by the hints beside them."""

import pytest

from footfall.judgement import KINDS, describe, hints_of, is_program
from site_under_test import BOT, HUMAN, NOON, Site

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1"
    " Mobile/15E148 Safari/604.1"
)
IPAD = IPHONE.replace("(iPhone; CPU iPhone OS", "(iPad; CPU OS")
FROZEN = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
AGENTS = [
    (HUMAN, "desktop", "Chrome", "Windows", "human"),
    (BOT, None, "Googlebot", "Other", "bot"),
    (IPHONE, "mobile", "Mobile Safari", "iOS", "human"),
    (IPAD, "tablet", "Mobile Safari", "iOS", "human"),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "desktop", "Firefox", "Linux", "human"),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/142.0.0.0 Safari/537.36", "desktop", None, None, "bot"),
    ("curl/8.5.0", None, None, None, "bot"),
    ("python-requests/2.32", None, None, None, "program"),
    ("UniversalFeedParser/5.2.0", None, None, None, "bot"),
    ("", None, None, None, "program"),
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


@pytest.mark.parametrize(
    ("agent", "kind", "name"),
    [
        (BOT, "search_engine", "Googlebot"),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (compatible; GPTBot/1.2; +https://openai.com/gptbot)",
            "ai_crawler",
            "GPTBot",
        ),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Perplexity-User/1.0; +https://perplexity.ai/u)",
            "ai_assistant",
            "Perplexity-User",
        ),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0; +Claude-User@anthropic.com)",
            "ai_assistant",
            "Claude-User",
        ),
        ("MistralAI-User/1.0", "ai_assistant", "MistralAI-User"),
        ("SomebodyNew-User/1.0", "ai_assistant", "SomebodyNew-User"),
        ("Mozilla/5.0 (compatible; GoogleOther)", "ai_crawler", "GoogleOther"),
        ("ELB-HealthChecker/2.0", "monitor", "ELB-HealthChecker"),
        ("kube-probe/1.29", "monitor", "kube-probe"),
        ("GoogleHC/1.0", "monitor", "GoogleHC"),
        ("Amazon-Route53-Health-Check-Service (ref 1)", "monitor", "Route 53"),
        ("Cloudflare-Healthchecks/1.0", "monitor", "Cloudflare-Healthchecks"),
        ("Zabbix", "monitor", "Zabbix"),
        ("Blackbox Exporter/0.24.0", "monitor", "Blackbox Exporter"),
        ("updown.io daemon 2.11", "monitor", "updown.io"),
        (HUMAN + " DatadogSynthetics", "monitor", "DatadogSynthetics"),
        (HUMAN + " GTmetrix", "monitor", "GTmetrix"),
        ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "link_preview", "facebookexternalhit"),
        ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "seo", "AhrefsBot"),
        ("Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details/archive.org_bot)", "archiver", "archive.org_bot"),
        ("Mozilla/5.0 (compatible; NeverSeenBot/0.1; +https://never.example/)", "other", "NeverSeenBot"),
        ("okhttp/4.12.0", "library", "okhttp"),
    ],
)
def test_a_bot_has_a_kind_and_a_name(agent: str, kind: str, name: str) -> None:
    described = describe(agent)
    assert (described.bot_kind, described.bot_name) == (kind, name)
    assert kind in KINDS


@pytest.mark.parametrize("model", ["CUBOT X19", "M BOT 551 Build/MRA58K", "XBot_Senior", "Discovery II", "HUAWEI G610-C008/1"])
def test_a_telephone_that_is_called_like_a_bot_is_a_persons(model: str) -> None:
    agent = f"Mozilla/5.0 (Linux; Android 9; {model}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/98.0.47 Mobile Safari/537.36"
    described = describe(agent)
    assert (described.traffic_class, described.device_type, described.bot_kind) == ("human", "mobile", None)


@pytest.mark.parametrize(
    ("agent", "name", "number"),
    [
        (IPHONE + " Instagram 240.0.0.11.112 (iPhone14,5; iOS 15_5; en_US)", "Instagram", "240.0"),
        (HUMAN + " [FB_IAB/FB4A;FBAV/400.1.0;]", "Facebook", "400.1"),
        (IPHONE + " MicroMessenger/8.0.50(0x1800322c) NetType/WIFI Language/en", "WeChat", "8.0"),
        (IPHONE + " Line/13.1.0", "LINE", "13.1"),
        (IPHONE + " NAVER(inapp; search; 1010; 12.1.3; 14PRO)", "Naver", None),
        (FROZEN + " trill_2022 JsSdk/1.0 AppName/musical_ly", "TikTok", "2022"),
        (HUMAN.replace("Safari", "YaBrowser/25.2.1 Safari"), "Yandex Browser", "25.2"),
        (HUMAN + " Brave/1.60", "Brave", "1.60"),
        (IPHONE + " [LinkedInApp]/9.29", "LinkedIn", None),
        (IPHONE + " Snapchat/12.50.0.30 (like Safari/8616)", "Snapchat", "12.50"),
        (IPHONE + " [Pinterest/iOS]", "Pinterest", None),
    ],
)
def test_browsers_within_apps_have_the_apps_name(agent: str, name: str, number: str | None) -> None:
    described = describe(agent)
    assert (described.browser_name, described.traffic_class) == (name, "human")
    if number:
        assert described.browser_version == number


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/87.0 Safari/537.36", "tv"),
        ("Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 76.0/6.0 TV Safari/537.36", "tv"),
        (
            "Mozilla/5.0 (Linux; Android 9; AFTS) AppleWebKit/537.36 (KHTML, like Gecko) Silk/100 like Chrome/100 Safari/537.36",
            "tv",
        ),
        (
            "Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15",
            "console",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox Series X) AppleWebKit/537.36 Chrome/48 Safari/537.36 Edge/20",
            "console",
        ),
        ("Mozilla/5.0 (Linux; Tizen 5.5; SAMSUNG SM-R835F) AppleWebKit/537.36 Chrome/69.0 Mobile Safari/537.36", "wearable"),
        ("Mozilla/5.0 (X11; GNU/Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0 Safari/537.36 Tesla/2020.16.2", "car"),
        ("Mozilla/5.0 (Linux; Android 13; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36", "tablet"),
        ("Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36", "mobile"),
        (
            "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            "desktop",
        ),
        (
            "Mozilla/5.0 (iPod; CPU iPhone OS 12_0 like Mac OS X) AppleWebKit/605.1.15 Version/12.0 Mobile/15E148 Safari/604.1",
            "other",
        ),
    ],
)
def test_devices_that_run_android_too_are_told_apart(agent: str, device: str) -> None:
    assert describe(agent).device_type == device


def _hints(**said: str) -> str | None:
    return hints_of({f"sec-ch-ua{name.rstrip('_').replace('_', '-')}".encode(): value.encode() for name, value in said.items()})


CHROMIUM = '"Chromium";v="142", "Not_A Brand";v="99"'


@pytest.mark.parametrize(
    ("agent", "hints", "said"),
    [
        (HUMAN, None, ("desktop", "Chrome", "Windows", "10")),
        (HUMAN, {"_platform": '"Windows"', "_platform_version": '"15.0.0"'}, ("desktop", "Chrome", "Windows", "11")),
        (HUMAN, {"_platform": '"Windows"', "_platform_version": '"10.0.0"'}, ("desktop", "Chrome", "Windows", "10")),
        (HUMAN, {"_": '"Brave";v="142", ' + CHROMIUM}, ("desktop", "Brave", "Windows", "10")),
        (HUMAN, {"_": '"Microsoft Edge";v="142", ' + CHROMIUM}, ("desktop", "Edge", "Windows", "10")),
        (FROZEN, None, ("tablet", "Chrome", "Android", None)),
        (
            FROZEN,
            {"_mobile": "?1", "_platform": '"Android"', "_platform_version": '"14.0.0"'},
            ("mobile", "Chrome", "Android", "14"),
        ),
        (FROZEN, {"_mobile": "?0", "_platform": '"Android"', "_model": '"SM-X710"'}, ("tablet", "Chrome", "Android", None)),
        (FROZEN, {"_platform": '"Android"', "_form_factors": '"Automotive"'}, ("car", "Chrome", "Android", None)),
        (HUMAN, {"_platform": '"Chrome OS"'}, ("desktop", "Chrome", "Chrome OS", None)),
        (IPHONE, None, ("mobile", "Mobile Safari", "iOS", "17.1")),
    ],
)
def test_hints_say_what_an_agent_no_longer_does(agent: str, hints: dict[str, str] | None, said: tuple[str | None, ...]) -> None:
    described = describe(agent, _hints(**hints) if hints else None)
    assert said == (
        described.device_type,
        described.browser_name,
        described.operating_system,
        described.operating_system_version,
    )


def test_hints_are_kept_without_what_identifies_and_without_the_brand_that_does_not_exist() -> None:
    text = _hints(_=CHROMIUM, _mobile="?1", _platform='"Android"', _platform_version='"14.0.1"', _model='"SM-S918B/secret"')
    assert text == "Chromium:142;Android:14.0;mobile"
    assert hints_of({}) is None


def test_hints_of_nonsense_say_nothing_and_break_nothing() -> None:
    assert _hints(_='\x00\xff;;"', _platform=";;;", _platform_version="\x01" * 900) in (None, "")
    assert describe(HUMAN, ";;;::,,\x00").traffic_class == "human"


def test_each_distinct_user_agent_is_judged_once_and_its_text_is_not_kept_in_the_reference(site: Site) -> None:
    site.land(*({"evt_type": "page_view", "event_id": str(n), "_user_agent": (HUMAN, BOT)[n % 2]} for n in range(6)))
    site.load()
    assert site.value("SELECT count(*) FROM ref.user_agent") == 2
    assert site.value("SELECT count(*) FROM ref.user_agent u WHERE u::text LIKE '%%Mozilla%%'") == 0


def test_an_agent_with_hints_is_judged_with_them_and_both_stay_facts(site: Site) -> None:
    hints = "Chromium:142;Windows:15.0;"
    site.land({"evt_type": "page_view", "event_id": "a", "session_id": "s-1", "_client_hints": hints})
    site.land({"evt_type": "page_view", "event_id": "b", "session_id": "s-2"})
    site.load()
    assert site.rows(
        "SELECT user_agent, client_hints, operating_system, operating_system_version FROM business.site_session_context_s"
        " ORDER BY 4 DESC"
    ) == [(HUMAN, hints, "Windows", "11"), (HUMAN, None, "Windows", "10")]


def test_an_agent_that_other_rules_have_judged_is_judged_again_and_what_is_stored_keeps_its_judgement(site: Site) -> None:
    site.land({"evt_type": "page_view", "event_id": "a", "session_id": "s-1"})
    site.load()
    site.connection.execute("UPDATE ref.user_agent SET parser_version = 'before', device_type = 'tv'")
    site.connection.execute("UPDATE business.site_session_context_s SET device_type = 'tv'")
    site.land({"evt_type": "page_view", "event_id": "b", "session_id": "s-2"})
    site.load()
    assert site.value("SELECT device_type FROM ref.user_agent") == "desktop"
    assert site.rows("SELECT device_type FROM business.site_session_context_s ORDER BY load_date") == [("tv",), ("desktop",)]


@pytest.mark.parametrize(
    ("sender", "traffic", "kind"),
    [
        ({"is_trusted": True, "record_source": "server:1"}, "human", None),
        ({"is_trusted": False, "record_source": "web:1"}, "bot", "library"),
        ({"is_trusted": True, "record_source": "import:access-log:1"}, "bot", "library"),
    ],
)
def test_a_librarys_agent_counts_by_the_key_that_it_comes_with(site: Site, sender, traffic: str, kind: str | None) -> None:
    site.land(
        {"evt_type": "page_view", "event_id": "a", "session_id": "s-1"}, user_agent="okhttp/4.12.0", received=NOON, **sender
    )
    site.load()
    assert site.rows("SELECT traffic_class, bot_kind, browser_name FROM business.site_session_context_s") == [
        (traffic, kind, None)
    ]


def test_who_names_no_agent_is_unknown_and_no_bot(site: Site) -> None:
    site.land({"evt_type": "page_view", "event_id": "a", "session_id": "s-1"}, user_agent=None)
    site.load()
    assert site.rows("SELECT traffic_class, device_type FROM business.site_session_context_s") == [("human", None)]


def test_the_door_knows_programs_by_their_agents() -> None:
    assert all(map(is_program, ("", "okhttp/4.12.0", "curl/8.5.0", "node", "axios/1.6.0", "Dart/3.2 (dart:io)", "MyShop/3.2")))
    assert not any(map(is_program, (HUMAN, BOT, IPHONE)))
