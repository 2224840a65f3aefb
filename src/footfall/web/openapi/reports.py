"""The operations that ask: each report, several at once, files, the stream of events."""

from typing import Any

import msgspec

from footfall import api
from footfall.api import export
from footfall.web import report_wire
from footfall.web.openapi.parts import DONE, failures, reference, response

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


def get_analytics() -> dict[str, Any]:
    """The plan's own report."""
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
            "200": response("The report.", "AnalyticsReply"),
            **failures("400", "401", "403", "404", "500", "503"),
        },
    }


def of_report(name: str, report: report_wire.Report) -> dict[str, Any]:
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
                                "data": reference(report.answer.__name__),
                            },
                        }
                    }
                },
            },
            **failures("400", "401", "403", "404", "413", "500", "503"),
        },
    }
    body = {"application/json": {"schema": reference(report.question.__name__), "example": report.example}}
    return {
        "get": operation | {"operationId": f"get{name.title()}", "parameters": [*_parameters(report), _EXPLAIN]},
        "post": operation | {"operationId": f"ask{name.title()}", "requestBody": {"required": True, "content": body}},
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


def post_many() -> dict[str, Any]:
    """Several reports in one request."""
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
            "200": {"description": "The answers.", "content": {"application/json": {"schema": DONE}}},
            **failures("400", "401", "403", "404", "413", "500", "503"),
        },
    }


def get_file() -> dict[str, Any]:
    """A report as a file."""
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
            **failures("400", "401", "403", "404", "500", "503"),
        },
    }


def get_stream() -> dict[str, Any]:
    """Events as they come."""
    return {
        "operationId": "getStream",
        "summary": "Events as they are loaded",
        "description": "Server-sent events `event`, one event in JSON each. `EventSource` shows its key as `?key=`.",
        "tags": ["analytics"],
        "security": [{"key": []}],
        "responses": {
            "200": {"description": "The stream.", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
            **failures("401", "403", "500", "503"),
        },
    }
