"""What Prometheus is told: of this server, and of the store."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus_text
from sender import EVENTS, VIEW, VISITOR, post
from starlette.testclient import TestClient

from footfall.auth import add_account
from footfall.database import Connection
from footfall.settings import Settings
from footfall.web import application
from footfall.worker import work, work_once
from server_process import ServerProcess
from site_under_test import Site, view

TOKEN = "a-token-for-prometheus"
PASSWORD = "a good long one"
OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"


@contextmanager
def another_server(url: str, **settings) -> Iterator[TestClient]:
    """A client of a server that may be watched, and has not yet asked the store."""
    app = application(Settings(metrics_token=TOKEN, **settings), url)
    with TestClient(app, client=(VISITOR, 50_000), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def watched(url: str) -> Iterator[TestClient]:
    with another_server(url) as client:
        yield client


def sign_in(client: TestClient, password: str):
    body = {"email": "ann@example.org", "password": password}
    return client.post("/api/session", json=body, headers={"X-Footfall-Request": "1"})


def scrape(client: TestClient, accept: str = OPEN_METRICS):
    reply = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}", "Accept": accept})
    assert reply.status_code == 200, reply.text
    return reply


def samples(client: TestClient) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    families = openmetrics(scrape(client).text)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_a_server_without_a_token_has_no_such_page(client) -> None:
    assert client.get("/metrics").json()["debug_info"]["error"] == "not_found"


@pytest.mark.parametrize("shown", [{}, {"Authorization": "Bearer another"}, {"Authorization": f"Basic {TOKEN}"}])
def test_who_does_not_show_the_token_is_told_nothing(watched, shown: dict[str, str]) -> None:
    reply = watched.get("/metrics", headers=shown)
    assert (reply.status_code, reply.json()["debug_info"]["error"]) == (401, "metrics_token_wrong")
    assert reply.headers["www-authenticate"] == "Bearer"


def test_the_page_is_openmetrics_or_prometheus_own_text(watched) -> None:
    told = scrape(watched)
    assert told.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert told.text.endswith("# EOF\n")
    plain = scrape(watched, accept="text/plain")
    assert plain.headers["content-type"].startswith("text/plain")
    assert {family.name for family in openmetrics(told.text)} <= {family.name for family in prometheus_text(plain.text)} | {
        family.name.removesuffix("_total") for family in prometheus_text(plain.text)
    }


def test_what_becomes_of_events_is_counted_by_fate_and_reason(watched, keys, url: str) -> None:
    before = samples(watched)
    post(watched, keys["write"], [VIEW | {"event_id": "e"}, VIEW | {"event_id": "e"}, 7, {"evt_type": "nonsense"}])
    post(watched, "ffw_nonsense", VIEW)
    work_once(url, Settings())
    post(watched, keys["write"], VIEW | {"event_id": "e"})
    work_once(url, Settings())
    with another_server(url) as another:
        after = samples(another)

    def more(*sample: str) -> float:
        return after[sample] - before.get(sample, 0)

    door, loaded = "footfall_door_events_total", "footfall_loaded_events_total"
    assert more(door, "accepted", "") == 3
    assert more(door, "duplicate", "") == 1
    assert more(door, "rejected", "not_an_object") == 1
    assert more(door, "refused", "key_unknown") == 1
    assert more("footfall_door_waiting_events") == 0
    assert [more(loaded, fate) for fate in ("loaded", "duplicate", "invalid")] == [1, 1, 1]
    assert more("footfall_invalid_events_total", "evt_type_unknown") == 1
    assert more("footfall_commit_seconds_count") == 2
    assert more("footfall_answer_seconds_count", "door", "2xx") == 2
    assert more("footfall_answer_seconds_count", "door", "4xx") == 1


def test_what_waits_what_failed_and_who_is_quiet(watched, keys, site: Site, url: str, owner: Connection) -> None:
    Site(site.connection, "quiet")
    post(watched, keys["write"], [VIEW, VIEW])
    owner.execute(
        "INSERT INTO auth.visitor_secret VALUES (%s, '2026-01-01', sha256('x'), now() - interval '49 hours')", (site.tenant_hk,)
    )
    told = samples(watched)
    assert (told["footfall_pending_batches",], told["footfall_pending_events",]) == (1, 2)
    assert 0 < told["footfall_pending_age_seconds",] < 600
    assert told["footfall_overdue_secrets",] == 1
    assert told["footfall_failed_batches",] == 0
    assert time.time() - told["footfall_tenant_last_event_timestamp_seconds", "acme"] < 600
    assert ("footfall_tenant_last_event_timestamp_seconds", "quiet") not in told
    owner.execute("UPDATE raw.ingest_batch SET processing_status = 'ERROR'")
    with another_server(url) as later:
        told = samples(later)
    assert (told["footfall_pending_batches",], told["footfall_failed_batches",], told["footfall_pending_age_seconds",]) == (
        0,
        1,
        0,
    )


def test_workers_tell_that_they_run_and_what_they_do(watched, keys, url: str) -> None:
    assert samples(watched)["footfall_workers",] == 0
    stop = threading.Event()
    worker = threading.Thread(target=work, args=(url, Settings(poll_seconds=0.01), stop))
    worker.start()
    post(watched, keys["write"], VIEW)
    told: dict[tuple[str, ...], float] = {}
    try:
        while not told.get(("footfall_work_runs_total", "load")):
            with another_server(url) as server:
                told = samples(server)
            time.sleep(0.1)
    finally:
        stop.set()
        worker.join(30)
    assert told["footfall_workers",] == 1
    assert told["footfall_work_seconds_total", "load"] > 0
    assert told["footfall_work_failed_runs_total", "load"] == 0
    assert time.time() - told["footfall_work_last_timestamp_seconds", "housekeeping"] < 600
    with another_server(url) as server:
        told = samples(server)
    assert told["footfall_workers",] == 0
    assert told["footfall_work_runs_total", "rollups"] > 0


def test_what_is_due_and_who_is_signed_in(watched, site: Site, worker: Connection) -> None:
    site.land(view("/", 0, session_id="over"))
    site.load()
    site.close()
    site.land(view("/", 0, session_id="s"))
    site.load()
    add_account(worker, "ann@example.org", "Ann", PASSWORD)
    assert sign_in(watched, PASSWORD).status_code == 200
    told = samples(watched)
    assert told["footfall_due", "sessions"] == 1
    assert told["footfall_due", "satellites"] > 0
    assert told["footfall_due", "rollups"] == 1
    assert told["footfall_dashboard_sessions", "person"] == 1


def test_a_table_is_as_large_as_its_partitions_together(watched, site: Site, owner: Connection) -> None:
    site.land(*[view("/", second, session_id="s") for second in range(300)])
    size = owner.execute(
        "SELECT sum(pg_total_relation_size(t.relid)) FROM pg_partition_tree('raw.site_tracking_events_r') t"
    ).fetchone()[0]
    told = samples(watched)
    assert told["footfall_table_bytes", "raw.site_tracking_events_r"] == size > 100_000
    assert not [sample for sample in told if sample[-1].endswith("_202603")]


def test_no_value_of_a_user_is_a_label(watched, keys, url: str) -> None:
    post(watched, keys["write"], {"evt_type": "secretword", "page_url": "https://acme.example/secretword", "secretword": 1})
    watched.get("/api/analytics/secretword?filter=page==secretword", headers={"X-Footfall-Key": keys["read"]})
    watched.get("/secretword")
    work_once(url, Settings())
    assert "secretword" not in scrape(watched).text


def test_a_store_that_is_away_is_told_as_that(watched, url: str, server: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        told = samples(watched)
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert told["footfall_store_up",] == 0
    assert ("footfall_pending_batches",) not in told
    assert ("footfall_door_waiting_events",) in told


def test_the_store_is_asked_once_however_many_scrape(watched, keys) -> None:
    assert samples(watched)["footfall_pending_batches",] == 0
    post(watched, keys["write"], VIEW)
    assert samples(watched)["footfall_pending_batches",] == 0


def test_the_disk_of_an_embedded_store_is_watched_and_no_other(watched, url: str, server: str) -> None:
    assert ("footfall_disk_free_bytes",) not in samples(watched)
    folder = Path(psycopg.conninfo.conninfo_to_dict(server)["host"]).parent
    if not (folder / "postgres" / "postmaster.pid").exists():
        pytest.skip("FOOTFALL_TEST_SERVER names a server: no embedded store runs")
    with another_server(url, data=folder) as embedded:
        assert samples(embedded)["footfall_disk_free_bytes",] == pytest.approx(shutil.disk_usage(folder).free, rel=0.1)


def test_several_processes_of_a_server_tell_of_all_of_them(url: str, keys) -> None:
    with ServerProcess(url, "--workers", "2", FOOTFALL_METRICS_TOKEN=TOKEN) as server:
        for _ in range(20):
            # a connection each, so that both are met
            httpx2.post(f"{server.address}{EVENTS}", json=VIEW, headers={"X-Footfall-Key": keys["write"]}).raise_for_status()
        told = {
            httpx2.get(f"{server.address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
            .text.partition('footfall_door_events_total{fate="accepted",reason=""} ')[2]
            .partition("\n")[0]
            for _ in range(10)
        }
    assert told == {"20.0"}
