"""The server in this process, on a database of its own; every request goes through the real application."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest
from sender import VISITOR
from starlette.testclient import TestClient

from footfall.auth import add_key
from footfall.settings import Settings
from footfall.web import application
from site_under_test import HUMAN, Site


@pytest.fixture
def client(url: str) -> Iterator[TestClient]:
    """A client at a visitor's address, with a browser's user agent."""
    app = application(Settings(), url)
    with TestClient(app, client=(VISITOR, 50_000), raise_server_exceptions=False) as client:
        client.headers["User-Agent"] = HUMAN
        yield client


@pytest.fixture
def keys(site: Site) -> dict[str, str]:
    """A key of each kind of the tenant acme."""
    return {kind: add_key(site.connection, "acme", kind, "test")[1] for kind in ("write", "read", "admin")}


@pytest.fixture
def served(url: str) -> Iterator[str]:
    """The address of a server in a process of its own: for what a client in this process cannot do, such as reading on and on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "DATABASE_URL": url, "FOOTFALL_PORT": str(port)}
    with subprocess.Popen([sys.executable, "-m", "footfall", "serve", "--quiet"], env=environment) as process:
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/health/live", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
        process.terminate()
        assert process.wait(30) == 0
