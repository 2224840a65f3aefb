"""Whoever posts to the door."""

import json

from starlette.testclient import TestClient

EVENTS = "/api/tracking/events"
VIEW = {"evt_type": "page_view", "page_url": "https://acme.example/"}
VISITOR = "203.0.113.7"


def post(client: TestClient, key: str | None, body, **headers: str):
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    headers = {"Content-Type": "application/json", **headers}
    if key:
        headers["X-Footfall-Key"] = key
    return client.post(EVENTS, content=content, headers=headers)
