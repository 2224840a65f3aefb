"""Whatever one tenant sends, and however odd it is: the other's events are taken at once, and loaded."""

import json
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sender import VIEW, post
from starlette.testclient import TestClient

from footfall.auth import add_key
from footfall.database import connect
from footfall.settings import Settings
from footfall.web import application
from site_under_test import Site

# texts with what regular expressions and casts stumble over; numbers that swell; keys that tell of secrets
_LONG = ["\0", "@" * 2000, "a@" * 900, "?code=" * 400, "token=" * 300, "%40" * 600, "4" * 3000, "/" * 3000, "\U0001f600" * 500]
odd_texts = st.one_of(
    st.text(max_size=40),
    st.sampled_from(_LONG),
    st.builds(lambda part, times: part * times, st.text(min_size=1, max_size=8), st.integers(1, 1500)),
)
odd_numbers = st.sampled_from(["1e131071", "1e-16383", "-0", "1e400", "0.1e-99", "9" * 400, "1234567890" * 3, "1E+5"])
leaves = st.one_of(odd_texts.map(json.dumps), odd_numbers, st.sampled_from(["true", "null", "NaN", "{", "[", '"\\ud800"', ""]))
_KEYS = ["evt_type", "event_id", "event_timestamp", "page_url", "properties", "evt_value", "session_id", "password", "a"]
keys = st.one_of(st.sampled_from(_KEYS), st.text(max_size=12))


def an_object(items: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in items) + "}"


def an_array(item: str, times: int) -> str:
    """The same many times: of something long fewer, as arrays lie in arrays."""
    return "[" + ",".join([item] * min(times, 1 + 40_000 // (len(item) + 1))) + "]"


values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda items: "[" + ",".join(items) + "]", st.lists(inner, max_size=12)),
        st.lists(st.tuples(keys, inner), max_size=12).map(an_object),
        st.builds(an_array, inner, st.integers(1, 300)),
        st.builds(lambda item, deep: "[" * deep + item + "]" * deep, inner, st.integers(1, 60)),
    ),
    max_leaves=30,
)
events = st.lists(st.tuples(keys, values), min_size=1, max_size=12).map(an_object)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(odd=st.lists(events, min_size=1, max_size=3))
def test_it_waits_for_none_of_it(module_url: str, odd: list[str]) -> None:
    with connect(module_url, "footfall_worker") as worker, TestClient(application(Settings(), module_url)) as client:
        loud, quiet = Site.another(worker), Site.another(worker)
        key_of = {site: add_key(worker, site.tenant_id, "write", "test")[1] for site in (loud, quiet)}
        answer = post(client, key_of[loud], ("[" + ",".join(odd) + "]").encode("utf-8", "surrogatepass"))
        assert answer.status_code < 500, answer.text
        started = time.perf_counter()
        assert post(client, key_of[quiet], VIEW).status_code == 202
        loud.load()
        # a floor for what once took half a minute; nothing that a loud machine could miss
        assert time.perf_counter() - started < 20
        assert len(quiet.table("business.site_event_h")) == 1
        waits = worker.execute("SELECT count(*) FROM raw.ingest_batch WHERE processing_status <> 'PROCESSED'").fetchone()
        assert waits == (0,)
