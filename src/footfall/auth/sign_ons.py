"""Single sign-on: a provider says who somebody is, their groups what they may do; their account is opened as by a password."""

import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus

from footfall.auth.accounts import Accounts, token_hash
from footfall.auth.provider import Identity, Provider, state_of
from footfall.database import Actor, Pool, Pools, acting_as, changing
from footfall.errors import NotAccepted
from footfall.settings import GroupRoles

SIGN_ON_LASTS = timedelta(minutes=10)
_REFUSALS = {
    "no_role": "none of your groups may look at anything here: ask who runs this service",
    "email_missing": "the provider of single sign-on does not say your e-mail address",
    "email_taken": "there is an account of your e-mail address, and nothing proves that it is yours: ask who runs this service",
}


class SignOns:
    """Sign-ons by one provider; `connections` act as footfall_admin. Each belongs to one browser, which keeps its token.

    People and their roles are in home; `everywhere` knows the tenants of all cells.
    """

    def __init__(self, connections: Pool, everywhere: Pools, accounts: Accounts, provider: Provider, roles: GroupRoles) -> None:
        self._connections = connections
        self._everywhere = everywhere
        self._accounts = accounts
        self._provider = provider
        self._granted = roles.granted

    def begin(self) -> tuple[str, str]:
        """The token of a new sign-on, for a cookie, and where the browser goes. Raises NotAccepted: ``provider_unavailable``."""
        token = secrets.token_urlsafe(32)
        address = self._provider.address(token)
        self._remember(token, None)
        return token, address

    def finish(self, token: str, state: str, code: str, issuer: str, agent: str) -> str:
        """The token of the sign-in of who came back from the provider, for the cookie of sign-ins.

        Raises NotAccepted: ``sign_on_unknown``, ``token_invalid``, ``no_role``, ``email_missing``, ``email_taken``,
        ``provider_unavailable``; and ``code_needed``, when the account has a second factor and the provider asked for none: the
        sign-on then waits for `confirm`.
        """
        with self._noting():
            self._take(token, state)
            self._provider.require_issuer(issuer)
            if not code:
                message = "the provider of single sign-on did not let you in: begin again"
                raise NotAccepted("sign_on_refused", message, HTTPStatus.UNAUTHORIZED)
            identity = self._provider.identity(token, code)
            account_id, totp_secret = self._account_of(identity)
        if totp_secret is not None and not identity.is_multi_factor:
            self._remember(token, account_id)
            with self._noting(account_id):
                raise NotAccepted("code_needed", "a code of your authenticator is needed", HTTPStatus.UNAUTHORIZED)
        return self._accounts.open_single_sign_on(account_id, agent, is_multi_factor=identity.is_multi_factor)

    def waiting(self, token: str) -> int:
        """The number of the account whose code a sign-on waits for. Raises NotAccepted: ``sign_on_unknown``."""
        return self._waiting(token)[0]

    def confirm(self, token: str, code: str, agent: str) -> str:
        """The token of the sign-in of whose code this is.

        Raises NotAccepted: ``sign_on_unknown``, ``code_needed``, ``code_wrong``.
        """
        account_id, totp_secret = self._waiting(token)
        with self._noting(account_id):
            if totp_secret is not None:
                self._accounts.require_code(account_id, totp_secret, code)
            with self._connections.connection() as connection:
                if connection.execute("SELECT auth.end_sign_on(%s)", (token_hash(token),)).fetchone() != (True,):
                    raise _unknown()
        return self._accounts.open_single_sign_on(account_id, agent, is_multi_factor=False, with_code=True)

    def _take(self, token: str, state: str) -> None:
        """Once, within minutes, and only in the browser in which it began: RFC 6749, section 10.12."""
        if not token or not hmac.compare_digest(state_of(token).encode(), state.encode()):
            raise _unknown()
        with self._connections.connection() as connection:
            if connection.execute("SELECT auth.take_sign_on(%s)", (token_hash(token),)).fetchone() != (True,):
                raise _unknown()

    def _remember(self, token: str, account_id: int | None) -> None:
        with self._connections.connection() as connection:
            connection.execute("SELECT auth.begin_sign_on(%s, %s, %s)", (token_hash(token), account_id, SIGN_ON_LASTS))

    def _waiting(self, token: str) -> tuple[int, bytes | None]:
        with self._connections.connection() as connection:
            row = connection.execute("SELECT * FROM auth.waiting_sign_on(%s)", (token_hash(token),)).fetchone()
        if row is None:
            raise _unknown()
        return row[0], row[1] and bytes(row[1])

    def _account_of(self, identity: Identity) -> tuple[int, bytes | None]:
        """The number of an identity's account, with the roles of its groups, and what its authenticator makes codes of."""
        of_tenants = [(group, tenant, role) for group, tenant, role in self._granted if role != "operator"]
        given = [(tenant, role) for group, tenant, role in of_tenants if group in identity.groups]
        named = sorted({tenant for _, tenant, _ in of_tenants})
        of_operators = [group for group, _, role in self._granted if role == "operator"]
        values = (
            identity.issuer,
            identity.subject,
            identity.email,
            identity.is_proved,
            identity.name,
            named,
            [tenant for tenant, _ in given],
            [role for _, role in given],
            not set(of_operators).isdisjoint(identity.groups) if of_operators else None,
            [self._everywhere.key_of(tenant) for tenant in named],
        )
        with acting_as(Actor("single_sign_on", identity.issuer, "dashboard")), changing(self._connections) as connection:
            row = connection.execute(
                "SELECT * FROM auth.account_of_identity(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::bytea[])", values
            ).fetchone()
        assert row is not None  # noqa: S101  it returns one row
        account_id, totp_secret, refused = row
        if refused is not None:
            raise NotAccepted(refused, _REFUSALS[refused], HTTPStatus.FORBIDDEN)
        return account_id, totp_secret and bytes(totp_secret)

    @contextmanager
    def _noting(self, account_id: int | None = None) -> Iterator[None]:
        """What is refused in here is counted, logged and told as sign-ins are."""
        try:
            yield
        except NotAccepted as refused:
            self._accounts.note_failure(refused.code, account_id)
            raise


def _unknown() -> NotAccepted:
    message = "this sign-on is over, or was begun in another browser: begin again"
    return NotAccepted("sign_on_unknown", message, HTTPStatus.BAD_REQUEST)
