"""People who sign in: their passwords, their sign-ins, and what they may do in which tenant."""

import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import Any, Literal, get_args

import argon2
import psycopg

from footfall import measures
from footfall.auth import second_factor
from footfall.auth.audit import tell_download, tell_failure, tell_looked_in
from footfall.auth.tenants import tenant_disabled, tenant_key
from footfall.database import Connection, Pool, changing
from footfall.errors import NotAccepted

logger = logging.getLogger(__name__)

AccountRole = Literal["owner", "admin", "viewer"]
ROLES: tuple[AccountRole, ...] = get_args(AccountRole)
Role = AccountRole | Literal["guest"]  # guest: opened a share link
SIGN_IN_LASTS = timedelta(days=14)
_MOST_TENANTS = 50  # that are told at once: operators have hundreds, and search
_LEAST_PASSWORD = 10
_CODE_WRONG = "this is no code of your authenticator just now, or it was used already"
_REFUSED_PEOPLE = {
    "account_elsewhere": "they have an account of another tenant: the operator gives them a role here",
    "last_owner": "somebody has to own the site: make somebody else an owner first",
}

# RFC 9106, second recommended option (64 MiB): argon2-cffi's defaults
_hasher = argon2.PasswordHasher()
_quick_hasher = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)


@dataclass(frozen=True, slots=True)
class Account:
    """Who is signed in, and the tenant that their request names: `named` says how they see it, None: it is not theirs.

    `tenant_id`: the id that the tenant's keys are made of. A guest of a share link has no `email`, and one tenant. `is_used_up`:
    their password was for this sign-in only; `is_multi_factor`: they signed in by a provider that asked for a second factor.
    """

    email: str
    name: str
    is_operator: bool
    named: dict[str, Any] | None
    tenant_id: str
    is_used_up: bool
    has_second_factor: bool
    is_single_sign_on: bool
    is_multi_factor: bool

    @property
    def role(self) -> Role:
        """Their role in the named tenant.

        Raises NotAccepted: ``tenant_unknown``, also for a tenant that is not theirs; ``tenant_disabled``,
        ``second_factor_needed``, ``single_sign_on_needed``.
        """
        if self.named is None:
            raise NotAccepted("tenant_unknown", "there is no such tenant, or it is not yours", HTTPStatus.NOT_FOUND)
        if self.named.get("isDisabled"):
            raise tenant_disabled()
        if self.named.get("lacks") == "single_sign_on":
            message = "this tenant is shown only to who signs in by single sign-on: sign out, and do that"
            raise NotAccepted("single_sign_on_needed", message, HTTPStatus.FORBIDDEN)
        if self.named.get("isLocked"):
            message = "this tenant wants a second factor of whoever looks: set one up with your password"
            raise NotAccepted("second_factor_needed", message, HTTPStatus.FORBIDDEN)
        role: Role = self.named["role"]
        return role


def add_account(connection: Connection, email: str, name: str, password: str, *, is_operator: bool = False) -> int:
    """Add a person; returns the account's number.

    Raises NotAccepted: ``email_invalid``, ``password_too_short``, ``account_exists``.
    """
    email = _address(email)
    require_good(password)
    try:
        row = connection.execute(
            "INSERT INTO auth.account (email, account_name, password_hash, is_operator, created_at)"
            " VALUES (%s, %s, %s, %s, util.current_load_date()) RETURNING account_id",
            (email, name or email, _hasher.hash(password), is_operator),
        ).fetchone()
    except psycopg.errors.UniqueViolation:
        raise NotAccepted("account_exists", f"there is an account {email!r} already") from None
    assert row is not None  # noqa: S101  an insert that did not fail returns its row
    return int(row[0])


def reset_password(connection: Connection, email: str, password: str) -> None:
    """Give a person a new password; ends all their sign-ins. Raises NotAccepted: ``account_unknown``, ``password_too_short``."""
    require_good(password)
    row = connection.execute("SELECT auth.set_password(%s, %s)", (email, hash_password(password))).fetchone()
    if not row or not row[0]:
        raise NotAccepted("account_unknown", f"there is no account {email!r}: `footfall user list` names them")


def end_second_factor(connection: Connection, email: str) -> bool:
    """Ask somebody who has lost it for no code any more; whether they had a second factor.

    Raises NotAccepted: ``account_unknown``.
    """
    _known(connection, email)
    return connection.execute("SELECT auth.end_second_factor(%s)", (email,)).fetchone() == (True,)


def end_single_sign_on(connection: Connection, email: str) -> bool:
    """Forget who somebody is to the provider of single sign-on, and sign them out; whether they were anybody to it.

    Raises NotAccepted: ``account_unknown``.
    """
    return connection.execute("SELECT auth.end_single_sign_on(%s)", (_known(connection, email),)).fetchone() == (True,)


def set_role(connection: Connection, email: str, tenant_id: str, role: AccountRole | None) -> None:
    """Give a person a role in a tenant; None takes it away.

    Raises NotAccepted: ``account_unknown``, ``role_unknown``, ``tenant_unknown``.
    """
    if role is not None and role not in ROLES:
        raise NotAccepted("role_unknown", f"a role is one of {', '.join(ROLES)}, not {role!r}")
    account_id, tenant_hk = _known(connection, email), tenant_key(connection, tenant_id)
    if role is None:
        connection.execute("DELETE FROM auth.membership WHERE account_id = %s AND tenant_hk = %s", (account_id, tenant_hk))
        return
    connection.execute(
        "INSERT INTO auth.membership (account_id, tenant_hk, role) VALUES (%s, %s, %s)"
        " ON CONFLICT (account_id, tenant_hk) DO UPDATE SET role = excluded.role",
        (account_id, tenant_hk, role),
    )


def add_owner(connection: Connection, email: str, tenant_id: str, password: str) -> bool:
    """Make somebody owner of a tenant; whether they had no account yet, and got one with this password for one sign-in.

    The password is one of 96 random bits or more, which nobody guesses however quick a try is. Raises NotAccepted:
    ``email_invalid``, ``tenant_unknown``.
    """
    added = connection.execute(
        "INSERT INTO auth.account (email, account_name, password_hash, is_operator, created_at, one_time)"
        " VALUES (%s, %s, %s, false, util.current_load_date(), 'new') ON CONFLICT (email) DO NOTHING",
        (_address(email), _address(email), _quick_hasher.hash(password)),
    )
    set_role(connection, _address(email), tenant_id, "owner")
    return added.rowcount > 0


def list_accounts(connection: Connection) -> list[dict[str, Any]]:
    """Everybody, with their roles by tenant; nothing of their passwords."""
    cursor = connection.execute(
        "SELECT a.email, a.account_name, a.is_operator, a.created_at, a.totp_confirmed_at IS NOT NULL,"
        " coalesce(string_agg(t.public_id || ': ' || m.role, ', ' ORDER BY t.public_id), '')"
        " FROM auth.account a LEFT JOIN auth.membership m USING (account_id) LEFT JOIN auth.tenant_v t USING (tenant_hk)"
        " GROUP BY a.account_id ORDER BY a.email"
    )
    return [dict(zip(("email", "name", "operator", "created_at", "second_factor", "roles"), row, strict=True)) for row in cursor]


def list_people(connection: Connection) -> list[dict[str, Any]]:
    """The people of the connection's tenant, with their roles; operators are not among them."""
    cursor = connection.execute("SELECT p.email, p.account_name, p.role FROM auth.people() p")
    return [dict(zip(("email", "name", "role"), row, strict=True)) for row in cursor]


def new_password() -> tuple[str, str]:
    """A password for somebody new, and its hash."""
    password = secrets.token_urlsafe(12)
    return password, hash_password(password)


def renew_password(connection: Connection, email: str, password_hash: str) -> None:
    """Give somebody of the connection's tenant a password for one sign-in. Raises NotAccepted: ``account_elsewhere`` (409)."""
    row = connection.execute("SELECT auth.renew_password(%s, %s)", (_address(email), password_hash)).fetchone()
    if not row or not row[0]:
        message = "they have no role here, one elsewhere too, or single sign-on: the operator gives them a password"
        raise NotAccepted("account_elsewhere", message, HTTPStatus.CONFLICT)


def set_person(
    connection: Connection, email: str, role: AccountRole | None, password_hash: str | None, *, is_operator: bool = False
) -> bool:
    """Give somebody a role in the connection's tenant, or take it away; whether an account was made, with this password.

    Raises NotAccepted: ``email_invalid``; unless an operator asks ``account_elsewhere`` (409) for an account without a role here,
    and ``last_owner`` (409) when nobody would own the tenant.
    """
    try:
        row = connection.execute(
            "SELECT auth.set_person(%s, %s, %s, %s)", (_address(email), role, password_hash, is_operator)
        ).fetchone()
    except psycopg.Error as error:
        refused = error.diag.message_primary or ""
        if refused not in _REFUSED_PEOPLE:
            raise
        raise NotAccepted(refused, _REFUSED_PEOPLE[refused], HTTPStatus.CONFLICT) from None
    return bool(row and row[0])


def hash_password(password: str) -> str:
    """Argon2id, with its salt and parameters. Raises NotAccepted: ``password_too_short``."""
    require_good(password)
    return _hasher.hash(password)


def is_password(password_hash: str, password: str) -> bool:
    """Whether this is the password of the hash."""
    try:
        return _hasher.verify(password_hash, password)
    except argon2.exceptions.VerificationError:
        return False


class Accounts:
    """Signs people in and out, and guests of share links in; `connections` act as footfall_admin."""

    def __init__(self, connections: Pool) -> None:
        self._connections = connections

    def sign_in(self, email: str, password: str, code: str, agent: str, device: str) -> str:
        """The token of a new sign-in, for a cookie; `agent`: what the browser calls itself, `device`: the token it is known by.

        Raises NotAccepted: ``sign_in_refused``, ``password_used``, ``code_needed``, ``code_wrong`` (401).
        """
        account = self._row("SELECT * FROM auth.account_of(%s)", email) or (None, _nobodys_hash(), False, None)
        try:
            token = self._signed_in(account, password, code, agent, device)
        except NotAccepted as refused:
            self.note_failure(refused.code, account[0])
            raise
        log_sign_in("signed_in", account[0])
        return token

    def note_failure(self, reason: str, account_id: int | None, share_link_id: int | None = None) -> None:
        """Log and tell that somebody could not sign in, or open a link."""
        log_sign_in(reason, account_id)
        with changing(self._connections) as connection:
            tell_failure(connection, account_id, reason, share_link_id)

    def note_looking_in(self, tenant_hk: bytes) -> None:
        """Tell that the operator who acts looks at what is a tenant's."""
        with changing(self._connections) as connection:
            tell_looked_in(connection, tenant_hk)

    def note_download(self, tenant_hk: bytes, file: str, rows: int) -> None:
        """Tell that who acts takes rows of a tenant along as a file."""
        with changing(self._connections) as connection:
            tell_download(connection, file, rows, tenant_hk)

    def _signed_in(self, account: tuple[Any, ...], password: str, code: str, agent: str, device: str) -> str:
        account_id, password_hash, is_used, totp_secret = account
        # who signs in by single sign-on alone has none
        if not is_password(password_hash or _nobodys_hash(), password) or account_id is None or password_hash is None:
            raise NotAccepted("sign_in_refused", "this e-mail address and password do not go together", HTTPStatus.UNAUTHORIZED)
        if is_used:
            message = "this password was for one sign-in, and no other was chosen: ask an owner for a new one"
            raise NotAccepted("password_used", message, HTTPStatus.UNAUTHORIZED)
        if totp_secret is not None:
            self.require_code(account_id, bytes(totp_secret), code)
        self._row("SELECT auth.remember_device(%s, %s)", account_id, token_hash(device))
        return self._open(account_id, None, SIGN_IN_LASTS, agent)

    def knows_device(self, email: str, device: str) -> bool:
        """Whether somebody signed in to this account before from the device with this token."""
        return bool(device) and self._row("SELECT auth.is_device_of(%s, %s)", email, token_hash(device)) == (True,)

    def begin_second_factor(self, token: str, email: str, password: str) -> bytes:
        """What the authenticator of who shows this token shall make codes of; asked for when it is confirmed.

        Raises NotAccepted: ``password_wrong`` (403), ``second_factor_there`` (409).
        """
        self._require_password(email, password)
        secret = second_factor.new_secret()
        if self._change("SELECT auth.begin_second_factor(%s, %s)", token_hash(token), secret) != (True,):
            raise NotAccepted("second_factor_there", "you have a second factor: end it first", HTTPStatus.CONFLICT)
        return secret

    def confirm_second_factor(self, token: str, code: str) -> list[str]:
        """Ask for codes from now on; returns the recovery codes, which are shown now or never.

        Raises NotAccepted: ``code_wrong`` (403).
        """
        row = self._row("SELECT auth.unconfirmed_secret(%s)", token_hash(token))
        step = second_factor.step_of(bytes(row[0]), code) if row and row[0] is not None else None
        if step is None:
            raise NotAccepted("code_wrong", _CODE_WRONG, HTTPStatus.FORBIDDEN)
        codes = second_factor.new_recovery_codes()
        hashes = [second_factor.recovery_hash(one) for one in codes]
        self._change("SELECT auth.confirm_second_factor(%s, %s, %s)", token_hash(token), step, hashes)
        return codes

    def end_second_factor(self, email: str, password: str) -> None:
        """Ask somebody for no code any more. Raises NotAccepted: ``password_wrong`` (403)."""
        self._require_password(email, password)
        self._change("SELECT auth.end_second_factor(%s)", email)

    def _require_password(self, email: str, password: str) -> int:
        row = self._row("SELECT * FROM auth.account_of(%s)", email)
        if row is None or row[1] is None or not is_password(row[1], password):
            self.note_failure("password_wrong", row[0] if row else None)
            raise NotAccepted("password_wrong", "this is not your password", HTTPStatus.FORBIDDEN)
        return int(row[0])

    def require_code(self, account_id: int, secret: bytes, code: str) -> None:
        """Each code, of the authenticator or for who has lost it, opens once.

        Raises NotAccepted: ``code_needed``, ``code_wrong`` (401).
        """
        if not code.strip():
            raise NotAccepted("code_needed", "a code of your authenticator is needed", HTTPStatus.UNAUTHORIZED)
        step = second_factor.step_of(secret, code)
        if step is not None:
            is_good = self._row("SELECT auth.use_step(%s, %s)", account_id, step)
        else:
            is_good = self._row("SELECT auth.use_recovery_code(%s, %s)", account_id, second_factor.recovery_hash(code))
        if is_good != (True,):
            raise NotAccepted("code_wrong", _CODE_WRONG, HTTPStatus.UNAUTHORIZED)

    def change_password(self, email: str, old: str, new: str, agent: str) -> str:
        """Change somebody's password; all their sign-ins end, and a new one begins, whose token this returns.

        Raises NotAccepted: ``password_wrong`` (403), ``password_too_short``, ``password_common``.
        """
        require_good(new)
        account_id = self._require_password(email, old)
        new_hash = hash_password(new)
        self._change("SELECT auth.set_password(%s, %s)", email, new_hash)
        return self._open(account_id, None, SIGN_IN_LASTS, agent)

    def open_link(self, link: str, password: str) -> tuple[str, timedelta]:
        """The token of a guest's sign-in by a share link, and how long it lasts.

        Raises NotAccepted: ``share_link_unknown`` (404; also expired), ``password_needed``, ``password_wrong`` (401).
        """
        row = self._row("SELECT * FROM auth.share_link_of(%s)", token_hash(link))
        if row is None:
            raise NotAccepted("share_link_unknown", "this link opens nothing: it may have expired", HTTPStatus.NOT_FOUND)
        share_link_id, password_hash, expires_at = row
        if password_hash is not None and not password:
            raise NotAccepted("password_needed", "this link needs a password", HTTPStatus.UNAUTHORIZED)
        if password_hash is not None and not is_password(password_hash, password):
            self.note_failure("password_wrong", None, share_link_id)
            raise NotAccepted("password_wrong", "this is not the link's password", HTTPStatus.UNAUTHORIZED)
        lasts = min(SIGN_IN_LASTS, expires_at - datetime.now(UTC))
        return self._open(None, share_link_id, lasts, ""), lasts

    def signed_in(self, token: str, named: str) -> Account | None:
        """Who shows this token, and what the tenant of this id is to them."""
        row = self._row("SELECT * FROM auth.signed_in(%s, %s)", token_hash(token), named)
        if row is None:
            return None
        *account, is_unseen = row
        if is_unseen:
            self._row("SELECT auth.touch_sign_in(%s)", token_hash(token))
        return Account(*account)

    def tenants(self, token: str, search: str = "", most: int = _MOST_TENANTS) -> list[dict[str, Any]]:
        """The tenants of who shows this token, by name: those whose name or id has all words of a text.

        Of each tenant, name, industry, timeZone, currency, weekStart and role.
        """
        with self._connections.connection() as connection:
            return [
                line for (line,) in connection.execute("SELECT auth.own_tenants(%s, %s, %s)", (token_hash(token), search, most))
            ]

    def is_operator_token(self, token: str) -> bool:
        """Whether this is an operator's token that holds."""
        return self._row("SELECT auth.is_operator_token(%s)", token_hash(token)) == (True,)

    def sign_ins(self, token: str) -> list[dict[str, Any]]:
        """The open sign-ins of who shows this token, the latest first."""
        with self._connections.connection() as connection:
            cursor = connection.execute("SELECT * FROM auth.sign_ins(%s)", (token_hash(token),))
            return [dict(zip(("sign_in", "created_at", "last_seen_at", "agent", "this"), row, strict=True)) for row in cursor]

    def end_sign_ins(self, token: str, sign_in: int | None) -> int:
        """End a sign-in of who shows this token, or, without a number, all others of theirs; returns how many."""
        row = self._change("SELECT auth.end_sign_ins(%s, %s)", token_hash(token), sign_in)
        return int(row[0]) if row else 0

    def sign_out(self, token: str) -> None:
        """End a sign-in."""
        self._change("SELECT auth.close_sign_in(%s)", token_hash(token))

    def open_single_sign_on(self, account_id: int, agent: str, *, is_multi_factor: bool) -> str:
        """The token of a new sign-in of who a provider named; `is_multi_factor`: it asked for a second factor."""
        token = self._open(account_id, None, SIGN_IN_LASTS, agent, is_single_sign_on=True, is_multi_factor=is_multi_factor)
        log_sign_in("signed_in", account_id)
        return token

    def _open(
        self,
        account_id: int | None,
        share_link_id: int | None,
        lasts: timedelta,
        agent: str,
        *,
        is_single_sign_on: bool = False,
        is_multi_factor: bool = False,
    ) -> str:
        token = secrets.token_urlsafe(32)
        self._change(
            "SELECT auth.open_sign_in(%s, %s, %s, %s, %s, %s, %s)",
            account_id,
            share_link_id,
            token_hash(token),
            lasts,
            agent,
            is_single_sign_on,
            is_multi_factor,
        )
        return token

    def _row(self, query: str, *values: object) -> tuple[Any, ...] | None:
        """The row that a statement returns. No password is hashed while a connection is held: that takes long."""
        with self._connections.connection() as connection:
            return connection.execute(query, values).fetchone()

    def _change(self, query: str, *values: object) -> tuple[Any, ...] | None:
        """The same of a statement that changes something in the name of who acts."""
        with changing(self._connections) as connection:
            return connection.execute(query, values).fetchone()


def token_hash(token: str) -> bytes:
    """What the store knows of a token. Tokens are 192 random bits or more: a plain SHA-256 cannot be searched."""
    return hashlib.sha256(token.encode()).digest()


def require_good(password: str) -> None:
    """Raises NotAccepted: ``password_too_short``, ``password_common``."""
    if len(password) < _LEAST_PASSWORD:
        raise NotAccepted("password_too_short", f"a password has at least {_LEAST_PASSWORD} characters")
    if password.lower() in _common():
        raise NotAccepted("password_common", "this is one of the passwords that are tried first: choose another")


def log_sign_in(outcome: str, account_id: int | None) -> None:
    """How an attempt to sign in ended, and whose; what was typed may be anything, a password among it."""
    measures.SIGN_INS.labels(outcome).inc()
    logger.info("sign-in", extra={"outcome": outcome, "account": account_id})


@cache
def _nobodys_hash() -> str:
    """Checked when there is no such account, so that both refusals take as long."""
    return _hasher.hash(secrets.token_hex())


@cache
def _common() -> frozenset[str]:
    """The thirty thousand commonest passwords, as far as they are long enough."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415  a tenth of a second, for who sets a password

    return frozenset(password for password in FREQUENCY_LISTS["passwords"] if len(password) >= _LEAST_PASSWORD)


def _known(connection: Connection, email: str) -> int:
    """The number of an existing account. Raises NotAccepted: ``account_unknown``."""
    row = connection.execute("SELECT account_id FROM auth.account WHERE email = lower(%s)", (email,)).fetchone()
    if row is None:
        raise NotAccepted("account_unknown", f"there is no account {email!r}: `footfall user list` names them")
    return int(row[0])


def _address(email: str) -> str:
    """An e-mail address as accounts have it. Raises NotAccepted: ``email_invalid``."""
    email = email.strip().lower()
    if email.count("@") != 1 or email.startswith("@") or email.endswith("@"):
        raise NotAccepted("email_invalid", f"{email!r} is no e-mail address")
    return email
