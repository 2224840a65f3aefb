"""A provider of single sign-on: OpenID Connect Core 1.0, the code flow, with PKCE (RFC 7636).

All that a sign-on needs to be recognised by when it comes back is made of one random token, which the browser keeps in a cookie.
"""

import base64
import hashlib
import hmac
import json
import logging
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from footfall.errors import NotAccepted
from footfall.settings import Settings, is_encrypted_or_here

logger = logging.getLogger(__name__)

CALLBACK = "/api/session/oidc/callback"
# keys that sign and keys that check are two: whoever knows our secret, or a key that anybody may read, signs nothing
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
_MULTI_FACTOR = frozenset({"mfa", "otp", "hwk"})  # RFC 8176
_LEEWAY = 60  # seconds that two clocks may differ
_KEPT = 3600.0  # seconds that what a provider says of itself is believed
_TIMEOUT = 10.0  # seconds
_MOST_BYTES = 1 << 20

Claims = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a provider says that somebody is. `is_proved`: they can read what is sent to the e-mail address."""

    issuer: str
    subject: str
    email: str
    is_proved: bool
    name: str
    groups: tuple[str, ...]
    is_multi_factor: bool


class Provider:
    """The provider that the settings name. What it says of itself, and its keys, are asked for when they are needed, and kept."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = str(settings.oidc_issuer)
        self._client_id = settings.oidc_client_id
        self._client_secret = settings.oidc_client_secret
        self._groups_claim = settings.oidc_groups_claim
        self._callback = f"{settings.public_url}{CALLBACK}"
        self._lock = threading.Lock()
        self._about: Claims = {}
        self._asked_at = 0.0
        self._keys: KeySet | None = None
        # nobody is led elsewhere by an answer, least of all to where nothing is encrypted
        self._opener = urllib.request.build_opener(_NoRedirect)

    def address(self, token: str) -> str:
        """Where the browser goes to sign on, for this sign-on's token. Raises NotAccepted: ``provider_unavailable``."""
        about = self._described()
        scopes = ["openid", "email", "profile", *({"groups"} & set(about.get("scopes_supported", ())))]
        question = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._callback,
            "scope": " ".join(scopes),
            "state": state_of(token),
            "nonce": _made_of(token, "nonce"),
            "code_challenge": _base64url(hashlib.sha256(_made_of(token, "verifier").encode()).digest()),
            "code_challenge_method": "S256",
        }
        endpoint = str(about["authorization_endpoint"])
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(question)}"

    def identity(self, token: str, code: str) -> Identity:
        """Who came back with a code. Raises NotAccepted: ``provider_unavailable``, ``token_invalid``."""
        answer = self._exchanged(token, code)
        claims = self._checked(str(answer.get("id_token", "")), _made_of(token, "nonce"))
        claims = self._user_info(claims, str(answer.get("access_token", ""))) | claims
        groups = claims.get(self._groups_claim)
        return Identity(
            issuer=self._issuer,
            subject=claims["sub"],
            email=str(claims.get("email") or ""),
            is_proved=claims.get("email_verified") is True,
            name=str(claims.get("name") or claims.get("preferred_username") or ""),
            groups=tuple(map(str, groups if isinstance(groups, list) else [groups] if groups else [])),
            is_multi_factor=not _MULTI_FACTOR.isdisjoint(_texts(claims.get("amr"))),
        )

    def require_issuer(self, issuer: str) -> None:
        """Refuse an answer that names another provider (RFC 9207); many name none. Raises NotAccepted: ``token_invalid``."""
        if issuer and issuer != self._issuer:
            raise _invalid("another issuer")

    def _exchanged(self, token: str, code: str) -> Claims:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": _made_of(token, "verifier"),
        }
        headers = {}
        about = self._described()
        if not self._client_secret:
            form["client_id"] = self._client_id
        elif "client_secret_basic" in about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
            pair = f"{quote(self._client_id, safe='')}:{quote(self._client_secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": self._client_id, "client_secret": self._client_secret}
        return self._asked(str(about["token_endpoint"]), headers, urlencode(form).encode())

    def _checked(self, id_token: str, nonce: str) -> Claims:
        """What a token says that this provider signed, for us, for this sign-on, and not long ago."""
        rules = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            iss={"essential": True, "value": self._issuer},
            sub={"essential": True},
            aud={"essential": True, "value": self._client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            try:
                signed = jwt.decode(id_token, self._key_set(), algorithms=_ALGORITHMS)
            except InvalidKeyIdError:
                # the provider has changed its keys since
                signed = jwt.decode(id_token, self._key_set(anew=True), algorithms=_ALGORITHMS)
            rules.validate(signed.claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise _invalid(type(error).__name__ + f" {getattr(error, 'claim', None) or ''}") from None
        # of several audiences one asked for it
        if signed.claims.get("azp", self._client_id) != self._client_id:
            raise _invalid("azp")
        return signed.claims

    def _user_info(self, claims: Claims, access_token: str) -> Claims:
        """What the token leaves out, as some providers' do: the provider is asked. Nothing, when all is there."""
        endpoint = self._described().get("userinfo_endpoint")
        if not endpoint or not access_token or {"email", self._groups_claim} <= claims.keys():
            return {}
        told = self._asked(str(endpoint), {"Authorization": f"Bearer {access_token}"})
        if told.get("sub") != claims["sub"]:
            raise _invalid("sub of userinfo")
        # how somebody signed on, only a signature says; and what is proved of one address proves nothing of another
        unsaid = {"amr", "email", "email_verified"} if "email" in claims else {"amr"}
        return {name: value for name, value in told.items() if name not in unsaid}

    def _key_set(self, *, anew: bool = False) -> KeySet:
        about = self._described()
        with self._lock:
            known = self._keys
        if known is None or anew:
            known = KeySet.import_key_set(self._asked(str(about["jwks_uri"])))  # type: ignore[arg-type]
            with self._lock:
                self._keys = known
        return known

    def _described(self) -> Claims:
        """The discovery document: OpenID Connect Discovery 1.0, section 4."""
        with self._lock:
            if self._about and time.monotonic() - self._asked_at < _KEPT:
                return self._about
        about = self._asked(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if about.get("issuer") != self._issuer or not all(is_encrypted_or_here(str(about.get(name, ""))) for name in needed):
            raise _unavailable("its discovery document is another provider's, or names addresses without encryption")
        with self._lock:
            self._about, self._asked_at, self._keys = about, time.monotonic(), None
        return about

    def _asked(self, address: str, headers: dict[str, str] | None = None, form: bytes | None = None) -> Claims:
        """What the provider answers. Raises NotAccepted: ``provider_unavailable``, ``token_invalid`` when it refuses."""
        if not is_encrypted_or_here(address):
            raise _unavailable("an address without encryption")
        request = urllib.request.Request(address, form, {"Accept": "application/json", **(headers or {})})  # noqa: S310  looked at above
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as response:
                answer = json.loads(response.read(_MOST_BYTES))
        except urllib.error.HTTPError as error:
            with error:
                if form is not None and error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise _invalid(f"the provider refused the code with {error.code}") from None
            raise _unavailable(f"{address} answers {error.code}") from None
        except (OSError, ValueError) as error:
            raise _unavailable(f"{address}: {type(error).__name__}") from None
        if not isinstance(answer, dict):
            raise _unavailable(f"{address}: no object")
        return answer


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def state_of(token: str) -> str:
    """What comes back from the provider with who has this sign-on's token."""
    return _made_of(token, "state")


def _made_of(token: str, what: str) -> str:
    """A part of a sign-on that tells nothing of the token, nor of the other parts."""
    return _base64url(hmac.digest(token.encode(), what.encode(), "sha256"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _texts(claim: Any) -> list[str]:
    return [one for one in claim if isinstance(one, str)] if isinstance(claim, list) else []


def _invalid(why: str) -> NotAccepted:
    """`why` is for who looks after the server, and has nothing of the token."""
    logger.warning("single sign-on: a token is refused", extra={"outcome": why.strip()})
    message = "what the provider of single sign-on says of you does not hold: begin again"
    return NotAccepted("token_invalid", message, HTTPStatus.UNAUTHORIZED)


def _unavailable(why: str) -> NotAccepted:
    logger.warning("single sign-on: the provider cannot be asked", extra={"outcome": why})
    message = "the provider of single sign-on does not answer: try again"
    return NotAccepted("provider_unavailable", message, HTTPStatus.SERVICE_UNAVAILABLE)
