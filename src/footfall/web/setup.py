"""What people do in the dashboard beside asking: sign in and out, keys, goals, and whether all that was sent arrived."""

import re
from collections.abc import Callable
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall import api
from footfall.auth import SIGN_IN_LASTS, Account, Accounts, Kind, add_key, list_keys, revoke_key
from footfall.database import Pool, administering, reading
from footfall.errors import NotAccepted
from footfall.vault.hashing import hash_key
from footfall.web.answers import json_response, refusal
from footfall.web.callers import COOKIE, Callers, require_own_page
from footfall.web.problems import problem
from footfall.web.rate import RateLimit

ERROR_CODE = "REQUEST_ERROR"
_EVENT = re.compile("[0-9a-f]{40}")
_MOST_BYTES = 16_384
_ATTEMPTS_A_SECOND = 1 / 12  # after a burst of ten


class _SignIn(msgspec.Struct):
    email: str
    password: str


class _NewKey(msgspec.Struct):
    kind: Kind
    label: str = ""


class _NewGoal(msgspec.Struct):
    goal: str
    filter: str
    value: float | None = None
    currency: str | None = None


class Setup:
    """The dashboard's own addresses. Each answers `{success, message, data}` or a refusal."""

    def __init__(self, callers: Callers, accounts: Accounts, administrators: Pool, readers: Pool) -> None:
        self._callers = callers
        self._accounts = accounts
        self._administrators = administrators
        self._readers = readers
        self._attempts = RateLimit(_ATTEMPTS_A_SECOND, burst_seconds=120.0, what="attempt")

    def routes(self) -> list[Route]:
        """One address a thing, one method a verb."""
        return [
            Route("/api/session", _answering(self.who), methods=["GET"]),
            Route("/api/session", self.sign_in, methods=["POST"]),
            Route("/api/session", _answering(self.sign_out), methods=["DELETE"]),
            Route("/api/setup/keys", _answering(self.keys), methods=["GET"]),
            Route("/api/setup/keys", self.add_key, methods=["POST"]),
            Route("/api/setup/keys/{key:int}", _answering(self.revoke_key), methods=["DELETE"]),
            Route("/api/setup/goals", _answering(self.goals), methods=["GET"]),
            Route("/api/setup/goals", self.add_goal, methods=["POST"]),
            Route("/api/setup/goals/{goal:path}", _answering(self.remove_goal), methods=["DELETE"]),
            Route("/api/quality", _answering(self.quality), methods=["GET"]),
            Route("/api/trace/{event}", _answering(self.trace), methods=["GET"]),
        ]

    def who(self, request: Request) -> Any:
        """Who is signed in, and their tenants."""
        return _person(self._callers.account(request))

    async def sign_in(self, request: Request) -> Response:
        """Sign in; the token goes into a cookie that scripts cannot read."""
        return await _with_body(request, _SignIn, self._sign_in)

    def _sign_in(self, request: Request, body: _SignIn) -> Response:
        require_own_page(request)
        # by address and by account: neither many accounts nor many addresses make guessing quick
        self._attempts.admit(("address", request.client.host if request.client else ""))
        self._attempts.admit(("account", body.email.strip().lower()))
        token = self._accounts.sign_in(body.email, body.password)
        account = self._accounts.signed_in(token)
        assert account is not None  # noqa: S101  signed in a moment ago
        response = _answer(_person(account))
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(SIGN_IN_LASTS.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    def sign_out(self, request: Request) -> Any:
        """End the sign-in, for good and everywhere this token is."""
        require_own_page(request)
        self._accounts.sign_out(request.cookies.get(COOKIE, ""))
        response = _answer(None)
        response.delete_cookie(COOKIE)
        return response

    def keys(self, request: Request) -> Any:
        """The tenant's keys, but for the keys themselves."""
        tenant_id = self._callers.sets_up(request, ("owner", "admin", "viewer"))
        with administering(self._administrators, hash_key(tenant_id)) as connection:
            return list_keys(connection, tenant_id)

    async def add_key(self, request: Request) -> Response:
        """Make a key: shown this once."""
        return await _with_body(request, _NewKey, self._add_key)

    def _add_key(self, request: Request, body: _NewKey) -> Response:
        tenant_id = self._callers.sets_up(request)
        with administering(self._administrators, hash_key(tenant_id)) as connection:
            number, secret = add_key(connection, tenant_id, body.kind, body.label or body.kind)
        return _answer({"key": number, "secret": secret})

    def revoke_key(self, request: Request) -> Any:
        """End a key; another tenant's is unknown."""
        tenant_id = self._callers.sets_up(request)
        with administering(self._administrators, hash_key(tenant_id)) as connection:
            revoke_key(connection, request.path_params["key"])

    def goals(self, request: Request) -> Any:
        """The tenant's goals."""
        tenant_id = self._callers.sets_up(request, ("owner", "admin", "viewer"))
        with administering(self._administrators, hash_key(tenant_id)) as connection:
            return api.list_goals(connection, tenant_id)

    async def add_goal(self, request: Request) -> Response:
        """Define a goal, or redefine it."""
        return await _with_body(request, _NewGoal, self._add_goal)

    def _add_goal(self, request: Request, body: _NewGoal) -> Response:
        tenant_id = self._callers.sets_up(request)
        value = None if body.value is None else Decimal(str(body.value))
        with administering(self._administrators, hash_key(tenant_id)) as connection:
            api.add_goal(connection, tenant_id, body.goal, body.filter, value, body.currency)
        return _answer(None)

    def remove_goal(self, request: Request) -> Any:
        """Forget a goal."""
        tenant_id = self._callers.sets_up(request)
        with administering(self._administrators, hash_key(tenant_id)) as connection:
            if not api.remove_goal(connection, tenant_id, request.path_params["goal"]):
                raise NotAccepted("goal_unknown", "there is no such goal", HTTPStatus.NOT_FOUND)

    def quality(self, request: Request) -> Any:
        """Whether all that was sent arrived: by hour, what was refused and why, invalid events with an example."""
        tenant_id = self._callers.reads(request)
        with reading(self._readers, hash_key(tenant_id)) as connection:
            return api.quality(connection)

    def trace(self, request: Request) -> Any:
        """Why an event counts: raw, staged, and in the vault. Raises NotAccepted: ``event_unknown``, for another tenant's too."""
        tenant_id, event = self._callers.reads(request), request.path_params["event"]
        with reading(self._readers, hash_key(tenant_id)) as connection:
            found = api.trace(connection, event) if _EVENT.fullmatch(event) else None
        if found is None:
            raise NotAccepted("event_unknown", "there is no such event", HTTPStatus.NOT_FOUND)
        return found


def _person(account: Account) -> dict[str, Any]:
    return {"email": account.email, "name": account.name, "isOperator": account.is_operator, "tenants": account.tenants}


def _answer(data: Any) -> Response:
    return json_response({"success": True, "message": "Done", "data": data})


def _answering(action: Callable[[Request], Any]) -> Callable[[Request], Response]:
    """What an action returns or raises, as a response."""

    def answer(request: Request) -> Response:
        try:
            data = action(request)
        except Exception as error:  # noqa: BLE001  whatever happens, the caller gets an answer
            return refusal(problem(error, ERROR_CODE))
        return data if isinstance(data, Response) else _answer(data)

    return answer


async def _with_body(request: Request, kind: type[Any], action: Callable[[Request, Any], Response]) -> Response:
    """Read the body as a struct, and answer what the action does with it."""
    try:
        sent = await _sent(request, kind)
        return await run_in_threadpool(action, request, sent)
    except Exception as error:  # noqa: BLE001  whatever happens, the caller gets an answer
        return refusal(problem(error, ERROR_CODE))


async def _sent(request: Request, kind: type[Any]) -> Any:
    """The body as a struct. Raises NotAccepted: ``body_too_large``, ``body_invalid``."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise NotAccepted("body_too_large", f"at most {_MOST_BYTES} bytes", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise NotAccepted("body_invalid", str(error)) from error
