"""What a provider of single sign-on has signed holds, and nothing else does: tokens made with keys of the tests' own."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from footfall.auth.provider import Provider, state_of
from footfall.errors import NotAccepted, SettingInvalid
from footfall.settings import Settings

TOKEN = "of one sign-on"
KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"}, auto_kid=False)
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"}, auto_kid=False)


class _Issuer(ThreadingHTTPServer):
    """A provider that answers what a test tells it to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.about = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/who",
        }
        self.keys = [KEY]
        self.who: dict[str, Any] = {}
        self.challenge = ""
        self.id_token = ""
        self.asked: list[str] = []

    def answer(self, path: str, form: dict[str, list[str]]) -> dict[str, Any] | None:
        self.asked.append(path)
        if path == "/token":
            digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
            is_same = base64url(digest) == self.challenge
            return {"id_token": self.id_token, "access_token": "opaque"} if is_same and form["code"] == ["good"] else None
        keys = KeySet(self.keys).as_dict(private=False)
        return {"/.well-known/openid-configuration": self.about, "/keys": keys, "/who": self.who}.get(path)


class _Answer(BaseHTTPRequestHandler):
    server: _Issuer

    def do_GET(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        answer = self.server.answer(self.path, form)
        body = json.dumps(answer).encode()
        self.send_response(400 if answer is None else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815  http.server's name

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def issuer() -> Iterator[_Issuer]:
    """A provider that answers what a test tells it to."""
    with _Issuer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def provider(issuer: _Issuer) -> Provider:
    """Footfall's side."""
    return Provider(Settings.read(_environment(issuer.url)))


@pytest.fixture
def claims(issuer: _Issuer, provider: Provider) -> dict[str, Any]:
    """What a good token says, of a sign-on that has begun."""
    begun = parse_qs(urlsplit(provider.address(TOKEN)).query)
    issuer.challenge = begun["code_challenge"][0]
    return {
        "iss": issuer.url,
        "sub": "ann",
        "aud": "footfall",
        "exp": int(time.time()) + 300,
        "iat": int(time.time()),
        "nonce": begun["nonce"][0],
        "email": "ann@example.org",
        "email_verified": True,
        "groups": ["analysts"],
    }


def _environment(issuer: str) -> dict[str, str]:
    return {
        "FOOTFALL_PUBLIC_URL": "https://stats.example.com",
        "FOOTFALL_OIDC_ISSUER": issuer,
        "FOOTFALL_OIDC_CLIENT_ID": "footfall",
    }


def signed(claims: dict[str, Any], key: RSAKey = KEY) -> str:
    return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unsigned(claims: dict[str, Any], algorithm: str = "none") -> str:
    parts = ({"alg": algorithm, "kid": "first"}, claims)
    return ".".join(base64url(json.dumps(part).encode()) for part in parts) + "."


def signed_with_what_anybody_may_read(claims: dict[str, Any]) -> str:
    """HMAC under the public key, for who would take the algorithm from the token. (The library makes no such token.)"""
    text = unsigned(claims, "HS256").removesuffix(".")
    return f"{text}.{base64url(hmac.digest(KEY.as_pem(private=False), text.encode(), 'sha256'))}"


def test_what_a_good_token_says_is_believed(issuer: _Issuer, provider: Provider, claims: dict[str, Any]) -> None:
    issuer.id_token = signed(claims)
    identity = provider.identity(TOKEN, "good")
    assert (identity.subject, identity.email, identity.is_proved) == ("ann", "ann@example.org", True)
    assert (identity.groups, identity.is_multi_factor) == (("analysts",), False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "somebody else's"},
        {"aud": ["footfall", "somebody else's"], "azp": "somebody else's"},
        {"iss": "https://evil.example"},
        {"exp": 1_700_000_000},
        {"iat": 4_000_000_000},
        {"nonce": "of another sign-on"},
        {"nonce": None},
        {"sub": None},
        {"exp": None},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_sign_on_is_refused(
    issuer: _Issuer, provider: Provider, claims: dict[str, Any], wrong: dict[str, Any]
) -> None:
    issuer.id_token = signed({name: value for name, value in (claims | wrong).items() if value is not None})
    with pytest.raises(NotAccepted) as refused:
        provider.identity(TOKEN, "good")
    assert refused.value.code == "token_invalid"


@pytest.mark.parametrize("forged", [unsigned, signed_with_what_anybody_may_read, lambda _: "no token", lambda _: ""])
def test_a_token_that_the_provider_has_not_signed_is_refused(
    issuer: _Issuer, provider: Provider, claims: dict[str, Any], forged: Callable[[dict[str, Any]], str]
) -> None:
    issuer.id_token = forged(claims)
    with pytest.raises(NotAccepted) as refused:
        provider.identity(TOKEN, "good")
    assert refused.value.code == "token_invalid"


def test_keys_are_kept_and_asked_for_anew_when_the_provider_has_changed_them(
    issuer: _Issuer, provider: Provider, claims: dict[str, Any]
) -> None:
    issuer.id_token = signed(claims)
    provider.identity(TOKEN, "good")
    provider.identity(TOKEN, "good")
    assert issuer.asked.count("/keys") == 1
    issuer.id_token = signed(claims, OTHER_KEY)
    with pytest.raises(NotAccepted, match="does not hold"):
        provider.identity(TOKEN, "good")
    issuer.keys = [KEY, OTHER_KEY]
    assert provider.identity(TOKEN, "good").subject == "ann"
    assert issuer.asked.count("/.well-known/openid-configuration") == 1


def test_a_code_is_exchanged_by_who_began_alone(issuer: _Issuer, provider: Provider, claims: dict[str, Any]) -> None:
    issuer.id_token = signed(claims)
    for token, code in (("of another sign-on", "good"), (TOKEN, "guessed")):
        with pytest.raises(NotAccepted) as refused:
            provider.identity(token, code)
        assert refused.value.code == "token_invalid"
    assert state_of(TOKEN) != state_of("of another sign-on")


def test_what_a_token_leaves_out_is_asked_for_and_proves_no_other_address(
    issuer: _Issuer, provider: Provider, claims: dict[str, Any]
) -> None:
    of_token = {name: value for name, value in claims.items() if name not in ("groups", "email_verified")}
    issuer.id_token = signed(of_token)
    issuer.who = {"sub": "ann", "email": "other@example.org", "email_verified": True, "groups": ["admins"], "amr": ["mfa"]}
    identity = provider.identity(TOKEN, "good")
    assert (identity.email, identity.is_proved) == ("ann@example.org", False)
    assert (identity.groups, identity.is_multi_factor) == (("admins",), False)
    issuer.who["sub"] = "bob"
    with pytest.raises(NotAccepted, match="does not hold"):
        provider.identity(TOKEN, "good")


@pytest.mark.parametrize(
    "wrong",
    [{"issuer": "https://evil.example"}, {"token_endpoint": "http://evil.example/token"}, {"jwks_uri": "file:///etc/passwd"}],
)
def test_a_provider_that_leads_elsewhere_is_not_asked(issuer: _Issuer, provider: Provider, wrong: dict[str, str]) -> None:
    issuer.about |= wrong
    with pytest.raises(NotAccepted) as refused:
        provider.address(TOKEN)
    assert refused.value.code == "provider_unavailable"


def test_a_provider_that_does_not_answer_is_said() -> None:
    with pytest.raises(NotAccepted) as refused:
        Provider(Settings.read(_environment("http://127.0.0.1:1"))).address(TOKEN)
    assert (refused.value.code, refused.value.status) == ("provider_unavailable", 503)


def test_an_answer_that_names_another_provider_is_refused(issuer: _Issuer, provider: Provider) -> None:
    provider.require_issuer("")
    provider.require_issuer(issuer.url)
    with pytest.raises(NotAccepted, match="does not hold"):
        provider.require_issuer("https://evil.example")


def test_groups_are_read_with_their_roles_and_blanks() -> None:
    read = Settings.read({"FOOTFALL_OIDC_ROLES": "acme%20staff=acme:viewer /a/b=c=acme:owner ops=*:operator"})
    expected = (("acme staff", "acme", "viewer"), ("/a/b=c", "acme", "owner"), ("ops", "*", "operator"))
    assert read.oidc_roles.granted == expected


@pytest.mark.parametrize("wrong", ["analysts", "analysts=acme", "=acme:viewer", "a=acme:king", "a=*:viewer", "a=acme:operator"])
def test_a_mapping_that_cannot_be_read_is_said(wrong: str) -> None:
    with pytest.raises(SettingInvalid, match="FOOTFALL_OIDC_ROLES"):
        Settings.read({"FOOTFALL_OIDC_ROLES": wrong})


def test_a_provider_needs_encryption_and_what_it_knows_us_by() -> None:
    with pytest.raises(SettingInvalid, match="FOOTFALL_OIDC_ISSUER"):
        Settings.read(_environment("http://login.example.com"))
    for needed in ("FOOTFALL_PUBLIC_URL", "FOOTFALL_OIDC_CLIENT_ID"):
        with pytest.raises(SettingInvalid, match=needed):
            Settings.read(_environment("https://login.example.com") | {needed: ""})
