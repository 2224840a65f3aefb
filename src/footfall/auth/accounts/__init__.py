"""People who sign in: their passwords, their sign-ins, and what they may do in which tenant."""

from footfall.auth.accounts.account import ROLES, Account, AccountRole, Role
from footfall.auth.accounts.passwords import hash_password, new_password
from footfall.auth.accounts.people import (
    add_account,
    add_owner,
    end_passkeys,
    end_second_factor,
    end_single_sign_on,
    list_accounts,
    list_people,
    renew_password,
    reset_password,
    set_person,
    set_role,
)
from footfall.auth.accounts.sign_ins import SIGN_IN_LASTS, Accounts, log_sign_in, token_hash

__all__ = [
    "ROLES",
    "SIGN_IN_LASTS",
    "Account",
    "AccountRole",
    "Accounts",
    "Role",
    "add_account",
    "add_owner",
    "end_passkeys",
    "end_second_factor",
    "end_single_sign_on",
    "hash_password",
    "list_accounts",
    "list_people",
    "log_sign_in",
    "new_password",
    "renew_password",
    "reset_password",
    "set_person",
    "set_role",
    "token_hash",
]
