"""The guide as its readers have it: pages, a search, nothing inline, nothing from elsewhere."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.testclient import TestClient

from footfall.web import guide
from footfall.web.app import STATIC
from server_process import ServerProcess


@pytest.fixture(scope="module")
def address(module_url: str) -> Iterator[str]:
    with ServerProcess(module_url) as server:
        yield server.address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page whose faults are found: what its policy forbids, what it asks of others, what is not there."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith((address, "data:")) else faults.append(request.url))
    page.on("response", lambda response: faults.append(response.url) if response.status >= 400 else None)
    yield page
    page.close()
    assert faults == []


def test_the_guide_is_found_by_its_name_and_leads_on(page: Page, address: str):
    page.goto(f"{address}/guide")
    assert page.get_by_role("heading", name="Your own site in five minutes").is_visible()
    page.get_by_role("link", name="Privacy", exact=True).first.click()
    page.wait_for_url("**/guide/operate/privacy/")
    assert page.get_by_role("heading", name="What is never stored").is_visible()


def test_a_word_is_found_without_asking_anybody_else(page: Page, address: str):
    page.goto(f"{address}/guide/ask/metrics/")
    # what is typed before the index has been read finds nothing
    expect(page.locator(".md-search-result__meta")).to_have_text("Type to start searching", timeout=60_000)
    page.get_by_placeholder("Search").press_sequentially("WooCommerce")
    page.locator(".md-search-result__link", has_text="WordPress").first.click()
    page.wait_for_url("**/guide/send/recipes/wordpress/**")


def test_pictures_are_shown(page: Page, address: str):
    page.goto(f"{address}/guide/ask/dashboard/")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("[...document.images].filter((image) => !image.naturalWidth).map((image) => image.src)") == []


@pytest.mark.parametrize("path", ["/guide/", "/guide/nothing/here", "/guide/guide.js"])
def test_a_strict_policy_holds_on_each_answer(address: str, path: str):
    reply = httpx2.get(address + path)
    assert reply.status_code == (404 if "nothing" in path else 200)
    assert "script-src 'self';" in reply.headers["content-security-policy"]
    assert "unsafe" not in reply.headers["content-security-policy"]


def test_an_unknown_address_leads_back_into_the_guide(browser: Browser, address: str):
    page = browser.new_page()
    page.goto(f"{address}/guide/nothing/here")
    page.locator("a.md-logo").first.click()
    page.wait_for_url(f"{address}/guide/**")
    assert page.get_by_role("heading", name="Your own site in five minutes").is_visible()
    page.close()


def test_where_it_is_not_built_it_says_what_builds_it(tmp_path: Path):
    client = TestClient(Starlette(routes=guide.routes(tmp_path)))
    for path in ("/guide", "/guide/", "/guide/send/tracker/"):
        reply = client.get(path)
        assert (reply.status_code, "make docs" in reply.text) == (404, True)


def test_every_page_of_the_documentation_is_in_it():
    pages = sorted(Path(__file__).parents[2].glob("docs/**/*.md"))
    built = [page.relative_to(Path(__file__).parents[2] / "docs").with_suffix("") for page in pages]
    missing = [
        str(page)
        for page in built
        if not (STATIC / "guide" / (page.parent if page.name == "index" else page) / "index.html").exists()
    ]
    assert missing == []
