"""The dashboard's story, the same in every browser, whatever language the browser and its system speak."""

import re

import pytest
from shop_day import DAY, PASSWORD
from test_dashboard import VIEWS

from browsers import NAMES, Driver, driven

pytestmark = [
    pytest.mark.browsers,
    # Marionette leaves the socket open by which it looked whether Firefox is there
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]

LOCALES = ("C", "th_TH.UTF-8", "fa_IR.UTF-8", "de_DE.UTF-8")
# WebKit takes its dates from the system's ICU, so it is asked in every language; the others bring their own
STORIES = [("webkit", locale) for locale in LOCALES] + [
    (name, locale) for name in NAMES if name != "webkit" for locale in ("th_TH.UTF-8", "fa_IR.UTF-8")
]
QUIET = "document.querySelector('h1') && !document.querySelector('.loading, [aria-busy=true]')"


def opened(driver: Driver, address: str) -> None:
    """Open an address and wait until all of it is there; what the page throws from now on is kept."""
    driver.go(address)
    driver.run("window.thrown = []; addEventListener('error', (event) => thrown.push(String(event.message)))")
    driver.run("addEventListener('unhandledrejection', (event) => thrown.push(String(event.reason)))")
    driver.until(QUIET)


def filled(driver: Driver, name: str, value: str) -> None:
    driver.until(f"document.querySelector('[name={name}]')")
    driver.run(
        f"const field = document.querySelector('[name={name}]'); field.value = arguments[0];"
        " field.dispatchEvent(new Event('input', {bubbles: true}))",
        value,
    )


def signed_in(driver: Driver, address: str) -> None:
    driver.go(f"{address}/?{DAY}")
    filled(driver, "email", "ann@example.org")
    filled(driver, "password", PASSWORD)
    driver.click("button.main")
    driver.until("document.querySelector('.card')")
    driver.until(QUIET)


def figures(driver: Driver) -> dict[str, str]:
    return driver.run(
        "return Object.fromEntries([...document.querySelectorAll('.card')].map((card) =>"
        " [card.querySelector('.label').textContent, card.querySelector('.value').textContent]))"
    )


@pytest.mark.parametrize(("name", "locale"), STORIES)
def test_the_story_is_the_same_in_every_browser_and_language(name: str, locale: str, address: str):
    with driven(name, locale) as driver:
        signed_in(driver, address)
        shown = figures(driver)
        assert (shown["Visitors"], shown["Page views"], shown["Revenue"]) == ("2", "3", "€59.90")
        # English words keep English dates: no year 2569 or 1404, no other digits
        assert re.search(r"\b(10 Mar|Mar 10,) 2026\b", driver.text())
        assert not re.search(r"[\u0e50-\u0e59\u06f0-\u06f9]", driver.text())
        for view in VIEWS:
            opened(driver, f"{address}/{view}?{DAY}")
            title = driver.run("return document.querySelector('h1').textContent")
            said = driver.run("return document.querySelector('main').innerText")
            assert len(said) > len(title) + 20, (view, said)
            assert driver.run("return document.querySelectorAll('[role=alert]').length") == 0, (view, said)
            assert driver.run("return window.thrown") == [], view
        opened(driver, f"{address}/?{DAY}")
        driver.run(
            "const select = document.querySelector('.period select'); select.value = '7d';"
            " select.dispatchEvent(new Event('change', {bubbles: true}))"
        )
        driver.until("location.search.includes('period=7d')")
        driver.until(QUIET)
        assert figures(driver)["Page views"] == "0"
