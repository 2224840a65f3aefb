"""Exports: the same rows in each format, of one tenant, to the last."""

import csv
import json
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from footfall.api import export
from footfall.database import pool, reading
from site_under_test import BOT, Site, at, view

ALL_DAYS = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture
def busy(site: Site, worker) -> Site:
    """Events of every kind of value; and another tenant's."""
    site.land(
        view("/a?utm_source=n", 0, session_id="s", page_title='He said "so, what"\nand left', properties={"plan": "pro"}),
        {
            "evt_type": "transaction_step",
            "evt_action": "complete",
            "evt_value": "12.3456",
            "event_timestamp": at(1),
            "session_id": "s",
        },
        view("/b", 24 * 60, session_id="t", _user_agent=BOT),
    )
    other = Site(worker, "other")
    other.land(view("/secret", 0, session_id="s"))
    site.load()
    return site


def written(site: Site, url: str, file: Path, form: str, days=ALL_DAYS) -> list[int]:
    """Export a tenant's events; returns what the progress was told."""
    told: list[int] = []
    with pool(url, "footfall_reader", size=1) as readers, reading(readers, site.tenant_hk) as connection:
        with export.events(connection, *days) as (columns, rows):
            export.write(file, form, columns, rows, told.append)
        assert export.count_events(connection, *days) == sum(told)
    return told


def test_events_are_the_same_in_every_format(busy: Site, url: str, tmp_path: Path) -> None:
    files = {form: tmp_path / f"events.{form}" for form in export.FORMATS}
    for form, file in files.items():
        assert sum(written(busy, url, file, form)) == 3
    lines = [json.loads(line) for line in files["jsonl"].read_text().splitlines()]
    rows = list(csv.DictReader(files["csv"].read_text().splitlines(keepends=True)))
    table = pq.read_table(files["parquet"]).to_pylist()
    assert list(lines[0]) == list(rows[0]) == list(table[0])
    assert [line["event"] for line in lines] == [row["event"] for row in rows] == [row["event"] for row in table]
    assert [row["event_value"] for row in rows] == ["", "12.3456", ""]
    assert float(table[1]["event_value"]) == lines[1]["event_value"] == 12.3456
    assert rows[0]["page_title"] == table[0]["page_title"] == lines[0]["page_title"] == 'He said "so, what"\nand left'
    assert lines[0]["properties"] == json.loads(table[0]["properties"]) == json.loads(rows[0]["properties"]) == {"plan": "pro"}
    assert [row["is_bot"] for row in rows] == ["false", "false", "true"]
    assert [row["is_bot"] for row in table] == [False, False, True]
    assert table[0]["event_timestamp"].isoformat() == lines[0]["event_timestamp"]
    assert "secret" not in files["csv"].read_text() + files["jsonl"].read_text()


def test_a_range_of_days_is_exported_without_its_neighbours(busy: Site, url: str, tmp_path: Path) -> None:
    assert written(busy, url, tmp_path / "one.csv", "csv", (date(2026, 3, 11), date(2026, 3, 11))) == [1]
    assert written(busy, url, tmp_path / "none.csv", "csv", (date(2025, 3, 11), date(2025, 3, 11))) == []


def test_many_rows_are_written_in_pieces(tmp_path: Path) -> None:
    rows = [{"number": number, "half": number / 2, "name": None if number % 2 else "x"} for number in range(12_001)]
    told: list[int] = []
    for form in export.FORMATS:
        export.write(tmp_path / f"rows.{form}", form, export.columns_of(rows), rows, told.append)
    assert told == [5000, 5000, 2001] * 3
    assert pq.read_table(tmp_path / "rows.parquet").to_pylist() == rows


def test_a_reports_rows_are_flat_and_have_an_order(busy: Site) -> None:
    asked = {"tenantId": "acme", "dateFrom": "2026-03-01", "dateTo": "2026-03-31"}
    (overview,) = export.report_rows(busy.connection, "overview", asked)
    assert list(overview)[:3] == ["visitors", "visits", "page_views"]
    rows = export.report_rows(busy.connection, "breakdown", asked | {"dimension": "source", "metrics": ["visits", "events"]})
    assert {tuple(row) for row in rows} == {("value", "visits", "events")}


@pytest.fixture
def many(site: Site) -> Site:
    """2,300 visits, each of a page of its own."""
    for number in range(2300):
        site.land(view(f"/p{number}", number % 600, session_id=f"s{number}", _visitor_id=f"v{number}", evt_label=f"l{number}"))
    site.settle()
    return site


@pytest.mark.parametrize(
    ("report", "question", "key"),
    [
        ("breakdown", {"dimension": "page"}, "value"),
        ("sessions", {}, "session"),
        ("events", {}, "event"),
        ("engagement", {}, "page"),
    ],
)
def test_all_rows_are_exported_each_once(many: Site, report: str, question: dict, key: str) -> None:
    asked = {"tenantId": "acme", "dateFrom": "2026-03-10", "dateTo": "2026-03-10"} | question
    rows = export.report_rows(many.connection, report, asked)
    assert len(rows) == len({row[key] for row in rows}) == 2300
    assert len(export.report_rows(many.connection, report, asked | {"limit": 7})) == 7


@pytest.mark.parametrize(
    ("report", "rows", "key", "question"),
    [("sessions", "sessions", "session", {}), ("events", "rows", "event", {}), ("events", "rows", "event", {"figure": "visits"})],
)
def test_pages_repeat_nothing_while_visits_arrive(site: Site, report: str, rows: str, key: str, question: dict) -> None:
    site.land(*(view("/", number, session_id=f"s{number}") for number in range(30)))
    site.load()
    asked = question | {"dateFrom": "2026-03-10", "dateTo": "2026-03-10", "limit": 8}
    seen: list[str] = []
    cursor: object = 0
    while cursor is not None:
        data = site.ask(report, **asked, cursor=cursor)["data"]
        seen += [row[key] for row in data[rows]]
        assert len(seen) == len(set(seen))
        cursor = data["nextCursor"]
        number = len(seen)
        site.land(view("/", 100 + number, session_id=f"later{number}"), view("/", 100 + number, session_id=f"late{number}"))
        site.load()
    assert len(seen) == 30


def test_rows_may_still_be_skipped_by_their_number(site: Site) -> None:
    site.land(*(view("/", number, session_id=f"s{number}") for number in range(5)))
    site.load()
    asked = {"dateFrom": "2026-03-10", "dateTo": "2026-03-10", "limit": 2}
    page = site.ask("sessions", **asked, cursor=2)["data"]
    assert (
        page["sessions"]
        == site.ask("sessions", **asked, cursor=site.ask("sessions", **asked)["data"]["nextCursor"])["data"]["sessions"]
    )
    assert page["nextCursor"].startswith("4~")
    assert site.ask("sessions", **asked, cursor="2~x")["debug_info"]["error"] == "number_out_of_range"


def test_csv_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    rows = [{"label": "ü"}]
    export.write(tmp_path / "rows.csv", "csv", export.columns_of(rows), rows, has_bom=True)
    assert (tmp_path / "rows.csv").read_bytes() == "\ufefflabel\r\nü\r\n".encode()


def test_a_text_that_a_spreadsheet_would_compute_stays_a_text(tmp_path) -> None:
    rows = [
        {"label": '=HYPERLINK("https://evil.example")', "value": -5},
        {"label": "plain-text; a=b", "value": 1},
        {"label": "a;=1+1;-2", "value": 1},
        {"label": "\uff1d1", "value": 1},
        {"label": "a\n@SUM(A1)", "value": 1},
    ]
    export.write(tmp_path / "rows.csv", "csv", export.columns_of(rows), rows)
    assert list(csv.reader((tmp_path / "rows.csv").read_text().splitlines(keepends=True))) == [
        ["label", "value"],
        ['\'=HYPERLINK("https://evil.example")', "-5"],
        ["plain-text; a=b", "1"],
        ["a;'=1+1;'-2", "1"],
        ["'\uff1d1", "1"],
        ["a\n'@SUM(A1)", "1"],
    ]
