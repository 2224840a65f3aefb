"""The worker: does all there is to do, outlives a store that goes away, stops in order."""

import threading
import time
from datetime import UTC, datetime, timedelta

import psycopg

from footfall.auth import add_key
from footfall.settings import Settings
from footfall.worker import work, work_once
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
        load_date = dying.execute("SELECT business.claim_batches(100)").fetchone()[0]
        dying.execute("SELECT business.load_claimed(%s)", (load_date,))
        assert site.load() == 0  # it is held
        dying.rollback()
    assert site.load() == 1
    assert site.fates() == ["loaded"]
