"""Months that are over: copied, proved, stale when a row changes, written anew; killed anywhere nothing is lost or left."""

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import pytest
from archived import LAYERS, copied, decoded, files, have_rules, visits

from footfall.archive import ledger, months
from footfall.archive.months import Wish
from footfall.archive.place import Place
from footfall.archive.verifying import verify
from footfall.database import Connection, connect, pool, reading
from footfall.errors import ArchiveFailed
from site_under_test import NOON, Site, view

TABLES = {
    "bridge": "business.event_b",
    "visit": "business.visit_b",
    "vault": "business.site_event_h",
    "raw": "raw.site_tracking_events_r",
}


class Stored:
    def __init__(self, url: str, worker: Connection, folder: Path) -> None:
        self.url, self.worker, self.folder = url, worker, folder
        self.place = Place(str(folder))
        self.acme, self.shop, self.small = (Site(worker, name) for name in ("acme", "shop", "small"))
        visits(self.acme)
        visits(self.shop)
        self.small.land(view("/", 0, session_id="s", visitor_id="v"))
        self.small.settle()
        have_rules(worker)

    def run(self, **wish: object) -> list[months.Copied]:
        return copied(self.url, self.worker, self.place, **wish)

    def faults(self) -> list[str]:
        return [fault.code for fault in verify(self.url, self.worker, self.place, Wish(), is_full=True)]

    def fresh(self, site: Site) -> set[str]:
        """The layers of which a question of March could read files, as a reader of this tenant."""
        with pool(self.url, "footfall_reader", 1) as readers, reading(readers, site.tenant_hk) as connection:
            query = "SELECT count(*) FROM archive.live_parts(%s, %s, '2026-03-01', '2026-03-01')"
            return {layer for layer in LAYERS if connection.execute(query, (site.tenant_hk, layer)).fetchone() == (1,)}

    def live(self) -> list[str]:
        return [path for (path,) in self.worker.execute("SELECT path FROM archive.file WHERE state = 'live' ORDER BY path")]


@pytest.fixture
def stored(url: str, worker: Connection, tmp_path: Path) -> Stored:
    return Stored(url, worker, tmp_path / "archive")


def test_a_month_is_copied_once_proved_and_the_readers_of_a_tenant_see_its_parts_alone(stored: Stored, url: str) -> None:
    done = stored.run()
    assert sorted((one.layer, one.tenants) for one in done) == [(layer, 3) for layer in LAYERS]
    assert stored.faults() == []
    assert stored.run() == []
    assert stored.live() == files(stored.folder)
    for layer, table in TABLES.items():
        rows = decoded(stored.folder, layer)
        assert rows.num_rows == stored.acme.value(f"SELECT count(*) FROM {table}") > 0
        keys = rows.column("tenant_hk").to_pylist()
        assert keys == sorted(keys)
        field = pq.read_schema(stored.folder / next(path for path in stored.live() if path.startswith(layer))).field("tenant_hk")
        assert (field.metadata[b"PARQUET:field_id"], str(field.type)) == (b"1", "fixed_size_binary[20]")
    assert stored.fresh(stored.acme) == stored.fresh(stored.small) == set(LAYERS)
    with pool(url, "footfall_reader", 1) as readers, reading(readers, stored.acme.tenant_hk) as connection:
        assert connection.execute("SELECT count(DISTINCT tenant_hk) FROM archive.part").fetchone() == (1,)
        assert (
            connection.execute(
                "SELECT * FROM archive.live_parts(%s, 'raw', '-infinity', 'infinity')", (stored.shop.tenant_hk,)
            ).fetchall()
            == []
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT FROM archive.file")


def test_who_changes_a_row_makes_its_part_stale_and_nobody_elses_until_it_is_written_anew(
    stored: Stored, owner: Connection
) -> None:
    stored.run()
    before = stored.live()
    # late: a visit of March gets another event, received today
    stored.acme.land(view("/late", 4, session_id="s0", visitor_id="v0", _received=datetime.now(UTC)))
    stored.acme.settle()
    assert stored.fresh(stored.acme) == {"raw"}
    assert stored.fresh(stored.shop) == set(LAYERS)
    assert stored.faults() == []
    assert [one.rows for one in stored.run(patience=months.timedelta(days=1))] == [], "a stale month may wait"
    assert sorted(one.layer for one in stored.run()) == ["bridge", "vault", "visit"]
    assert stored.fresh(stored.acme) == set(LAYERS)
    assert stored.faults() == []
    assert set(before) < set(files(stored.folder)), "questions may be reading the old ones"
    owner.execute("UPDATE archive.file SET changed_at = changed_at - interval '1 hour'")
    assert stored.run() == []
    assert files(stored.folder) == stored.live()
    # a batch of raw that is loaded again has another load date: what raw is archived with
    owner.execute(
        "UPDATE raw.ingest_batch SET load_date = load_date + interval '1 second' WHERE tenant_hk = %s", (stored.shop.tenant_hk,)
    )
    assert stored.fresh(stored.shop) == {"bridge", "vault", "visit"}


def test_a_row_that_becomes_another_tenants_makes_the_parts_of_both_stale(stored: Stored, owner: Connection) -> None:
    stored.run()
    query = "UPDATE raw.site_tracking_events_r SET tenant_hk = %s WHERE tenant_hk = %s"
    owner.execute(query, (stored.acme.tenant_hk, stored.small.tenant_hk))
    assert [stored.fresh(site) for site in (stored.acme, stored.small)] == [{"bridge", "vault", "visit"}] * 2
    assert stored.fresh(stored.shop) == set(LAYERS)


def test_a_change_under_way_while_a_month_is_reserved_is_in_the_file_and_one_after_it_makes_it_stale(
    stored: Stored, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored.run()
    one = "SELECT min(site_event_hk) FROM business.event_b WHERE tenant_hk = %s"
    delete = f"DELETE FROM business.event_b WHERE site_event_hk = ({one})"
    owner.execute(delete, (stored.acme.tenant_hk,))
    reserved, go_on = threading.Event(), threading.Event()
    wait, reserve = ledger.wait_for_writers, ledger.reserve

    def waiting(connection: Connection) -> None:
        reserved.set()
        wait(connection)

    def followed(connection: Connection, *about: object) -> ledger.Reserved:
        done = reserve(connection, *about)
        with connect(stored.url) as other:
            other.execute(delete, (stored.shop.tenant_hk,))
        return done

    monkeypatch.setattr(ledger, "wait_for_writers", waiting)
    monkeypatch.setattr(ledger, "reserve", followed)
    with connect(stored.url) as other, other.transaction():
        other.execute(delete, (stored.small.tenant_hk,))
        runner = threading.Thread(target=lambda: (stored.run(layer="bridge"), go_on.set()))
        runner.start()
        assert reserved.wait(60)
        assert not go_on.wait(0.3), "it waits for who was changing a row"
    runner.join()
    assert "bridge" in stored.fresh(stored.small)
    assert "bridge" not in stored.fresh(stored.shop)
    assert stored.faults() == []


STEPS = {
    "when it is reserved": (ledger, "wait_for_writers"),
    "before it reads": (months, "snapshot"),
    "while it reads": (months, "rows_of"),
    "when it is proved": (ledger, "commit"),
}


@pytest.mark.parametrize("step", STEPS)
def test_stopped_at_any_step_it_is_as_if_nothing_had_happened(stored: Stored, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise ArchiveFailed("archive_busy", step)

    with monkeypatch.context() as broken:
        broken.setattr(*STEPS[step], stop)
        with pytest.raises(ArchiveFailed, match=step):
            stored.run(layer="bridge")
    assert stored.fresh(stored.acme) == set()
    assert [one.layer for one in stored.run(layer="bridge")] == ["bridge"]
    assert files(stored.folder) == stored.live()
    assert stored.faults() == []


def test_killed_before_the_commit_the_next_run_sweeps_and_begins_anew(stored: Stored) -> None:
    script = (
        "import os, signal\nfrom footfall.archive import ledger, months\nfrom footfall.archive.place import Place\n"
        "from footfall.database import connect\n"
        "ledger.commit = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"with connect({stored.url!r}, 'footfall_worker') as connection:\n"
        f"    list(months.run({stored.url!r}, connection, Place({str(stored.folder)!r}), months.Wish(layer='vault')))\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(files(stored.folder)) == 1
    assert stored.fresh(stored.acme) == set()
    stored.run(layer="vault")
    assert files(stored.folder) == stored.live()
    assert stored.faults() == []


def test_two_at_once_one_works_and_the_other_leaves_it_alone(stored: Stored) -> None:
    with connect(stored.url, "footfall_worker") as other, ledger.claimed(other, "bridge", NOON.date().replace(day=1)) as is_ours:
        assert is_ours
        assert sorted(one.layer for one in stored.run()) == ["raw", "vault", "visit"]
    assert [one.layer for one in stored.run()] == ["bridge"]


def test_who_has_much_has_files_of_its_own_and_small_files_are_taken_in(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(months, "OWN_FILE_ROWS", 20)
    monkeypatch.setattr(months, "SHARED_FILE_ROWS", 10)  # whoever has more is read day by day
    assert sorted(one.tenants for one in stored.run(layer="bridge")) == [1, 1, 1]
    assert stored.faults() == []
    late = Site(stored.worker, "late")
    late.land(view("/", 0, session_id="s", visitor_id="v"))
    late.settle()
    assert [one.tenants for one in stored.run(layer="bridge")] == [2], "with the other small one"
    assert len(stored.live()) == 3
    assert stored.faults() == []


def test_what_nobody_asked_for_is_not_copied_and_a_month_is_left_alone_while_something_waits(stored: Stored) -> None:
    stored.worker.execute("DELETE FROM ref.archive_rule")
    assert stored.run() == []
    have_rules(stored.worker)
    stored.worker.execute("INSERT INTO ref.archive_rule SELECT %s, 'bridge', NULL", (stored.small.tenant_hk,))
    stored.acme.land(view("/waiting", 0))
    assert {(one.layer, one.tenants) for one in stored.run()} == {("bridge", 1), ("raw", 2), ("vault", 2), ("visit", 2)}
    stored.acme.load()
    assert {(one.layer, one.tenants) for one in stored.run()} == {("bridge", 2), ("raw", 3), ("vault", 3), ("visit", 3)}
