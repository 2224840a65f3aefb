"""The page is at every address of its views, and keeps other sites' hands off."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from footfall.web.dashboard import VIEWS, routes

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("<title>built</title>")
    (tmp_path / "main-ABC.js").write_text("1")
    return tmp_path


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_the_page_and_its_protection(built: Path, view: str):
    reply = TestClient(Starlette(routes=routes(built))).get("/" + view.replace("{link}", "token"))
    assert reply.text == "<title>built</title>"
    assert HEADERS.items() <= dict(reply.headers).items()
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert reply.headers["cache-control"] == "no-cache"


def test_files_are_kept_for_ever_because_their_names_change(built: Path):
    client = TestClient(Starlette(routes=routes(built)))
    reply = client.get("/dashboard/main-ABC.js")
    assert "immutable" in reply.headers["cache-control"]
    assert HEADERS.items() <= dict(reply.headers).items()
    for name in ("nothing.js", "..%2f..%2fpyproject.toml", "%2e%2e"):
        assert client.get(f"/dashboard/{name}").status_code == 404


def test_a_page_that_is_not_built_says_how(tmp_path: Path):
    reply = TestClient(Starlette(routes=routes(tmp_path))).get("/")
    assert "make setup" in reply.text
    assert HEADERS.items() <= dict(reply.headers).items()
