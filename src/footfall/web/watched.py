"""What is seen of every request: an id, taken or made, in its answer and in its log lines; how long the answer took."""

import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import cache
from itertools import count
from typing import Any

from prometheus_client import Histogram

from footfall import measures
from footfall.logs import request_id

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

HEADER = b"x-request-id"
_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

# by the beginning of their path, the longest first; the door times its own
_ROUTES = {
    "/api/tracking/analytics": "analytics",
    "/api/analytics": "analytics",
    "/api/session": "session",
    "/api/share": "session",
    "/api/": "setup",
    "/health/": "health",
    "/metrics": "metrics",
}


class Watcher:
    """Of the requests to one process."""

    def __init__(self) -> None:
        # random once, then counted: random bits for each request would cost more than they tell
        self._process = secrets.token_hex(6).encode()
        self._numbers = count(1)

    def begin(self, headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
        """The header that says the id of a request which begins here. From now on log lines say it, too."""
        one = _named(headers) or b"%b-%x" % (self._process, next(self._numbers))
        request_id.set(one.decode())
        return HEADER, one

    def watching(self, application: Application) -> Application:
        """The application; each answer says the request's id, and is timed until it begins."""

        async def answer(scope: Message, receive: Receive, send: Send) -> None:
            began, said = time.perf_counter(), self.begin(scope.get("headers", ()))

            async def send_watched(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = [*message.get("headers", ()), said]
                    seconds_of(_route(scope["path"]), message["status"] // 100).observe(time.perf_counter() - began)
                await send(message)

            await application(scope, receive, send_watched)

        return answer


@cache
def seconds_of(route: str, hundreds: int) -> Histogram:
    """Where the seconds of answers by this route, with a status of so many hundreds, are counted."""
    return measures.ANSWER_SECONDS.labels(route, f"{hundreds}xx")


def _named(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The id that a request names, if it looks like one."""
    for name, value in headers:
        if name == HEADER:
            return bytes(value) if _ID.fullmatch(value) else None
    return None


def _route(path: str) -> str:
    return next((route for beginning, route in _ROUTES.items() if path.startswith(beginning)), "page")
