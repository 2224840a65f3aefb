"""An import is taken back: afterwards all is as if it had never been, and what others brought is as it was."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from footfall.errors import NotAccepted
from footfall.imports import Imported, import_access_log, list_imports, outcome, undo_import
from log_lines import FROM
from site_under_test import COMPUTED, HUMAN, VAULT_TABLES, Site, counts, view

SITE = "https://www.acme.example"
WRONG = "https://www.other.example"
MARTS = ("event_b", "visit_b", "rollup_b", "day_w", "site_session_w")
# when, and in which order, something was loaded
_PASSING = (
    "record_source",
    "load_date",
    "load_end_date",
    "touched_load_date",
    "touched_at",
    "raw_event_id",
    "entry_raw_event_id",
)
_ORDERS = ("first_view_order", "last_view_order")


def lines(*minutes: int, path: str = "/a", address: str = "203.0.113.9", referrer: str = "-") -> str:
    """Page views at so many minutes after eleven."""
    start = datetime(2026, 3, 10, 11, tzinfo=UTC)
    times = {minute: f"{start + timedelta(minutes=minute):%d/%b/%Y:%H:%M:%S %z}" for minute in minutes}
    return "".join(
        f'{address} - - [{time}] "GET {path}{minute} HTTP/1.1" 200 1 "{referrer}" "{HUMAN}"\n' for minute, time in times.items()
    )


def imported(site: Site, log: str, of: str = SITE, *, tenant: str = "acme") -> Imported:
    return import_access_log(site.connection, io.BytesIO(log.encode()), tenant, of, file_name="access.log", by="jo")


def everything(site: Site) -> dict[str, list[dict[str, Any]]]:
    """What the vault and the marts say, but for when they were told, and by which of several that told it."""
    said: dict[str, list[dict[str, Any]]] = {}
    for table in (*VAULT_TABLES, *COMPUTED, *MARTS):
        current = "WHERE load_end_date IS NULL" if table in COMPUTED else ""
        rows = site.rows(f"SELECT to_jsonb(t) - %s::text[] FROM business.{table} t {current}", [*_PASSING, *_ORDERS])
        said[table] = sorted((row for (row,) in rows), key=str)
    return said


def test_nothing_is_left_of_what_only_it_brought(site: Site) -> None:
    before = everything(site)
    done = imported(site, lines(0, 10, 20, referrer=FROM) + lines(5, path="/b", address="198.51.100.7"))
    site.settle()
    assert counts(site.connection)["site_event_h"] == 4
    undone = undo_import(site.connection, done.import_id)
    assert (undone["removed"], undone["reloaded"]) == (4, 0)
    site.settle()
    assert everything(site) == before
    assert set(counts(site.connection).values()) == {0}
    for table in ("raw.site_tracking_events_r", "raw.ingest_batch", "staging.site_events_staging", "staging.event_identity"):
        assert site.value(f"SELECT count(*) FROM {table}") == 0, table
    assert site.failing_checks() == []


def test_a_second_time_there_is_nothing_left_to_do(site: Site) -> None:
    done = imported(site, lines(0))
    site.load()
    undo_import(site.connection, done.import_id)
    (row,) = list_imports(site.connection, "acme")
    assert (row["state"], row["events"], row["file"], row["site"], row["by"]) == ("undone", 1, "access.log", SITE, "jo")
    again = undo_import(site.connection, done.import_id)
    assert again["removed"] == 0
    assert again["was_undone_at"] is not None


def test_the_right_import_counts_afterwards(site: Site) -> None:
    wrong = imported(site, lines(0, 10), WRONG)
    site.settle()
    undo_import(site.connection, wrong.import_id)
    right = imported(site, lines(0, 10))
    site.settle()
    assert outcome(site.connection, right) == {"loaded": 2}
    assert {host for (host,) in site.rows("SELECT split_part(site_page_bk, '/', 1) FROM business.site_page_h")} == {
        "www.acme.example"
    }
    assert site.failing_checks() == []


def test_the_right_import_that_came_too_late_counts_now(site: Site) -> None:
    """What counted as a repetition of the wrong one is loaded from where it came once more."""
    wrong = imported(site, lines(0, 10), WRONG)
    site.settle()
    right = imported(site, lines(0, 10, 15))
    site.settle()
    assert outcome(site.connection, right) == {"id_conflict": 2, "loaded": 1}
    assert undo_import(site.connection, wrong.import_id)["reloaded"] == 2
    site.settle()
    assert outcome(site.connection, right) == {"loaded": 3}
    assert site.value("SELECT count(*) FROM business.site_visitor_h") == 1
    assert site.failing_checks() == []


def test_what_is_not_loaded_yet_goes_as_well(site: Site) -> None:
    done = imported(site, lines(0))
    assert undo_import(site.connection, done.import_id)["removed"] == 1
    assert site.load() == 0


def test_another_tenants_rows_stay(site: Site) -> None:
    other = Site(site.connection, "other")
    kept = imported(site, lines(0, 10), tenant="other")
    done = imported(site, lines(0, 10))
    site.settle()
    before = {table: other.table(f"business.{table}") for table in (*VAULT_TABLES, *COMPUTED, *MARTS)}
    undo_import(site.connection, done.import_id)
    site.settle()
    assert {table: other.table(f"business.{table}") for table in (*VAULT_TABLES, *COMPUTED, *MARTS)} == before
    assert outcome(site.connection, kept) == {"loaded": 2}
    assert site.failing_checks() == []


shared = pytest.mark.parametrize(
    ("kept", "gone"),
    [
        (lines(0, 10), lines(20, referrer=FROM)),
        (lines(20), lines(0, 10, referrer=FROM)),
        (lines(0, 50), lines(25, referrer=FROM)),
        (lines(0, 50, 100), lines(25, 75, 500)),
        (lines(770, 790), lines(760, 775, 800, referrer=FROM)),
        (lines(0, 10), lines(10, path="/b", address="198.51.100.7")),
    ],
    ids=[
        "end",
        "beginning, and where it came from",
        "what made two visits one",
        "two of those",
        "over midnight",
        "another visitor",
    ],
)


@shared
def test_visits_of_others_are_what_they_would_have_been(site: Site, kept: str, gone: str) -> None:
    first = imported(site, kept)
    site.settle()
    expected = everything(site)
    rows = {table: site.table(f"business.{table}") for table in ("site_event_h", "event_session_l", "site_event_details_s")}
    done = imported(site, gone)
    site.settle()
    assert everything(site) != expected
    undo_import(site.connection, done.import_id)
    site.settle()
    assert everything(site) == expected
    assert {table: site.table(f"business.{table}") for table in rows} == rows
    assert site.failing_checks() == []

    # the other way round: what goes came first
    undo_import(site.connection, first.import_id)
    done = imported(site, gone)
    site.settle()
    imported(site, kept)
    site.settle()
    undo_import(site.connection, done.import_id)
    site.settle()
    assert everything(site) == expected
    assert site.failing_checks() == []


@shared
def test_what_has_gone_from_staging_keeps_its_visit(site: Site, kept: str, gone: str) -> None:
    imported(site, kept)
    site.settle()
    expected = everything(site)
    done = imported(site, gone)
    site.settle()
    site.connection.execute("DELETE FROM staging.site_events_staging WHERE record_source <> %s", (done.record_source,))
    undo_import(site.connection, done.import_id)
    site.settle()
    after = everything(site)
    # where a visit came from is not known anew
    tables = [*VAULT_TABLES, "site_session_same_as_s", "site_session_w", "day_w"]
    assert {table: after[table] for table in tables} == {table: expected[table] for table in tables}
    assert [code for code in site.failing_checks() if not code.startswith("staging.")] == []


def test_events_of_the_door_stay(site: Site) -> None:
    site.land(view("/a", session_id="s1"), view("/b", minutes=5, session_id="s1"))
    site.settle()
    before = everything(site)
    done = imported(site, lines(0, 10, 60))
    site.settle()
    undo_import(site.connection, done.import_id)
    site.settle()
    assert everything(site) == before
    assert site.failing_checks() == []


def test_an_import_is_known_by_its_name(site: Site) -> None:
    with pytest.raises(NotAccepted, match="footfall import list"):
        undo_import(site.connection, "never")
    imported(site, lines(0))
    with pytest.raises(NotAccepted, match="nobody"):
        list_imports(site.connection, "nobody")


def test_what_fails_in_the_middle_leaves_nothing_half(site: Site) -> None:
    done = imported(site, lines(0, 10))
    site.settle()
    before = everything(site)
    with site.connection.transaction(force_rollback=True):
        undo_import(site.connection, done.import_id)
    assert everything(site) == before
    assert site.failing_checks() == []


def test_visits_of_a_session_id_that_came_back_are_cut_anew(site: Site) -> None:
    """Events that joined its visits, or were one, go: what is left is divided as if they had never come."""
    site.land(*(view("/a", minute, session_id="s", event_id=f"kept-{minute}") for minute in (0, 100, 200)))
    site.settle()
    before = everything(site)
    assert site.value("SELECT count(*) FROM business.visit_b") == 3
    site.land(*(view("/b", minute, session_id="s", event_id=f"gone-{minute}") for minute in (75, 125, 150, 175, 400)))
    site.settle()
    assert site.value("SELECT count(*) FROM business.visit_b WHERE events > 0") == 3
    gone = "SELECT array_agg(site_event_hk) FROM business.site_event_h WHERE site_event_bk LIKE '%%gone%%'"
    assert site.value(f"SELECT business.remove_events(%s, ({gone}))", site.tenant_hk) == 5
    site.settle()
    assert everything(site) == before
