"""Two cells on two PostgreSQL servers, and who talks to them."""

import itertools
import re
from collections.abc import Iterator

import argon2
import psycopg
import pytest
from sender import VISITOR
from starlette.testclient import TestClient

from footfall import schema
from footfall.database import Cells, EmbeddedStore, connect, number_cells
from footfall.settings import CellUrls, Settings
from footfall.web import application
from site_under_test import HUMAN, NOON

_numbers = itertools.count()


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("footfall.auth.accounts.passwords._hasher", quick)


@pytest.fixture(autouse=True)
def asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where tenants are is found out in moments: nobody waits a minute here."""
    monkeypatch.setattr("footfall.database.cells._KNOWN_SECONDS", 0.5)
    monkeypatch.setattr("footfall.database.cells._MISSED_SECONDS", 0.0)


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    """A second PostgreSQL, which the last test here kills."""
    with EmbeddedStore(tmp_path_factory.mktemp("second")) as store:
        with psycopg.connect(store.url, autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE DATABASE deployed TEMPLATE template0")
        with connect(_database(store.url, "deployed")) as owner:
            schema.deploy(owner)
            owner.execute("SELECT util.ensure_partitions(%s)", (NOON,))
        yield store


def _database(url: str, name: str) -> str:
    return re.sub(r"/[a-z_0-9]+\?", f"/{name}?", url, count=1)


@pytest.fixture
def cells(url: str, second: EmbeddedStore) -> Cells:
    """Home, and b on a server of its own."""
    name = f"b{next(_numbers)}"
    with psycopg.connect(second.url, autocommit=True) as other:
        other.execute(f"CREATE DATABASE {name} TEMPLATE deployed STRATEGY FILE_COPY")
    found = Cells(url, [("b", _database(second.url, name))])
    number_cells(found)
    return found


@pytest.fixture
def settings(cells: Cells) -> Settings:
    return Settings(cells=CellUrls(f"b={cells.called('b').url}"))


@pytest.fixture
def client(cells: Cells, settings: Settings) -> Iterator[TestClient]:
    app = application(settings, cells.home.url)
    with TestClient(app, client=(VISITOR, 50_000), raise_server_exceptions=False) as found:
        found.headers["User-Agent"] = HUMAN
        yield found


@pytest.fixture
def stores(cells: Cells) -> Iterator[dict[str, psycopg.Connection]]:
    """A worker's connection to each cell."""
    with connect(cells.home.url, "footfall_worker") as home, connect(cells.called("b").url, "footfall_worker") as b:
        yield {"home": home, "b": b}
