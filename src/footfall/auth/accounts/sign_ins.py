"""Signing in and out, by a password and a second factor or by a share link; who is signed in."""

import hashlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from footfall import measures
from footfall.auth import second_factor
from footfall.auth.accounts.account import Account
from footfall.auth.accounts.passwords import hash_password, is_password, nobodys_hash, require_good
from footfall.auth.audit import tell_download, tell_failure, tell_looked_in
from footfall.database import Pool, Pools, changing
from footfall.errors import CellAway, NotAccepted
from footfall.settings import HOME

logger = logging.getLogger(__name__)

SIGN_IN_LASTS = timedelta(days=14)
_MOST_TENANTS = 50  # that are told at once: operators have hundreds, and search
_CODE_WRONG = "this is no code of your authenticator just now, or it was used already"


class Accounts:
    """Signs people in and out, and guests of share links in; `connections` act as footfall_admin.

    People, their roles and their sign-ins are in the store, or in the cell home. Of several cells, `everywhere`, the others are
    asked about their own tenants: what those are called, and which share links they have; a guest's sign-in is where the link is.
    """

    _KEPT = 50_000

    def __init__(self, connections: Pool, everywhere: Pools | None = None) -> None:
        self._connections = connections
        self._elsewhere = {one.cell: one for one in (everywhere or connections).each() if one.cell != HOME} if connections else {}
        self._everywhere = everywhere or connections
        self._guests: dict[str, Pool] = {}  # by their tokens: those of other cells than home

    def sign_in(
        self, email: str, password: str, code: str, agent: str, device: str, passkey_of: Callable[[int], int] | None = None
    ) -> str:
        """The token of a new sign-in, for a cookie; `agent`: what the browser calls itself, `device`: the token it is known by.

        `passkey_of`: the number of the passkey that was shown instead of a code, if it is one of this account's (by its number).
        Raises NotAccepted: ``sign_in_refused``, ``password_used``, ``code_needed``, ``code_wrong`` (401); what `passkey_of` does.
        """
        account = self._row("SELECT * FROM auth.account_of(%s)", email) or (None, nobodys_hash(), False, None)
        try:
            token = self._signed_in(account, password, code, agent, device, passkey_of)
        except NotAccepted as refused:
            self.note_failure(refused.code, account[0])
            raise
        log_sign_in("signed_in", account[0])
        return token

    def note_failure(self, reason: str, account_id: int | None, share_link_id: int | None = None) -> None:
        """Log and tell that somebody could not sign in, or open a link."""
        self._note_failure(self._connections, reason, account_id, share_link_id)

    def _note_failure(self, where: Pool, reason: str, account_id: int | None, share_link_id: int | None) -> None:
        log_sign_in(reason, account_id)
        with changing(where) as connection:
            tell_failure(connection, account_id, reason, share_link_id)

    def note_looking_in(self, tenant_hk: bytes) -> None:
        """Tell that the operator who acts looks at what is a tenant's."""
        with changing(self._of(tenant_hk)) as connection:
            tell_looked_in(connection, tenant_hk)

    def note_download(self, tenant_hk: bytes, file: str, rows: int) -> None:
        """Tell that who acts takes rows of a tenant along as a file."""
        with changing(self._of(tenant_hk)) as connection:
            tell_download(connection, file, rows, tenant_hk)

    def _signed_in(
        self,
        account: tuple[Any, ...],
        password: str,
        code: str,
        agent: str,
        device: str,
        passkey_of: Callable[[int], int] | None,
    ) -> str:
        account_id, password_hash, is_used, totp_secret = account
        # who signs in by single sign-on alone has none
        if not is_password(password_hash or nobodys_hash(), password) or account_id is None or password_hash is None:
            raise NotAccepted("sign_in_refused", "this e-mail address and password do not go together", HTTPStatus.UNAUTHORIZED)
        if is_used:
            message = "this password was for one sign-in, and no other was chosen: ask an owner for a new one"
            raise NotAccepted("password_used", message, HTTPStatus.UNAUTHORIZED)
        method, passkey = "password", None
        has_passkeys = self._row("SELECT FROM auth.passkeys_of(%s)", account_id) is not None
        if has_passkeys and passkey_of is not None:
            method, passkey = "password_and_passkey", passkey_of(account_id)
        elif has_passkeys or totp_secret is not None:
            self.require_code(account_id, totp_secret and bytes(totp_secret), code)
            method = "password_and_code"
        self._row("SELECT auth.remember_device(%s, %s)", account_id, token_hash(device))
        return self._open(account_id, None, SIGN_IN_LASTS, agent, is_multi_factor=has_passkeys, method=method, passkey=passkey)

    def knows_device(self, email: str, device: str) -> bool:
        """Whether somebody signed in to this account before from the device with this token."""
        return bool(device) and self._row("SELECT auth.is_device_of(%s, %s)", email, token_hash(device)) == (True,)

    def begin_second_factor(self, token: str, email: str, password: str) -> bytes:
        """What the authenticator of who shows this token shall make codes of; asked for when it is confirmed.

        Raises NotAccepted: ``password_wrong`` (403), ``second_factor_there`` (409).
        """
        self.require_password(email, password)
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
        self.require_password(email, password)
        self._change("SELECT auth.end_second_factor(%s)", email)

    def require_password(self, email: str, password: str) -> int:
        """The number of the account whose password this is. Raises NotAccepted: ``password_wrong`` (403)."""
        row = self._row("SELECT * FROM auth.account_of(%s)", email)
        if row is None or row[1] is None or not is_password(row[1], password):
            self.note_failure("password_wrong", row[0] if row else None)
            raise NotAccepted("password_wrong", "this is not your password", HTTPStatus.FORBIDDEN)
        return int(row[0])

    def require_code(self, account_id: int, secret: bytes | None, code: str) -> None:
        """Each code, of the authenticator (`secret`; None: there is none) or for who has lost it or a passkey, opens once.

        Raises NotAccepted: ``code_needed``, ``code_wrong`` (401).
        """
        if not code.strip():
            raise NotAccepted("code_needed", "a second factor is needed", HTTPStatus.UNAUTHORIZED)
        step = None if secret is None else second_factor.step_of(secret, code)
        if step is not None:
            is_good = self._row("SELECT auth.use_step(%s, %s)", account_id, step)
        else:
            is_good = self._row("SELECT auth.use_recovery_code(%s, %s)", account_id, second_factor.recovery_hash(code))
        if is_good != (True,):
            raise NotAccepted("code_wrong", _CODE_WRONG, HTTPStatus.UNAUTHORIZED)

    def change_password(self, account: Account, old: str, new: str, agent: str) -> str:
        """Change somebody's password; all their sign-ins end, and a new one begins, whose token this returns.

        It stands for as many factors as the one in which it was changed.

        Raises NotAccepted: ``password_wrong`` (403), ``password_too_short``, ``password_common``.
        """
        require_good(new)
        account_id = self.require_password(account.email, old)
        new_hash = hash_password(new)
        self._change("SELECT auth.set_password(%s, %s)", account.email, new_hash)
        return self._open(account_id, None, SIGN_IN_LASTS, agent, is_multi_factor=account.is_multi_factor)

    def open_link(self, link: str, password: str) -> tuple[str, timedelta]:
        """The token of a guest's sign-in by a share link, and how long it lasts.

        Raises NotAccepted: ``share_link_unknown`` (404; also expired), ``password_needed``, ``password_wrong`` (401).
        """
        where, (share_link_id, password_hash, expires_at) = self._link(link)
        if password_hash is not None and not password:
            raise NotAccepted("password_needed", "this link needs a password", HTTPStatus.UNAUTHORIZED)
        if password_hash is not None and not is_password(password_hash, password):
            self._note_failure(where, "password_wrong", None, share_link_id)
            raise NotAccepted("password_wrong", "this is not the link's password", HTTPStatus.UNAUTHORIZED)
        lasts = min(SIGN_IN_LASTS, expires_at - datetime.now(UTC))
        return self._open(None, share_link_id, lasts, "", where=where), lasts

    def _link(self, link: str) -> tuple[Pool, tuple[Any, ...]]:
        """Where a share link is, and what is known of it. Raises NotAccepted: ``share_link_unknown``; CellAway."""
        away = None
        for where in (self._connections, *self._elsewhere.values()):
            try:
                with where.connection() as connection:
                    row = connection.execute("SELECT * FROM auth.share_link_of(%s)", (token_hash(link),)).fetchone()
            except CellAway as error:
                away = error
                continue
            if row is not None:
                return where, row
        raise away or NotAccepted("share_link_unknown", "this link opens nothing: it may have expired", HTTPStatus.NOT_FOUND)

    def signed_in(self, token: str, named: str, *, is_guest: bool = False) -> Account | None:
        """Who shows this token, and what the tenant of this id is to them; `is_guest`: it is shown behind a share link.

        Raises CellAway for a guest whom none of the cells knows which answer: it may be one of the other's.
        """
        row = self._row("SELECT * FROM auth.signed_in(%s, %s)", token_hash(token), named)
        if row is None and is_guest:
            row = self._guest(token, named)
        if row is None:
            return None
        *account, is_unseen = row
        if is_unseen:
            self._row("SELECT auth.touch_sign_in(%s)", token_hash(token))
        return self._seeing(Account(*account), token, named)

    def _guest(self, token: str, named: str) -> tuple[Any, ...] | None:
        """The same of a guest whose link is in another cell than home, which is found once."""
        away = None
        for where in [self._guests[token]] if token in self._guests else self._elsewhere.values():
            try:
                with where.connection() as connection:
                    query = "SELECT * FROM auth.signed_in(%s, %s)"
                    row: tuple[Any, ...] | None = connection.execute(query, (token_hash(token), named)).fetchone()
            except CellAway as error:
                away = error
                continue
            if row is not None:
                if len(self._guests) >= self._KEPT:
                    self._guests.clear()
                self._guests[token] = where
                return row
        if away:  # whose guest this may be
            raise away
        return None

    def _seeing(self, account: Account, token: str, named: str) -> Account:
        """The account with how it sees a tenant that lives elsewhere."""
        if not self._elsewhere or not named or not account.email:
            return account
        where, tenant_hk = self._everywhere.named(named)
        if where.cell == HOME or tenant_hk is None:
            return account
        roles = {tenant_hk: "owner"} if account.is_operator else self._roles(token)
        lines = self._lines(where, account, {tenant_hk: roles[tenant_hk]}, "", 1) if tenant_hk in roles else []
        line, tenant_id = lines[0] if lines else (None, account.tenant_id)
        return replace(account, named=line, tenant_id=tenant_id, number=self.account_of(token))

    def _roles(self, token: str) -> dict[bytes, str]:
        with self._connections.connection() as connection:
            rows = connection.execute("SELECT * FROM auth.memberships(%s)", (token_hash(token),))
            return {bytes(tenant_hk): role for tenant_hk, role in rows}

    def _lines(
        self, where: Pool, account: Account, roles: dict[bytes, str], search: str, most: int
    ) -> list[tuple[dict[str, Any], str]]:
        """Tenants of a cell as an account sees them, and their first ids; without `roles`: all, of an operator."""
        flags = (account.is_operator, account.has_second_factor, account.is_single_sign_on, account.is_multi_factor)
        with where.connection() as connection:
            return connection.execute(
                "SELECT * FROM auth.tenant_lines(%s, %s, %s, %s, %s, %s, %s, %s)",
                (list(roles), list(roles.values()), *flags, search, most),
            ).fetchall()

    def tenants(self, token: str, search: str = "", most: int = _MOST_TENANTS) -> list[dict[str, Any]]:
        """The tenants of who shows this token, by name: those whose name or id has all words of a text.

        Of each tenant, name, industry, timeZone, currency, weekStart and role.
        """
        with self._guests.get(token, self._connections).connection() as connection:
            own = "SELECT auth.own_tenants(%s, %s, %s)"
            lines = [line for (line,) in connection.execute(own, (token_hash(token), search, most))]
        row = self._row("SELECT * FROM auth.signed_in(%s, '')", token_hash(token)) if self._elsewhere else None
        return self._with_others(lines, Account(*row[:-1]), token, search)[:most] if row else lines

    def _with_others(self, lines: list[dict[str, Any]], account: Account, token: str, search: str) -> list[dict[str, Any]]:
        """Those of home with those of the other cells; what a cell that is away has, nobody can name."""
        roles = {} if account.is_operator else self._roles(token)
        found = [line for line in lines if self._everywhere.shows(line["tenant"], HOME)]
        away = None
        for where in self._elsewhere.values() if account.is_operator or roles else ():
            try:
                there = [line for line, _ in self._lines(where, account, roles, search, _MOST_TENANTS)]
            except CellAway as error:
                away = error
                continue
            found += [line for line in there if self._everywhere.shows(line["tenant"], where.cell)]
        if away and not found and not search:
            raise away
        # as auth.tenants_of sorts
        begins = search.lower()
        return sorted(found, key=lambda line: (not line["name"].lower().startswith(begins), line["name"], line["tenant"]))

    def is_operator_token(self, token: str) -> bool:
        """Whether this is an operator's token that holds."""
        return self._row("SELECT auth.is_operator_token(%s)", token_hash(token)) == (True,)

    def sign_ins(self, token: str) -> list[dict[str, Any]]:
        """The open sign-ins of who shows this token, the latest first."""
        with self._connections.connection() as connection:
            cursor = connection.execute(
                "SELECT s.*, auth.sign_in_method(s.sign_in_id) FROM auth.sign_ins(%s) s", (token_hash(token),)
            )
            keys = ("sign_in", "created_at", "last_seen_at", "agent", "this", "method")
            return [dict(zip(keys, row, strict=True)) for row in cursor]

    def end_sign_ins(self, token: str, sign_in: int | None) -> int:
        """End a sign-in of who shows this token, or, without a number, all others of theirs; returns how many."""
        row = self._change("SELECT auth.end_sign_ins(%s, %s)", token_hash(token), sign_in)
        return int(row[0]) if row else 0

    def sign_out(self, token: str, *, is_guest: bool = False) -> None:
        """End a sign-in, wherever it is. Raises CellAway as `signed_in` does."""
        if self._elsewhere and is_guest:
            self.signed_in(token, "", is_guest=True)  # finds a guest whom this process has not seen yet
        with changing(self._guests.pop(token, self._connections)) as connection:
            connection.execute("SELECT auth.close_sign_in(%s)", (token_hash(token),))

    def open_single_sign_on(self, account_id: int, agent: str, *, is_multi_factor: bool, with_code: bool = False) -> str:
        """The token of a new sign-in of who a provider named.

        `is_multi_factor`: it asked for a second factor, `with_code`: we did.
        """
        token = self._open(
            account_id,
            None,
            SIGN_IN_LASTS,
            agent,
            is_single_sign_on=True,
            is_multi_factor=is_multi_factor,
            method="single_sign_on_and_code" if with_code else "single_sign_on",
        )
        log_sign_in("signed_in", account_id)
        return token

    def open_by_passkey(self, account_id: int, passkey: int, agent: str) -> str:
        """The token of a new sign-in of whose passkey was shown, alone: it stands for two factors."""
        token = self._open(account_id, None, SIGN_IN_LASTS, agent, is_multi_factor=True, method="passkey", passkey=passkey)
        log_sign_in("signed_in", account_id)
        return token

    def account_of(self, token: str) -> int | None:
        """The number of the account of who shows this token; None: a guest, or nobody."""
        row = self._row("SELECT auth.account_signed_in(%s)", token_hash(token))
        return row[0] if row else None

    def _open(
        self,
        account_id: int | None,
        share_link_id: int | None,
        lasts: timedelta,
        agent: str,
        *,
        is_single_sign_on: bool = False,
        is_multi_factor: bool = False,
        method: str | None = None,
        passkey: int | None = None,
        where: Pool | None = None,
    ) -> str:
        token = secrets.token_urlsafe(32)
        opened = (account_id, share_link_id, token_hash(token), lasts, agent, is_single_sign_on, is_multi_factor, method, passkey)
        with changing(where or self._connections) as connection:
            connection.execute("SELECT auth.open_sign_in(%s, %s, %s, %s, %s, %s, %s, %s, %s)", opened)
        return token

    def _of(self, tenant_hk: bytes) -> Pool:
        """Where a tenant's chain is told."""
        where = self._everywhere.of(tenant_hk)
        return self._connections if where.cell == HOME else where

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


def log_sign_in(outcome: str, account_id: int | None) -> None:
    """How an attempt to sign in ended, and whose; what was typed may be anything, a password among it."""
    measures.SIGN_INS.labels(outcome).inc()
    logger.info("sign-in", extra={"outcome": outcome, "account": account_id})
