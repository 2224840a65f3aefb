"""The schema is changed beside live traffic: nobody waits behind what `migrate` waits for, and two versions work together."""

import importlib
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import psycopg
import pytest

from footfall import schema
from footfall.auth import add_key
from footfall.database import Connection, Version, connect, migrations, require_usable, tried
from footfall.errors import SchemaOutdated, SchemaTooNew, StoreBusy
from server_process import ServerProcess
from site_under_test import Site, view

MODULE = importlib.import_module("footfall.database.migrate")  # not the function of that name
HOT = "ALTER TABLE business.event_b ADD COLUMN of_tomorrow text; ALTER TABLE raw.ingest_batch ADD COLUMN of_tomorrow text;"


@pytest.fixture
def of_tomorrow(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Adds a migration to those of today."""

    def add(sql: str) -> None:
        monkeypatch.setattr(MODULE, "migrations", lambda: [*migrations(), ("9999_of_tomorrow", sql)])

    return add


@pytest.fixture
def posting(url: str, site: Site) -> Iterator[Callable[[], int]]:
    """Sends an event to a running server; returns the status of its answer."""
    _, secret = add_key(site.connection, "acme", "write", "test")
    with ServerProcess(url) as server:
        body = json.dumps({"events": [{"evt_type": "page_view", "page_url": "https://acme.example/"}]}).encode()

        def post() -> int:
            request = urllib.request.Request(
                f"{server.address}/api/tracking/events", body, {"X-Footfall-Key": secret, "Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status

        yield post


def in_background(work: Callable[[], object]) -> tuple[threading.Thread, list[Exception]]:
    failed: list[Exception] = []

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  told below
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, failed


def deploy(url: str) -> list[str]:
    with connect(url) as owner:
        return schema.deploy(owner)


def wait_until(connection: Connection, condition: str) -> None:
    while connection.execute(condition).fetchone() != (True,):
        pass


@pytest.mark.parametrize("change", ["a migration", "a view", "policies"])
def test_nobody_waits_behind_it_while_it_waits_for_a_reader(
    url: str, site: Site, owner: Connection, posting: Callable[[], int], of_tomorrow: Callable[[str], None], change: str
):
    """The reader ends only when twenty events were taken and loaded: who waited for it would wait for ever."""
    held = {"a migration": "business.event_b", "a view": "api.visit_v", "policies": "business.event_b"}[change]
    if change == "a migration":
        of_tomorrow(HOT)
    elif change == "a view":
        owner.execute("UPDATE util.definition SET checksum = 'older' WHERE name = 'api/sql/views.sql'")
    else:
        owner.execute("COMMENT ON POLICY one_tenant ON business.event_b IS 'older'")
    site.connection.execute("SET lock_timeout = '20s'")  # who waits for the reader fails, and does not hang
    with psycopg.connect(url) as reader:
        reader.execute(f"SELECT count(*) FROM {held}")
        thread, failed = in_background(lambda: deploy(url))
        wait_until(owner, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock')")
        for _ in range(20):
            assert posting() in (200, 202)
            site.load()
        assert thread.is_alive()
    thread.join()
    assert failed == []
    assert site.value("SELECT count(*) FROM business.event_b") == 20
    assert deploy(url) == []


def test_loads_and_a_migration_that_meet_go_on(url: str, site: Site, owner: Connection):
    """All policies are made anew while loads lock the same tables in an order of their own."""
    for (table,) in owner.execute("SELECT DISTINCT polrelid::regclass::text FROM pg_policy").fetchall():
        owner.execute(f"COMMENT ON POLICY all_tenants ON {table} IS 'older'")
    thread, failed = in_background(lambda: deploy(url))
    loads = 0
    while thread.is_alive():
        site.land(view(f"/{loads}", loads, session_id="s"))
        site.load()
        loads += 1
    assert failed == []
    assert owner.execute("SELECT util.unsecured_tables()").fetchall() == []
    assert site.value("SELECT count(*) FROM business.site_event_h") == loads


def test_an_index_is_made_outside_of_a_transaction_beside_a_writer(
    url: str, site: Site, owner: Connection, of_tomorrow: Callable[[str], None]
):
    of_tomorrow(
        "-- Outside of a transaction, statement by statement:\n"
        "DROP INDEX CONCURRENTLY IF EXISTS auth.of_tomorrow;\n"
        "CREATE INDEX CONCURRENTLY of_tomorrow ON auth.access_key (label);\n"
    )
    assert deploy(url) == ["9999_of_tomorrow"]
    assert owner.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'auth.of_tomorrow'::regclass").fetchone() == (True,)
    assert deploy(url) == []


def test_what_would_be_done_is_told_with_its_locks_and_leaves_nothing(owner: Connection, of_tomorrow: Callable[[str], None]):
    of_tomorrow(HOT)
    steps = schema.pending(owner)
    assert [step.name for step in steps] == ["9999_of_tomorrow"]
    (step,) = tried(owner, steps)
    assert {"business.event_b AccessExclusiveLock", "raw.ingest_batch AccessExclusiveLock"} <= set(step.locks)
    assert step.seconds is not None
    assert [step.name for step in schema.pending(owner)] == ["9999_of_tomorrow"]


OURS = Version(number=30, needs=29, serves=29)


@pytest.mark.parametrize(
    ("store", "serves", "fits"),
    [(31, 30, True), (31, 31, False), (29, 28, True), (28, 28, False)],
    ids=["newer, still for us", "newer, no more for us", "older, still enough", "older, not enough"],
)
def test_two_versions_are_ready_as_long_as_they_work_together(owner: Connection, store: int, serves: int, fits: bool):
    owner.execute("UPDATE util.schema_version SET version = %s, serves = %s", (store, serves))
    owner.execute("UPDATE util.definition SET checksum = 'another' WHERE name = 'vault/load'")
    if fits:
        require_usable(owner, schema.definitions(), OURS)
    else:
        with pytest.raises(SchemaTooNew if store > OURS.number else SchemaOutdated):
            require_usable(owner, schema.definitions(), OURS)


def test_an_older_program_leaves_a_newer_store_as_it_is(url: str, owner: Connection, posting: Callable[[], int]):
    """And goes on working with it, until the store is for newer programs only."""
    newer = schema.VERSION.number + 1
    owner.execute("INSERT INTO util.schema_version (version, serves) VALUES (%s, %s)", (newer, schema.VERSION.number))
    owner.execute("UPDATE util.definition SET checksum = 'newer' WHERE name = 'api/sql/views.sql'")
    assert deploy(url) == []
    assert owner.execute("SELECT checksum FROM util.definition WHERE name = 'api/sql/views.sql'").fetchone() == ("newer",)
    assert posting() in (200, 202)
    with ServerProcess(url) as server:
        with urllib.request.urlopen(f"{server.address}/health/ready", timeout=30) as answer:
            assert answer.status == 200
        owner.execute("UPDATE util.schema_version SET serves = %s WHERE version = %s", (newer, newer))
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{server.address}/health/ready", timeout=30)
        assert b"schema_too_new" in refused.value.read()


def test_what_others_hold_for_too_long_is_said(url: str, monkeypatch: pytest.MonkeyPatch, of_tomorrow: Callable[[str], None]):
    monkeypatch.setattr(MODULE, "_PATIENCE_SECONDS", 0)
    of_tomorrow(HOT)
    with psycopg.connect(url) as reader:
        reader.execute("SELECT count(*) FROM business.event_b")
        with pytest.raises(StoreBusy, match="lock timeout"):
            deploy(url)
    assert deploy(url) == ["9999_of_tomorrow"]
