"""Who calls: the key that a request shows, or the person who signed in, and whether that opens what is asked for."""

import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import parse_qsl

from starlette.requests import Request

from footfall.auth import OPERATOR_TOKEN, Account, Accounts, KeyOwner, KeyRing, Role, token_hash
from footfall.database import Actor, act_as, acting_as, current_actor
from footfall.errors import NotAccepted
from footfall.vault.hashing import hash_key
from footfall.web.origin import Origin

COOKIE = "footfall_sign_in"
SHARE_HEADER = "x-footfall-share"

_LOOKING_IN_SECONDS = 3600.0  # as auth.tell_looked_in
_HOW = "send it as X-Footfall-Key or as Authorization: Bearer; ?key= is for beacons"


def shown_key(scope: MutableMapping[str, Any], headers: Mapping[bytes, bytes]) -> str:
    """The key that a request shows, wherever it shows it; empty without one."""
    if key := headers.get(b"x-footfall-key", b""):
        return key.decode("latin-1").strip()
    if (authorization := headers.get(b"authorization", b"")).lower().startswith(b"bearer "):
        return authorization[7:].decode("latin-1").strip()
    query: bytes = scope.get("query_string", b"")
    return dict(parse_qsl(query.decode("latin-1"))).get("key", "")


def admitted(key: str, owner: KeyOwner | None, wish: Literal["write", "read"]) -> KeyOwner:
    """The key's owner, if the key opens what is wished for.

    Raises NotAccepted: ``key_missing``, ``key_unknown``, ``key_may_not_write``, ``key_may_not_read``.
    """
    if not key:
        raise NotAccepted("key_missing", f"a {wish} key is needed: {_HOW}", HTTPStatus.UNAUTHORIZED)
    if owner is None:
        raise NotAccepted("key_unknown", "this key opens nothing: mistyped or revoked?", HTTPStatus.UNAUTHORIZED)
    if not (owner.may_write if wish == "write" else owner.may_read):
        raise NotAccepted(f"key_may_not_{wish}", f"a {owner.kind} key cannot {wish}", HTTPStatus.FORBIDDEN)
    return owner


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: a tenant, or the guests of its share links; `actor`: who that is, whoever else asks for the same tenant."""

    tenant_id: str
    is_guest: bool = False
    actor: Actor | None = field(default=None, compare=False)


class Callers:
    """Knows by key, or by cookie and the tenant that is named, whose answers a request may have."""

    def __init__(self, keys: KeyRing, accounts: Accounts, origin: Origin) -> None:
        self._keys = keys
        self._accounts = accounts
        self._origin = origin
        self._looked_in: dict[tuple[str, str], float] = {}

    def reads(self, request: Request, *, individuals: bool = False) -> Reader:
        """The tenant whose answers are asked for; `individuals`: they tell what single visitors did, which guests may not see.

        Raises NotAccepted, also: ``tenant_unknown``, for another's; ``tenant_disabled``.
        """
        key = shown_key(request.scope, dict(request.scope["headers"]))
        if key or not self.token(request):
            owner = self._reading_owner(key)
            return Reader(owner.tenant_id, actor=Actor("key", str(owner.access_key_id), "api"))
        tenant_id, role = self.tenant_and_role(request)
        if role == "guest" and individuals:
            raise _role_needed(role)
        return Reader(tenant_id, is_guest=role == "guest", actor=current_actor())

    def explains(self, request: Request) -> str:
        """The tenant whose answers may be explained: to its owners, and to who has its admin key.

        Raises NotAccepted, also: ``key_may_not_explain``.
        """
        key = shown_key(request.scope, dict(request.scope["headers"]))
        if not key and self.token(request):
            return self.acts(request, ("owner",))
        owner = self._reading_owner(key)
        if owner.kind != "admin":
            raise NotAccepted("key_may_not_explain", "an admin key is needed to see the SQL", HTTPStatus.FORBIDDEN)
        return owner.tenant_id

    def _reading_owner(self, key: str) -> KeyOwner:
        owner = admitted(key, self._keys.owner_of(key) if key else None, "read")
        owner.require_active()
        return owner

    def acts(self, request: Request, roles: tuple[Role, ...]) -> str:
        """The tenant that is named, if who signed in has one of these roles in it.

        Raises NotAccepted: ``not_signed_in``, ``request_forged``, ``tenant_unknown``, ``role_needed``.
        """
        tenant_id, role = self.tenant_and_role(request)
        if role not in roles:
            raise _role_needed(role)
        return tenant_id

    def tenant_and_role(self, request: Request) -> tuple[str, Role]:
        """The tenant that is named, by the id that its keys are made of, and the role in it.

        Raises NotAccepted: ``not_signed_in``, ``request_forged``, ``tenant_unknown``, ``tenant_disabled``,
        ``second_factor_needed``, ``single_sign_on_needed``.
        """
        account = self.account(request)
        role = account.role
        if account.is_operator:
            self._note_looking_in(account)
        return account.tenant_id, role

    def operates(self, request: Request) -> None:
        """Let operators pass: who signed in as one, and programs with an operator's token.

        Raises NotAccepted: ``token_unknown``, ``not_signed_in`` (401), ``request_forged``, ``role_needed``.
        """
        token = shown_key(request.scope, dict(request.scope["headers"]))
        if token.startswith(OPERATOR_TOKEN):
            if not self._accounts.is_operator_token(token):
                message = "this operator's token opens nothing: mistyped, expired or revoked?"
                raise NotAccepted("token_unknown", message, HTTPStatus.UNAUTHORIZED)
            act_as(Actor("token", token_hash(token).hex(), "api"))
        elif not self.account(request).is_operator:
            raise NotAccepted("role_needed", "only operators see all tenants", HTTPStatus.FORBIDDEN)

    def note_download(self, reader: Reader, file: str, rows: int) -> None:
        """Tell that a reader takes rows along as a file."""
        assert reader.actor is not None  # noqa: S101  whoever reads is somebody
        with acting_as(reader.actor):
            self._accounts.note_download(hash_key(reader.tenant_id), file, rows)

    def account(self, request: Request) -> Account:
        """Who signed in, or the guest of a share link. Raises NotAccepted: ``not_signed_in``, ``request_forged``."""
        self._origin.require_own_page(request)
        token = self.token(request)
        is_guest = self.is_behind_link(request)
        account = self._accounts.signed_in(token, named_tenant(request), is_guest=is_guest) if token else None
        if account is None:
            raise NotAccepted("not_signed_in", "sign in first", HTTPStatus.UNAUTHORIZED)
        person = Actor("person", account.email, "dashboard", account.number)
        act_as(person if account.email else Actor("guest", account.name, "dashboard"))
        return account

    def _note_looking_in(self, account: Account) -> None:
        """Tell of an operator who looks at a tenant: the store knows what was told this hour, and is asked of it once."""
        seen, now = (account.email, account.tenant_id), time.monotonic()
        if now >= self._looked_in.get(seen, 0.0):
            self._accounts.note_looking_in(hash_key(account.tenant_id))
            self._looked_in = {one: until for one, until in self._looked_in.items() if now < until}
            self._looked_in[seen] = now + _LOOKING_IN_SECONDS

    def token(self, request: Request) -> str:
        """The token in the cookie that counts: behind a share link its own, also for who is signed in besides."""
        link = _share_link(request)
        return self._origin.cookie_of(request, share_cookie(link) if link else COOKIE)

    def is_behind_link(self, request: Request) -> bool:
        """Whether the token is one of a share link's guests."""
        return bool(_share_link(request))


def _share_link(request: Request) -> str:
    return request.headers.get(SHARE_HEADER) or request.query_params.get("share", "")


def _role_needed(role: Role) -> NotAccepted:
    return NotAccepted("role_needed", f"a {role} may not do this", HTTPStatus.FORBIDDEN)


def agent_of(request: Request) -> str:
    """What the browser calls itself, as a text column can hold it."""
    return request.headers.get("user-agent", "").replace("\0", "")


def share_cookie(link: str) -> str:
    """The cookie of a share link's guests, named by the link's beginning: several may be open beside each other."""
    return f"footfall_share_{link[:8]}"


def named_tenant(request: Request) -> str:
    """The tenant that a signed-in person's request is about; `?tenant=` is for EventSource and links, which set no header."""
    return request.headers.get("x-footfall-tenant") or request.query_params.get("tenant", "")
