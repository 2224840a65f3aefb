"""Whoever posts to the door."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.testclient import TestClient

from footfall.settings import Settings
from footfall.web import application
from site_under_test import HUMAN

EVENTS = "/api/tracking/events"
VIEW = {"evt_type": "page_view", "page_url": "https://acme.example/"}
VISITOR = "203.0.113.7"


@contextmanager
def client_of(url: str) -> Iterator[TestClient]:
    """A client at a visitor's address, with a browser's user agent, of a server of the store at `url`."""
    app = application(Settings(), url)
    with TestClient(app, client=(VISITOR, 50_000), raise_server_exceptions=False) as client:
        client.headers["User-Agent"] = HUMAN
        yield client


def post(client: TestClient, key: str | None, body, **headers: str):
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    headers = {"Content-Type": "application/json", **headers}
    if key:
        headers["X-Footfall-Key"] = key
    return client.post(EVENTS, content=content, headers=headers)
