"""A server that is told to stop ends in order, whatever is asked of it at that moment."""

import threading
from contextlib import suppress

import httpx2
import pytest

from footfall.database import Connection
from server_process import ServerProcess
from site_under_test import Site


def test_a_question_that_does_not_end_does_not_keep_the_server(
    url: str, owner: Connection, keys, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_QUERY_SECONDS", "600")
    with ServerProcess(url) as server, owner.transaction():
        owner.execute("LOCK TABLE business.visit_b")
        asking = threading.Thread(target=ask, args=(f"{server.address}/api/tracking/analytics?key={keys['read']}",))
        asking.start()
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        while owner.execute(waits).fetchone() == (0,):
            assert asking.is_alive()
        server.stop()
    asking.join()


def ask(address: str) -> None:
    with suppress(httpx2.HTTPError):
        httpx2.get(address, timeout=None)
