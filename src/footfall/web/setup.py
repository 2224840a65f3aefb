"""What people set up in the dashboard: keys, goals, funnels, industry packs, people, share links, tenants."""

import contextlib
from collections.abc import Iterator
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from footfall import api, auth, business
from footfall.database import Connection, Pools, administering
from footfall.errors import NotAccepted
from footfall.vault.hashing import hash_key
from footfall.web import setup_wire as wire
from footfall.web.answers import answering, answering_body
from footfall.web.callers import Callers

_LOOKING: tuple[auth.Role, ...] = ("owner", "admin", "viewer")
_SETTING_UP: tuple[auth.Role, ...] = ("owner", "admin")


class Setup:
    """The addresses under /api/setup, about the tenant that is named. Each answers `{success, message, data}` or a refusal."""

    def __init__(self, callers: Callers, administrators: Pools) -> None:
        self._callers = callers
        self._administrators = administrators
        self._home = administrators.each()[0]  # people and their roles, wherever the tenant lives

    def routes(self) -> list[Route]:
        """One address a thing, one method a verb."""
        return [
            Route("/api/setup", answering(self.everything), methods=["GET"]),
            Route("/api/setup/keys", answering(self.keys), methods=["GET"]),
            Route("/api/setup/keys", answering_body(wire.NewKey, self.add_key), methods=["POST"]),
            Route("/api/setup/keys/{key:int}", answering(self.revoke_key), methods=["DELETE"]),
            Route("/api/setup/goals", answering(self.goals), methods=["GET"]),
            Route("/api/setup/goals", answering_body(wire.NewGoal, self.add_goal), methods=["POST"]),
            Route("/api/setup/goals/{goal:path}", answering(self.remove_goal), methods=["DELETE"]),
            Route("/api/setup/funnels", answering(self.funnels), methods=["GET"]),
            Route("/api/setup/funnels", answering_body(wire.SavedFunnel, self.save_funnel), methods=["POST"]),
            Route("/api/setup/funnels/{funnel:path}", answering(self.remove_funnel), methods=["DELETE"]),
            Route("/api/setup/pack", answering_body(wire.ChosenPack, self.apply_pack), methods=["POST"]),
            Route("/api/setup/people", answering_body(wire.SetPerson, self.set_person, has_password=True), methods=["POST"]),
            Route(
                "/api/setup/people/{email}/password",
                answering_body(wire.Nothing, self.renew_password, has_password=True),
                methods=["POST"],
            ),
            Route("/api/setup/people/{email}", answering(self.remove_person), methods=["DELETE"]),
            Route("/api/setup/links", answering_body(wire.NewLink, self.add_link, has_password=True), methods=["POST"]),
            Route("/api/setup/links/{link:int}", answering(self.remove_link), methods=["DELETE"]),
            Route("/api/setup/tenant", answering_body(wire.DescribeTenant, self.describe_tenant), methods=["POST"]),
            Route("/api/setup/plan", answering(self.plan), methods=["GET"]),
            Route("/api/setup/hosts", answering(self.hosts), methods=["GET"]),
            Route("/api/setup/origins", answering(self.origins), methods=["GET"]),
            Route("/api/setup/event-types", answering(self.event_types), methods=["GET"]),
            Route("/api/setup/event-types", answering_body(wire.NewEventType, self.add_event_type), methods=["POST"]),
            Route("/api/setup/event-types/{type:path}", answering(self.remove_event_type), methods=["DELETE"]),
            Route("/api/setup/tenants", answering_body(wire.NewTenant, self.add_tenant), methods=["POST"]),
        ]

    def everything(self, request: Request) -> Any:
        """What is set up, in one answer; `people` for owners, `links` for who may make them."""
        tenant_id, role = self._callers.tenant_and_role(request)
        if role not in _LOOKING:
            raise NotAccepted("role_needed", f"a {role} may not do this", HTTPStatus.FORBIDDEN)
        tenant_hk, is_owner = hash_key(tenant_id), role == "owner"
        is_here = self._administrators.of(tenant_hk) is self._home
        people = self._people(tenant_id) if is_owner and not is_here else []
        with administering(self._administrators, tenant_hk) as connection:
            return {
                "keys": auth.list_keys(connection, tenant_id),
                "goals": api.list_goals(connection, tenant_id),
                "funnels": api.list_funnels(connection, tenant_id),
                "links": auth.list_share_links(connection, tenant_id) if role in _SETTING_UP else [],
                "people": auth.list_people(connection) if is_owner and is_here else people,
            }

    def _people(self, tenant_id: str) -> list[dict[str, Any]]:
        with administering(self._home, hash_key(tenant_id)) as connection:
            return auth.list_people(connection)

    def keys(self, request: Request) -> Any:
        """The tenant's keys, but for the keys themselves."""
        with self._looking(request) as (connection, tenant_id):
            return auth.list_keys(connection, tenant_id)

    def add_key(self, request: Request, body: wire.NewKey) -> Any:
        """Make a key: shown this once."""
        email = self._callers.account(request).email
        with self._setting_up(request) as (connection, tenant_id):
            number, secret = auth.add_key(
                connection, tenant_id, body.kind, body.label or body.kind, days=body.days, created_by=email
            )
        return {"key": number, "secret": secret}

    def revoke_key(self, request: Request) -> None:
        """End a key; another tenant's is unknown."""
        with self._setting_up(request) as (connection, tenant_id):
            auth.revoke_key(connection, request.path_params["key"], tenant_id)

    def goals(self, request: Request) -> Any:
        """The tenant's goals."""
        with self._looking(request) as (connection, tenant_id):
            return api.list_goals(connection, tenant_id)

    def add_goal(self, request: Request, body: wire.NewGoal) -> None:
        """Define a goal, or redefine it."""
        value = None if body.value is None else Decimal(str(body.value))
        with self._setting_up(request) as (connection, tenant_id):
            api.add_goal(connection, tenant_id, body.goal, body.filter, value, body.currency, body.since)

    def remove_goal(self, request: Request) -> None:
        """Forget a goal."""
        with self._setting_up(request) as (connection, tenant_id):
            if not api.remove_goal(connection, tenant_id, request.path_params["goal"]):
                raise NotAccepted("goal_unknown", "there is no such goal", HTTPStatus.NOT_FOUND)

    def funnels(self, request: Request) -> Any:
        """The tenant's saved funnels."""
        with self._reading(request) as (connection, tenant_id):
            return api.list_funnels(connection, tenant_id)

    def save_funnel(self, request: Request, body: wire.SavedFunnel) -> None:
        """Save a funnel, or change it."""
        question = {"steps": body.steps, "order": body.order, "window": body.window, "per": body.per}
        with self._setting_up(request) as (connection, tenant_id):
            api.save_funnel(connection, tenant_id, body.funnel.strip(), question)

    def remove_funnel(self, request: Request) -> None:
        """Forget a funnel."""
        with self._setting_up(request) as (connection, tenant_id):
            if not api.remove_funnel(connection, tenant_id, request.path_params["funnel"]):
                raise NotAccepted("funnel_unknown", "there is no such funnel", HTTPStatus.NOT_FOUND)

    def apply_pack(self, request: Request, body: wire.ChosenPack) -> None:
        """Get the goals and the funnel of an industry."""
        with self._setting_up(request) as (connection, tenant_id):
            api.apply_pack(connection, tenant_id, body.industry)

    def set_person(self, request: Request, body: wire.SetPerson) -> Any:
        """Give somebody a role; `password` of whoever had no account: shown this once."""
        is_operator = self._callers.account(request).is_operator
        password, password_hash = auth.new_password()
        with self._of_people(request) as connection:
            is_new = auth.set_person(connection, body.email, body.role, password_hash, is_operator=is_operator)
        return {"password": password if is_new else None}

    def renew_password(self, request: Request, _: wire.Nothing) -> Any:
        """Give somebody a password for one sign-in: shown this once."""
        password, password_hash = auth.new_password()
        with self._of_people(request) as connection:
            auth.renew_password(connection, request.path_params["email"], password_hash)
        return {"password": password}

    def remove_person(self, request: Request) -> None:
        """Take somebody's role away; their account, which may have others, stays."""
        is_operator = self._callers.account(request).is_operator
        with self._of_people(request) as connection:
            auth.set_person(connection, request.path_params["email"], None, None, is_operator=is_operator)

    def add_link(self, request: Request, body: wire.NewLink) -> Any:
        """Make a share link: shown this once."""
        password_hash = auth.hash_password(body.password) if body.password else None
        with self._setting_up(request) as (connection, tenant_id):
            return {"link": auth.add_share_link(connection, tenant_id, body.label, body.days, password_hash)}

    def remove_link(self, request: Request) -> None:
        """End a share link."""
        with self._setting_up(request) as (connection, tenant_id):
            auth.remove_share_link(connection, tenant_id, request.path_params["link"])

    def describe_tenant(self, request: Request, body: wire.DescribeTenant) -> None:
        """Change what the tenant is called and counted by; the figures of its past follow before this is answered.

        Raises NotAccepted: ``second_factor_needed``, ``single_sign_on_needed`` when who has not signed in so wants it of all.
        """
        account = self._callers.account(request)
        if body.requireSecondFactor and not (account.has_second_factor or account.is_multi_factor):
            message = "set up a second factor of your own first: you would be locked out"
            raise NotAccepted("second_factor_needed", message, HTTPStatus.CONFLICT)
        if body.requireSingleSignOn and not account.is_single_sign_on:
            message = "sign in by single sign-on yourself first: you would be locked out"
            raise NotAccepted("single_sign_on_needed", message, HTTPStatus.CONFLICT)
        with self._acting(request, ("owner",)) as (connection, _):
            business.change_tenant(
                connection,
                name=body.name,
                industry=body.industry,
                time_zone=body.timeZone,
                currency=body.currency,
                week_start=body.weekStart,
                allowed_hosts=body.allowedHosts,
                own_hosts=body.ownHosts,
                ignored_referrers=body.ignoredReferrers,
                largest_value=None if body.largestValue is None else Decimal(str(body.largestValue)),
                require_second_factor=body.requireSecondFactor,
                require_single_sign_on=body.requireSingleSignOn,
            )

    def plan(self, request: Request) -> Any:
        """What the tenant may send, and has sent."""
        with self._acting(request, ("owner",)) as (connection, _):
            return auth.own_plan(connection)

    def hosts(self, request: Request) -> Any:
        """Whose pages sent something in the last 30 days, and whether they may."""
        with self._looking(request) as (connection, _):
            return business.list_sending_hosts(connection)

    def origins(self, request: Request) -> Any:
        """Which hosts are the tenant's own besides, and from which a visit never begins."""
        with self._looking(request) as (connection, _):
            return business.origins_of_tenant(connection)

    def event_types(self, request: Request) -> Any:
        """What the tenant may send, and what it sent but may not."""
        with self._looking(request) as (connection, _):
            return business.list_event_types(connection)

    def add_event_type(self, request: Request, body: wire.NewEventType) -> Any:
        """Accept an event type; what was refused for want of it is loaded."""
        with self._setting_up(request) as (connection, _):
            return {"reprocessed": business.add_event_type(connection, body.type, body.category, body.action)}

    def remove_event_type(self, request: Request) -> None:
        """Accept an event type no longer."""
        with self._setting_up(request) as (connection, _):
            if not business.remove_event_type(connection, request.path_params["type"]):
                raise NotAccepted("event_type_unknown", "there is no such event type of the tenant's own", HTTPStatus.NOT_FOUND)

    def add_tenant(self, request: Request, body: wire.NewTenant) -> None:
        """Add a tenant, with its industry's pack. Only operators may."""
        if not self._callers.account(request).is_operator:
            raise NotAccepted("role_needed", "only operators add tenants", HTTPStatus.FORBIDDEN)
        if self._administrators.named(body.tenant)[1] is not None:
            raise NotAccepted("tenant_exists", f"there is a tenant {body.tenant!r} already")
        with administering(self._home, hash_key(body.tenant)) as connection:
            auth.add_tenant(connection, auth.NewTenant(body.tenant, body.name, body.industry, body.timeZone, body.currency))
            if body.industry in auth.PACKS:
                api.apply_pack(connection, body.tenant, body.industry)

    @contextlib.contextmanager
    def _of_people(self, request: Request) -> Iterator[Connection]:
        tenant_id = self._callers.acts(request, ("owner",))
        with administering(self._home, hash_key(tenant_id)) as connection:
            yield connection

    def _looking(self, request: Request) -> contextlib.AbstractContextManager[tuple[Connection, str]]:
        return self._acting(request, _LOOKING)

    def _reading(self, request: Request) -> contextlib.AbstractContextManager[tuple[Connection, str]]:
        return self._acting(request, (*_LOOKING, "guest"))

    def _setting_up(self, request: Request) -> contextlib.AbstractContextManager[tuple[Connection, str]]:
        return self._acting(request, _SETTING_UP)

    @contextlib.contextmanager
    def _acting(self, request: Request, roles: tuple[auth.Role, ...]) -> Iterator[tuple[Connection, str]]:
        tenant_id = self._callers.acts(request, roles)
        with administering(self._administrators, hash_key(tenant_id)) as connection:
            yield connection, tenant_id
