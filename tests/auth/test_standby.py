"""Tenants' SQL logins on a streaming standby: they ask there, are watched there, and end there."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from footfall import schema
from footfall.auth import grant_sql_access, revoke_sql_access
from footfall.database import EmbeddedStore, connect
from footfall.settings import Settings
from footfall.worker import loop, work
from postgres_programs import PostgresPrograms
from site_under_test import NOON, Site, view


class _Pair:
    """A store and its standby, made of the wheel's own programs."""

    def __init__(self, store: EmbeddedStore, folder: Path) -> None:
        self.primary, self.folder = store.url, folder
        self.run = PostgresPrograms(folder)
        self.standby = make_conninfo(store.url, host=str(folder / "standby"))

    def caught_up(self) -> None:
        with connect(self.primary) as primary, connect(self.standby) as standby:
            (upto,) = primary.execute("SELECT pg_current_wal_lsn()").fetchone()  # type: ignore[misc]
            for _ in range(600):
                if standby.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", (upto,)).fetchone() == (True,):
                    return
                time.sleep(0.05)
        raise AssertionError("the standby does not follow")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Pair]:
    folder = tmp_path_factory.mktemp("pair")
    with EmbeddedStore(folder) as store:
        with connect(store.url) as owner:
            schema.deploy(owner)
            owner.execute("SELECT util.ensure_partitions(%s)", (NOON,))
        with connect(store.url, "footfall_worker") as worker:
            for tenant_id in ("one", "other"):
                site = Site(worker, tenant_id)
                site.land(view("/a", 0, session_id="s"))
                site.load()
        pair = _Pair(store, folder)
        (folder / "standby").mkdir()
        os.chown(folder / "standby", pair.run.owner, -1)
        (folder / "standby").chmod(0o700)
        pair.run("pg_basebackup", "-d", store.url, "-D", folder / "standby", "-R", "-X", "stream", "-c", "fast")
        # the wheel's server has its socket in its folder, and the backup the socket's lock
        (folder / "standby" / ".s.PGSQL.5432.lock").unlink()
        listens = f"-h '' -k {folder / 'standby'}"
        pair.run("pg_ctl", "-D", folder / "standby", "-w", "-o", listens, "-l", folder / "standby" / "log", "start")
        yield pair
        pair.run("pg_ctl", "-D", folder / "standby", "-w", "-m", "immediate", "stop")


def test_a_login_asks_on_the_standby_sees_its_own_rows_and_ends_there(pair: _Pair) -> None:
    with connect(pair.primary) as owner, connect(pair.standby) as standby:
        role, password = grant_sql_access(owner, "one")
        pair.caught_up()
        with psycopg.connect(pair.standby, user=role, password=password, autocommit=True) as analyst:
            assert analyst.execute("SELECT count(*), count(DISTINCT tenant_hk) FROM api.event_v").fetchone() == (1, 1)
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                analyst.execute("CREATE TABLE api.mine (a int)")
            assert revoke_sql_access(owner, "one", standby)
            with pytest.raises(psycopg.OperationalError):
                analyst.execute("SELECT 1")
        pair.caught_up()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(pair.standby, user=role, password=password)


def test_the_worker_ends_there_what_takes_too_long(pair: _Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def end_soon(connection) -> None:
        connection.execute("SELECT auth.end_overdue_sql('1 second')")

    monkeypatch.setattr(loop, "end_overdue", end_soon)
    stop = threading.Event()
    working = threading.Thread(target=work, args=(pair.primary, Settings(sql_url=pair.standby), stop))
    with connect(pair.primary) as owner:
        role, password = grant_sql_access(owner, "other")
    pair.caught_up()
    working.start()
    try:
        with psycopg.connect(pair.standby, user=role, password=password, autocommit=True) as analyst:
            with pytest.raises(psycopg.OperationalError):
                analyst.execute("SELECT pg_sleep(60)")
    finally:
        stop.set()
        working.join()
