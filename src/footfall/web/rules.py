"""A tenant's own rules over HTTP, for its owners: shown, compared, tried, put in force, taken back.

What looks at all that is stored is asked for, and done by a worker (`footfall.operations.rule_tasks`); the page asks what came of
it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from footfall.auth import OF_NO_TENANT
from footfall.database import Connection, Pools, administering
from footfall.judgement.rules import RuleSet, as_json, channel_groups, read_rules
from footfall.operations import rule_tasks
from footfall.operations import rules as own
from footfall.vault.hashing import hash_key
from footfall.web import setup_wire as wire
from footfall.web.answers import answering, answering_body
from footfall.web.callers import Callers

_MOST_BYTES = 1 << 19  # five hundred rules of each kind


class Rules:
    """The addresses under /api/setup/rules, for owners. Each answers `{success, message, data}` or a refusal."""

    def __init__(self, callers: Callers, administrators: Pools) -> None:
        self._callers = callers
        self._administrators = administrators

    def routes(self) -> list[Route]:
        """One address a thing, one method a verb."""
        posted = (
            ("diff", wire.SomeRules, self.diff),
            ("preview", wire.PreviewedRules, self.preview),
            ("apply", wire.AppliedRules, self.apply),
            ("revert", wire.RevertedRules, self.revert),
        )
        return [
            Route("/api/setup/rules", answering(self.show), methods=["GET"]),
            Route("/api/setup/rules/task", answering(self.task), methods=["GET"]),
            *(
                Route(f"/api/setup/rules/{name}", answering_body(kind, action, most_bytes=_MOST_BYTES), methods=["POST"])
                for name, kind, action in posted
            ),
        ]

    def show(self, request: Request) -> Any:
        """The rules in force, and all sets that there ever were, the latest first. Raises NotAccepted: ``role_needed``."""
        with self._owned(request) as (connection, tenant_hk):
            known = own.versions(connection, tenant_hk)
            general = own.versions(connection, OF_NO_TENANT)
            made_by = rule_tasks.makers(connection, known)
            task = rule_tasks.last_task(connection, tenant_hk)
        return {
            "rules": as_json(known[0].rules) if known else {},
            "versions": [
                {
                    "version": one.version,
                    "rules": as_json(one.rules),
                    "digest": one.digest,
                    "made_by": made_by[one.made_by],
                    "made_at": one.made_at,
                    "reason": one.reason,
                    "reverts": one.reverts,
                    "until": one.until,
                    "receipt": one.receipt,
                }
                for one in known
            ],
            "general": [
                {"version": one.version, "digest": one.digest, "reason": one.reason, "made_at": one.made_at} for one in general
            ],
            "channels": list(channel_groups()),
            "task": None if task is None else asdict(task),
        }

    def task(self, request: Request) -> Any:
        """What was asked last, and what came of it; null: nothing was asked within an hour."""
        with self._owned(request) as (connection, tenant_hk):
            task = rule_tasks.last_task(connection, tenant_hk)
        return None if task is None else asdict(task)

    def diff(self, request: Request, body: wire.SomeRules) -> Any:
        """How rules differ from those in force. Raises NotAccepted: ``role_needed``, ``rules_invalid``."""
        with self._owned(request) as (connection, tenant_hk):
            return {"lines": own.difference(own.rules_in_force(connection, tenant_hk), _read(body), "in force", "these")}

    def preview(self, request: Request, body: wire.PreviewedRules) -> Any:
        """Ask what rules would change. Raises NotAccepted: ``role_needed``, ``rules_invalid``, ``rules_busy``."""
        with self._owned(request) as (connection, _):
            return {"task": rule_tasks.ask(connection, "preview", _read(body), days=body.days)}

    def apply(self, request: Request, body: wire.AppliedRules) -> Any:
        """Ask to put rules in force. Raises NotAccepted: ``role_needed``, ``rules_invalid``, ``rules_busy``."""
        with self._owned(request) as (connection, _):
            return {"task": rule_tasks.ask(connection, "apply", _read(body), reason=body.why.strip())}

    def revert(self, request: Request, body: wire.RevertedRules) -> Any:
        """Ask to take back the rules in force. Raises NotAccepted: ``role_needed``, ``rules_busy``."""
        with self._owned(request) as (connection, _):
            return {"task": rule_tasks.ask(connection, "revert", reason=body.why.strip())}

    @contextmanager
    def _owned(self, request: Request) -> Iterator[tuple[Connection, bytes]]:
        tenant_hk = hash_key(self._callers.acts(request, ("owner",)))
        with administering(self._administrators, tenant_hk) as connection:
            yield connection, tenant_hk


def _read(body: wire.SomeRules) -> RuleSet:
    return read_rules(body.rules)
