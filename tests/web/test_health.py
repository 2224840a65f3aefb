"""Health tells the truth: whether events come in, whether they are loaded, whether there is room for more."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from footfall.database import Room
from footfall.settings import Settings
from footfall.web import health as module
from footfall.web.app import application
from site_under_test import Site, view


@pytest.fixture
def client(url: str, site: Site) -> Iterator[TestClient]:
    with TestClient(application(Settings(), url)) as client:
        yield client


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    """Gives the store's disk so much room (MB), of so much."""

    def give(free: int, size: int) -> None:
        monkeypatch.setattr(module, "room_of", lambda _: Room(free << 20, size << 20))

    return give


def said(client: TestClient, name: str) -> tuple[int, list[str], list[str]]:
    """The status, the codes of reasons, those of warnings."""
    reply = client.get(f"/health/{name}")
    body: dict[str, Any] = reply.json()
    return reply.status_code, [one["code"] for one in body["reasons"]], [one["code"] for one in body.get("warnings", [])]


def waiting_for(site: Site, seconds: int) -> None:
    site.land(view("/", 0, session_id="s"))
    site.connection.execute(
        "UPDATE raw.ingest_batch SET received_from = clock_timestamp() - make_interval(secs => %s)", (seconds,)
    )


def a_worker(site: Site) -> None:
    site.connection.execute("INSERT INTO util.worker VALUES ('one', clock_timestamp())")


def test_without_a_worker_events_that_wait_are_told_and_still_taken(client: TestClient, site: Site):
    assert said(client, "ready") == (200, [], [])
    waiting_for(site, 120)
    assert said(client, "ready") == (503, ["no_worker"], [])
    assert said(client, "accepting") == (200, [], [])
    a_worker(site)
    assert said(client, "ready") == (200, [], [])


def test_loads_that_are_behind_are_told(client: TestClient, site: Site):
    a_worker(site)
    waiting_for(site, 899)
    assert said(client, "ready") == (200, [], [])
    waiting_for(site, 1000)
    assert said(client, "ready") == (503, ["loads_behind"], [])
    assert said(client, "accepting") == (200, [], [])


def test_a_disk_is_told_before_it_is_full_and_when_it_is(client: TestClient, room: Callable[[int, int], None]):
    room(200, 1000)
    assert said(client, "ready") == (200, [], [])
    room(120, 10_000)
    assert said(client, "ready") == (200, [], ["disk_low"])
    room(99, 10_000)
    for name in ("ready", "accepting"):
        assert said(client, name) == (503, ["disk_full"], ["disk_low"])


def test_a_store_that_takes_no_events_is_told(client: TestClient, url: str, server: str, keys: dict[str, str]):
    """It answers questions on connections that are open, and takes nothing."""

    def post() -> int:
        return client.post("/api/tracking/events", json=view("/", 0), headers={"X-Footfall-Key": keys["write"]}).status_code

    assert post() == 202
    assert said(client, "accepting") == (200, [], [])
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND application_name = 'footfall_ingest'",
            (name,),
        )
        assert post() == 503
        assert said(client, "accepting") == (503, ["events_not_taken"], [])
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        while said(client, "accepting")[0] != 200:
            pass
