"""Requests and responses: bodies as structs, JSON that is not kept by caches, refusals."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import anyio.to_thread
import msgspec
import psycopg
from starlette.requests import Request
from starlette.responses import Response

from footfall.errors import NotAccepted
from footfall.web.problems import Problem, problem, refused_reply

_REQUEST_ERROR = "REQUEST_ERROR"
_MOST_BYTES = 16_384
_encode = msgspec.json.Encoder().encode


def json_response(body: Any, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None) -> Response:
    """Anything that msgspec can say."""
    return Response(_encode(body), status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")


def refusal(refused: Problem) -> Response:
    """A problem."""
    return json_response(refused.body, refused.status, refused.headers)


def reply_response(reply: dict[str, Any]) -> Response:
    """What an api function replied: an answer, or why there is none."""
    return json_response(reply) if reply["success"] else refusal(refused_reply(reply))


def done(data: Any) -> Response:
    """What was asked for."""
    return json_response({"success": True, "message": "Done", "data": data})


def answering(action: Callable[[Request], Any]) -> Callable[[Request], Response]:
    """What an action returns or raises, as a response."""

    def answer(request: Request) -> Response:
        try:
            return _said(action(request))
        except Exception as error:  # noqa: BLE001  whatever happens, the caller gets an answer
            return _refused(error)

    return answer


def answering_async(action: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    """The same of an action that is waited for."""

    async def answer(request: Request) -> Response:
        try:
            return _said(await action(request))
        except Exception as error:  # noqa: BLE001  whatever happens, the caller gets an answer
            return _refused(error)

    return answer


def _said(data: Any) -> Response:
    return data if isinstance(data, Response) else done(data)


def _refused(error: Exception) -> Response:
    if isinstance(error, psycopg.DataError):
        message = f"a value is too long, too large, or no text: {error.diag.message_primary or error}"
        error = NotAccepted("value_invalid", message)
    return refusal(problem(error, _REQUEST_ERROR))


# a password takes 64 MB and a tenth of a second of a core: two at a time, whoever else wants to sign in waits without a thread
_passwords = anyio.CapacityLimiter(2)


def answering_body(
    kind: type[Any], action: Callable[[Request, Any], Any], *, has_password: bool = False, most_bytes: int = _MOST_BYTES
) -> Callable[[Request], Any]:
    """What an action returns or raises that gets the body as a struct, as a response; `has_password`: one is hashed for it.

    A larger body than `most_bytes` is refused.
    """
    limiter = _passwords if has_password else None

    async def answer(request: Request) -> Response:
        try:
            body = await _body(request, kind, most_bytes)
        except Exception as error:  # noqa: BLE001  whatever happens, the caller gets an answer
            return refusal(problem(error, _REQUEST_ERROR))
        return await anyio.to_thread.run_sync(answering(lambda asked: action(asked, body)), request, limiter=limiter)

    return answer


async def _body(request: Request, kind: type[Any], most_bytes: int) -> Any:
    """The body as a struct. Raises NotAccepted: ``body_too_large``, ``body_invalid``."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise NotAccepted("body_too_large", f"at most {most_bytes} bytes", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise NotAccepted("body_invalid", str(error)) from error
