"""A real headless Chromium on a web site with the snippet."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from web_site import Host, Server, WebSite

Open = Callable[..., Page]


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()
    with host.server:
        yield host


@pytest.fixture
def web_site(host: Host) -> Iterator[WebSite]:
    site = WebSite(host.server.address)
    with site.server:
        yield site


@pytest.fixture
def without_vitals(web_site: WebSite) -> None:
    """Their moment is the browser's: only their own test has them."""
    web_site.attributes = "data-local data-vitals=off"


@pytest.fixture
def open_page(browser: Browser, web_site: WebSite) -> Iterator[Open]:
    """Open a page of the site in a browser profile of its own; `clock` stops the page's clock, `script` runs before all else."""
    contexts = []

    def open_(path: str = "/", *, script: str = "", clock: bool = False, same_profile: bool = False, **options: Any) -> Page:
        context = contexts[-1] if same_profile else browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        if clock:
            page.clock.install(time="2026-11-25T12:00:00Z")
        if script:
            page.add_init_script(script)
        page.goto(web_site.server.address + path)
        return page

    yield open_
    for context in set(contexts):
        context.close()


@pytest.fixture
def tracker_module() -> Iterator[Server]:
    """The built ES module."""
    built = Path(__file__).parents[2] / "tracker" / "dist"

    def answer(_: str, path: str, __: str) -> tuple[int, dict[str, str], str]:
        return 200, {"content-type": "text/javascript", "access-control-allow-origin": "*"}, (built / path.strip("/")).read_text()

    with Server(answer) as server:
        yield server
