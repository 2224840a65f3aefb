"""Who is signed in, and what they may do in the tenant that they look at."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, get_args

from footfall.auth.tenants import tenant_disabled
from footfall.errors import NotAccepted

AccountRole = Literal["owner", "admin", "viewer"]
ROLES: tuple[AccountRole, ...] = get_args(AccountRole)
Role = AccountRole | Literal["guest"]  # guest: opened a share link


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
    number: int | None = None
    """Only where the named tenant lives in another cell, which knows nobody's."""

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
