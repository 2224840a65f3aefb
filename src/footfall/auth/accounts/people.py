"""People who may sign in: their accounts, and their roles in tenants."""

from http import HTTPStatus
from typing import Any

import argon2
import psycopg

from footfall.auth.accounts.account import ROLES, AccountRole
from footfall.auth.accounts.passwords import hash_password
from footfall.auth.tenants import tenant_key
from footfall.database import Connection
from footfall.errors import NotAccepted

_REFUSED_PEOPLE = {
    "account_elsewhere": "they have an account of another tenant: the operator gives them a role here",
    "last_owner": "somebody has to own the site: make somebody else an owner first",
}
_quick_hasher = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)


def add_account(connection: Connection, email: str, name: str, password: str, *, is_operator: bool = False) -> int:
    """Add a person; returns the account's number.

    Raises NotAccepted: ``email_invalid``, ``password_too_short``, ``account_exists``.
    """
    email, password_hash = _address(email), hash_password(password)
    try:
        row = connection.execute(
            "INSERT INTO auth.account (email, account_name, password_hash, is_operator, created_at)"
            " VALUES (%s, %s, %s, %s, util.current_load_date()) RETURNING account_id",
            (email, name or email, password_hash, is_operator),
        ).fetchone()
    except psycopg.errors.UniqueViolation:
        raise NotAccepted("account_exists", f"there is an account {email!r} already") from None
    assert row is not None  # noqa: S101  an insert that did not fail returns its row
    return int(row[0])


def reset_password(connection: Connection, email: str, password: str) -> None:
    """Give a person a new password; ends all their sign-ins. Raises NotAccepted: ``account_unknown``, ``password_too_short``."""
    row = connection.execute("SELECT auth.set_password(%s, %s)", (email, hash_password(password))).fetchone()
    if not row or not row[0]:
        raise NotAccepted("account_unknown", f"there is no account {email!r}: `footfall user list` names them")


def end_second_factor(connection: Connection, email: str) -> bool:
    """Ask somebody who has lost it for no code any more; whether they had a second factor.

    Raises NotAccepted: ``account_unknown``.
    """
    _known(connection, email)
    return connection.execute("SELECT auth.end_second_factor(%s)", (email,)).fetchone() == (True,)


def end_passkeys(connection: Connection, email: str) -> int:
    """End all passkeys of somebody who has lost one, and sign them out; how many there were.

    Raises NotAccepted: ``account_unknown``.
    """
    row = connection.execute("SELECT auth.end_passkeys(%s)", (_known(connection, email),)).fetchone()
    return int(row[0]) if row else 0


def end_single_sign_on(connection: Connection, email: str) -> bool:
    """Forget who somebody is to the provider of single sign-on, and sign them out; whether they were anybody to it.

    Raises NotAccepted: ``account_unknown``.
    """
    return connection.execute("SELECT auth.end_single_sign_on(%s)", (_known(connection, email),)).fetchone() == (True,)


def set_role(
    connection: Connection, email: str, tenant_id: str, role: AccountRole | None, tenant_hk: bytes | None = None
) -> None:
    """Give a person a role in a tenant; None takes it away. `tenant_hk`: of a tenant that lives in another cell.

    Raises NotAccepted: ``account_unknown``, ``role_unknown``, ``tenant_unknown``.
    """
    if role is not None and role not in ROLES:
        raise NotAccepted("role_unknown", f"a role is one of {', '.join(ROLES)}, not {role!r}")
    account_id, tenant_hk = _known(connection, email), tenant_hk or tenant_key(connection, tenant_id)
    if role is None:
        connection.execute("DELETE FROM auth.membership WHERE account_id = %s AND tenant_hk = %s", (account_id, tenant_hk))
        return
    connection.execute(
        "INSERT INTO auth.membership (account_id, tenant_hk, role) VALUES (%s, %s, %s)"
        " ON CONFLICT (account_id, tenant_hk) DO UPDATE SET role = excluded.role",
        (account_id, tenant_hk, role),
    )


def add_owner(connection: Connection, email: str, tenant_id: str, password: str, tenant_hk: bytes | None = None) -> bool:
    """Make somebody owner of a tenant; whether they had no account yet, and got one with this password for one sign-in.

    `tenant_hk`: of a tenant that lives in another cell. The password is one of 96 random bits or more, which nobody guesses
    however quick a try is. Raises NotAccepted: ``email_invalid``, ``tenant_unknown``.
    """
    added = connection.execute(
        "INSERT INTO auth.account (email, account_name, password_hash, is_operator, created_at, one_time)"
        " VALUES (%s, %s, %s, false, util.current_load_date(), 'new') ON CONFLICT (email) DO NOTHING",
        (_address(email), _address(email), _quick_hasher.hash(password)),
    )
    set_role(connection, _address(email), tenant_id, "owner", tenant_hk)
    return added.rowcount > 0


def list_accounts(connection: Connection) -> list[dict[str, Any]]:
    """Everybody, with their roles by tenant (of one in another cell: its hash key); nothing of their passwords."""
    cursor = connection.execute(
        "SELECT a.email, a.account_name, a.is_operator, a.created_at, a.totp_confirmed_at IS NOT NULL,"
        " (SELECT count(*) FROM auth.passkey k WHERE k.account_id = a.account_id),"
        " coalesce(string_agg(coalesce(t.public_id, encode(m.tenant_hk, 'hex')) || ': ' || m.role, ', '"
        " ORDER BY t.public_id), '')"
        " FROM auth.account a LEFT JOIN auth.membership m USING (account_id) LEFT JOIN auth.tenant_v t USING (tenant_hk)"
        " GROUP BY a.account_id ORDER BY a.email"
    )
    keys = ("email", "name", "operator", "created_at", "second_factor", "passkeys", "roles")
    return [dict(zip(keys, row, strict=True)) for row in cursor]


def list_people(connection: Connection) -> list[dict[str, Any]]:
    """The people of the connection's tenant, with their roles; operators are not among them."""
    cursor = connection.execute("SELECT p.email, p.account_name, p.role FROM auth.people() p")
    return [dict(zip(("email", "name", "role"), row, strict=True)) for row in cursor]


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
