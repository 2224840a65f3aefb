"""Whatever a page hands over and whatever its hook does: the page goes on, and so do the other events."""

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web_site import Host, WebSite

from footfall.settings import Settings

DOOR = Settings()

# what JSON cannot say, as JavaScript
ODD = [
    "NaN", "-Infinity", "undefined", "() => 1", "class {}", "Symbol('s')", "10n", "new Date(NaN)", "new Date(0)", "document.body",
    "window", "new Map([[1, 2]])", "new Uint8Array(9)", "Object.create(null)", "Promise.reject(new Error('no')).catch(String)",
    "(() => { const ring = {}; ring.self = [ring]; return ring; })()", "({get x() { throw new Error('no'); }})",
    "({toJSON() { throw new Error('no'); }})", "({toString() { throw new Error('no'); }})", "'\\ud800\\0'",
    "new Proxy({}, {ownKeys() { throw new Error('no'); }})", "'x'.repeat(1e6)", "Array(1e5).fill('y')",
    "(() => { let deep = 1; for (let i = 0; i < 5000; i++) deep = {deep}; return deep; })()",
]  # fmt: skip
HOOKS = {
    "gives": "(event) => event",
    "throws": "() => { throw new Error('no'); }",
    "promises": "async (event) => event",
    "rejects": "async () => { throw new Error('no'); }",
    "nothing": "() => undefined",
    "something else": "() => 7",
}

keys = st.one_of(
    st.sampled_from(["__proto__", "constructor", "toJSON", "then", "length", "", "evt_type", "\ud800"]), st.text(max_size=20)
)
leaves = st.one_of(
    st.none().map(json.dumps),
    st.booleans().map(json.dumps),
    st.integers().map(json.dumps),
    st.floats(allow_nan=False, allow_infinity=False).map(json.dumps),
    st.text(max_size=200).map(json.dumps),
    st.sampled_from(ODD),
)


def expression(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Lists and objects as JavaScript says them; `["__proto__"]` is a key like others."""
    lists = st.lists(children, max_size=6).map(lambda parts: f"[{', '.join(parts)}]")
    pairs = st.lists(st.tuples(keys.map(json.dumps), children), max_size=6)
    return lists | pairs.map(lambda parts: f"({{{', '.join(f'[{key}]: {value}' for key, value in parts)}}})")


values = st.recursive(leaves, expression, max_leaves=25)


@pytest.fixture
def page(open_page, web_site: WebSite) -> Any:
    """A page that counts what is thrown into it."""
    web_site.attributes = "data-local data-vitals=off data-before-send=mine"
    page = open_page(
        "/",
        script="""window.thrown = []; window.hook = (event) => event;
        for (const name of ["error", "unhandledrejection"])
          addEventListener(name, (event) => thrown.push(String(event.message || event.reason)));
        window.mine = (event) => (event.evt_action == "marker" ? event : hook(event));""",
    )
    page.wait_for_function("() => window.footfall?.leave")
    return page


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(details=st.lists(values, min_size=1, max_size=3), properties=values, hook=st.sampled_from(sorted(HOOKS)))
def test_what_a_page_hands_over_throws_nothing_and_keeps_no_other_event(
    details: list[str], properties: str, hook: str, page: Any, host: Host
):
    host.requests.clear()
    calls = [*details, f"{{properties: {properties}}}", f"{{action: {properties}, label: {properties}, value: {properties}}}"]
    tracked = "\n".join(f"footfall.track('engagement', {call});" for call in calls)
    page.evaluate(f"() => {{ hook = {HOOKS[hook]};\n{tracked}\nfootfall.track('engagement', {{action: 'marker'}}); }}")
    end = time.monotonic() + 15
    while ("engagement", "marker") not in host.told():
        assert time.monotonic() < end, "the marker never came"
        time.sleep(0.02)
    assert page.evaluate("thrown") == []
    for request in host.requests:  # each was JSON, or the host would not have read it
        assert size(request) <= 65_536  # browsers' own limit for what outlives its page
        for event in request:
            assert size(event) <= DOOR.max_event_bytes
            assert depth(event) <= DOOR.max_event_depth


def size(value: Any) -> int:
    """Bytes of JSON; fails with what JSON cannot say."""
    return len(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode())


def depth(value: Any) -> int:
    """How many lists and objects lie in each other."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)
