"""Any day, in any time zone: midnights that come twice or never, zones that are off by half an hour, days that never were."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from footfall.database import Connection, connect
from site_under_test import Site, view

STEP = timedelta(minutes=30)
# every kind of change that there is: by how much, and at which hour of the local clock
KINDS = {
    "America/Havana": "2026-11-01",  # midnight comes twice
    "Asia/Beirut": "2026-03-29",  # midnight never comes
    "Africa/Cairo": "2026-04-24",  # nor there
    "America/Asuncion": "2022-03-27",  # the hour before midnight comes twice
    "America/Scoresbysund": "2026-10-25",  # the hour before midnight, again
    "Atlantic/Azores": "2026-10-25",  # midnight comes twice, in Europe
    "Australia/Lord_Howe": "2026-04-05",  # by half an hour
    "Asia/Kathmandu": "2026-05-05",  # off by three quarters of an hour
    "Pacific/Apia": "2026-03-27",
    "Europe/Berlin": "2026-10-25",
    "Africa/Casablanca": "2026-02-15",  # back for Ramadan
}


@pytest.mark.parametrize("name", KINDS)
def test_every_report_agrees_about_the_days_of_a_zone(url: str, name: str) -> None:
    zone, day = ZoneInfo(name), date.fromisoformat(KINDS[name])
    begin = datetime.combine(day - timedelta(days=1), datetime.min.time(), UTC) - timedelta(hours=14)
    moments = [begin + STEP * number for number in range(4 * 48)]
    with connect(url) as owner:
        owner.execute("SELECT util.ensure_month(m, 'bytea') FROM unnest(%s) m", ([moments[0], moments[-1]],))
        owner.execute("SELECT util.ensure_partitions(%s)", (moments[-1],))
    with connect(url, "footfall_worker") as connection:
        site = Site(connection, "acme", time_zone=name)
        for number, moment in enumerate(moments):
            who = {"session_id": f"s{number}", "_visitor_id": f"v{number}", "event_timestamp": moment.isoformat()}
            site.land(view("/", 0, **who), received=moments[-1])
        site.load()
        expected = Counter(moment.astimezone(zone).date() for moment in moments)
        for state in ("just loaded", "rolled up"):
            if state == "rolled up":
                site.close(moments[-1] + timedelta(days=1))
                site.roll_up()
            for asked in (day - timedelta(days=1), day, day + timedelta(days=1)):
                assert of_day(site, asked) == dict.fromkeys(
                    ("types", "rollups", "events", "hours", "minutes", "sessions", "proof"), expected[asked]
                ), (state, asked)


def of_day(site: Site, day: date) -> dict[str, int]:
    """The page views, or visits, of one day, counted in every way that there is."""
    days = {"dateFrom": f"{day}", "dateTo": f"{day}"}

    def said(report: str, **question: object) -> dict:
        reply = site.ask(report, **days, **question)
        assert reply["success"], reply
        return reply["data"]

    types = said("breakdown", dimension="event_type", metrics="page_views")["rows"]
    return {
        "types": sum(row["page_views"] for row in types),
        "rollups": said("overview")["metrics"]["page_views"],
        "events": said("overview", filter="page==/")["metrics"]["page_views"],
        "hours": sum(b["page_views"] for b in said("timeseries", interval="hour", metrics="page_views")["buckets"]),
        "minutes": sum(b["page_views"] for b in said("timeseries", interval="minute", metrics="page_views")["buckets"]),
        "sessions": len(said("sessions", limit=100)["sessions"]),
        "proof": said("events", figure="page_views")["figure"],
    }


def test_a_day_begins_when_its_clocks_first_show_it(owner: Connection) -> None:
    """All zones on all days on which their clocks change, of these years."""
    wrong = owner.execute("""
        SELECT z.name, d.day::date FROM pg_timezone_names z
        CROSS JOIN generate_series('2020-01-01'::timestamp, '2027-12-31', '1 day') AS d(day)
        CROSS JOIN LATERAL (SELECT util.day_start(d.day::date, z.name) AS start) s
        WHERE z.name LIKE '%/%' AND z.name NOT LIKE 'posix/%'
          AND (d.day AT TIME ZONE z.name) - ((d.day - interval '1 day') AT TIME ZONE z.name) <> interval '1 day'
          AND ((s.start AT TIME ZONE z.name)::date <> d.day::date
               OR ((s.start - interval '1 microsecond') AT TIME ZONE z.name)::date >= d.day::date)
        """).fetchall()
    assert wrong == []
