"""The dashboard in a real headless Chromium, on a server in a process of its own."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState
from shop_day import PASSWORD, trade

from footfall.auth import add_account, set_role
from footfall.database import connect
from server_process import ServerProcess
from site_under_test import Site, view

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def shop(module_url: str) -> Iterator[Site]:
    """A tenant with a day of trade, another tenant, and people: ann owns acme, vic may look at it, opa runs the service."""
    with connect(module_url, "footfall_worker") as connection:
        site = Site(connection, "acme", industry="e-commerce", currency="EUR")
        trade(site)
        Site(connection, "rival").land(view("/secret", session_id="s-secret", _visitor_id="zoe"))
        site.load()
        for name, role in (("ann", "owner"), ("vic", "viewer"), ("opa", None)):
            add_account(connection, f"{name}@example.org", name.title(), PASSWORD, is_operator=role is None)
            if role:
                set_role(connection, f"{name}@example.org", "acme", role)
        yield site


@pytest.fixture(scope="module")
def server_process(shop: Site, module_url: str) -> Iterator[ServerProcess]:
    """What serves the shop's dashboard."""
    with ServerProcess(module_url) as server:
        yield server


@pytest.fixture(scope="module")
def address(server_process: ServerProcess) -> str:
    """Where the shop's dashboard is."""
    return server_process.address


@pytest.fixture(scope="module")
def signed_in(browser: Browser, address: str) -> dict[str, StorageState]:
    """What a browser keeps of each person's sign-in."""
    kept = {}
    for name in ("ann", "vic", "opa"):
        context = browser.new_context(base_url=address)
        body = {"email": f"{name}@example.org", "password": PASSWORD}
        assert context.request.post("/api/session", data=body, headers={"X-Footfall-Request": "1"}).ok
        kept[name] = context.storage_state()
        context.close()
    return kept


@pytest.fixture
def open_as(browser: Browser, address: str, signed_in: dict[str, StorageState]) -> Iterator[Open]:
    """Open an address of the dashboard as somebody, in a browser profile of its own; fails on what the page complains about."""
    contexts, complaints = [], []

    def open_(name: str | None, path: str = "/", *, may_complain: bool = False, **options) -> Page:
        context = browser.new_context(
            base_url=address, reduced_motion="reduce", storage_state=signed_in[name] if name else None, **options
        )
        contexts.append(context)
        page = context.new_page()
        if not may_complain:
            page.on("pageerror", lambda error: complaints.append(str(error)))
            # the browser itself writes a line for each refusal: those are asked for
            page.on("console", lambda line: complaints.append(line.text) if _is_complaint(line) else None)
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def _is_complaint(line) -> bool:
    return line.type in ("error", "warning") and "Failed to load resource" not in line.text
