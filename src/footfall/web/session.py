"""Signing in and out, the second factor, and opening share links."""

import secrets
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall.auth import PACKS, SIGN_IN_LASTS, Account, Accounts, second_factor
from footfall.errors import NotAccepted
from footfall.web import setup_wire as wire
from footfall.web.answers import answering, answering_body, done, refusal
from footfall.web.attempts import Attempts
from footfall.web.callers import COOKIE, Callers, agent_of, share_cookie
from footfall.web.origin import Origin
from footfall.web.passkeys import PasskeyPages
from footfall.web.problems import problem

_DEVICE = "footfall_device"  # a cookie
_DEVICE_LASTS = timedelta(days=365)


class Session:
    """Who looks at the dashboard. A token lives in a cookie that scripts cannot read; the store knows only its hash."""

    def __init__(
        self,
        callers: Callers,
        accounts: Accounts,
        attempts: Attempts,
        origin: Origin,
        passkeys: PasskeyPages,
        *,
        is_single_sign_on: bool,
    ) -> None:
        self._callers = callers
        self._accounts = accounts
        self._attempts = attempts
        self._origin = origin
        self._passkeys = passkeys
        self._is_single_sign_on = is_single_sign_on

    def routes(self) -> list[Route]:
        """One address a thing, one method a verb."""
        return [
            Route("/api/session", answering(self.who), methods=["GET"]),
            Route("/api/session", answering_body(wire.SignIn, self.sign_in, has_password=True), methods=["POST"]),
            Route("/api/session", answering(self.sign_out), methods=["DELETE"]),
            Route("/api/session/tenants", answering(self.tenants), methods=["GET"]),
            Route("/api/session/all", answering(self.sign_ins), methods=["GET"]),
            Route("/api/session/all/others", answering(self.end_others), methods=["DELETE"]),
            Route("/api/session/all/{sign_in:int}", answering(self.end_sign_in), methods=["DELETE"]),
            Route(
                "/api/session/password",
                answering_body(wire.NewPassword, self.change_password, has_password=True),
                methods=["POST"],
            ),
            *(
                Route(f"/api/session/second-factor{path}", answering_body(kind, action, has_password=True), methods=["POST"])
                for path, kind, action in (
                    ("", wire.OwnPassword, self.begin_second_factor),
                    ("/confirm", wire.Code, self.confirm_second_factor),
                    ("/end", wire.OwnPassword, self.end_second_factor),
                )
            ),
            Route("/api/share", answering_body(wire.OpenLink, self.open_link, has_password=True), methods=["POST"]),
        ]

    def who(self, request: Request) -> Any:
        """Who is signed in, the tenants one needs (the named one, and the first by name), and what industries are about.

        Who is not is told which other ways to sign in there are.
        """
        ways = {"singleSignOn": self._is_single_sign_on, "passkeys": self._passkeys.is_possible(request)}
        try:
            account = self._callers.account(request)
        except NotAccepted as refused:
            return refusal(problem(refused, "REQUEST_ERROR", ways))
        tenants = self._accounts.tenants(self._callers.token(request))
        if account.named is not None and account.named not in tenants:
            tenants.append(account.named)
        return {
            "email": account.email,
            "passwordIsUsedUp": account.is_used_up,
            "hasSecondFactor": account.has_second_factor,
            **ways,
            "name": account.name,
            "isOperator": account.is_operator,
            "tenants": tenants,
            "named": account.named and account.named["tenant"],
            "packs": PACKS,
        }

    def tenants(self, request: Request) -> Any:
        """The tenants of who is signed in whose name or id has all words of `?search=`; fifty at most."""
        self._callers.account(request)
        return self._accounts.tenants(self._callers.token(request), request.query_params.get("search", ""))

    def sign_in(self, request: Request, body: wire.SignIn) -> Response:
        """Sign in.

        With ``code_needed`` goes what a passkey shall sign instead, for who has one. Raises NotAccepted: ``sign_in_refused``,
        ``code_wrong``, ``password_used``, what `Passkeys.sign_in` does, ``rate_limited``.
        """
        self._origin.require_own_page(request)
        email = body.email.strip().lower()
        device = self._origin.cookie_of(request, _DEVICE)
        if self._accounts.knows_device(email, device):
            # whoever else tries this account, from however many addresses, does not keep its owner out
            self._attempts.admit_device(device)
        else:
            self._attempts.admit(request, email)
            device = secrets.token_urlsafe(32)
        passkey_of = self._passkeys.second(request, body.passkey) if body.passkey else None
        try:
            token = self._accounts.sign_in(body.email, body.password, body.code, agent_of(request), device, passkey_of)
        except NotAccepted as refused:
            if refused.code != "code_needed" or not (asked := self._passkeys.ask_second(request, email)):
                raise
            needed = refusal(problem(refused, "REQUEST_ERROR", {"passkey": asked[1]}))
            return self._passkeys.remembering(needed, request, asked[0])
        response = self._passkeys.answered(self._with_cookie(request, COOKIE, token, SIGN_IN_LASTS.total_seconds()))
        self._origin.set_cookie(response, request, _DEVICE, device, _DEVICE_LASTS.total_seconds())
        return response

    def sign_out(self, request: Request) -> Response:
        """End the sign-in, for good and everywhere this token is."""
        self._origin.require_own_page(request)
        self._accounts.sign_out(self._callers.token(request), is_guest=self._callers.is_behind_link(request))
        response = done(None)
        self._origin.delete_cookie(response, COOKIE)
        return response

    def sign_ins(self, request: Request) -> Any:
        """Where one is signed in."""
        self._callers.account(request)
        return self._accounts.sign_ins(self._callers.token(request))

    def end_sign_in(self, request: Request) -> Any:
        """End one of one's sign-ins. Raises NotAccepted: ``sign_in_unknown``."""
        self._callers.account(request)
        ended = self._accounts.end_sign_ins(self._callers.token(request), request.path_params["sign_in"])
        if not ended:
            raise NotAccepted("sign_in_unknown", "there is no such sign-in of yours", HTTPStatus.NOT_FOUND)
        return {"ended": ended}

    def end_others(self, request: Request) -> Any:
        """End all of one's sign-ins but this one."""
        self._callers.account(request)
        return {"ended": self._accounts.end_sign_ins(self._callers.token(request), None)}

    def change_password(self, request: Request, body: wire.NewPassword) -> Response:
        """Change one's password; all sign-ins end, and this one begins anew.

        Raises NotAccepted: ``password_wrong``, ``password_too_short``, ``password_common``, ``rate_limited``.
        """
        token = self._accounts.change_password(self._person(request), body.old, body.new, agent_of(request))
        return self._with_cookie(request, COOKIE, token, SIGN_IN_LASTS.total_seconds())

    def begin_second_factor(self, request: Request, body: wire.OwnPassword) -> Any:
        """Get what an authenticator makes codes of: shown this once.

        Raises NotAccepted: ``password_wrong``, ``second_factor_there``, ``rate_limited``.
        """
        email = self._person(request).email
        secret = self._accounts.begin_second_factor(self._callers.token(request), email, body.password)
        return {"secret": second_factor.shown_secret(secret), "uri": second_factor.uri_of(secret, email)}

    def confirm_second_factor(self, request: Request, body: wire.Code) -> Any:
        """Be asked for codes from now on; the recovery codes are shown this once.

        Raises NotAccepted: ``code_wrong``, ``rate_limited``.
        """
        self._person(request)
        return {"recoveryCodes": self._accounts.confirm_second_factor(self._callers.token(request), body.code)}

    def end_second_factor(self, request: Request, body: wire.OwnPassword) -> None:
        """Be asked for no code any more. Raises NotAccepted: ``password_wrong``, ``rate_limited``."""
        self._accounts.end_second_factor(self._person(request).email, body.password)

    def _person(self, request: Request) -> Account:
        """Whose sign-in it is, for what is only for who knows its password.

        Raises NotAccepted: ``role_needed``, ``rate_limited``.
        """
        account = self._callers.account(request)
        if not account.email:
            raise NotAccepted("role_needed", "a guest has no password", HTTPStatus.FORBIDDEN)
        self._attempts.admit(request, account.email)
        return account

    def open_link(self, request: Request, body: wire.OpenLink) -> Response:
        """Open a share link.

        Raises NotAccepted: ``share_link_unknown``, ``password_needed``, ``password_wrong``, ``rate_limited``.
        """
        self._origin.require_own_page(request)
        if body.password:
            self._attempts.admit(request, body.link)
        else:
            self._attempts.admit_address(request)
        token, lasts = self._accounts.open_link(body.link, body.password)
        return self._with_cookie(request, share_cookie(body.link), token, lasts.total_seconds())

    def _with_cookie(self, request: Request, name: str, token: str, seconds: float) -> Response:
        response = done(None)
        self._origin.set_cookie(response, request, name, token, seconds)
        return response
