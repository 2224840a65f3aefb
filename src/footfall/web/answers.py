"""Responses: JSON that is not kept by caches, and refusals."""

from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

from footfall.web.problems import Problem, refused_reply

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
