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
        export.write(tmp_path / f"rows.{form}", form, export.schema_of(rows), rows, told.append)
    assert told == [5000, 5000, 2001] * 3
    assert pq.read_table(tmp_path / "rows.parquet").to_pylist() == rows


def test_a_reports_rows_are_flat(busy: Site) -> None:
    overview = {"metrics": {"visits": 2}, "revenue_by_currency": {"USD": 5.5}}
    assert export.rows_of("overview", overview) == [{"visits": 2, "revenue_USD": 5.5}]
    breakdown = {"rows": [{"events": 2, "value": "a", "visits": 1}], "query": {"metrics": ["visits", "events"]}}
    assert [list(row.items()) for row in export.rows_of("breakdown", breakdown)] == [
        [("value", "a"), ("visits", 1), ("events", 2)]
    ]


def test_a_text_that_a_spreadsheet_would_compute_stays_a_text(tmp_path) -> None:
    rows = [{"label": '=HYPERLINK("https://evil.example")', "value": -5}, {"label": "plain-text", "value": 1}]
    export.write(tmp_path / "rows.csv", "csv", export.schema_of(rows), rows, lambda _: None)
    assert list(csv.reader((tmp_path / "rows.csv").read_text().splitlines())) == [
        ["label", "value"],
        ['\'=HYPERLINK("https://evil.example")', "-5"],
        ["plain-text", "1"],
    ]
