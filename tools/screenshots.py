"""Screenshots of every page on the demo's data, at two widths, light and dark: `make screenshots`, then look at them.

They are in build/screenshots; a few of them, as `IN_DOCS` says, are also the pictures of README and docs.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from footfall.demo import EMAIL, PASSWORD

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "screenshots"
PICTURES = ROOT / "docs" / "pictures"
ABOUT = "tenant=demo-shop"
# name: address, and the link that leads on from there
PAGES = {
    "overview": ("/?compare=previous_period", ""),
    "overview-filtered": ("/?filter=channel%3D%3Dsearch&metric=revenue", ""),
    "details": ("/?details=source", ""),
    "realtime": ("/realtime", ""),
    "visits": ("/sessions", ""),
    "visit": ("/sessions?filter=event_action%3D%3Dcomplete", "tbody a"),
    "funnels": ("/funnels", ""),
    "retention": ("/retention?tenant=demo-saas", ""),
    "paths": ("/paths", ""),
    "items": ("/items", ""),
    "events": ("/events?property=found_by", ""),
    "why": ("/why?figure=conversions", ""),
    "why-funnel": ("/funnels", ".drop a"),
    "layers": ("/why?figure=conversions", "tbody a"),
    "quality": ("/quality", ""),
    "setup": ("/setup", ""),
    "customers": ("/customers", ""),
}
# what stands in README and docs: the top of these pages, wide and light
IN_DOCS = {"overview", "realtime", "visit", "funnels", "why", "quality", "setup"}
WIDTHS = (1280, 360)
SCHEMES = ("light", "dark")
LIVE_SECONDS = 90  # so that there is something in the realtime view


def main() -> None:
    """Start the demo in a folder of its own, or use the one at --address, and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", help="a demo that runs already")
    parser.add_argument("--docs", action="store_true", help="only the pictures of README and docs")
    wanted = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    if wanted.address:
        take(wanted.address, only_docs=wanted.docs)
        return
    with demo() as started:
        time.sleep(LIVE_SECONDS)
        take(started, only_docs=wanted.docs)


@contextmanager
def demo() -> Iterator[str]:
    """The address of a new demo."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="footfall-") as folder:
        command = [sys.executable, "-m", "footfall", "demo", "--port", str(port), "--data", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  our own command
            assert process.stdout is not None  # noqa: S101  it is a pipe
            for line in process.stdout:
                if line.startswith("Dashboard"):
                    break
            yield f"http://127.0.0.1:{port}"
            process.terminate()


def take(address: str, *, only_docs: bool) -> None:
    """Every page at every width in every scheme; says what overflows."""
    names = ("chromium-headless-shell", "chromium", "google-chrome")
    executable = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for scheme in SCHEMES[:1] if only_docs else SCHEMES:
            for width in WIDTHS[:1] if only_docs else WIDTHS:
                _take_all(browser, address, width, scheme)
        browser.close()
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER.relative_to(ROOT)}")  # noqa: T201


def _take_all(browser: Browser, address: str, width: int, scheme: str) -> None:
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": 860},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto("/")
    page.screenshot(path=FOLDER / f"sign-in-{width}-{scheme}.png")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector(".cards")
    for name, (path, link) in PAGES.items():
        tenant = "" if "tenant=" in path else ("&" if "?" in path else "?") + ABOUT
        page.goto(path + tenant)
        _settle(page)
        if link:
            page.locator(link).first.click()
            _settle(page)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            print(f"{name} is wider than {width} pixels")  # noqa: T201
        if name in IN_DOCS and (width, scheme) == (WIDTHS[0], SCHEMES[0]):
            page.screenshot(path=PICTURES / f"{name}.png", clip={"x": 0, "y": 0, "width": width, "height": 640})
        page.screenshot(path=FOLDER / f"{name}-{width}-{scheme}.png", full_page=True)
    context.close()


def _settle(page: Page) -> None:
    page.wait_for_selector("h1")
    page.wait_for_function("() => !document.querySelector('.loading, [aria-busy=true]')")
    page.wait_for_timeout(700)  # the stream's first events


if __name__ == "__main__":
    main()
