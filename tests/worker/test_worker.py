"""The worker: does all there is to do, outlives a store that goes away, stops in order."""

import threading
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from footfall.auth import add_key
from footfall.business.checks import all_checks, run_check
from footfall.database import connect
from footfall.raw import land
from footfall.settings import Settings
from footfall.worker import load, load_pending, loop, quarantine, work, work_once
from footfall.worker.diary import Diary
from footfall.worker.quarantine import quarantine_poison
from site_under_test import Site, view


def wait_for(condition, seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_once_does_all_there_is_to_do(site: Site, url: str) -> None:
    site.land(view("/", 0, session_id="s"), view("/b", 5, session_id="s"))
    assert work_once(url, Settings()) == 2
    for table in ("site_session_details_s", "site_page_details_s"):
        assert site.value(f"SELECT count(*) > 0 FROM business.{table}"), table
    assert work_once(url, Settings()) == 0


def test_a_running_worker_loads_what_arrives_and_stops_when_told(site: Site, url: str) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(url, Settings(poll_seconds=0.01), stop))
    thread.start()
    for number in range(5):
        site.land(view(f"/{number}", number, session_id="s"))
        assert wait_for(lambda number=number: site.value("SELECT count(*) FROM business.site_event_h") == number + 1)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_a_worker_outlives_a_store_that_goes_away(site: Site, url: str, server: str) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(url, Settings(poll_seconds=0.01), stop))
    thread.start()
    database = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with psycopg.connect(server, autocommit=True) as admin:
        terminate = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND application_name = 'footfall_worker' AND pid <> %s"
        )
        keep = site.connection.info.backend_pid
        assert wait_for(lambda: admin.execute(terminate, (database, keep)).rowcount > 0)
    site.land(view("/", 0, session_id="s"))
    assert wait_for(lambda: site.fates() == ["loaded"])
    stop.set()
    thread.join(30)


def test_housekeeping_makes_partitions_and_destroys_secrets(site: Site, url: str, owner) -> None:
    add_key(site.connection, "acme", "write", "")
    site.value("SELECT auth.visitor_secret_of(%s, '2020-01-01')", site.tenant_hk)
    site.connection.execute("UPDATE auth.visitor_secret SET created_at = now() - interval '3 days'")
    next_month = (datetime.now(UTC).replace(day=1) + timedelta(days=32)).strftime("raw.site_tracking_events_r_%Y%m")
    owner.execute(f"DROP TABLE {next_month}")
    work_once(url, Settings())
    assert owner.execute("SELECT to_regclass(%s) IS NOT NULL", (next_month,)).fetchone() == (True,)
    assert site.value("SELECT count(*) FROM auth.visitor_secret") == 0


def test_a_worker_that_dies_leaves_its_batch_to_the_next(site: Site, url: str) -> None:
    site.land(view("/", 0, session_id="s"))
    with psycopg.connect(url, options="-c role=footfall_worker") as dying:
        batch_ids = dying.execute("SELECT business.claim_batches(100)").fetchone()[0]
        dying.execute("SELECT business.load_claimed(%s)", (batch_ids,))
        assert site.load() == 0  # it is held
        dying.rollback()
    assert site.load() == 1
    assert site.fates() == ["loaded"]


def test_an_event_that_cannot_be_loaded_is_set_aside_and_its_neighbours_are_loaded(site: Site, owner) -> None:
    site.land(*[view(f"/{number}", number, session_id="s", page_title=f"title {number}") for number in range(20)])
    site.land(view("/other", 1, session_id="t"))
    owner.execute(
        "ALTER TABLE business.site_event_details_s ADD CONSTRAINT poison CHECK (page_title NOT IN ('title 3', 'title 17'))"
    )
    until_all_is_tried(site)
    assert site.fates() == ["invalid" if number in (3, 17) else "loaded" for number in range(21)]
    reason = 'new row for relation "site_event_details_s_202603" violates check constraint "poison"'
    assert [errors for errors in site.staged("validation_errors") if errors] == [["load_failed", reason]] * 2
    assert site.rows("SELECT loaded_count, invalid_count FROM raw.ingest_batch ORDER BY batch_id") == [(18, 2), (1, 0)]
    assert_clean(owner)


def test_trouble_of_the_store_is_not_held_against_the_events(site: Site, owner) -> None:
    """Not they are to blame when a table is away: they wait until somebody mends it, and then are loaded."""
    site.land(view("/", 0, session_id="s"), view("/b", 5, session_id="s"))
    owner.execute("ALTER TABLE business.event_page_l RENAME TO event_page_away")
    until_all_is_tried(site)
    assert site.rows("SELECT processing_status, retry_count FROM raw.ingest_batch") == [("PENDING", 0)]
    assert "event_page_l" in site.value("SELECT error_message FROM raw.ingest_batch")
    owner.execute("ALTER TABLE business.event_page_away RENAME TO event_page_l")
    until_all_is_tried(site)
    assert site.fates() == ["loaded", "loaded"]


@pytest.mark.parametrize("harm", ["RAISE EXCEPTION 'no' USING ERRCODE = 'XX000'", "RAISE undefined_table", "PERFORM pg_sleep(2)"])
def test_whatever_an_event_does_to_the_store_only_itself_is_set_aside(site: Site, owner, monkeypatch, harm: str) -> None:
    monkeypatch.setattr(load, "_LONGEST_LOAD_SECONDS", 1.0)
    monkeypatch.setattr(quarantine, "_LONGEST_TRY_SECONDS", 0.5)
    other = Site(site.connection, "other")
    owner.execute(
        f"""
        CREATE FUNCTION business.harm() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN {harm}; RETURN new; END $$;
        CREATE TRIGGER harm BEFORE INSERT ON business.site_event_details_s FOR EACH ROW
        WHEN (new.page_title = 'harm') EXECUTE FUNCTION business.harm();
        """
    )
    site.land(view("/", 0, session_id="s"), view("/", 1, session_id="s", page_title="harm"), view("/", 2, session_id="s"))
    other.land(view("/", 0, session_id="t"))
    assert load_pending(site.connection, 1000).loaded == 1  # the other tenant's, at once
    moment = datetime.now(UTC)
    for number in range(6):
        other.land(view(f"/{number}", 0, session_id="t"))
        site.set_clock(moment := moment + timedelta(minutes=1))
        assert load_pending(site.connection, 1000).loaded >= 1
    fates = "SELECT loaded_count, invalid_count FROM raw.ingest_batch WHERE tenant_hk = %s"
    assert site.rows(fates, site.tenant_hk) == [(2, 1)]


def test_who_sends_little_does_not_wait_for_who_sends_much(site: Site) -> None:
    other = Site(site.connection, "other")
    for number in range(30):
        site.land(*(view(f"/{number}/{n}", 0, session_id="s") for n in range(10)))
    other.land(view("/", 0, session_id="t"))
    site.land(view("/last", 0, session_id="s"))
    load_pending(site.connection, 50)
    done = "SELECT count(*) FROM raw.ingest_batch WHERE tenant_hk = %s AND processing_status = 'PROCESSED'"
    assert site.value(done, other.tenant_hk) == 1
    assert 0 < site.value(done, site.tenant_hk) < 30
    while load_pending(site.connection, 50):
        pass
    assert site.value(done, site.tenant_hk) == 31


def test_events_of_many_months_wait_for_themselves_alone(site: Site) -> None:
    for first in range(0, 60, 12):
        site.land(
            *(
                {**view(f"/{month}", 0), "event_timestamp": f"{2000 + month // 12}-{month % 12 + 1:02}-15T12:00:00Z"}
                for month in range(first, first + 12)
            )
        )
    while site.load():
        pass
    loads = site.rows(
        "SELECT count(DISTINCT date_trunc('month', d.event_timestamp)) FROM business.site_event_details_s d GROUP BY d.load_date"
    )
    assert sum(months for (months,) in loads) == 60
    assert max(months for (months,) in loads) <= 24


def test_while_a_batch_is_searched_no_other_worker_tries_it(site: Site, url: str) -> None:
    site.land(view("/", 0, session_id="s"))
    batch = site.value("SELECT batch_id FROM raw.ingest_batch")
    with connect(url, "footfall_worker") as other, other.transaction():
        other.execute("SELECT FROM raw.ingest_batch WHERE batch_id = %s FOR UPDATE", (batch,))
        assert quarantine_poison(site.connection, batch) == 0
    assert quarantine_poison(site.connection, batch) == 0
    assert site.load() == 1


def until_all_is_tried(site: Site) -> None:
    """Load again and again, a minute later each time, until nothing is pending."""
    moment = datetime.now(UTC)
    for _ in range(10):
        site.load()
        moment += timedelta(minutes=1)
        site.set_clock(moment)


def assert_clean(connection) -> None:
    assert [finding for check in all_checks() if (finding := run_check(connection, check))] == []


def test_two_workers_that_meet_in_the_same_sessions_load_everything_once(site: Site, url: str, owner) -> None:
    """The events of forty visitors lie scattered over many batches, so that both workers write the same keys all the time."""
    for start in range(0, 2000, 50):
        site.land(
            *[
                view(f"/{n % 7}", n % 60, session_id=f"s{n % 40}", visitor_id=f"v{n % 40}", event_id=f"e{n}")
                for n in range(start, start + 50)
            ]
        )
    workers = [threading.Thread(target=load_all, args=(url,)) for _ in range(2)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    assert site.value("SELECT count(*) FROM business.site_event_h") == 2000
    assert site.rows("SELECT DISTINCT processing_status, retry_count FROM raw.ingest_batch") == [("PROCESSED", 0)]
    assert_clean(owner)


def load_all(url: str) -> None:
    with connect(url, "footfall_worker") as connection:
        while load_pending(connection, 100):
            pass


def test_a_commit_that_comes_late_is_not_skipped(site: Site, url: str) -> None:
    with psycopg.connect(url, options="-c role=footfall_worker") as slow:
        land(slow, [site.incoming(view("/slow", 0, session_id="s"))])  # its number is taken, its commit is not there yet
        site.land(view("/fast", 5, session_id="s"))
        assert site.load() == 1
        slow.commit()
    assert site.load() == 1
    assert site.fates() == ["loaded", "loaded"]


def test_two_loads_that_wait_for_each_others_keys_do_not_deadlock(site: Site, url: str) -> None:
    """Both hold a claim and have written events; then both want the same session, one after the other."""
    site.land(view("/a", 0, session_id="s"))
    site.land(view("/b", 5, session_id="s"))
    with psycopg.connect(url, options="-c role=footfall_worker") as first:
        batch_ids = first.execute("SELECT business.claim_batches(1)").fetchone()[0]
        first.execute("SELECT business.load_claimed(%s)", (batch_ids,))
        second = threading.Thread(target=load_all, args=(url,))
        second.start()
        assert wait_for(lambda: site.value("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0)
        first.commit()
        second.join(30)
    assert not second.is_alive()
    assert site.fates() == ["loaded", "loaded"]
    assert site.value("SELECT count(*) FROM business.site_session_context_s WHERE load_end_date IS NULL") == 1


def test_a_worker_that_has_lost_one_of_its_halves_ends(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is started again by whoever watches it; one that loads but keeps nothing up would go unnoticed."""

    def break_down(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(loop, "keep_house", break_down)
    with pytest.raises(RuntimeError, match="unforeseen"):
        work(url, Settings(poll_seconds=0.01), threading.Event())


def test_what_was_erased_and_cannot_be_written_anew_is_tried_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """A place that is away would else have a worker do nothing but ask for it, and fill the log."""
    tried, waited = [], []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout)
            return self.is_set()

    stop = Stop()

    def fail(*_: object) -> bool:
        tried.append(len(waited))
        if len(tried) == 3:
            stop.set()
        return True

    monkeypatch.setattr(loop, "write_anew_if_erased", fail)
    monkeypatch.setattr(loop, "keep_up", lambda *_: None)
    loop._archive("", Settings(archive="away"), Diary(), None, stop)  # noqa: SLF001  a part of a worker
    assert tried == [0, 1, 2]


def test_upkeep_outlives_a_task_that_fails(site: Site, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = threading.Event()

    def fail_in_the_store(connection: object, _: object) -> None:
        connection.execute("SELECT * FROM nowhere")

    monkeypatch.setattr(loop, "keep_house", fail_in_the_store)
    monkeypatch.setattr(loop, "close_sessions", lambda _: ran.set())
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(url, Settings(poll_seconds=0.01), stop))
    thread.start()
    assert ran.wait(30)
    site.land(view("/", 0, session_id="s"))
    assert wait_for(lambda: site.fates() == ["loaded"])
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
