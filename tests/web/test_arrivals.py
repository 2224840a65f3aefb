"""Requests that arrive slowly keep nobody else out."""

import asyncio
import json
import resource
import socket
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from footfall.errors import NotAccepted
from footfall.settings import Settings
from footfall.web.arrivals import Arrivals
from footfall.web.proxies import Proxies

_PART = {"type": "http.request", "body": b"{", "more_body": True}
_END = {"type": "http.request", "body": b"}", "more_body": False}


def arrivals(**settings: Any) -> Arrivals:
    chosen = Settings().override(**settings)
    return Arrivals(chosen, Proxies(chosen))


def request(bounds: Arrivals, *messages: dict[str, Any], address: str = "192.0.2.1") -> Awaitable[str]:
    """What becomes of a request whose messages come one after the other, and then nothing more."""
    coming = iter(messages)

    async def receive() -> Any:
        await asyncio.sleep(0)
        return next(coming, None) or await asyncio.sleep(3600)

    async def application(_: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        try:
            while (await receive())["more_body"]:
                pass
            await send("complete")
        except NotAccepted as refused:
            await send(refused.code)

    async def answered() -> str:
        said: list[Any] = []

        async def send(message: Any) -> None:
            said.append(message)

        scope = {"type": "http", "client": (address, 1), "headers": []}
        await bounds.bounding(application)(scope, receive, send)
        return str(said[0])

    return answered()


def test_a_body_that_does_not_come_is_given_up() -> None:
    bounds = arrivals(body_seconds=0.01)
    assert asyncio.run(_all(request(bounds, _PART))) == ["body_too_slow"]
    assert asyncio.run(_all(request(bounds))) == ["body_too_slow"]
    assert not bounds.under_way


def test_an_address_has_so_many_requests_under_way_and_others_their_own() -> None:
    bounds = arrivals(body_seconds=0.05, bodies_per_address=2)
    first, second = "2001:db8::1", "2001:db8::2"  # one network
    answers = asyncio.run(
        _all(
            request(bounds, _PART, address=first),
            request(bounds, _PART, address=second),
            request(bounds, _PART, _END, address=first),
            request(bounds, _PART, _END, address="2001:db8:0:1::1"),
        )
    )
    assert answers == ["body_too_slow", "body_too_slow", "too_many_requests", "complete"]
    assert not bounds.under_way


def test_those_that_have_arrived_are_counted_no_longer() -> None:
    bounds = arrivals(bodies_per_address=1)

    async def one_after_the_other() -> list[str]:
        return [await request(bounds, _PART, _END) for _ in range(5)]

    assert asyncio.run(one_after_the_other()) == ["complete"] * 5


async def _all(*requests: Awaitable[str]) -> list[str]:
    return list(await asyncio.gather(*requests))


@pytest.mark.parametrize("begun", [b"", b"Content-Length: 1000\r\n\r\n{"], ids=["headers", "bodies"])
def test_the_server_answers_beside_a_thousand_unfinished_requests(served: str, keys: dict[str, str], begun: bytes) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < 4096:
        pytest.skip("this system lets a process open fewer than 4,096 files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[0]), most))
    at = (urlsplit(served).hostname, urlsplit(served).port)
    unfinished = []
    try:
        for _ in range(1100):
            unfinished.append(socket.create_connection(at, timeout=10))  # type: ignore[arg-type]
            unfinished[-1].sendall(b"POST /api/tracking/events HTTP/1.1\r\nHost: footfall\r\n" + begun)
        assert urllib.request.urlopen(f"{served}/health/live", timeout=10).status == 200
        if not begun:  # bodies of this very address: it has as many as it may have
            event = json.dumps({"evt_type": "page_view"}).encode()
            with urllib.request.urlopen(f"{served}/api/tracking/events?key={keys['write']}", event, timeout=10) as answer:
                assert answer.status == 202
    finally:
        for connection in unfinished:
            connection.close()
