"""Tenants, the keys they are recognised by, and the daily secrets behind their visitors' keys.

Single sign-on (`provider`, `sign_ons`) and `passkeys` are imported by name: their cryptography takes a tenth of a second
to load.
"""

from footfall.auth import second_factor
from footfall.auth.accounts import (
    ROLES,
    SIGN_IN_LASTS,
    Account,
    AccountRole,
    Accounts,
    Role,
    add_account,
    add_owner,
    end_passkeys,
    end_second_factor,
    end_single_sign_on,
    hash_password,
    list_accounts,
    list_people,
    new_password,
    renew_password,
    reset_password,
    set_person,
    set_role,
    token_hash,
)
from footfall.auth.audit import OF_NO_TENANT, tell, tell_download, tell_failure, tell_looked_in, tell_opened
from footfall.auth.forwarding import TrustedProxies
from footfall.auth.keys import KINDS, KeyOwner, KeyRing, Kind, add_key, folded, key_hash, list_keys, revoke_key
from footfall.auth.operator_tokens import OPERATOR_TOKEN, add_operator_token, list_operator_tokens, revoke_operator_token
from footfall.auth.own_networks import OwnNetworks, own_network_of, own_networks
from footfall.auth.packs import PACKS, Pack
from footfall.auth.plans import LIMITS, Limit, own_plan, plan_of, set_plan
from footfall.auth.retention import LAYERS, hold, keep, lift_hold, list_holds, list_retention, preview_retention, require_no_hold
from footfall.auth.share_links import add_share_link, list_share_links, remove_share_link
from footfall.auth.sql_access import grant_sql_access, revoke_sql_access
from footfall.auth.tenants import NewTenant, add_tenant, first_id, list_tenants, rename_tenant, tenant_key
from footfall.auth.visitors import (
    PERSONAL_KEYS,
    Address,
    Secrets,
    address_of,
    day_of,
    truncated,
    visitor_key,
)

__all__ = [
    "KINDS",
    "LAYERS",
    "LIMITS",
    "OF_NO_TENANT",
    "OPERATOR_TOKEN",
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
    "Limit",
    "NewTenant",
    "OwnNetworks",
    "Pack",
    "Role",
    "Secrets",
    "TrustedProxies",
    "add_account",
    "add_key",
    "add_operator_token",
    "add_owner",
    "add_share_link",
    "add_tenant",
    "address_of",
    "day_of",
    "end_passkeys",
    "end_second_factor",
    "end_single_sign_on",
    "first_id",
    "folded",
    "grant_sql_access",
    "hash_password",
    "hold",
    "keep",
    "key_hash",
    "lift_hold",
    "list_accounts",
    "list_holds",
    "list_keys",
    "list_operator_tokens",
    "list_people",
    "list_retention",
    "list_share_links",
    "list_tenants",
    "new_password",
    "own_network_of",
    "own_networks",
    "own_plan",
    "plan_of",
    "preview_retention",
    "remove_share_link",
    "rename_tenant",
    "renew_password",
    "require_no_hold",
    "reset_password",
    "revoke_key",
    "revoke_operator_token",
    "revoke_sql_access",
    "second_factor",
    "set_person",
    "set_plan",
    "set_role",
    "tell",
    "tell_download",
    "tell_failure",
    "tell_looked_in",
    "tell_opened",
    "tenant_key",
    "token_hash",
    "truncated",
    "visitor_key",
]
