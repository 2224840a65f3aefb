"""What is seen of every request: an id, taken or made, in its answer and in its log lines; how long the answer took."""

import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from itertools import count
from typing import Any

from prometheus_client import Histogram

from footfall import measures
from footfall.logs import request_id
from footfall.web.door import PATHS

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

HEADER = b"x-request-id"
_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# ids of this process: random once, then counted, as random bits for each request would cost more than they tell
_process = secrets.token_hex(6).encode()
_numbers = count(1)

# by the beginning of their path, the longest first
_ROUTES = {
    "/api/tracking/analytics": "analytics",
    "/api/analytics": "analytics",
    "/api/session": "session",
    "/api/share": "session",
    "/api/": "setup",
    "/health/": "health",
    "/metrics": "metrics",
}


def watched(application: Application) -> Application:
    """The application; each answer says the request's id, and is timed until it begins."""

    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        began = time.perf_counter()
        asked = _id_of(scope)
        request_id.set(asked.decode())

        async def send_watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (HEADER, asked)]
                _seconds(_route(scope["path"]), message["status"] // 100).observe(time.perf_counter() - began)
            await send(message)

        await application(scope, receive, send_watched)

    return answer


def _id_of(scope: Message) -> bytes:
    """The id that the request names, if it looks like one; else the next of our own."""
    for name, value in scope["headers"]:
        if name == HEADER and _ID.fullmatch(value):
            return bytes(value)
    return b"%b-%x" % (_process, next(_numbers))


@cache
def _seconds(route: str, status: int) -> Histogram:
    return measures.ANSWER_SECONDS.labels(route, f"{status}xx")


def _route(path: str) -> str:
    if path in PATHS:
        return "door"
    return next((route for beginning, route in _ROUTES.items() if path.startswith(beginning)), "page")
