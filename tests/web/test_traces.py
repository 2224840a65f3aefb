"""An event's way as a trace: told to a collector that speaks OTLP over HTTP, as Jaeger, Tempo and others do."""

import gzip
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from sender import VIEW, VISITOR, post
from starlette.testclient import TestClient

from footfall import traces
from footfall.auth import add_key
from footfall.settings import Settings
from footfall.web import application
from footfall.worker import work_once
from site_under_test import Site


class Collector(ThreadingHTTPServer):
    """Keeps the spans that it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.spans: list[Span] = []
        self.services: set[str] = set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def take(self, request: ExportTraceServiceRequest) -> None:
        for of_resource in request.resource_spans:
            self.services |= {a.value.string_value for a in of_resource.resource.attributes if a.key == "service.name"}
            self.spans += [span for of_scope in of_resource.scope_spans for span in of_scope.spans]


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        assert self.path == "/v1/traces"
        self.server.take(ExportTraceServiceRequest.FromString(body))
        reply = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with Collector() as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
        traces.tracer.cache_clear()
        yield collector
        collector.shutdown()
    if telling := traces.tracer():
        telling.close()
    traces.tracer.cache_clear()


def attributes(span: Span) -> dict[str, str | int]:
    return {a.key: a.value.string_value or a.value.int_value for a in span.attributes}


def test_request_commit_and_load_of_a_batch_are_one_trace(collector: Collector, url: str, site: Site) -> None:
    Site(site.connection, "other")
    keys = {tenant: add_key(site.connection, tenant, "write", "")[1] for tenant in ("acme", "other")}
    with TestClient(application(Settings(), url), client=(VISITOR, 1)) as client:
        assert (
            post(
                client, keys["acme"], [VIEW | {"event_id": "a"}, VIEW | {"event_id": "b"}], **{"X-Request-Id": "from-acme"}
            ).status_code
            == 202
        )
        assert post(client, keys["other"], VIEW).status_code == 202
        assert post(client, keys["acme"], [{"evt_type": "nonsense"}]).status_code == 207
    assert work_once(url, Settings()) == 4
    of_traces: dict[bytes, dict[str, Span]] = defaultdict(dict)
    for span in collector.spans:
        of_traces[span.trace_id][span.name] = span
    assert [sorted(spans) for spans in of_traces.values()] == [["commit", "door", "load"]] * 3
    assert collector.services == {"footfall"}
    for spans in of_traces.values():
        door, commit, load = spans["door"], spans["commit"], spans["load"]
        assert (door.parent_span_id, commit.parent_span_id, load.parent_span_id) == (b"", door.span_id, commit.span_id)
        assert door.start_time_unix_nano <= commit.start_time_unix_nano < commit.end_time_unix_nano <= load.start_time_unix_nano
    by_request = {attributes(spans["door"])["footfall.request_id"]: spans for spans in of_traces.values()}
    first = by_request["from-acme"]
    assert attributes(first["commit"]) == {"footfall.tenant": "acme", "footfall.events": 2}
    batch = site.rows("SELECT batch_id FROM raw.ingest_batch WHERE event_count = 2")[0][0]
    loaded = attributes(first["load"])
    assert (loaded["footfall.batch_id"], loaded["footfall.events"], loaded["footfall.loaded"]) == (batch, 2, 2)


def test_no_span_says_what_was_sent(collector: Collector, url: str, keys, site: Site) -> None:
    with TestClient(application(Settings(), url), client=(VISITOR, 1)) as client:
        post(client, keys["write"], VIEW | {"page_url": "https://acme.example/secretword"})
    work_once(url, Settings())
    said = str(collector.spans)
    assert "commit" in said
    assert "secretword" not in said
    assert VISITOR not in said


def test_a_collector_that_is_away_holds_nothing_up(monkeypatch: pytest.MonkeyPatch, url: str, keys, caplog) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    traces.tracer.cache_clear()
    with TestClient(application(Settings(), url), client=(VISITOR, 1)) as client:
        assert post(client, keys["write"], VIEW).status_code == 202
    assert work_once(url, Settings()) == 1
    traces.tracer().close()
    traces.tracer.cache_clear()


def test_without_an_endpoint_nothing_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    traces.tracer.cache_clear()
    assert traces.tracer() is None


def test_who_asks_for_traces_and_lacks_the_extra_is_told(monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    traces.tracer.cache_clear()
    assert traces.tracer() is None
    assert "footfall[otel]" in caplog.text
    traces.tracer.cache_clear()


def test_a_large_request_is_one_trace_of_several_commits(collector: Collector, url: str, keys, site: Site) -> None:
    with TestClient(application(Settings(), url), client=(VISITOR, 1)) as client:
        large = [VIEW | {"event_id": str(number), "page_title": "x" * 500} for number in range(400)]
        assert post(client, keys["write"], large).status_code == 202
    assert work_once(url, Settings()) == 400
    names = sorted(span.name for span in collector.spans)
    commits = names.count("commit")
    assert names == ["commit"] * commits + ["door"] + ["load"] * commits
    assert commits == site.value("SELECT count(*) FROM raw.ingest_batch") > 1
    assert len({span.trace_id for span in collector.spans}) == 1
    assert len({span.span_id for span in collector.spans}) == len(collector.spans)
