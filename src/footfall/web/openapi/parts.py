"""What descriptions of operations are put together from."""

from typing import Any

DONE = {
    "type": "object",
    "required": ["success", "message", "data"],
    "properties": {"success": {"const": True}, "message": {"type": "string"}, "data": {}},
}


def response(description: str, *names: str) -> dict[str, Any]:
    """A response whose body is one of these components."""
    schema = reference(names[0]) if len(names) == 1 else {"anyOf": [reference(name) for name in names]}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def failures(*statuses: str) -> dict[str, Any]:
    """The refusals of these statuses."""
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
    return {status: response(texts[status], "Failure") for status in statuses}


def reference(name: str) -> dict[str, str]:
    """A component, by its name."""
    return {"$ref": f"#/components/schemas/{name}"}
