"""Signing in by a provider of single sign-on: the browser is sent there, and comes back with a code."""

from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from footfall.auth import SIGN_IN_LASTS
from footfall.auth.provider import CALLBACK
from footfall.auth.sign_ons import SIGN_ON_LASTS, SignOns
from footfall.web import setup_wire as wire
from footfall.web.answers import answering_body, done
from footfall.web.attempts import Attempts
from footfall.web.callers import COOKIE, agent_of
from footfall.web.origin import Origin
from footfall.web.problems import problem

BEGIN = "/api/session/oidc"
_SIGN_ON = "footfall_sign_on"  # a cookie


class SingleSignOn:
    """What goes wrong on the way there and back lands on the page that signs in, as `?sign-on=` and its code."""

    def __init__(self, sign_ons: SignOns, attempts: Attempts, origin: Origin) -> None:
        self._sign_ons = sign_ons
        self._attempts = attempts
        self._origin = origin

    def routes(self) -> list[Route]:
        """There, back, and the code of who has a second factor of ours."""
        return [
            Route(BEGIN, self._landing(self.begin), methods=["GET"]),
            Route(CALLBACK, self._landing(self.finish), methods=["GET"]),
            Route(BEGIN, answering_body(wire.Code, self.confirm), methods=["POST"]),
        ]

    def begin(self, request: Request) -> Response:
        """Go to the provider. Raises NotAccepted: ``provider_unavailable``, ``rate_limited``."""
        self._attempts.admit_address(request)
        token, address = self._sign_ons.begin()
        response = _to(address)
        self._origin.set_cookie(response, request, _SIGN_ON, token, SIGN_ON_LASTS.total_seconds())
        return response

    def finish(self, request: Request) -> Response:
        """Come back from it, signed in. Raises NotAccepted: all that `SignOns.finish` does, and ``rate_limited``."""
        self._attempts.admit_address(request)
        told = request.query_params
        token = self._sign_ons.finish(
            self._origin.cookie_of(request, _SIGN_ON),
            told.get("state", ""),
            "" if "error" in told else told.get("code", ""),
            told.get("iss", ""),
            agent_of(request),
        )
        return self._signed_in(request, _to("/"), token)

    def confirm(self, request: Request, body: wire.Code) -> Response:
        """Show the code that a sign-on waits for.

        Raises NotAccepted: ``sign_on_unknown``, ``code_needed``, ``code_wrong``, ``rate_limited``.
        """
        self._origin.require_own_page(request)
        self._attempts.admit_address(request)
        waiting = self._origin.cookie_of(request, _SIGN_ON)
        self._attempts.admit_code(self._sign_ons.waiting(waiting))
        return self._signed_in(request, done(None), self._sign_ons.confirm(waiting, body.code, agent_of(request)))

    def _signed_in(self, request: Request, response: Response, token: str) -> Response:
        self._origin.set_cookie(response, request, COOKIE, token, SIGN_IN_LASTS.total_seconds())
        self._origin.delete_cookie(response, _SIGN_ON)
        return response

    def _landing(self, action: Callable[[Request], Response]) -> Callable[[Request], Response]:
        """A person looks at the answer: a refusal is told by the page."""

        def answer(request: Request) -> Response:
            try:
                return action(request)
            except Exception as error:  # noqa: BLE001  whatever happens, the caller gets an answer
                return _to(f"/?sign-on={problem(error, 'REQUEST_ERROR').code}")

        return answer


def _to(address: str) -> RedirectResponse:
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, headers={"Cache-Control": "no-store"})
