"""The OpenAPI description, made from the wire's structs and the few facts that they do not tell."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from footfall import __version__, api
from footfall.api import export
from footfall.web import report_wire, setup_wire, wire

_KEY_HELP = "the access key; also as `Authorization: Bearer …`; `?key=…` is for beacons, which can set no header"
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
_SIGN_IN_HELP = (
    "the cookie of POST /api/session. Requests name their tenant in the header `X-Footfall-Tenant` or as `?tenant=`; those that"
    " change something bring the header `X-Footfall-Request`. It opens the reports too"
)


class _Operation(NamedTuple):
    """What the dashboard does, beside asking."""

    method: str
    path: str
    name: str
    summary: str
    body: type[msgspec.Struct] | None = None
    query: Mapping[str, str] = MappingProxyType({})
    is_file: bool = False


_WHICH_ROWS = {
    "who": "a part of who did it: an e-mail address, a label, or person, key, token, guest, cli, worker",
    "action": "an action such as key.revoked, or what is before its point",
    "since": "from this moment or day on, in UTC unless it says otherwise",
    "until": "before this moment, or until this day's end",
}
_WHICH_PAGE = {"limit": "so many rows, 500 at most; default: 50", "offset": "after so many"}
_WHOSE = {"tenant": "only the chain of this tenant; operators: of what belongs to no tenant"}

DASHBOARD = (
    _Operation("get", "/api/session", "getAccount", "Who is signed in, their tenants, and the industry packs"),
    _Operation("post", "/api/session", "signIn", "Sign in", setup_wire.SignIn),
    _Operation("delete", "/api/session", "signOut", "Sign out"),
    _Operation("post", "/api/session/password", "changePassword", "Change one's password", setup_wire.NewPassword),
    _Operation("post", "/api/share", "openLink", "Open a share link", setup_wire.OpenLink),
    _Operation("get", "/api/setup", "getSetup", "All that is set up"),
    _Operation("get", "/api/setup/keys", "getKeys", "Keys, but for the keys themselves"),
    _Operation("post", "/api/setup/keys", "addKey", "Make a key; shown this once", setup_wire.NewKey),
    _Operation("delete", "/api/setup/keys/{key}", "revokeKey", "Revoke a key"),
    _Operation("get", "/api/setup/goals", "getSetGoals", "Goals"),
    _Operation("post", "/api/setup/goals", "addGoal", "Define a goal, or redefine it", setup_wire.NewGoal),
    _Operation("delete", "/api/setup/goals/{goal}", "removeGoal", "Forget a goal"),
    _Operation("get", "/api/setup/funnels", "getFunnels", "Saved funnels"),
    _Operation("post", "/api/setup/funnels", "saveFunnel", "Save a funnel, or change it", setup_wire.SavedFunnel),
    _Operation("delete", "/api/setup/funnels/{funnel}", "removeFunnel", "Forget a funnel"),
    _Operation("post", "/api/setup/pack", "applyPack", "Get an industry's goals and funnel", setup_wire.ChosenPack),
    _Operation("post", "/api/setup/people", "setPerson", "Give somebody a role (owners)", setup_wire.SetPerson),
    _Operation("delete", "/api/setup/people/{email}", "removePerson", "Take a role away (owners)"),
    _Operation("post", "/api/setup/links", "addLink", "Make a share link; shown this once", setup_wire.NewLink),
    _Operation("delete", "/api/setup/links/{link}", "removeLink", "End a share link"),
    _Operation(
        "post",
        "/api/setup/tenant",
        "describeTenant",
        "Change the tenant's name, industry, time zone, currency, week (owners)",
        setup_wire.DescribeTenant,
    ),
    _Operation(
        "post", "/api/setup/people/{email}/password", "renewPassword", "A password for one sign-in (owners)", setup_wire.Nothing
    ),
    _Operation(
        "post", "/api/session/second-factor", "beginSecondFactor", "What an authenticator makes codes of", setup_wire.OwnPassword
    ),
    _Operation(
        "post", "/api/session/second-factor/confirm", "confirmSecondFactor", "Be asked for codes from now on", setup_wire.Code
    ),
    _Operation(
        "post", "/api/session/second-factor/end", "endSecondFactor", "Be asked for no code any more", setup_wire.OwnPassword
    ),
    _Operation("post", "/api/session/oidc", "confirmSignOn", "Show the code that a single sign-on waits for", setup_wire.Code),
    _Operation("get", "/api/session/all", "getSignIns", "Where one is signed in"),
    _Operation("delete", "/api/session/all/{sign_in}", "endSignIn", "End a sign-in of one's own"),
    _Operation("delete", "/api/session/all/others", "endOtherSignIns", "End all sign-ins of one's own but this one"),
    _Operation("get", "/api/setup/plan", "getPlan", "What the tenant may send, and has sent, limit by limit (owners)"),
    _Operation("get", "/api/setup/hosts", "getHosts", "Hosts whose pages sent something in 30 days, and whether they may"),
    _Operation("get", "/api/setup/event-types", "getEventTypes", "Event types: accepted, and refused as unknown"),
    _Operation("post", "/api/setup/event-types", "addEventType", "Accept an event type", setup_wire.NewEventType),
    _Operation("delete", "/api/setup/event-types/{type}", "removeEventType", "Accept an event type no longer"),
    _Operation("post", "/api/setup/tenants", "addTenant", "Add a tenant (operators)", setup_wire.NewTenant),
    _Operation("get", "/api/quality", "getQuality", "Whether all that was sent in 48 hours arrived, and why not"),
    _Operation("post", "/api/quality/reprocess", "reprocess", "Try invalid events again", setup_wire.Reprocess),
    _Operation("get", "/api/trace/{event}", "getTrace", "An event layer by layer: raw, staging, vault"),
    _Operation("get", "/api/store", "getStore", "Partitions, last loads, what waits (operators)"),
    _Operation("get", "/api/session/tenants", "getTenants", "One's tenants whose name or id has all words of `?search=`"),
    _Operation("get", "/api/operator/tenants", "getCustomers", "All tenants and what they send, searched and sorted (operators)"),
    _Operation("get", "/api/operator/tenants/{tenant}", "getCustomer", "A tenant, what it sends, its plan (operators)"),
    _Operation("get", "/api/setup/audit", "getAudit", "Who did what (owners)", query=_WHICH_ROWS | _WHICH_PAGE),
    _Operation("get", "/api/setup/audit.csv", "getAuditFile", "Who did what, as a file", query=_WHICH_ROWS, is_file=True),
    _Operation(
        "get", "/api/operator/audit", "getAllAudit", "Who did what, of all (operators)", query=_WHOSE | _WHICH_ROWS | _WHICH_PAGE
    ),
    _Operation(
        "get",
        "/api/operator/audit.csv",
        "getAllAuditFile",
        "Who did what, of all, as a file (operators)",
        query=_WHOSE | _WHICH_ROWS,
        is_file=True,
    ),
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
            "/api/tracking/events": {"post": _post_events()},
            "/api/tracking/events.js": {"post": _post_events() | {"deprecated": True, "operationId": "postEventsAlias"}},
            "/api/tracking/analytics": {"get": _get_analytics()},
            "/api/tracking/test": {"get": _get_test()},
            **{f"/api/analytics/{name}": _report(name, report) for name, report in report_wire.REPORTS.items()},
            "/api/analytics/{report}.{form}": {"get": _get_file()},
            "/api/analytics/many": {"post": _post_many()},
            "/api/analytics/realtime/stream": {"get": _get_stream()},
            **_dashboard(),
            "/health/live": {"get": _get_health("live", {"200": "The server runs."})},
            "/health/accepting": {
                "get": _get_health("accepting", {"200": "Events can come in and answers can go out.", "503": "Not now: see why."})
            },
            "/health/ready": {
                "get": _get_health("ready", {"200": "That, and what comes in is loaded, too.", "503": "Not now: see why."})
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
        "summary": api.REPORTS[name].words,
        "description": "Definitions: docs/ask/reports.md. A read or admin key.",
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
    body = {"application/json": {"schema": _reference(report.question.__name__), "example": report.example}}
    return {
        "get": operation | {"operationId": f"get{name.title()}", "parameters": [*_parameters(report), _EXPLAIN]},
        "post": operation | {"operationId": f"ask{name.title()}", "requestBody": {"required": True, "content": body}},
    }


_TEXT = {"type": "string"}
_CONDITIONS = frozenset({"filter", "start"})
_NOT_OF_A_SCHEMA = frozenset({"description", "default"})
_EXPLAIN = {
    "name": "explain",
    "in": "query",
    "required": False,
    "schema": {"type": "boolean"},
    "description": "also `explanation`: which source answered and why, and the SQL; for admin keys and owners",
}


def _parameters(report: report_wire.Report) -> list[dict[str, Any]]:
    """A question's keys, as a query string has them."""
    _, components = msgspec.json.schema_components([report.question], ref_template="{name}")
    properties = components[report.question.__name__]
    return [
        {
            "name": key,
            "in": "query",
            "required": key in properties["required"],
            # a tree of conditions is written as JSON
            "schema": _TEXT if key in _CONDITIONS else {part: schema[part] for part in schema if part not in _NOT_OF_A_SCHEMA},
            "description": schema.get("description", ""),
            # lists may be written with commas; steps, which may have commas in them, are repeated
            **({"style": "form", "explode": key == "steps"} if schema.get("type") == "array" else {}),
            **({"example": report.example[key]} if key in report.example else {}),
        }
        for key, schema in properties["properties"].items()
    ]


def _parameters_of_files() -> list[dict[str, Any]]:
    """What any report may be asked: of a key that reports know differently, what is true for all of them."""
    known: dict[str, dict[str, Any]] = {}
    for report in report_wire.REPORTS.values():
        for parameter in _parameters(report):
            of_any = {part: value for part, value in parameter.items() if part != "example"} | {"required": False}
            other = known.setdefault(parameter["name"], of_any)
            if other["schema"] != parameter["schema"]:
                is_list = parameter["schema"].get("type") == "array"
                other["schema"] = {"type": "array", "items": _TEXT} if is_list else _TEXT
    return list(known.values())


def _leave_defaults_out(schema: dict[str, Any]) -> None:
    for about in schema["properties"].values():
        about.pop("default", None)


def _dashboard() -> dict[str, dict[str, Any]]:
    """The dashboard's own operations, by path and method. Their answers are for its pages and may change with them."""
    paths: dict[str, dict[str, Any]] = {}
    for method, path, name, summary, body, query, is_file in DASHBOARD:
        names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
        content = {"application/json": {"schema": _reference(body.__name__)}} if body else None
        paths.setdefault(path, {})[method] = {
            "operationId": name,
            "summary": summary,
            "tags": ["dashboard"],
            "security": [] if name in {"signIn", "confirmSignOn", "openLink"} else [{"signIn": []}],
            "parameters": [
                {
                    "name": name,
                    "in": "path",
                    "required": True,
                    "schema": {"type": "integer", "minimum": 0}
                    if name in {"key", "link", "sign_in"}
                    else {"type": "string", "minLength": 1},
                }
                for name in names
            ]
            + [{"name": name, "in": "query", "description": text, "schema": {"type": "string"}} for name, text in query.items()],
            **({"requestBody": {"required": True, "content": content}} if content else {}),
            "responses": {
                "200": {"description": "The file.", "content": {"text/csv": {"schema": {"type": "string"}}}}
                if is_file
                else {"description": "Done.", "content": {"application/json": {"schema": _DONE}}},
                **_failures("400", "401", "403", "404", "405", "413", "429", "500", "503"),
            },
        }
    return paths


_DONE = {
    "type": "object",
    "required": ["success", "message", "data"],
    "properties": {"success": {"const": True}, "message": {"type": "string"}, "data": {}},
}


def _post_many() -> dict[str, Any]:
    question = {
        "type": "object",
        "required": ["report"],
        "properties": {"report": {"enum": list(report_wire.REPORTS)}},
        "description": "the report, and its question beside it",
    }
    body = {"schema": {"type": "array", "maxItems": 20, "items": question}, "example": [{"report": "overview"}]}
    return {
        "operationId": "postMany",
        "summary": "Several reports, as of one moment",
        "description": "`data` has the replies in the order of the questions, each as its own address would answer.",
        "tags": ["analytics"],
        "security": [{"key": []}, {"signIn": []}],
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": {
            "200": {"description": "The answers.", "content": {"application/json": {"schema": _DONE}}},
            **_failures("400", "401", "403", "404", "413", "500", "503"),
        },
    }


def _get_file() -> dict[str, Any]:
    return {
        "operationId": "getFile",
        "summary": "A report's rows as a file",
        "description": "The question is the report's, in the query string; all rows, unless `limit` is asked for.",
        "tags": ["analytics"],
        "security": [{"key": []}, {"signIn": []}],
        "parameters": [
            {"name": "report", "in": "path", "required": True, "schema": {"enum": list(report_wire.REPORTS)}},
            {"name": "form", "in": "path", "required": True, "schema": {"enum": list(export.FORMATS)}},
            *_parameters_of_files(),
            {
                "name": "bom",
                "in": "query",
                "required": False,
                "schema": {"type": "boolean"},
                "description": "CSV begins with a byte order mark, by which Excel knows its encoding",
            },
        ],
        "responses": {
            "200": {
                "description": "The file.",
                "content": {
                    "text/csv": {"schema": {"type": "string"}},
                    "application/x-ndjson": {"schema": {"type": "string"}},
                    "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
                },
            },
            **_failures("400", "401", "403", "404", "500", "503"),
        },
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
        "404": "There is no such thing, or it is another tenant's.",
        "405": "This address does something else.",
        "413": "Too many bytes or events.",
        "500": "An internal error; `error_id` finds it in the log.",
        "429": "This key sends too much: try again after `Retry-After` seconds.",
        "503": "Not now: try again after `Retry-After` seconds.",
    }
    return {status: _response(texts[status], "Failure") for status in statuses}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
