"""The OpenAPI description, made from the wire's structs and the few facts that they do not tell."""

from typing import Any

import msgspec

from footfall import __version__
from footfall.web import report_wire, wire
from footfall.web.openapi.dashboard import DASHBOARD, dashboard
from footfall.web.openapi.reports import get_analytics, get_file, get_stream, of_report, post_many
from footfall.web.openapi.tracking import get_health, get_test, post_events

__all__ = ["DASHBOARD", "document"]

_KEY_HELP = "the access key; also as `Authorization: Bearer …`; `?key=…` is for beacons, which can set no header"
_SIGN_IN_HELP = (
    "the cookie of POST /api/session. Requests name their tenant in the header `X-Footfall-Tenant` or as `?tenant=`; those that"
    " change something bring the header `X-Footfall-Request`. It opens the reports too"
)
_STRUCTS = (
    wire.TrackingEvents,
    wire.TrackingReply,
    wire.Failure,
    wire.AnalyticsReply,
    wire.TestReply,
    wire.Health,
    *(operation.body for operation in DASHBOARD if operation.body),
    *(report.question for report in report_wire.REPORTS.values()),
    *(report.answer for report in report_wire.REPORTS.values()),
)


# Generators of clients take a key with a default for one that is always there: whoever sends it may leave it out.
_INPUTS: tuple[type[msgspec.Struct], ...] = (
    wire.TrackingEvents,
    *(operation.body for operation in DASHBOARD if operation.body),
    *(report.question for report in report_wire.REPORTS.values()),
)


def document() -> dict[str, Any]:
    """The whole description, OpenAPI 3.1."""
    _, components = msgspec.json.schema_components(_STRUCTS, ref_template="#/components/schemas/{name}")
    for struct in _INPUTS:
        _leave_defaults_out(components[struct.__name__])
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
            "/api/tracking/events": {"post": post_events()},
            "/api/tracking/events.js": {"post": post_events() | {"deprecated": True, "operationId": "postEventsAlias"}},
            "/api/tracking/analytics": {"get": get_analytics()},
            "/api/tracking/test": {"get": get_test()},
            **{f"/api/analytics/{name}": of_report(name, report) for name, report in report_wire.REPORTS.items()},
            "/api/analytics/{report}.{form}": {"get": get_file()},
            "/api/analytics/many": {"post": post_many()},
            "/api/analytics/realtime/stream": {"get": get_stream()},
            **dashboard(),
            "/health/live": {"get": get_health("live", {"200": "The server runs."})},
            "/health/accepting": {
                "get": get_health("accepting", {"200": "Events can come in and answers can go out.", "503": "Not now: see why."})
            },
            "/health/ready": {
                "get": get_health("ready", {"200": "That, and what comes in is loaded, too.", "503": "Not now: see why."})
            },
        },
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-Footfall-Key", "description": _KEY_HELP},
                "signIn": {"type": "apiKey", "in": "cookie", "name": "footfall_sign_in", "description": _SIGN_IN_HELP},
            },
        },
    }


def _leave_defaults_out(schema: dict[str, Any]) -> None:
    for about in schema["properties"].values():
        about.pop("default", None)
