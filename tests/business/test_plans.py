"""What the jobs of every minute touch: the partitions of their months, by index; never the history, however long."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from databases import Databases
from footfall.business.model import VAULT
from footfall.database import Connection
from site_under_test import Site

MONTHS = [datetime(2026, month, 10, 12, tzinfo=UTC) for month in (1, 2, 3)]
THIS_MONTH = "202603"
HISTORY = 2000  # events a month
EVENTS = 200
AT_EVENT_GRAIN = (
    "raw.site_tracking_events_r",
    "staging.site_events_staging",
    *(f"business.{table.table}" for table in VAULT.tables if table.time_ordered),
)


@pytest.fixture(scope="module")
def template(databases: Databases, template: str) -> Iterator[str]:
    """Two months of history, and as much of this month, all analysed."""

    def fill(owner: Connection) -> None:
        site = Site(owner, "acme")
        for month in MONTHS:
            owner.execute("SELECT util.ensure_month(%s, 'timestamptz')", (month,))
            send(site, month, "old", HISTORY)
            site.load()
            site.close(month + timedelta(days=1))
        owner.execute("ANALYZE")

    with databases.filled(template, fill, None) as name:
        yield name


@pytest.fixture
def history(owner: Connection) -> Site:
    return Site(owner, "acme", is_there=True)


def send(site: Site, month: datetime, name: str, events: int = EVENTS) -> None:
    site.land(
        *[
            {
                "evt_type": "item_interaction",
                "event_id": f"{name}-{month:%m}-{number}",
                "event_timestamp": (month + timedelta(seconds=number)).isoformat(),
                "session_id": f"{name}-{month:%m}-{number // 4}",
                "visitor_id": f"visitor-{number // 12}",
                "page_url": f"https://acme.example/{number % 50}",
                "item_id": f"sku-{number % 20}",
                "evt_label": "Shoe",
            }
            for number in range(events)
        ],
        received=month + timedelta(hours=1),
    )


class Touched:
    """What has been read and written since: for each table rows read by sequential scans, index scans, rows inserted."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._before = self._counters()

    def tables(self) -> dict[str, tuple[int, int, int]]:
        now = self._counters()
        differences = {
            table: tuple(after - before for after, before in zip(now[table], self._before.get(table, (0,) * 4), strict=True))
            for table in now
        }
        return {table: difference[:3] for table, difference in differences.items() if any(difference)}

    def _counters(self) -> dict[str, tuple[int, ...]]:
        # of this backend, and not yet handed on: what it did in this transaction, and perhaps some of what it did before
        rows = self._connection.execute(
            "SELECT schemaname || '.' || relname, coalesce(seq_tup_read, 0), coalesce(idx_scan, 0), n_tup_ins, n_tup_upd"
            " FROM pg_stat_xact_user_tables"
        )
        return {table: tuple(counts) for table, *counts in rows}


def month_of(table: str) -> str | None:
    suffix = table.rsplit("_", maxsplit=1)[-1]
    return suffix if suffix.isdigit() else None


def read_whole(touched: Touched) -> set[str]:
    """The partitions of the largest tables that were read from end to end."""
    return {table for table, (rows, _, _) in touched.tables().items() if rows and table[:-7] in AT_EVENT_GRAIN}


def test_a_load_touches_only_the_months_of_its_events(history: Site) -> None:
    send(history, MONTHS[-1], "new")
    with history.connection.transaction():
        touched = Touched(history.connection)
        assert history.load() == EVENTS
        assert {month_of(table) for table in touched.tables()} == {None, THIS_MONTH}
        assert read_whole(touched) == set()


def test_the_closing_of_sessions_reads_their_events_and_no_others(history: Site) -> None:
    send(history, MONTHS[-1], "new")
    history.load()
    with history.connection.transaction():
        touched = Touched(history.connection)
        assert history.value("SELECT business.close_sessions(%s)", MONTHS[-1] + timedelta(days=1)) == EVENTS // 4
        # the events of a session are looked up in the index of every month, but found in theirs
        months = {month_of(table) for table in touched.tables() if not table.startswith("business.event_session_l")}
        assert months == {None, THIS_MONTH}
        assert read_whole(touched) == set()


def test_what_is_due_is_found_without_reading_what_is_open_or_was(history: Site) -> None:
    """However many visits there ever were, and however many are under way: a look reads those that may be over."""
    send(history, MONTHS[-1] + timedelta(days=1), "new", HISTORY)
    history.load()
    history.connection.execute("ANALYZE business.site_session_w")
    with history.connection.transaction():
        before = fetched(history, "business.site_session_w")
        assert history.value("SELECT business.close_sessions(%s)", MONTHS[-1] + timedelta(days=1, minutes=30)) == 0
        assert fetched(history, "business.site_session_w") <= before + 5
        # ten have been silent for long enough; each is read a few times
        at = MONTHS[-1] + timedelta(days=1, minutes=30, seconds=39.5)
        assert history.value("SELECT business.close_sessions(%s)", at) == 10
        assert fetched(history, "business.site_session_w") <= before + 10 * 50


def fetched(site: Site, table: str) -> int:
    """Rows of a table that this transaction has read so far."""
    query = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relid = %s::regclass"
    return site.value(query, table)


def test_a_claim_reads_the_queue_of_pending_batches_by_its_index(history: Site) -> None:
    history.value(
        "INSERT INTO raw.ingest_batch (tenant_hk, received_from, received_to, first_raw_event_id, last_raw_event_id, event_count,"
        " processing_status, next_attempt_at) SELECT '', now(), now(), 0, 0, 0, 'PROCESSED', '-infinity'"
        " FROM generate_series(1, 10000) RETURNING batch_id"
    )
    send(history, MONTHS[-1], "new")
    history.connection.execute("ANALYZE raw.ingest_batch")
    with history.connection.transaction():
        plan = "\n".join(
            line
            for (line,) in history.rows(
                "EXPLAIN SELECT b.batch_id FROM raw.ingest_batch b"
                " WHERE b.tenant_hk = %s AND b.processing_status = 'PENDING' AND b.retry_count = 0"
                " AND b.next_attempt_at <= util.current_load_date() ORDER BY b.next_attempt_at, b.batch_id LIMIT 100",
                history.tenant_hk,
            )
        )
    assert "ingest_batch_turns" in plan


def test_an_event_costs_a_bounded_number_of_index_insertions(history: Site) -> None:
    """Each one is a page to be read, changed and logged. The bound is what the tables' declared indexes cost today."""
    send(history, MONTHS[-1], "new")
    with history.connection.transaction():
        touched = Touched(history.connection)
        history.load()
        insertions = 0
        for table, (_, _, inserted) in touched.tables().items():
            if table.startswith(("staging.", "business.")):
                indexes = history.value("SELECT count(*) FROM pg_index WHERE indrelid = %s::regclass", table)
                insertions += inserted * indexes
    # staging 4 (two of them for a few events only), identity 2 (one of them a line for a hundred pages), event hub 1, event
    # satellite 2, three links 2 each, bridge 3 (two of them for a few events only); the queue and what events share, visits most
    # of all, is little beside it (of the indexes of site_session_w four are for a few visits only, but counted for all)
    assert 14 <= insertions / EVENTS < 24


def test_a_day_that_is_rolled_up_anew_writes_only_the_rows_that_changed(history: Site) -> None:
    history.roll_up()
    rows = history.value(f"SELECT count(*) FROM business.rollup_b_{THIS_MONTH}")
    send(history, MONTHS[-1], "new", 1)
    history.load()
    with history.connection.transaction():
        touched = Touched(history.connection)
        history.roll_up()
        assert 0 < touched.tables()[f"business.rollup_b_{THIS_MONTH}"][2] < rows / 2
    assert "marts.rollups" not in history.failing_checks()


# --- reports: the months of their range, and rollups where those answer -------------------------------------------------------


def ask(site: Site, report: str, **question) -> set[str]:
    """The tables that a question about the last day of history reads."""
    day = MONTHS[-1].date().isoformat()
    with site.connection.transaction():
        touched = Touched(site.connection)
        reply = site.ask(report, **{"dateFrom": day, "dateTo": day} | question)
        assert reply["success"], reply
        return set(touched.tables())


DEFAULT_QUESTIONS = [
    ("overview", {"compare": "previous_period"}),
    ("timeseries", {"interval": "day"}),
    *(("breakdown", {"dimension": dimension}) for dimension in ("source", "page", "device", "item")),
]


@pytest.mark.parametrize(("report", "question"), DEFAULT_QUESTIONS)
def test_what_a_dashboard_asks_first_reads_rollups_only(history: Site, report: str, question: dict) -> None:
    history.roll_up()
    read = ask(history, report, **question)
    assert f"business.rollup_b_{THIS_MONTH}" in read
    assert not {table for table in read if table.startswith(("business.event", "business.visit_b", "business.site_event"))}
    assert {month_of(table) for table in read} == {None, THIS_MONTH}


@pytest.mark.parametrize(
    ("report", "question"),
    [
        ("overview", {"filter": "event_type==item_interaction"}),
        ("timeseries", {"interval": "hour"}),
        ("breakdown", {"dimension": "page", "metrics": "visitors"}),
        ("breakdown", {"dimension": "property:plan"}),
        ("goals", {}),
        ("funnel", {"steps": ["page==/1", "page==/2"]}),
        ("retention", {"interval": "day"}),
        ("paths", {}),
        ("items", {}),
        ("bots", {}),
        ("sessions", {}),
    ],
)
def test_a_report_that_counts_events_reads_the_months_of_its_range_only(history: Site, report: str, question: dict) -> None:
    # the events of a visit are looked up in the index of every month, but found in theirs
    read = {table for table in ask(history, report, **question) if not table.startswith("business.event_session_l")}
    assert {month_of(table) for table in read} <= {None, THIS_MONTH}


def test_the_plans_report_reads_rollups_only(history: Site) -> None:
    history.roll_up()
    day = MONTHS[-1].date().isoformat()
    with history.connection.transaction():
        touched = Touched(history.connection)
        history.report(dateFrom=day, dateTo=day)
        read = set(touched.tables())
    assert not {table for table in read if table.startswith(("business.event", "business.site_event"))}
    assert {month_of(table) for table in read} == {None, THIS_MONTH}
