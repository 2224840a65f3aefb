"""The OpenAPI description, made from the wire's structs and the few facts that they do not tell."""

from typing import Any

import msgspec

from footfall import __version__
from footfall.web import report_wire, wire

_KEY_HELP = "the access key; also as `Authorization: Bearer …` or `?key=…`"
_PAGE_VIEW = {
    "evt_type": "page_view",
    "event_id": "0197a3c0-7d4e-7c3a-9f5e-2b8a6d1c4e90",
    "event_timestamp": "2026-11-23T09:30:00.000Z",
    "session_id": "session_1795426200_abc123",
    "page_url": "https://shop.example/products/42?utm_source=newsletter&utm_medium=email",
    "page_title": "Red shoe",
    "page_referrer": "https://www.google.com/",
}
_PURCHASE = {
    "evt_type": "transaction_step",
    "evt_action": "complete",
    "evt_label": "paid",
    "funnel": "checkout",
    "transaction_id": "order-1001",
    "evt_value": 59.9,
    "currency": "EUR",
}
_STRUCTS = (
    wire.TrackingEvents,
    wire.TrackingReply,
    wire.Failure,
    wire.AnalyticsReply,
    wire.TestReply,
    wire.Health,
    *(report.question for report in report_wire.REPORTS.values()),
    *(report.answer for report in report_wire.REPORTS.values()),
)


def document() -> dict[str, Any]:
    """The whole description, OpenAPI 3.1."""
    _, components = msgspec.json.schema_components(_STRUCTS, ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Footfall",
            "version": __version__,
            "description": "Multi-tenant site tracking on a Data Vault. The key selects the tenant. Every refusal has a stable"
            " code in `debug_info.error` and in the header `X-Footfall-Reason`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            "/api/tracking/events": {"post": _post_events()},
            "/api/tracking/events.js": {"post": _post_events() | {"deprecated": True, "operationId": "postEventsAlias"}},
            "/api/tracking/analytics": {"get": _get_analytics()},
            "/api/tracking/test": {"get": _get_test()},
            **{f"/api/analytics/{name}": _report(name, report) for name, report in report_wire.REPORTS.items()},
            "/api/analytics/realtime/stream": {"get": _get_stream()},
            "/health/live": {"get": _get_health("live", {"200": "The server runs."})},
            "/health/ready": {
                "get": _get_health("ready", {"200": "Events can come in and answers can go out.", "503": "Not now: see why."})
            },
        },
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Footfall-Key", "description": _KEY_HELP}},
        },
    }


def _post_events() -> dict[str, Any]:
    schema = {
        "anyOf": [
            _reference("TrackingEvent"),
            {"type": "array", "items": _reference("TrackingEvent"), "minItems": 1, "maxItems": 500},
            _reference("TrackingEvents"),
        ]
    }
    examples = {
        "page view": {"value": _PAGE_VIEW},
        "several": {"value": [_PAGE_VIEW, _PURCHASE]},
        "envelope": {"value": {"events": [_PURCHASE]}},
    }
    return {
        "operationId": "postEvents",
        "summary": "Send events",
        "description": "One event, an array, or an envelope; as JSON or, as `navigator.sendBeacon` does, as `text/plain`. The"
        " answer goes out when the events are committed, and tells what became of each. A write or admin key.",
        "tags": ["tracking"],
        "security": [{"key": []}],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": schema, "examples": examples},
                "text/plain": {"schema": {"type": "string", "description": "the same JSON"}},
            },
        },
        "responses": {
            "202": _response("Every event was accepted.", "TrackingReply"),
            "207": _response("Some events were rejected: see `events`.", "TrackingReply"),
            **_failures("400", "401", "403", "413", "429", "500", "503"),
        },
    }


def _get_analytics() -> dict[str, Any]:
    day = {"type": "string", "format": "date"}
    return {
        "operationId": "getAnalytics",
        "summary": "The report of a range of days",
        "description": "By event time, in the tenant's time zone, both days included; bots are left out. A read or admin key.",
        "tags": ["analytics"],
        "security": [{"key": []}],
        "parameters": [
            {"name": "dateFrom", "in": "query", "schema": day, "description": "default: 30 days before dateTo"},
            {"name": "dateTo", "in": "query", "schema": day, "description": "default: today"},
        ],
        "responses": {
            "200": _response("The report.", "AnalyticsReply"),
            **_failures("400", "401", "403", "404", "500", "503"),
        },
    }


def _report(name: str, report: report_wire.Report) -> dict[str, Any]:
    """A report's two operations: the question in the query string, or as a body."""
    operation = {
        "summary": report.summary,
        "description": "Definitions: docs/reports.md. A read or admin key.",
        "tags": ["analytics"],
        "security": [{"key": []}],
        "responses": {
            "200": {
                "description": "The answer.",
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["success", "message", "data"],
                            "properties": {
                                "success": {"const": True},
                                "message": {"type": "string"},
                                "data": _reference(report.answer.__name__),
                            },
                        }
                    }
                },
            },
            **_failures("400", "401", "403", "404", "413", "500", "503"),
        },
    }
    _, components = msgspec.json.schema_components([report.question], ref_template="{name}")
    properties = components[report.question.__name__]
    parameters = [
        {
            "name": key,
            "in": "query",
            "required": key in properties["required"],
            "schema": {part: value for part, value in schema.items() if part not in {"description", "default"}},
            "description": schema.get("description", ""),
            # lists may be written with commas; steps, which may have commas in them, are repeated
            **({"style": "form", "explode": key == "steps"} if schema.get("type") == "array" else {}),
            **({"example": report.example[key]} if key in report.example else {}),
        }
        for key, schema in properties["properties"].items()
    ]
    body = {"application/json": {"schema": _reference(report.question.__name__), "example": report.example}}
    return {
        "get": operation | {"operationId": f"get{name.title()}", "parameters": parameters},
        "post": operation | {"operationId": f"post{name.title()}", "requestBody": {"required": True, "content": body}},
    }


def _get_stream() -> dict[str, Any]:
    return {
        "operationId": "getStream",
        "summary": "Events as they are loaded",
        "description": "Server-sent events `event`, one event in JSON each. `EventSource` shows its key as `?key=`.",
        "tags": ["analytics"],
        "security": [{"key": []}],
        "responses": {
            "200": {"description": "The stream.", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
            **_failures("401", "403", "500", "503"),
        },
    }


def _get_test() -> dict[str, Any]:
    return {
        "operationId": "getTest",
        "summary": "Does tracking work?",
        "description": "Without a key: whether events can come in. With one: also whether the key is good, and how far its"
        " tenant's answers are behind.",
        "tags": ["tracking"],
        "security": [{}, {"key": []}],
        "responses": {
            "200": _response("It does.", "TestReply"),
            **_failures("401", "500"),
            "503": _response("It does not, or the store cannot be reached.", "TestReply", "Failure"),
        },
    }


def _get_health(name: str, responses: dict[str, str]) -> dict[str, Any]:
    return {
        "operationId": f"getHealth{name.title()}",
        "summary": f"Is the server {name}?",
        "tags": ["health"],
        "responses": {status: _response(text, "Health") for status, text in responses.items()},
    }


def _response(description: str, *names: str) -> dict[str, Any]:
    schema = _reference(names[0]) if len(names) == 1 else {"anyOf": [_reference(name) for name in names]}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _failures(*statuses: str) -> dict[str, Any]:
    texts = {
        "400": "The request cannot be understood.",
        "401": "The key is missing, unknown or revoked.",
        "403": "The key may not do this, or belongs to another tenant than the request names.",
        "404": "There is no such tenant.",
        "413": "Too many bytes or events.",
        "500": "An internal error; `error_id` finds it in the log.",
        "429": "This key sends too much: try again after `Retry-After` seconds.",
        "503": "Not now: try again after `Retry-After` seconds.",
    }
    return {status: _response(texts[status], "Failure") for status in statuses}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
