"""Chromium, Firefox and WebKit behind one small interface, for stories that must be the same in all three.

Playwright drives only browsers that it built itself; here are Debian's: Chromium and WebKit by WebDriver, Firefox by Marionette,
its own protocol, as Debian has no geckodriver. What only one browser is asked stays with Playwright (the fixture `browser`).
"""

import os
import shutil
import socket
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from marionette_driver.marionette import Marionette
from selenium import webdriver
from selenium.webdriver.chrome.service import Service as ChromeService
from selenium.webdriver.webkitgtk.service import Service as WebKitService

NAMES = ("chromium", "firefox", "webkit")
_PATIENCE = 15.0  # seconds until what is waited for must be there


class Driver:
    """A browser with one window."""

    def __init__(self, name: str, go: Callable[[str], Any], run: Callable[..., Any], save: Callable[[str], Any]) -> None:
        self.name = name
        self.go = go
        self._run = run
        self._save = save

    def run(self, script: str, *arguments: Any) -> Any:
        """The value of a script's `return`, with `arguments` as in WebDriver."""
        return self._run(script, *arguments)

    def until(self, expression: str) -> Any:
        """The value of a JavaScript expression as soon as it is true; fails with what the page shows."""
        end = time.monotonic() + _PATIENCE
        while not (value := self.run(f"return {expression}")):
            assert time.monotonic() < end, f"{self.name}: never {expression}; the page says: {self.text()[:2000]}"
            time.sleep(0.05)
        return value

    def click(self, selector: str) -> None:
        """Click what a CSS selector names, when it is there."""
        self.until(f"document.querySelector({selector!r})")
        self.run(f"document.querySelector({selector!r}).click()")

    def text(self) -> str:
        """What the page says."""
        return self.run("return document.body ? document.body.innerText : ''")

    def screenshot(self, path: Path) -> None:
        """Keep a picture of the page."""
        self._save(str(path))


@contextmanager
def driven(name: str, locale: str = "en_US.UTF-8", width: int = 1280, height: int = 900) -> Iterator[Driver]:
    """A browser of this name (one of `NAMES`) with a profile of its own, in this locale."""
    start = {"chromium": _chromium, "firefox": _firefox, "webkit": _webkit}[name]
    with _locale(locale), start(_language(locale), width, height) as driver:
        yield driver


@contextmanager
def _chromium(language: str, width: int, height: int) -> Iterator[Driver]:
    options = webdriver.ChromeOptions()
    quiet = (
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    )
    for argument in ("--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},{height}", *quiet):
        options.add_argument(argument)
    if language:
        options.add_experimental_option("prefs", {"intl.accept_languages": language})
    driver = webdriver.Chrome(options, ChromeService("/usr/bin/chromedriver"))
    try:
        yield Driver("chromium", driver.get, driver.execute_script, driver.save_screenshot)
    finally:
        driver.quit()


@contextmanager
def _firefox(language: str, width: int, height: int) -> Iterator[Driver]:
    # Firefox formats dates as the system does only when it is told to
    preferences = {"intl.accept_languages": language or "en-US", "intl.regional_prefs.use_os_locales": True}
    log = mkdtemp()  # a folder: Marionette deletes a file that is there first, and be it /dev/null
    with warnings.catch_warnings():
        # it knocks until Firefox opens, and leaves each socket to the garbage collector
        warnings.simplefilter("ignore", ResourceWarning)
        driver = Marionette(
            bin=shutil.which("firefox-esr"),
            headless=True,
            prefs=preferences,
            gecko_log=log,
            app_args=[f"--width={width}", f"--height={height}"],
            port=_free_port(),
        )
        driver.start_session()

    def save(path: str) -> None:
        Path(path).write_bytes(driver.screenshot(format="binary", full=False))

    def run(script: str, *arguments: Any) -> Any:
        return driver.execute_script(script, script_args=arguments, sandbox=None)

    try:
        yield Driver("firefox", driver.navigate, run, save)
    finally:
        driver.quit()
        driver.cleanup()
        # it made itself one more profile, to be removed when the interpreter ends and nothing can be imported any more
        driver.instance.profile.cleanup()
        driver.instance.profile.restore = False
        shutil.rmtree(log)


@contextmanager
def _webkit(_language: str, width: int, height: int) -> Iterator[Driver]:
    options = webdriver.WebKitGTKOptions()
    options.binary_location = str(next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser")))
    options.add_argument("--automation")
    # as root there is no sandbox to be had
    with _screen(width, height) as display, _environment(DISPLAY=display, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS="1"):
        driver = webdriver.WebKitGTK(options, service=WebKitService("/usr/bin/WebKitWebDriver"))
        driver.set_window_size(width, height)
        try:
            yield Driver("webkit", driver.get, driver.execute_script, driver.save_screenshot)
        finally:
            driver.quit()


@contextmanager
def _screen(width: int, height: int) -> Iterator[str]:
    """A screen that nobody sees."""
    readable, writable = os.pipe()
    command = ["Xvfb", "-displayfd", str(writable), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[writable], stderr=subprocess.DEVNULL)
    os.close(writable)
    try:
        with os.fdopen(readable) as told:
            yield ":" + told.readline().strip()
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _locale(name: str) -> Iterator[None]:
    """A locale for the processes that are started meanwhile; it is compiled, as Debian comes with none but C."""
    with TemporaryDirectory() as folder:
        language = _language(name).replace("-", "_")
        if language:
            subprocess.run(["localedef", "-i", language, "-f", "UTF-8", Path(folder) / name], check=True, capture_output=True)
        with _environment(LC_ALL=name, LANG=name, LANGUAGE=language, LOCPATH=folder):
            yield


def _language(locale: str) -> str:
    """`th-TH` of `th_TH.UTF-8`; empty for the locale C."""
    return "" if locale == "C" else locale.split(".", maxsplit=1)[0].replace("_", "-")


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Environment variables for the processes that are started meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
