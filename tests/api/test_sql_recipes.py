"""The recipes of docs/ask/sql.md for Grafana, pandas and DuckDB give the figures of the reports, east and west of UTC."""

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from typer.testing import CliRunner

from footfall.auth import grant_sql_access, revoke_sql_access
from footfall.cli import app
from footfall.database import Connection
from site_under_test import BOT, Site, view

PAGE = (Path(__file__).parents[2] / "docs" / "ask" / "sql.md").read_text()
GRAFANA, PANDAS, DUCKDB = (PAGE.split(f"## {tool}")[1].split("\n## ")[0] for tool in ("Grafana", "pandas", "DuckDB"))
ZONES = ("Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata", "UTC")
DAYS = 30


class Shop:
    """A tenant with traffic around its midnights, and its login."""

    def __init__(self, site: Site, zone: str, url: str, login: tuple[str, str]) -> None:
        self.site = site
        self.zone = ZoneInfo(zone)
        self.today = datetime.now(self.zone).date()
        self.first = self.today - timedelta(days=DAYS - 1)
        self.login = psycopg.conninfo.make_conninfo(url, user=login[0], password=login[1])

    def midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def sell(self) -> None:
        """Visits that begin an hour before and an hour after a midnight, with orders and a bot."""
        now = datetime.now(UTC)
        for back in (DAYS, 12, 5, 1):
            for hours in (-1, 1, 9, 13, 20):
                start = self.midnight(self.today - timedelta(days=back)) + timedelta(hours=hours)
                self.site.value("SELECT util.ensure_month(%s, 'bytea')", start)
                name, person = f"{back}-{hours}", f"person-{hours % 3}"
                referrer = {"page_referrer": "https://www.google.com/"} if hours > 5 else {}
                sent = {"session_id": name, "_visitor_id": person}
                moments = [(start + timedelta(minutes=minute)).isoformat() for minute in (0, 5, 16)]
                self.site.land(
                    view("/", event_id=f"{name}/", event_timestamp=moments[0], **sent, **referrer),
                    view("/b", event_id=f"{name}/b", event_timestamp=moments[1], **sent),
                    view("/c", event_id=f"{name}/c", event_timestamp=moments[1], session_id=f"bot-{name}", _user_agent=BOT),
                    {"evt_type": "transaction_step", "evt_action": "complete", "evt_value": 5, "transaction_id": name,
                     "event_timestamp": moments[2], **sent},
                    received=now,
                )  # fmt: skip
        self.site.load()
        self.site.close(now + timedelta(days=1))

    def report(self, name: str, **question: Any) -> dict[str, Any]:
        asked = {"dateFrom": f"{self.first}", "dateTo": f"{self.today}", **question}
        return self.site.ask(name, **asked)["data"]

    def views_by_day(self) -> dict[str, int]:
        buckets = self.report("timeseries", interval="day", metrics=["page_views"])["buckets"]
        return {bucket["start"][:10]: bucket["page_views"] for bucket in buckets if bucket["page_views"]}

    def by_source(self) -> dict[str, tuple[int, int]]:
        rows = self.report("breakdown", dimension="source", metrics=["visits", "visitors"])["rows"]
        return {row["value"]: (row["visits"], row["visitors"]) for row in rows}


@pytest.fixture(params=ZONES)
def shop(request: pytest.FixtureRequest, worker: Connection, owner: Connection, url: str) -> Iterator[Shop]:
    site = Site(worker, "shop", time_zone=request.param)
    shop = Shop(site, request.param, url, grant_sql_access(owner, "shop"))
    shop.sell()
    yield shop
    revoke_sql_access(owner, "shop")


def expanded(statement: str, begin: datetime, end: datetime) -> str:
    """What Grafana's PostgreSQL data source makes of its macros (grafana-postgresql-datasource, macros.go)."""
    begin_text, end_text = (moment.astimezone(UTC).strftime("'%Y-%m-%dT%H:%M:%SZ'") for moment in (begin, end))
    seconds = {"15m": 900}

    def group(match: re.Match[str]) -> str:
        size = seconds[match[2]]
        return f'floor(extract(epoch from {match[1]})/{size})*{size} AS "time"'

    statement = re.sub(r"\$__timeFilter\((.*?)\)", rf"\1 BETWEEN {begin_text} AND {end_text}", statement)
    statement = re.sub(r"\$__timeGroupAlias\((\w+), '(\w+)'\)", group, statement)
    return statement.replace("$__timeFrom()", begin_text).replace("$__timeTo()", end_text)


@pytest.mark.parametrize("rolled_up", [False, True])
def test_grafana_says_what_the_reports_say(shop: Shop, rolled_up: bool) -> None:
    if rolled_up:
        shop.site.roll_up()
    begin, end = shop.midnight(shop.first), shop.midnight(shop.today + timedelta(days=1)) - timedelta(seconds=1)
    (block,) = re.findall(r"```sql\n(.*?)```", GRAFANA, re.DOTALL)
    panels = {text.split("\n")[0].removeprefix("-- "): text for text in block.strip().removesuffix(";").split(";\n\n")}

    with psycopg.connect(shop.login, autocommit=True) as connection:
        # whatever the connection's own time zone is
        connection.execute("SET TimeZone = 'Asia/Tokyo'")
        said = {name: connection.execute(expanded(text, begin, end)).fetchall() for name, text in panels.items()}

    days = said["time series: visitors and page views by day"]
    assert {moment.astimezone(shop.zone).date().isoformat(): views for moment, _, views in days} == shop.views_by_day()
    overview = shop.report("overview")["metrics"]
    assert said["stat: visitors"] == [(overview["visitors"],)]
    assert said["stat: revenue"] == [(overview["revenue"],)]
    channels = shop.report("breakdown", dimension="channel", metrics=["visits"])["rows"]
    assert dict(said["bar chart: visits by channel"]) == {row["value"]: row["visits"] for row in channels}
    quarters = said["time series: page views by quarter of an hour"]
    assert sum(views for _, views in quarters) == overview["page_views"]
    by_day: dict[str, int] = {}
    for second, views in quarters:
        day = datetime.fromtimestamp(float(second), shop.zone).date().isoformat()
        by_day[day] = by_day.get(day, 0) + views
    assert by_day == shop.views_by_day()
    assert overview["page_views"] > 0
    assert said["table: how far the data are"]


def test_pandas_says_what_the_reports_say(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PANDAS, re.DOTALL)
    found: dict[str, Any] = {}
    exec(compile(block.replace("postgresql://…", shop.login), "docs/ask/sql.md", "exec"), found)
    assert capsys.readouterr().out
    assert {day.isoformat(): count for day, count in found["by_day"].items()} == shop.views_by_day()
    assert {day.isoformat(): views for day, views in zip(found["days"].day, found["days"].page_views, strict=True)} == (
        shop.views_by_day()
    )
    assert {row.Index: (row.visits, row.visitors) for row in found["by_source"].itertuples()} == shop.by_source()


def test_duckdb_says_what_the_reports_say(
    shop: Shop, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (command,) = re.findall(r"```sh\n(.*?)```", DUCKDB, re.DOTALL)
    command = command.replace("acme", "shop").replace("2026-11-01", f"{shop.first}").replace("2026-11-30", f"{shop.today}")
    CliRunner().invoke(app, [*shlex.split(command)[1:], "--database-url", url], catch_exceptions=False)
    (block,) = re.findall(r"```python\n(.*?)```", DUCKDB, re.DOTALL)
    found: dict[str, Any] = {}
    exec(compile(block, "docs/ask/sql.md", "exec"), found)
    assert capsys.readouterr().out
    assert {day.isoformat(): count for day, count in found["by_day"].fetchall()} == shop.views_by_day()
    assert {source: (visits, visitors) for source, visits, visitors in found["by_source"].fetchall()} == shop.by_source()
