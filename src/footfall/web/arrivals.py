"""Requests that are still arriving: each has its time, and each address its number of them."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from footfall.errors import NotAccepted
from footfall.settings import Settings
from footfall.web.proxies import Proxies, network_of

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


class Arrivals:
    """Bounds what somebody can hold open by sending slowly. For one event loop."""

    def __init__(self, settings: Settings, proxies: Proxies) -> None:
        self.seconds = settings.body_seconds
        self.most = settings.bodies_per_address
        self.under_way: Counter[str] = Counter()
        self._proxies = proxies

    def bounding(self, application: Application) -> Application:
        """The application; what it receives raises NotAccepted: ``body_too_slow`` (408), ``too_many_requests`` (429)."""

        async def answer(scope: Message, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                return await application(scope, receive, send)
            arrival = _Arrival(self, network_of(self._proxies.client_of(scope)), receive)
            try:
                await application(scope, arrival, send)
            finally:
                arrival.end()

        return answer


class _Arrival:
    """What is received of one request, until its body is complete; after that only that its sender goes away."""

    __slots__ = ("_arrivals", "_end", "_is_complete", "_network", "_receive")

    def __init__(self, arrivals: Arrivals, network: str, receive: Receive) -> None:
        self._arrivals = arrivals
        self._network = network
        self._receive = receive
        self._end = 0.0
        self._is_complete = False

    async def __call__(self) -> Message:
        if self._is_complete:
            return await self._receive()
        if not self._end:
            self._begin()
        try:
            async with asyncio.timeout_at(self._end):
                message = await self._receive()
        except TimeoutError:
            self.end()
            raise NotAccepted(
                "body_too_slow", f"a request arrives within {self._arrivals.seconds:g} seconds", HTTPStatus.REQUEST_TIMEOUT
            ) from None
        if not message.get("more_body", False):
            self.end()
        return message

    def _begin(self) -> None:
        if self._arrivals.under_way[self._network] >= self._arrivals.most:
            raise NotAccepted(
                "too_many_requests",
                f"{self._arrivals.most} requests of this address are still arriving",
                HTTPStatus.TOO_MANY_REQUESTS,
                retry_after=1,
            )
        self._end = asyncio.get_running_loop().time() + self._arrivals.seconds
        self._arrivals.under_way[self._network] += 1

    def end(self) -> None:
        """Nothing more is waited for."""
        if self._end and not self._is_complete:
            self._arrivals.under_way[self._network] -= 1
            if not self._arrivals.under_way[self._network]:
                del self._arrivals.under_way[self._network]
        self._is_complete = True
