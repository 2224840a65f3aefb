"""The page is at every address of its views, and keeps other sites' hands off."""

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from footfall.settings import Settings
from footfall.web import app, application
from footfall.web.dashboard import VIEWS, routes

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
# what a page could be made to do to whom it is shown
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
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


def test_every_view_that_the_page_knows_has_an_address():
    known = Path(__file__).parents[2] / "dashboard" / "src" / "views.ts"
    views = set(re.findall(r'^  "?([a-z-]*)"?: \{ title: ', known.read_text(), re.MULTILINE))
    assert {"", "funnels", "quality", "setup"} <= views <= set(VIEWS)


@pytest.mark.parametrize("is_built", [True, False])
def test_the_server_has_the_page_at_every_view_s_address_built_or_not(
    built: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, *, is_built: bool
):
    static = tmp_path_factory.mktemp("static")
    if is_built:
        built.rename(static / "dashboard")
    monkeypatch.setattr(app, "STATIC", static)
    client = TestClient(application(Settings(), "postgresql://nowhere.invalid/"))
    for view in VIEWS:
        reply = client.get("/" + view.replace("{link}", "token"))
        assert (reply.status_code, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert ("<title>built</title>" in reply.text) == is_built
        assert HEADERS.items() <= dict(reply.headers).items()
        policy = dict(part.split(maxsplit=1) for part in reply.headers["content-security-policy"].split("; "))
        assert POLICY.items() <= policy.items()
        assert not [sources for sources in policy.values() if "unsafe" in sources or "*" in sources or "http" in sources]
        assert "geolocation=()" in reply.headers["permissions-policy"]


def test_files_are_kept_for_ever_because_their_names_change(built: Path):
    client = TestClient(Starlette(routes=routes(built)))
    reply = client.get("/dashboard/main-ABC.js")
    assert "immutable" in reply.headers["cache-control"]
    assert HEADERS.items() <= dict(reply.headers).items()
    for name in ("nothing.js", "..%2f..%2fpyproject.toml", "%2e%2e", "%00"):
        assert client.get(f"/dashboard/{name}").status_code == 404


def test_a_name_that_no_file_can_have_is_that_of_none(built: Path):
    client = TestClient(Starlette(routes=routes(built)), raise_server_exceptions=False)
    assert client.get(f"/dashboard/{'x' * 300}").status_code == 404


def test_a_page_that_is_not_built_says_how(tmp_path: Path):
    reply = TestClient(Starlette(routes=routes(tmp_path))).get("/")
    assert "make setup" in reply.text
    assert HEADERS.items() <= dict(reply.headers).items()


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/api/analytics/overview"),
        ("GET", "/api/session"),
        ("POST", "/api/tracking/events"),
        ("OPTIONS", "/api/tracking/events"),
        ("GET", "/health/live"),
        ("GET", "/openapi.json"),
        ("GET", "/footfall.js"),
        ("GET", "/docs"),
        ("GET", "/nothing-of-ours"),
        ("GET", "/api/nothing"),
        ("PUT", "/api/session"),
    ],
)
def test_every_answer_is_what_it_says_and_in_nobodys_frame(url: str, method: str, address: str) -> None:
    with TestClient(application(Settings(), url)) as client:
        headers = client.request(method, address).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
