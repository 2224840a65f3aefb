"""The operations that every site and monitor needs: sending events, whether tracking works, health."""

from typing import Any

from footfall.web.openapi.parts import failures, reference, response

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


def post_events() -> dict[str, Any]:
    """The door."""
    schema = {
        "anyOf": [
            reference("TrackingEvent"),
            {"type": "array", "items": reference("TrackingEvent"), "minItems": 1, "maxItems": 500},
            reference("TrackingEvents"),
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
            "202": response("Every event was accepted.", "TrackingReply"),
            "207": response("Some events were rejected: see `events`.", "TrackingReply"),
            **failures("400", "401", "403", "413", "429", "500", "503"),
        },
    }


def get_test() -> dict[str, Any]:
    """Whether tracking works."""
    return {
        "operationId": "getTest",
        "summary": "Does tracking work?",
        "description": "Without a key: whether events can come in. With one: also whether the key is good, and how far its"
        " tenant's answers are behind.",
        "tags": ["tracking"],
        "security": [{}, {"key": []}],
        "responses": {
            "200": response("It does.", "TestReply"),
            **failures("401", "500"),
            "503": response("It does not, or the store cannot be reached.", "TestReply", "Failure"),
        },
    }


def get_health(name: str, responses: dict[str, str]) -> dict[str, Any]:
    """One of the questions that monitors ask; `responses`: what each status says."""
    return {
        "operationId": f"getHealth{name.title()}",
        "summary": f"Is the server {name}?",
        "tags": ["health"],
        "responses": {status: response(text, "Health") for status, text in responses.items()},
    }
