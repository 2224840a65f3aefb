"""The report on bots: which kinds of them read the site, and what."""

import pytest

from site_under_test import BOT, HUMAN, Site, view

GPTBOT = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)"
CLAUDEBOT = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)"
MARCH = {"dateFrom": "2026-03-01", "dateTo": "2026-03-31"}


@pytest.fixture
def visited(site: Site) -> Site:
    """People, a search engine, and two AI crawlers, of which one reads two pages."""
    site.land(view("/", 1, _user_agent=HUMAN, _visitor_id="v"), view("/a", 2, _user_agent=HUMAN, _visitor_id="v"))
    site.land(view("/", 3, _user_agent=BOT, _visitor_id="google"))
    site.land(*(view(path, 4 + n, _user_agent=GPTBOT, _visitor_id="gpt") for n, path in enumerate(("/", "/a", "/a"))))
    site.land(view("/a", 9, _user_agent=CLAUDEBOT, _visitor_id="claude"))
    site.settle()
    return site


def test_bots_are_told_by_kind_and_by_name_and_people_are_not_among_them(visited: Site) -> None:
    data = visited.ask("bots", **MARCH)["data"]
    assert [(kind["kind"], kind["bots"], kind["page_views"], kind["pages"]) for kind in data["kinds"]] == [
        ("ai_crawler", 2, 4, 2),
        ("search_engine", 1, 1, 1),
    ]
    assert [(row["bot"], row["kind"], row["page_views"], row["pages"]) for row in data["rows"]] == [
        ("GPTBot", "ai_crawler", 3, 2),
        ("ClaudeBot", "ai_crawler", 1, 1),
        ("Googlebot", "search_engine", 1, 1),
    ]
    assert data["rows"][0]["last_seen"].startswith("2026-03-10T")


def test_which_ai_crawlers_read_a_page(visited: Site) -> None:
    rows = visited.ask("bots", **MARCH, filter="bot_kind==ai_crawler;page==/")["data"]["rows"]
    assert [(row["bot"], row["page_views"]) for row in rows] == [("GPTBot", 1)]


def test_which_pages_ai_crawlers_read(visited: Site) -> None:
    asked = {"dimension": "page", "metrics": "page_views", "filter": "bot_kind==ai_crawler", "includeBots": True}
    rows = visited.ask("breakdown", **MARCH, **asked)["data"]["rows"]
    assert [(row["value"], row["page_views"]) for row in rows] == [("acme.example/a", 3), ("acme.example/", 1)]


def test_bots_come_in_pages(visited: Site) -> None:
    first = visited.ask("bots", **MARCH, limit=2)["data"]
    rest = visited.ask("bots", **MARCH, limit=2, cursor=first["nextCursor"])["data"]
    assert [row["bot"] for row in first["rows"] + rest["rows"]] == ["GPTBot", "ClaudeBot", "Googlebot"]
    assert rest["nextCursor"] is None


def test_people_are_counted_without_any_of_them(visited: Site) -> None:
    assert visited.ask("overview", **MARCH)["data"]["metrics"]["page_views"] == 2
    rows = visited.ask("breakdown", **MARCH, dimension="os_version", metrics="visits")["data"]["rows"]
    assert [(row["value"], row["visits"]) for row in rows] == [("Windows 10", 1)]


def test_the_marts_say_of_bots_what_the_vault_says(visited: Site) -> None:
    assert "marts.events" not in visited.failing_checks()
    now = visited.value("SELECT util.current_load_date()")
    then = visited.ask("bots", **MARCH, asOf=now.isoformat())["data"]
    assert then["rows"] == visited.ask("bots", **MARCH)["data"]["rows"]
