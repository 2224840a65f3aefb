"""The embedded store: started by the first that needs it, stopped by the last that leaves, however others end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from footfall.database import EmbeddedStore, Store, open_store
from footfall.errors import StoreUnavailable

HOLD = """
import sys, time
from pathlib import Path
from footfall.database import EmbeddedStore
with EmbeddedStore(Path(sys.argv[1])) as store:
    print(store.url, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def another_process(folder: Path) -> tuple[subprocess.Popen, str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    with process.stdout as said:
        return process, said.readline().strip()


def test_a_store_keeps_its_data_and_is_stopped_when_nobody_uses_it(folder: Path) -> None:
    with EmbeddedStore(folder) as store:
        with psycopg.connect(store.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        assert answers(store.url)
    assert not answers(store.url)
    with EmbeddedStore(folder) as store, psycopg.connect(store.url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_the_last_that_leaves_stops_it_even_when_another_was_killed(folder: Path) -> None:
    killed, url = another_process(folder)
    terminated, same_url = another_process(folder)
    assert url == same_url
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    with EmbeddedStore(folder):
        assert answers(url)
    assert answers(url)  # the second process still uses it
    terminated.terminate()
    terminated.wait()
    with EmbeddedStore(folder):
        pass
    assert not answers(url)


def test_a_store_recovers_from_a_server_that_was_killed(folder: Path) -> None:
    with EmbeddedStore(folder) as store, psycopg.connect(store.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        postmaster = int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(postmaster, signal.SIGKILL)
    for _ in range(50):  # its children notice
        if not answers(store.url):
            break
        time.sleep(0.1)
    with EmbeddedStore(folder) as store, psycopg.connect(store.url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_folder_without_a_store_is_not_silently_filled(folder: Path) -> None:
    with pytest.raises(StoreUnavailable, match="there is no store"):
        open_store("", folder)
    assert not folder.exists()


def test_a_server_that_does_not_answer_is_told_at_once(folder: Path) -> None:
    with pytest.raises(StoreUnavailable, match="does not answer"):
        open_store("postgresql://nobody@127.0.0.1:1/none", folder)


def test_a_server_named_by_its_url_is_left_as_it_is(server: str, folder: Path) -> None:
    with open_store(server, folder) as store:
        assert type(store) is Store
    assert answers(server)
    assert not folder.exists()


def test_nothing_that_travels_is_logged(folder: Path) -> None:
    """An address in a statement that fails must not reach the disk by way of the log."""
    with EmbeddedStore(folder) as store:
        with psycopg.connect(store.url, autocommit=True) as connection, pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute("SELECT %s::text::int", ("canary 198.51.100.77",))
    assert "canary" not in (folder / "postgres" / "log").read_text()
