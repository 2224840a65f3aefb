"""Built files over HTTP: small on the wire, and not sent twice to the same browser."""

import gzip
from pathlib import Path

import httpx2
import pytest

from footfall.web.app import STATIC
from server_process import ServerProcess

TRACKER_BUDGET = 2048  # bytes, gzip: what the build promises for the default script


@pytest.fixture(scope="module")
def address(module_url: str):
    with ServerProcess(module_url) as server:
        yield server.address


def built(folder: str) -> list[Path]:
    return sorted((STATIC / folder).glob("*.js"))


def test_the_tracker_is_as_small_on_the_wire_as_its_budget_says(address: str):
    with httpx2.stream("GET", f"{address}/footfall.js", headers={"Accept-Encoding": "gzip"}) as reply:
        sent = b"".join(reply.iter_raw())
    assert reply.headers["content-encoding"] == "gzip"
    assert reply.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "accept-encoding" in reply.headers["vary"].lower()
    assert len(sent) <= TRACKER_BUDGET
    assert gzip.decompress(sent) == (STATIC / "tracker" / "footfall.js").read_bytes()


def test_who_cannot_unpack_gets_files_as_they_are(address: str):
    reply = httpx2.get(f"{address}/footfall.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in reply.headers
    assert reply.content == (STATIC / "tracker" / "footfall.js").read_bytes()


@pytest.mark.parametrize("path", ["/footfall.js", f"/dashboard/{built('dashboard')[0].name}" if built("dashboard") else "/"])
def test_what_a_browser_has_is_not_sent_again_and_may_be_kept_on(address: str, path: str):
    first = httpx2.get(address + path)
    again = httpx2.get(address + path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for header in ("cache-control", "cross-origin-resource-policy"):
        assert again.headers[header] == first.headers[header]


def test_files_that_are_not_there_are_not_there(address: str):
    for path in ("/footfall.css", "/dashboard/nothing.js", "/dashboard/", "/dashboard/..%2fopenapi.json"):
        assert httpx2.get(address + path).status_code == 404
