"""Every test runs on a real PostgreSQL, in a database of its own, copied from a template that was deployed once."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserType, expect, sync_playwright

from databases import Databases
from footfall import schema
from footfall.auth import add_key
from footfall.database import Connection, EmbeddedStore, connect
from server_process import ServerProcess
from site_under_test import HUMAN, NOON, Site

_TEMPLATE = "footfall_template"
_MEMORY = Path("/dev/shm")
_MEMORY_NEEDED = 6 << 30  # bytes


def pytest_configure() -> None:
    """Keep what tests write in memory, where it has room: a database a test is made seven times as fast there.

    A page is given as long as it takes: on a busy machine five seconds are too few.
    """
    expect.set_options(timeout=30_000)
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _MEMORY_NEEDED:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server for the whole run: the embedded one, or the one that FOOTFALL_TEST_SERVER names."""
    if url := os.environ.get("FOOTFALL_TEST_SERVER"):
        yield url
        return
    with EmbeddedStore(tmp_path_factory.mktemp("server")) as store:
        with psycopg.connect(store.url, autocommit=True) as connection:
            # what is lost in a crash of the tests is not missed
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield store.url


@pytest.fixture(scope="session")
def databases(server: str) -> Iterator[Databases]:
    """What makes and drops databases of the server."""
    with contextlib.closing(Databases(server)) as databases:
        yield databases


@pytest.fixture(scope="session")
def template(databases: Databases) -> str:
    """The name of a database with the schema of this version."""
    databases.make(_TEMPLATE)
    with connect(databases.url_of(_TEMPLATE)) as connection:
        schema.deploy(connection)
        connection.execute("SELECT util.ensure_partitions(%s)", (NOON,))
    return _TEMPLATE


@pytest.fixture(scope="session")
def template_with_site(databases: Databases, template: str) -> Iterator[str]:
    """The name of a database that has the tenant acme besides: who adds it first on a connection pays for it ten times over.

    A module whose tests begin with more than that puts a fixture of this name in its place, with `Databases.filled`.
    """
    with databases.filled(template, lambda connection: Site(connection, "acme")) as name:
        yield name


@pytest.fixture
def url(request: pytest.FixtureRequest, databases: Databases) -> Iterator[str]:
    """The URL of a fresh database, which has the tenant of `site` where a test asks for it."""
    template = request.getfixturevalue("template_with_site" if "site" in request.fixturenames else "template")
    with databases.copied(template) as name:
        yield databases.url_of(name)


@pytest.fixture(scope="module")
def module_url(databases: Databases, template: str) -> Iterator[str]:
    """The URL of a database that the tests of a module share: for properties, whose examples bring tenants of their own."""
    with databases.copied(template) as name:
        yield databases.url_of(name)


@pytest.fixture
def owner(url: str) -> Iterator[Connection]:
    """A connection as the schema's owner, a superuser."""
    with connect(url) as connection:
        yield connection


@pytest.fixture
def worker(url: str) -> Iterator[Connection]:
    """A connection in the worker's role."""
    with connect(url, "footfall_worker") as connection:
        yield connection


@pytest.fixture
def site(worker: Connection) -> Site:
    """A tenant with its site, driven from SQL."""
    return Site(worker, "acme", is_there=True)


@pytest.fixture
def keys(site: Site) -> dict[str, str]:
    """A key of each kind of the tenant acme."""
    return {kind: add_key(site.connection, "acme", kind, "test")[1] for kind in ("write", "read", "admin")}


@pytest.fixture
def served(url: str) -> Iterator[str]:
    """The address of a server in a process of its own: for what a client in this process cannot do, such as reading on and on."""
    with ServerProcess(url) as server:
        yield server.address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless, one for a module: Playwright holds the event loop, and others run their own.

    Its headless shell, where it is: the same engine without a browser's windows around it, for half of the work.
    """
    with sync_playwright() as playwright, _launched(playwright.chromium, "chromium-headless-shell") as browser:
        yield browser


@pytest.fixture(scope="module")
def visitors_browser(browser: Browser) -> Iterator[Browser]:
    """A whole Chromium: the shell says in its hints that it is headless, and is a bot."""
    with _launched(browser.browser_type) as whole:
        yield whole


@pytest.fixture
def shared_data() -> Path:
    """Real data beside the checkout; a test that needs it is skipped where it is not."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.exists():
        pytest.skip("../shared/data is not here: it comes with the developers' machines, not with a clone")
    return folder


@contextlib.contextmanager
def _launched(kind: BrowserType, *preferred: str) -> Iterator[Browser]:
    names = (*preferred, "chromium", "chromium-browser", "google-chrome")
    executable = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    assert executable, "browser tests need Chromium: `make browser`, or name one in CHROMIUM"
    quiet = [
        # not in each context: beacons that are sent on leave do not hear of that
        f"--user-agent={HUMAN}",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with kind.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu", *quiet]) as browser:
        yield browser
