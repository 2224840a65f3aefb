"""The event door: what it takes, how it answers, what it refuses, and what it never stores (T12, T18)."""

import gzip
import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from sender import EVENTS, VIEW, VISITOR, client_of, post
from starlette.testclient import TestClient

from footfall.auth import add_key, set_plan
from site_under_test import HUMAN, Site


@pytest.fixture(scope="module")
def module_client(module_url: str) -> Iterator[TestClient]:
    """A client of a server that the tests of this module share."""
    with client_of(module_url) as client:
        yield client


@pytest.fixture
def another(module_site: Site) -> Site:
    """A tenant of its own in their store, for what is told of one tenant."""
    return Site.another(module_site.connection)


@pytest.fixture
def its_key(another: Site) -> str:
    """Its write key."""
    return add_key(another.connection, another.tenant_id, "write", "test")[1]


def landed(site: Site, what: str) -> list[tuple]:
    """What its raw events say, in order."""
    return site.rows(f"SELECT {what} FROM raw.site_tracking_events_r WHERE tenant_hk = %s ORDER BY 1", site.tenant_hk)


def test_one_event_in_the_plans_shape(client, keys, site: Site) -> None:
    reply = post(client, keys["write"], VIEW | {"event_id": "e-1", "session_id": "s-1"})
    body = reply.json()
    assert datetime.fromisoformat(body["data"].pop("timestamp")) <= datetime.now(UTC)
    assert (reply.status_code, body) == (
        202,
        {
            "success": True,
            "message": "Tracking events accepted",
            "data": {
                "session_id": "s-1",
                "events_processed": 1,
                "events_failed": 0,
                "tenant_id": "acme",
                "processing_mode": "single",
                "events": [{"index": 0, "status": "accepted", "event_id": "e-1"}],
            },
        },
    )
    site.load()
    assert site.fates() == ["loaded"]


@pytest.mark.parametrize("body", [[VIEW, VIEW], {"events": [VIEW, VIEW]}, {"tenantId": "acme", "events": [VIEW, VIEW]}])
def test_several_events_as_an_array_or_in_an_envelope(client, keys, body) -> None:
    reply = post(client, keys["write"], body)
    assert (reply.status_code, reply.json()["data"]["processing_mode"]) == (202, "batch")
    assert reply.json()["data"]["events_processed"] == 2


def test_the_answer_goes_out_after_the_commit(client, keys, owner) -> None:
    """What another connection sees at the moment of the answer is all of it."""
    for number in range(1, 6):
        assert post(client, keys["write"], [VIEW] * 3).status_code == 202
        assert owner.execute("SELECT count(*) FROM raw.site_tracking_events_r").fetchone() == (3 * number,)


def test_the_plans_path_and_the_beacons_content_type_work_too(client, keys) -> None:
    reply = client.post(f"{EVENTS}.js?key={keys['write']}", content=json.dumps(VIEW), headers={"Content-Type": "text/plain"})
    assert reply.status_code == 202


def test_the_key_may_come_in_three_ways(client, keys) -> None:
    content = json.dumps(VIEW)
    for headers, query in (
        ({"X-Footfall-Key": keys["write"]}, ""),
        ({"Authorization": f"Bearer {keys['write']}"}, ""),
        ({}, f"?key={keys['write']}"),
    ):
        assert client.post(EVENTS + query, content=content, headers=headers).status_code == 202


def test_any_site_may_post_and_read_the_answer(client, keys) -> None:
    preflight = client.options(EVENTS, headers={"Origin": "https://acme.example", "Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "x-footfall-key" in preflight.headers["access-control-allow-headers"]
    assert post(client, keys["write"], VIEW).headers["access-control-allow-origin"] == "*"
    assert post(client, None, VIEW).headers["access-control-allow-origin"] == "*"


def test_each_event_has_its_own_fate(client, keys, site: Site) -> None:
    events = [
        VIEW | {"event_id": "a"},
        5,
        VIEW | {"event_id": "a"},
        {"x": "y" * 40_000},
        {},
        '"\\ud800"',
        VIEW | {"evt_value": 1},
        VIEW | {"properties": {"text": "[" * 100, "list": [[]] * 100}},
        VIEW | {"properties": json.loads("[" * 31 + "]" * 31)},
        VIEW | {"properties": json.loads("[" * 32 + "]" * 32)},
    ]
    body = (
        "[" + ",".join(event if isinstance(event, str) else json.dumps(event) for event in events) + ',{"a": 1e400000}]'
    )  # kept as a text
    reply = post(client, keys["write"], body)
    assert reply.status_code == 207
    assert [(fate["status"], fate.get("reason")) for fate in reply.json()["data"]["events"]] == [
        ("accepted", None),
        ("rejected", "not_an_object"),
        ("duplicate-in-request", None),
        ("rejected", "event_too_large"),
        ("accepted", "evt_type_missing"),  # it breaks a rule: that is staging's to decide, and told here
        ("rejected", "not_an_object"),
        ("accepted", None),
        ("accepted", None),  # brackets in a text are none, and many are not deep
        ("accepted", None),
        ("rejected", "too_deep"),
        ("accepted", "evt_type_missing"),
    ]
    site.load()
    assert site.fates() == ["loaded", "invalid", "loaded", "loaded", "loaded", "invalid"]


REFUSED = [
    ("", 400, "body_empty"),
    ("  ", 400, "body_empty"),
    ("{", 400, "body_not_json"),
    (b"\x80\x81", 400, "body_not_json"),
    (b"\xff\xfe", 400, "body_empty"),
    ("5", 400, "body_not_events"),
    ('"evt_type"', 400, "body_not_events"),
    ("[]", 400, "no_events"),
    ('{"events": []}', 400, "no_events"),
    ("[1, 2]", 400, "no_event_accepted"),
    (json.dumps([VIEW] * 501), 413, "too_many_events"),
    ("[" + "[" * 100_000, 400, "body_not_json"),
    ('{"a": ' + "[" * 5000 + "]" * 5000 + "}", 400, None),
    (" " * 1_100_000, 413, "body_too_large"),
    (json.dumps(VIEW | {"tenantId": "other"}), 403, "tenant_mismatch"),
    (json.dumps([VIEW, VIEW | {"tenant_id": "other"}]), 403, "tenant_mismatch"),
    (json.dumps({"tenantId": "other", "events": [VIEW]}), 403, "tenant_mismatch"),
]


@pytest.mark.parametrize(("body", "status", "code"), REFUSED, ids=[f"{code}-{n}" for n, (_, _, code) in enumerate(REFUSED)])
def test_a_request_that_lands_nothing_says_why(
    module_client, its_key: str, another: Site, body, status: int, code: str | None
) -> None:
    everybodys = "SELECT count(*) FROM raw.site_tracking_events_r"
    before = another.value(everybodys)
    reply = post(module_client, its_key, body)
    said = reply.json()
    assert (reply.status_code, said["success"], said["error_code"]) == (status, False, "TRACKING_ERROR")
    assert code is None or said["debug_info"]["error"] == code
    assert reply.headers["x-footfall-reason"]
    assert another.value(everybodys) == before


def test_a_key_that_does_not_open_the_door_is_told_so(client, keys, site: Site) -> None:
    for key, status, code in (
        (None, 401, "key_missing"),
        ("ffw_nonsense", 401, "key_unknown"),
        (keys["read"], 403, "key_may_not_write"),
    ):
        reply = post(client, key, VIEW)
        assert (reply.status_code, reply.json()["debug_info"]["error"]) == (status, code)


def test_events_are_posted_not_got(client) -> None:
    reply = client.get(EVENTS)
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST, OPTIONS")


def test_a_key_writes_into_its_own_tenant_only(client, keys, site: Site, worker) -> None:
    other = Site(worker, "other")
    key = add_key(worker, "other", "write", "")[1]
    assert post(client, key, VIEW).status_code == 202
    other.load()
    assert (len(site.table("business.site_event_h")), len(other.table("business.site_event_h"))) == (0, 1)


UNREADABLE = [
    ("NaN", "number_not_finite"),
    ("-Infinity", "number_not_finite"),
    ("undefined", "not_json"),
    ("'single'", "not_json"),
    ("1.2.3", "not_json"),
    ("01", "not_json"),
]


@pytest.mark.parametrize(
    "shape", ["[%s]", '{"tenantId": "acme", "events": [%s], "x": {"events": 1}}', "[%s,]", "\n[%s]\n", "[%s] "]
)
@pytest.mark.parametrize(("value", "reason"), UNREADABLE)
def test_what_cannot_be_read_in_one_event_is_that_events_alone(
    module_client, its_key: str, another: Site, shape: str, value: str, reason: str
) -> None:
    text = r'"brackets ]}, a quote \" and NaN in a text"'
    event = '{"evt_type": "page_view", "page_url": "/", "page_title": %s, "properties": {"n": %s}}'
    events = ", ".join([event % (text, 1), event % (text, value), event % (text, 3)])
    reply = post(module_client, its_key, shape.replace("acme", another.tenant_id) % events)
    fates = [(fate["index"], fate["status"], fate.get("reason")) for fate in reply.json()["data"]["events"]]
    assert fates == [(0, "accepted", None), (1, "rejected", reason), (2, "accepted", None)]
    assert landed(another, "raw_payload #>> '{properties,n}'") == [("1",), ("3",)]


def test_one_event_alone_that_cannot_be_read_says_why(client, keys) -> None:
    reply = post(client, keys["write"], '{"evt_type": "page_view", "evt_value": NaN}')
    assert (reply.status_code, reply.headers["x-footfall-reason"]) == (400, "number_not_finite")


def packed_by_arrow(codec: str):
    return lambda body: pa.compress(body, codec=codec, asbytes=True)


PACKED = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": packed_by_arrow("brotli"),
    "zstd": packed_by_arrow("zstd"),
    "identity": lambda body: body,
    "gzip, zstd": lambda body: packed_by_arrow("zstd")(gzip.compress(body)),
    # without zlib's frame, as some understand `deflate`
    "Deflate": lambda body: zlib.compress(body)[2:-4],
}


@pytest.mark.parametrize("encoding", PACKED)
def test_a_body_may_be_compressed(module_client, its_key: str, another: Site, encoding: str) -> None:
    body = json.dumps([VIEW | {"page_title": "é" * 500}] * 3).encode()
    assert post(module_client, its_key, PACKED[encoding](body), **{"Content-Encoding": encoding}).status_code == 202
    assert landed(another, "DISTINCT raw_payload ->> 'page_title'") == [("é" * 500,)]


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "deflate"])
def test_a_compressed_body_is_known_by_its_first_bytes_too(client, keys, encoding: str) -> None:
    """Proxies drop the header and keep the body as it is, or unpack the body and keep the header."""
    body = json.dumps(VIEW).encode()
    assert post(client, keys["write"], PACKED[encoding](body)).status_code == 202
    assert post(client, keys["write"], body, **{"Content-Encoding": encoding}).status_code == 202


def test_a_compressed_body_that_cannot_be_read_says_why(client, keys) -> None:
    body = gzip.compress(json.dumps(VIEW).encode())
    for content, encoding, status, code in (
        (body[:-9], "gzip", 400, "body_not_decodable"),
        (b"\0\1\2", "br", 400, "body_not_decodable"),
        (body, "lzma", 415, "encoding_unknown"),
        # what is small on the wire may be large in memory
        (gzip.compress(b" " * 50_000_000), "gzip", 413, "body_too_large"),
    ):
        reply = post(client, keys["write"], content, **{"Content-Encoding": encoding})
        assert (reply.status_code, reply.json()["debug_info"]["error"]) == (status, code)
        assert ("zstd" in reply.headers.get("accept-encoding", "")) == (status == 415)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_read_over(client, keys, site: Site, encoding: str) -> None:
    body = json.dumps(VIEW | {"page_title": "Müller"}, ensure_ascii=False)
    assert post(client, keys["write"], body.encode(encoding)).status_code == 202
    assert site.value("SELECT raw_payload ->> 'page_title' FROM raw.site_tracking_events_r") == "Müller"


@pytest.mark.parametrize("path", [f"{EVENTS}/", f"{EVENTS}.js/"])
def test_a_slash_at_the_end_of_the_path_loses_nothing(client, keys, path: str) -> None:
    assert client.post(path, content=json.dumps(VIEW), headers={"X-Footfall-Key": keys["write"]}).status_code == 202


def test_an_address_as_long_as_a_form_costs_only_its_end(client, keys, site: Site) -> None:
    """A sign-in that answers in the query: the view counts, its address is cut and noted; large properties stay too large."""
    long = VIEW | {
        "page_url": "https://acme.example/saml?response=" + "A" * 40_000,
        "page_referrer": "https://idp.example/" + "b" * 9000,
    }
    reply = post(client, keys["write"], [long, VIEW | {"properties": {"text": "x" * 40_000}}])
    assert [fate.get("reason") for fate in reply.json()["data"]["events"]] == [None, "event_too_large"]
    site.load()
    assert site.staged("length(page_url)", "length(page_referrer)", "validation_status") == [(2000, 2000, "VALID")]
    assert {"page_url_cut", "page_referrer_cut"} <= set(site.staged("validation_flags")[0])


@pytest.mark.parametrize("spelling", ["pageview", "Page_View", "page-view", "pageView", " PAGE VIEW ", "page.view"])
def test_another_spelling_of_an_event_type_is_read_and_told(client, keys, site: Site, spelling: str) -> None:
    reply = post(client, keys["write"], VIEW | {"evt_type": spelling})
    assert (reply.status_code, reply.headers["x-footfall-reason"]) == (207, "evt_type_respelled")
    assert reply.json()["data"]["events"] == [
        {"index": 0, "status": "accepted", "reason": "evt_type_respelled", "read_as": "page_view"}
    ]
    site.load()
    assert site.staged("event_type") == ["page_view"]


def test_who_sends_an_event_type_that_nobody_knows_is_told_that_it_will_not_count(client, keys, site: Site) -> None:
    reply = post(client, keys["write"], [VIEW, VIEW | {"evt_type": "purchase"}, VIEW | {"evt_type": None}])
    assert reply.status_code == 207
    assert [fate.get("reason") for fate in reply.json()["data"]["events"]] == [None, "evt_type_unknown", "evt_type_missing"]
    site.load()
    assert site.fates() == ["loaded", "invalid", "invalid"]


def test_every_refusal_is_counted(client, keys, site: Site, url: str) -> None:
    post(
        client, keys["write"], [VIEW, 1, 2, {"event_id": "x"}, {"event_id": "x"}, {"evt_type": "page_view", "page_title": "a\0b"}]
    )
    post(client, keys["write"], "[]")
    post(client, "ffw_nonsense", VIEW)
    client.__exit__(None, None, None)  # what is still to be counted is written when the server stops
    counts = site.rows("SELECT tenant_hk = '\\x', reason, refused_count FROM raw.refusal ORDER BY 1, 2")
    assert counts == [
        (False, "duplicate-in-request", 1),
        (False, "no_events", 1),
        (False, "not_an_object", 2),
        (False, "nul_character_removed", 1),
        (True, "key_unknown", 1),
    ]


def test_a_public_key_may_not_say_who_the_visitor_is(client, keys, site: Site) -> None:
    post(client, keys["write"], VIEW | {"client_ip": "198.51.100.1", "user_agent": "forged", "event_id": "1"})
    post(client, keys["write"], VIEW | {"event_id": "2"})
    rows = site.rows("SELECT visitor_id, user_agent, raw_payload ? 'client_ip', is_trusted FROM raw.site_tracking_events_r")
    assert rows[0] == rows[1]
    assert rows[0][1:] == (HUMAN, False, False)


def test_an_admin_key_may_say_who_the_visitor_is_and_when_it_was(client, keys, site: Site) -> None:
    long_ago = "2015-05-17T10:05:03Z"
    for address in ("198.51.100.1", "198.51.100.1", "198.51.100.2", "nope"):
        event = VIEW | {"client_ip": address, "user_agent": HUMAN, "event_timestamp": long_ago}
        assert post(client, keys["admin"], event).status_code == 202
    visitors = [visitor for (visitor,) in site.rows("SELECT visitor_id FROM raw.site_tracking_events_r ORDER BY raw_event_id")]
    assert visitors[0] == visitors[1] != visitors[2]
    assert visitors[3] is None
    site.load()
    assert site.fates() == ["loaded", "duplicate", "loaded", "loaded"]
    # the secret is that of the event's day, made for the import and destroyed like any other
    assert site.rows("SELECT day::text FROM auth.visitor_secret") == [("2015-05-17",)]


def test_a_public_key_may_not_back_date(client, keys, site: Site) -> None:
    post(client, keys["write"], VIEW | {"event_timestamp": (datetime.now(UTC) - timedelta(days=31)).isoformat()})
    post(client, keys["write"], VIEW | {"event_timestamp": (datetime.now(UTC) - timedelta(days=29)).isoformat()})
    site.load()
    assert site.fates() == ["invalid", "loaded"]


def everything(owner) -> str:
    """Every row of every table of the layers, as text."""
    tables = owner.execute("""
        SELECT c.oid::regclass::text FROM pg_class c
        WHERE c.relnamespace::regnamespace::text IN ('auth', 'ref', 'raw', 'staging', 'business')
          AND c.relkind IN ('r', 'p') AND NOT c.relispartition""").fetchall()
    return "\n".join(str(row) for (table,) in tables for row in owner.execute(f"SELECT t::text FROM {table} t").fetchall())


def test_planted_canaries_are_found_nowhere(client, keys, site: Site, owner) -> None:  # T18
    """Address and e-mail, wherever they are planted, reach no column of any table; nor do passwords in URLs."""
    address, email = "198.51.100.77", "jo.canary@example.org"
    planted = {
        "evt_type": "contact_interaction",
        "page_url": f"https://user:canary-password@acme.example/?email={email}&e=jo.canary%40example.org",
        "page_title": f"Hello {email}",
        "page_referrer": f"https://a.example/{email}",
        "evt_label": email,
        "user_id": email,
        "visitor_id": email,
        "event_id": email,
        "session_id": email,
        "client_ip": address,
        "properties": {"mail": email, "deep": [{"er": f"<{email}>"}]},
    }
    post(client, keys["write"], planted)
    post(client, keys["admin"], planted)
    post(client, keys["write"], json.dumps(planted).replace("@", "\\u0040"))
    post(client, keys["write"], json.dumps(planted).replace("/", "\\/"))
    site.value("SELECT api.track_event(%s::jsonb)", json.dumps(planted | {"tenantId": "acme"}))
    site.settle()
    assert site.fates() == ["loaded"] * 5
    stored = everything(owner)
    for canary in (address, VISITOR, "198.51.100", "203.0.113", email, "jo.canary", "canary-password"):
        assert canary not in stored, canary
    assert "[email]" in stored


@pytest.mark.parametrize("asking", [{"DNT": "1"}, {"Sec-GPC": "1"}, {}])
def test_of_visitors_who_ask_not_to_be_tracked_only_the_event_is_counted(client, keys, site: Site, owner, asking) -> None:  # T18
    event = VIEW | {
        "visitor_id": "canary-visitor",
        "session_id": "canary-session",
        "user_id": "canary-user",
        "screen_resolution": "canary-screen",
        "language": "canary-la",
        "timezone": "canary-tz",
        "browser_name": "canary-browser",
        "transaction_id": "canary-order",
        "properties": {"customer": "canary-customer"},
        "item_metadata": {"seller": "canary-seller"},
        "customer": "canary-more",
        "user_agent": "canary-agent",
        "client_ip": "198.51.100.77",
    }
    if not asking:
        event["do_not_track"] = True
    assert post(client, keys["write"], event, **asking, **{"User-Agent": "canary-agent"}).status_code == 202
    site.settle()
    assert site.fates() == ["loaded"]
    stored = everything(owner)
    assert "canary" not in stored
    assert site.value("SELECT count(*) FROM business.site_visitor_h") == 0
    assert site.rows("SELECT do_not_track, device_type FROM business.site_session_context_s") == [(True, None)]
    assert site.report()["overview"]["pageViews"] == 1


def test_a_tenant_may_choose_to_track_them_all_the_same(client, worker) -> None:
    site = Site(worker, "strict", honour_do_not_track=False)
    post(client, add_key(worker, "strict", "write", "")[1], VIEW, DNT="1")
    site.load()
    assert site.value("SELECT count(*) FROM business.site_visitor_h") == 1


def test_a_tenant_may_keep_addresses_cut_to_their_network(client, worker) -> None:
    site = Site(worker, "geo", keep_truncated_ip=True)
    post(client, add_key(worker, "geo", "write", "")[1], VIEW)
    assert site.rows("SELECT host(client_ip) FROM raw.site_tracking_events_r") == [("203.0.113.0",)]


def test_the_same_visitor_has_the_same_key_all_day(client, keys, site: Site) -> None:
    for _ in range(3):
        post(client, keys["write"], VIEW | {"event_timestamp": datetime.now(UTC).isoformat()})
    assert len(site.rows("SELECT DISTINCT visitor_id FROM raw.site_tracking_events_r")) == 1


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_writes(url: str, keys, site: Site) -> None:
    from footfall.settings import Settings
    from footfall.web import application

    app = application(Settings(client_address_header="X-Forwarded-For"), url)
    with TestClient(app, client=("10.0.0.1", 1)) as client:
        for forwarded in ("198.51.100.1", "6.6.6.6, 198.51.100.1", "198.51.100.1:50000", "198.51.100.2"):
            post(client, keys["write"], VIEW, **{"X-Forwarded-For": forwarded})
    visitors = [visitor for (visitor,) in site.rows("SELECT visitor_id FROM raw.site_tracking_events_r ORDER BY raw_event_id")]
    assert visitors[0] == visitors[1] == visitors[2] != visitors[3]


def test_a_proxy_may_write_the_standards_header(url: str, keys, site: Site) -> None:  # RFC 7239
    from footfall.settings import Settings
    from footfall.web import application

    app = application(Settings(client_address_header="Forwarded"), url)
    with TestClient(app, client=("10.0.0.1", 1)) as client:
        for forwarded in (
            'for="[2001:db8::1]:4711";proto=https',
            'for=6.6.6.6, proto=https;For="[2001:db8::1]"',
            "for=198.51.100.2;by=10.0.0.1",
        ):
            post(client, keys["write"], VIEW, Forwarded=forwarded)
    visitors = [visitor for (visitor,) in site.rows("SELECT visitor_id FROM raw.site_tracking_events_r ORDER BY raw_event_id")]
    assert visitors[0] == visitors[1] != visitors[2]
    assert None not in visitors


def test_half_an_emoji_loses_nothing_but_itself(client, keys, site: Site) -> None:
    """JSON.stringify writes lone surrogates for a title that was cut in the middle of an emoji."""
    titles = (r"a\ud83d\ude00b\ud83d", r"\\ud800 \udc00")
    body = "[" + ",".join(f'{{"evt_type": "page_view", "page_title": "{title}"}}' for title in titles) + "]"
    assert post(client, keys["write"], body).status_code == 202
    assert site.rows("SELECT raw_payload ->> 'page_title' FROM raw.site_tracking_events_r ORDER BY raw_event_id") == [
        ("a😀b\ufffd",),
        ("\\ud800 \ufffd",),
    ]


def test_nul_characters_are_removed_and_nothing_else_is_changed(client, keys, site: Site) -> None:  # D14
    properties = '{"n": 1.50, "k\\u0000": [1e3]}'
    body = f'{{"evt_type": "page_view", "page_title": "a\\u0000b", "evt_value": 1234567890.1230, "properties": {properties}}}'
    assert post(client, keys["write"], body).status_code == 202
    assert site.value("SELECT raw_payload::text FROM raw.site_tracking_events_r") == (
        '{"evt_type": "page_view", "evt_value": 1234567890.1230, "page_title": "ab", "properties": {"k": [1000], "n": 1.50}}'
    )


def test_an_event_is_stored_as_it_was_sent(client, keys, site: Site) -> None:
    body = '{"evt_type":"page_view","unknown":{"x":[1.50,null,"é\\n"]},"evt_value":0.10}'
    post(client, keys["write"], body)
    assert site.value("SELECT raw_payload = %s::jsonb FROM raw.site_tracking_events_r", body)


@pytest.mark.parametrize(
    "title",
    ["Contact:\\ninfo@acme.com", "andr\\u00e9@example.com", "\\\\ninfo@acme.com", "a\\u00e9@b.de\\u0040c.de", '\\"q\\"@acme.com'],
)
def test_an_address_beside_an_escape_is_removed_whole(client, keys, site: Site, owner, title: str) -> None:
    """Half an escape would be no JSON: the event would be refused."""
    assert (
        post(client, keys["write"], '{"evt_type": "page_view", "page_title": "' + title + '", "page_url": "/"}').status_code
        == 202
    )
    site.load()
    assert "[email]" in site.staged("page_title")[0]
    assert "acme" not in site.staged("page_title")[0]
    assert "example" not in site.staged("page_title")[0]


@pytest.mark.parametrize(
    "number",
    ["1e400000", "1e131071", "-1E+00131071", "0.1e-16383", "1e101", "-12.5e-101", "1e" + "9" * 5000, "123.4e000000000101"],
)
def test_numbers_beyond_all_measure_are_kept_as_texts(client, keys, site: Site, number: str) -> None:
    odd = f'"m": "\\u0040 \\" 1e999", "properties": {{"{number}": [{number}, 7]}}, "z": {number}'
    poison = f'{{"evt_type": "page_view", "event_id": "p", {odd}}}'
    assert post(client, keys["write"], f"[{poison}, {json.dumps(VIEW)}]").status_code == 202
    (kept,) = site.rows("SELECT raw_payload FROM raw.site_tracking_events_r WHERE raw_payload ->> 'event_id' = 'p'")
    assert kept[0]["properties"] == {number: [number, 7]}
    assert (kept[0]["z"], kept[0]["m"]) == (number, '@ " 1e999')
    site.load()
    assert site.fates() == ["loaded", "loaded"]


@pytest.mark.parametrize("number", ["1e100", "-1.5E-100", "12e005", "1e0000000000000", "17", "0.25"])
def test_numbers_that_may_be_meant_stay_numbers(module_client, its_key: str, another: Site, number: str) -> None:
    assert post(module_client, its_key, f'{{"evt_type": "page_view", "properties": {{"n": {number}}}}}').status_code == 202
    assert landed(another, "jsonb_typeof(raw_payload #> '{properties,n}')") == [("number",)]


@pytest.mark.parametrize(
    "key", ["evt_value", "item_value", "scroll_depth", "time_on_page", "event_timestamp", "viewport_width", "sent_at"]
)
def test_a_number_beyond_all_measure_is_no_value_of_anything(client, keys, site: Site, key: str) -> None:
    event = f'{{"evt_type": "page_view", "{key}": 1e131071}}'
    assert post(client, keys["write"], f"[{event}, {json.dumps(VIEW)}]").status_code == 202
    site.load()
    assert "loaded" in site.fates()
    assert site.value("SELECT max(octet_length(raw_payload::text)) FROM raw.site_tracking_events_r") < 1000


def test_a_server_that_sends_the_first_day_of_all_loses_only_that_event(client, keys, owner, site: Site) -> None:
    """.NET's default date; west of Greenwich there is no such local day."""
    owner.execute("UPDATE auth.tenant_details_s SET time_zone = 'America/New_York'")
    first = VIEW | {"client_ip": "198.51.100.7", "event_timestamp": "0001-01-01T00:00:00"}
    assert post(client, keys["admin"], [first, VIEW]).status_code == 202
    site.load()
    assert site.fates() == ["invalid", "loaded"]


def test_what_a_plan_does_not_hold_is_refused_and_counted_and_the_neighbour_is_not(client, keys, site: Site, worker) -> None:
    other = Site(worker, "other")
    others_key = add_key(worker, "other", "write", "test")[1]
    set_plan(worker, "acme", {"events_per_month": 3})
    site.land(VIEW, VIEW | {"event_id": "e-1"}, VIEW | {"event_id": "e-2"})
    site.load()
    answer = post(client, keys["write"], [VIEW, VIEW])
    assert (answer.status_code, answer.headers["X-Footfall-Reason"]) == (429, "quota_exceeded")
    assert int(answer.headers["Retry-After"]) > 0
    assert post(client, others_key, VIEW).status_code == 202
    client.__exit__(None, None, None)  # what is still to be counted is written when the server stops
    assert other.load() == 1
    counted = site.rows("SELECT reason, refused_count FROM raw.refusal WHERE tenant_hk = %s", site.tenant_hk)
    assert counted == [("quota_exceeded", 2)]


def test_a_tenant_may_have_a_rate_of_its_own(client: TestClient, keys: dict[str, str], worker) -> None:
    set_plan(worker, "acme", {"events_per_second": 1})
    assert [post(client, keys[kind], VIEW).status_code for kind in ("write", "admin") * 3] == [202] * 5 + [429]


CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
WINDOWS_11 = {
    "Sec-CH-UA": '"Chromium";v="142", "Brave";v="142", "Not_A Brand";v="99"',
    "Sec-CH-UA-Mobile": "?0",
    "Sec-CH-UA-Platform": '"Windows"',
    "Sec-CH-UA-Platform-Version": '"15.0.0"',
}


@pytest.mark.parametrize("agent", ["okhttp/4.12.0", "node", "axios/1.6.0", "Dart/3.2 (dart:io)", ""])
def test_a_program_with_a_pages_key_is_told_that_it_is_not_counted(client, keys, site: Site, agent: str) -> None:
    reply = post(client, keys["write"], VIEW | {"event_id": "a"}, **{"User-Agent": agent})
    assert reply.status_code == 202
    assert reply.json()["data"]["events"] == [{"index": 0, "status": "accepted", "event_id": "a", "note": "agent_is_program"}]
    site.load()
    assert site.ask("overview", dateFrom="2026-01-01", dateTo="2027-12-31")["data"]["metrics"]["page_views"] == 0


def test_a_program_with_a_servers_key_counts_and_is_told_nothing(client, keys, site: Site) -> None:
    reply = post(client, keys["admin"], VIEW | {"event_id": "a", "user_agent": "okhttp/4.12.0"})
    assert reply.json()["data"]["events"] == [{"index": 0, "status": "accepted", "event_id": "a"}]
    site.load()
    assert site.value("SELECT traffic_class FROM staging.site_events_staging") == "human"


@pytest.mark.parametrize("agent", [CHROME, "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"])
def test_of_browsers_and_of_bots_with_a_name_the_door_says_nothing(client, keys, agent: str) -> None:
    reply = post(client, keys["write"], VIEW, **{"User-Agent": agent})
    assert reply.json()["data"]["events"] == [{"index": 0, "status": "accepted"}]


def test_client_hints_are_kept_as_one_text_and_tell_the_system(client, keys, site: Site) -> None:
    post(client, keys["write"], VIEW, **{"User-Agent": CHROME}, **WINDOWS_11)
    assert site.value("SELECT client_hints FROM raw.site_tracking_events_r") == "Brave:142,Chromium:142;Windows:15.0;"
    site.load()
    said = site.rows("SELECT browser_name, operating_system, operating_system_version FROM business.site_session_context_s")
    assert said == [("Brave", "Windows", "11")]


@pytest.mark.parametrize(("key", "headers"), [("write", {"DNT": "1"}), ("admin", {})])
def test_no_hints_are_kept_of_who_opts_out_nor_of_a_server_that_speaks_of_others(client, keys, site: Site, key, headers) -> None:
    post(client, keys[key], VIEW, **{"User-Agent": CHROME}, **WINDOWS_11, **headers)
    assert site.value("SELECT client_hints FROM raw.site_tracking_events_r") is None
