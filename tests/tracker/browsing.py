"""What tests do with a page in a browser, and how they wait for what it sends."""

import time
from collections.abc import Callable
from typing import Any

VIEW = ("page_view", None)
ATTENTION = ("engagement", "attention")
VITALS = ("engagement", "web_vitals")
MORE_IS_THERE = "() => window.footfall?.leave"


def until(look: Callable[[], Any], wanted: Any) -> None:
    """Look again until it is so; what is never so fails with the difference."""
    for _ in range(100):
        if look() == wanted:
            return
        time.sleep(0.05)
    assert look() == wanted


def settle(page) -> None:
    """Give the tracker time to send what it has; what has not come by then never does."""
    page.wait_for_timeout(500)


def settle_real(page) -> None:
    """As `settle`, for a page whose clock stands."""
    time.sleep(0.3)
    page.evaluate("0")


def hide(page) -> None:
    """Another tab comes to the front, as far as the page can tell."""
    page.evaluate(
        "() => { for (const [name, value] of [['visibilityState', 'hidden'], ['hidden', true]])"
        " Object.defineProperty(document, name, {value, configurable: true});"
        " document.dispatchEvent(new Event('visibilitychange', {bubbles: true})); }"
    )


def show(page) -> None:
    page.evaluate(
        "() => { delete document.visibilityState; delete document.hidden;"
        " document.dispatchEvent(new Event('visibilitychange', {bubbles: true})); }"
    )
