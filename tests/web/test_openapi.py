"""The API as described, fuzzed: no request, however odd, ends in a server error, and every answer is one that is described."""

import json
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sender import client_of
from starlette.testclient import TestClient

from footfall import api
from footfall.auth import add_key
from footfall.web import openapi, wire
from site_under_test import Site


@pytest.fixture(scope="module")
def client(module_url: str) -> Iterator[TestClient]:
    """All examples are of one server: they leave nothing that another would look at."""
    with client_of(module_url) as client:
        yield client


@pytest.fixture(scope="module")
def keys(module_site: Site) -> dict[str, str]:
    """A key of each kind of its tenant."""
    return {kind: add_key(module_site.connection, "acme", kind, "test")[1] for kind in ("write", "read", "admin")}


@pytest.fixture(autouse=True)
def nothing_waits(module_site: Site) -> Iterator[None]:
    """What an example sent is loaded after its test: a store where events wait for ever says that it is not ready."""
    yield
    module_site.load()


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


DESCRIBED = schemathesis.openapi.from_dict(openapi.document())
# a stream has no end: tests/web/test_analytics.py reads one
OPERATIONS = [result.ok().label for result in DESCRIBED.get_all_operations() if not result.ok().label.endswith("/stream")]


# an operation without parameters has no request that breaks its description
FUZZED = [(operation, GenerationMode.POSITIVE) for operation in OPERATIONS] + [
    (operation, GenerationMode.NEGATIVE)
    for operation in OPERATIONS
    if "/tracking/" in operation or operation.startswith("POST /api/analytics")
]
FUZZED.remove(("GET /api/tracking/test", GenerationMode.NEGATIVE))


@pytest.mark.parametrize(("operation", "mode"), FUZZED, ids=[f"{operation} {mode.value}" for operation, mode in FUZZED])
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_request_ends_in_a_server_error(client, keys, operation: str, mode: GenerationMode, data: st.DataObject) -> None:
    """Requests as described, and requests that break the description, with keys of every kind and with none."""
    method, path = operation.split()
    case = data.draw(DESCRIBED[path][method].as_strategy(generation_mode=mode))
    key = data.draw(st.sampled_from([*keys.values(), None]))
    headers = {name: value for name, value in (case.headers or {}).items() if _is_header(name, value)}
    headers.pop("X-Footfall-Key", None)
    if key:
        headers["X-Footfall-Key"] = key
    if case.media_type:
        headers["Content-Type"] = case.media_type
    response = client.request(method, path, params=case.query or None, content=_body(case), headers=headers)
    assert response.status_code < 500, response.text
    case.validate_response(response, checks=CHECKS)


def test_every_operation_is_fuzzed() -> None:
    assert len(OPERATIONS) == 9 + len(openapi.DASHBOARD) + 2 * len(api.REPORTS)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(wire.TrackingEvent.__struct_fields__) | st.text(), inner),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    body=st.binary()
    | st.text().map(lambda text: text.encode("utf-8", "surrogatepass"))
    | _json.map(lambda value: json.dumps(value).encode())
)
def test_no_body_ends_in_a_server_error_nor_in_a_batch_that_cannot_be_loaded(
    client, keys, module_site: Site, body: bytes
) -> None:
    reply = client.post("/api/tracking/events", content=body, headers={"X-Footfall-Key": keys["admin"]})
    assert reply.status_code in (202, 207, 400, 403), reply.text
    module_site.load()
    assert module_site.value("SELECT count(*) FROM raw.ingest_batch WHERE processing_status <> 'PROCESSED'") == 0


def test_the_wires_event_is_what_staging_reads() -> None:
    """The struct that the docs are made from names the very keys that the database knows."""
    from importlib import resources

    sql = (resources.files("footfall.staging") / "sql" / "validate_and_enrich.sql").read_text()
    record = sql[sql.index("AS p(") + 5 : sql.index("properties jsonb)") + 16]
    known = {column.split()[0] for column in record.split(",")}
    described = set(wire.TrackingEvent.__struct_fields__)
    assert described - {"tenantId", "client_ip", "user_agent"} == known


def _body(case) -> bytes | None:
    if isinstance(case.body, schemathesis.core.NotSet):
        return None
    if isinstance(case.body, bytes):
        return case.body
    if case.media_type == "text/plain":
        return str(case.body).encode("utf-8", "surrogatepass")
    return json.dumps(case.body).encode()


def _is_header(name: str, value: object) -> bool:
    return str(name).isascii() and str(value).isascii() and "\n" not in str(value) and "\r" not in str(value)
