"""How soon the dashboard's first view is usable, in a browser without a cache and in one that was here before.

    footfall demo                                # in another terminal
    .venv/bin/python benchmarks/dashboard.py     # --address names another one

Usable: the metric cards and the panels show the figures of the last 30 days; counted from the start of the navigation.
"""

import argparse
import os
import shutil
import statistics

from playwright.sync_api import Browser, BrowserContext, Request, StorageState, sync_playwright

from footfall.demo import EMAIL, PASSWORD

ROUNDS = 15
IS_USABLE = """() => {
    const cards = [...document.querySelectorAll('.card .value')];
    const panels = document.querySelectorAll('.panels tbody').length;
    return cards.length > 7 && panels > 5 && cards.every((card) => card.textContent !== '…') && performance.now();
}"""


def main() -> None:
    """Open it again and again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default="http://127.0.0.1:8700")
    address = parser.parse_args().address
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        state = _signed_in(browser, address)
        first, again = [], []
        requests: list[Request] = []
        for _ in range(ROUNDS):
            context = browser.new_context(base_url=address, storage_state=state)
            requests.clear()
            first.append(_open(context, requests))
            again.append(_open(context, []))
            context.close()
        files = sum(request.url.endswith((".js", ".css")) for request in requests)
        asked = sum("/api/" in request.url for request in requests)
        browser.close()
    for name, times in (("first visit", first), ("again", again)):
        print(f"{name:12} median {statistics.median(times):4.0f} ms, slowest {max(times):4.0f} ms of {ROUNDS}")
    print(f"requests     {asked} to the API, {files} scripts and styles")


def _signed_in(browser: Browser, address: str) -> StorageState:
    context = browser.new_context(base_url=address)
    body = {"email": EMAIL, "password": PASSWORD}
    context.request.post("/api/session", data=body, headers={"X-Footfall-Request": "1"})
    state = context.storage_state()
    context.close()
    return state


def _open(context: BrowserContext, requests: list[Request]) -> float:
    page = context.new_page()
    page.on("request", lambda request: requests.append(request))  # noqa: PLW0108  Playwright marks what it calls
    page.goto("/?tenant=demo-shop")
    milliseconds: float = page.wait_for_function(IS_USABLE, polling=5).json_value()
    page.close()
    return milliseconds


if __name__ == "__main__":
    main()
