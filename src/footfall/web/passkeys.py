"""Passkeys over HTTP: made and removed by who is signed in, shown by who wants to be."""

from http import HTTPStatus
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall.auth import SIGN_IN_LASTS, Account
from footfall.auth.passkeys import CHALLENGE_LASTS, Passkeys, RelyingParty
from footfall.errors import NotAccepted
from footfall.web import setup_wire as wire
from footfall.web.answers import answering, answering_body, done
from footfall.web.attempts import Attempts
from footfall.web.callers import COOKIE, Callers, agent_of
from footfall.web.origin import Origin

_ASKED = "footfall_passkey"  # a cookie
_DEFAULT_PORTS = {"https": 443, "http": 80}


class PasskeyPages:
    """What the dashboard's pages do with passkeys. What is asked of one is remembered by a cookie that scripts cannot read."""

    def __init__(self, passkeys: Passkeys, callers: Callers, attempts: Attempts, origin: Origin) -> None:
        self._passkeys = passkeys
        self._callers = callers
        self._attempts = attempts
        self._origin = origin

    def routes(self) -> list[Route]:
        """One's own, and signing in by one of them."""
        own, one = "/api/session/passkeys", "/api/session/passkeys/{passkey:int}"
        return [
            Route(own, answering(self.own), methods=["GET"]),
            Route(own, answering_body(wire.OwnPassword, self.begin, has_password=True), methods=["POST"]),
            Route(f"{own}/confirm", answering_body(wire.NewPasskey, self.add), methods=["POST"]),
            Route(one, answering_body(wire.PasskeyName, self.rename), methods=["POST"]),
            Route(f"{one}/end", answering_body(wire.OwnPassword, self.remove, has_password=True), methods=["POST"]),
            Route("/api/session/passkey", answering_body(wire.Nothing, self.ask), methods=["POST"]),
            Route("/api/session/passkey/confirm", answering_body(wire.ShownPasskey, self.sign_in), methods=["POST"]),
        ]

    def own(self, request: Request) -> Any:
        """One's passkeys."""
        self._callers.account(request)
        return self._passkeys.of(self._callers.token(request))

    def begin(self, request: Request, body: wire.OwnPassword) -> Response:
        """Get what an authenticator shall make.

        Raises NotAccepted: ``password_wrong``, ``passkeys_unavailable``, ``password_not_own``, ``rate_limited``.
        """
        account = self._person(request)
        if account.is_used_up:
            message = "choose a password of your own first: somebody else knows the one that you were given"
            raise NotAccepted("password_not_own", message, HTTPStatus.FORBIDDEN)
        begun = self._passkeys.begin(self._here(request), account.email, account.name, body.password)
        return self.asking(request, *begun)

    def add(self, request: Request, body: wire.NewPasskey) -> Response:
        """Keep what it made. Recovery codes, for who had no second factor, are shown this once.

        Raises NotAccepted: ``challenge_unknown``, ``passkey_invalid``, ``passkey_there``, ``passkeys_full``, ``rate_limited``.
        """
        self._person(request)
        passkey, codes = self._passkeys.add(
            self._here(request), self._callers.token(request), self._asked(request), body.name, body.passkey
        )
        return self.answered(done({"passkey": passkey, "recoveryCodes": codes}))

    def rename(self, request: Request, body: wire.PasskeyName) -> None:
        """Call a passkey something else. Raises NotAccepted: ``passkey_unknown``."""
        self._person(request)
        self._passkeys.rename(self._callers.token(request), request.path_params["passkey"], body.name)

    def remove(self, request: Request, body: wire.OwnPassword) -> None:
        """Remove a passkey; what was signed in to with it elsewhere ends.

        Raises NotAccepted: ``password_wrong``, ``passkey_unknown``, ``rate_limited``.
        """
        account = self._person(request)
        self._passkeys.remove(self._callers.token(request), account.email, body.password, request.path_params["passkey"])

    def ask(self, request: Request, _: wire.Nothing) -> Response:
        """Get what an authenticator shall sign. Raises NotAccepted: ``passkeys_unavailable``, ``rate_limited``."""
        self._origin.require_own_page(request)
        self._attempts.admit_address(request)
        return self.asking(request, *self._passkeys.ask(self._here(request)))

    def sign_in(self, request: Request, body: wire.ShownPasskey) -> Response:
        """Sign in by what it signed; says who that is.

        Raises NotAccepted: all that `Passkeys.sign_in` does, ``passkeys_unavailable`` and ``rate_limited``.
        """
        self._origin.require_own_page(request)
        self._attempts.admit(request, ("passkey", str(body.passkey.get("id"))[:2000]))
        token, email = self._passkeys.sign_in(self._here(request), self._asked(request), body.passkey, agent_of(request))
        response = self.answered(done({"email": email}))
        self._origin.set_cookie(response, request, COOKIE, token, SIGN_IN_LASTS.total_seconds())
        return response

    def is_possible(self, request: Request) -> bool:
        """Whether browsers make passkeys for where this request came in."""
        return relying_party(self._origin.address(request)) is not None

    def second(self, request: Request, shown: dict[str, Any]) -> Any:
        """What says whether this passkey is one of an account's. Raises NotAccepted: ``passkeys_unavailable``."""
        return self._passkeys.second(self._here(request), self._asked(request), shown)

    def ask_second(self, request: Request, email: str) -> tuple[str, dict[str, Any]] | None:
        """What an authenticator of this account shall sign, after the password; None: it has none for where we are."""
        here = relying_party(self._origin.address(request))
        return self._passkeys.ask_second(here, email) if here else None

    def asking(self, request: Request, token: str, options: dict[str, Any]) -> Response:
        """What an authenticator is asked, and the cookie by which the browser is known that was asked."""
        return self.remembering(done(options), request, token)

    def remembering(self, response: Response, request: Request, token: str) -> Response:
        """The response, with that cookie."""
        self._origin.set_cookie(response, request, _ASKED, token, CHALLENGE_LASTS.total_seconds())
        return response

    def answered(self, response: Response) -> Response:
        """The response, without it."""
        self._origin.delete_cookie(response, _ASKED)
        return response

    def _asked(self, request: Request) -> str:
        return self._origin.cookie_of(request, _ASKED)

    def _here(self, request: Request) -> RelyingParty:
        here = relying_party(self._origin.address(request))
        if here is None:
            message = (
                "browsers make passkeys for names reached by HTTPS, and for localhost: FOOTFALL_PUBLIC_URL says where that is"
            )
            raise NotAccepted("passkeys_unavailable", message, HTTPStatus.NOT_FOUND)
        return here

    def _person(self, request: Request) -> Account:
        """Who is signed in, and no guest. Raises NotAccepted: ``role_needed``, ``rate_limited``."""
        account = self._callers.account(request)
        if not account.email:
            raise NotAccepted("role_needed", "a guest has no passkey", HTTPStatus.FORBIDDEN)
        self._attempts.admit(request, account.email)
        return account


def relying_party(address: str) -> RelyingParty | None:
    """For whom browsers make passkeys at an address: its host; None: it is no name, or not encrypted (W3C, section 5.1)."""
    try:
        parts = urlsplit(address.lower())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    is_local = host == "localhost" or host.endswith(".localhost")
    if not host or _is_number(host) or not (parts.scheme == "https" or (parts.scheme == "http" and is_local)):
        return None
    # as browsers write an origin
    place = host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"
    return RelyingParty(host, f"{parts.scheme}://{place}")


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
