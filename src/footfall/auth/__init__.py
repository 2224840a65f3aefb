"""Tenants, the keys they are recognised by, and the daily secrets behind their visitors' keys."""

from footfall.auth.accounts import (
    ROLES,
    SIGN_IN_LASTS,
    Account,
    AccountRole,
    Accounts,
    Role,
    add_account,
    list_accounts,
    list_people,
    reset_password,
    set_person,
    set_role,
)
from footfall.auth.keys import KINDS, KeyOwner, KeyRing, Kind, add_key, key_hash, list_keys, revoke_key
from footfall.auth.packs import PACKS, Pack
from footfall.auth.retention import LAYERS, keep, list_retention
from footfall.auth.share_links import add_share_link, list_share_links, remove_share_link
from footfall.auth.sql_access import grant_sql_access, revoke_sql_access
from footfall.auth.tenants import NewTenant, add_tenant, list_tenants, tenant_key
from footfall.auth.visitors import (
    PERSONAL_KEYS,
    Address,
    Secrets,
    address_hash,
    address_of,
    day_of,
    truncated,
    visitor_key,
)

__all__ = [
    "KINDS",
    "LAYERS",
    "PACKS",
    "PERSONAL_KEYS",
    "ROLES",
    "SIGN_IN_LASTS",
    "Account",
    "AccountRole",
    "Accounts",
    "Address",
    "KeyOwner",
    "KeyRing",
    "Kind",
    "NewTenant",
    "Pack",
    "Role",
    "Secrets",
    "add_account",
    "add_key",
    "add_share_link",
    "add_tenant",
    "address_hash",
    "address_of",
    "day_of",
    "grant_sql_access",
    "keep",
    "key_hash",
    "list_accounts",
    "list_keys",
    "list_people",
    "list_retention",
    "list_share_links",
    "list_tenants",
    "remove_share_link",
    "reset_password",
    "revoke_key",
    "revoke_sql_access",
    "set_person",
    "set_role",
    "tenant_key",
    "truncated",
    "visitor_key",
]
