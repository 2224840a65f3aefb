"""Errors as HTTP, in one place: every refusal has the plan's shape, a status, and a stable code in `debug_info.error`."""

import logging
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import psycopg
import psycopg_pool

from footfall import measures
from footfall.errors import CellAway, CellsInvalid, FootfallError, NotAccepted, StoreUnavailable
from footfall.raw import MOVING, tenant_moving

logger = logging.getLogger(__name__)

_RETRY_AFTER_SECONDS = 2

_OF_CELLS: dict[type[FootfallError], str] = {
    CellAway: "the server that this tenant lives on cannot be reached: try again",
    CellsInvalid: "this tenant is in two places: its operator has to look",
}

# what the api functions answer, and the status that says so over HTTP; all else is the question's fault
_STATUS_OF_CODE = {
    "tenant_required": HTTPStatus.UNAUTHORIZED,
    "tenant_mismatch": HTTPStatus.FORBIDDEN,
    "tenant_unknown": HTTPStatus.NOT_FOUND,
    "tenant_disabled": HTTPStatus.FORBIDDEN,
    "session_unknown": HTTPStatus.NOT_FOUND,
    "visitor_unknown": HTTPStatus.NOT_FOUND,
    "internal": HTTPStatus.INTERNAL_SERVER_ERROR,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal, ready to be sent."""

    status: HTTPStatus
    code: str
    body: dict[str, Any]
    headers: dict[str, str]


def refused_reply(reply: dict[str, Any]) -> Problem:
    """The failure that an api function answered, as it goes over HTTP."""
    code = reply["debug_info"]["error"]
    return Problem(_STATUS_OF_CODE.get(code, HTTPStatus.BAD_REQUEST), code, reply, {"X-Footfall-Reason": code})


def problem(error: Exception, error_code: str, details: dict[str, Any] | None = None) -> Problem:
    """Say an error over HTTP. What nobody foresaw is logged under an id and says only that."""
    if isinstance(error, psycopg.Error) and error.sqlstate == MOVING:
        error = tenant_moving()
    if isinstance(error, NotAccepted):
        return _problem(error.status, error.code, error.message, error_code, details, error.retry_after)
    if away := next((text for kind, text in _OF_CELLS.items() if isinstance(error, kind)), None):
        assert isinstance(error, FootfallError)  # noqa: S101  both are
        return _away(error.code, away, error_code, details)
    if isinstance(error, StoreUnavailable | psycopg_pool.PoolTimeout | psycopg_pool.PoolClosed):
        return _away("store_unavailable", "the store cannot take this now: try again", error_code, details)
    if isinstance(error, psycopg.errors.QueryCanceled):
        return _away("query_too_heavy", "the answer takes too long: ask for a shorter range", error_code, details)
    if isinstance(error, psycopg.OperationalError):
        return _away("store_unavailable", "the store cannot be reached: try again", error_code, details)
    error_id = str(uuid.uuid4())
    measures.INTERNAL_ERRORS.inc()
    logger.error("internal error", extra={"error_id": error_id}, exc_info=error)
    details = {**(details or {}), "error_id": error_id}
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "an internal error", error_code, details)


def _away(code: str, message: str, error_code: str, details: dict[str, Any] | None) -> Problem:
    return _problem(HTTPStatus.SERVICE_UNAVAILABLE, code, message, error_code, details, _RETRY_AFTER_SECONDS)


def _problem(
    status: HTTPStatus, code: str, message: str, error_code: str, details: dict[str, Any] | None, retry_after: int | None = None
) -> Problem:
    body = {"success": False, "message": message, "error_code": error_code, "debug_info": {"error": code, **(details or {})}}
    headers = {"X-Footfall-Reason": code} | ({} if retry_after is None else {"Retry-After": str(retry_after)})
    return Problem(status, code, body, headers)
