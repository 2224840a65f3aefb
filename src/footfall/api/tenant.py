"""Whom a question is about, and what of that tenant its answer depends on."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import msgspec
from psycopg.rows import dict_row

from footfall.api.questions.question import WeekStart
from footfall.api.refused import refuse
from footfall.api.zone import StoreZone, Zone
from footfall.database import Connection

# A session that is bound to a tenant asks about that one; a worker, which is bound to none, about whom it names.
_TENANT = r"""
SELECT t.tenant_hk, t.public_id AS tenant_id, t.time_zone, t.currency, t.week_start, n.now,
       t.is_active, auth.tenant_named(%(named)s) = t.tenant_hk AS is_named,
       n.now AT TIME ZONE t.time_zone AS clock,
       api.freshness(t.tenant_hk) AS freshness,
       CASE WHEN k.is_retiring THEN nullif(business.first_day(t.tenant_hk, 'events'), '-infinity') END AS events_from,
       CASE WHEN k.is_retiring THEN nullif(business.first_day(t.tenant_hk, 'marts'), '-infinity') END AS figures_from,
       ARRAY(SELECT DISTINCT ARRAY[r.event_type, r.event_action] FROM ref.conversion_rule r
             WHERE r.tenant_hk IN (t.tenant_hk, '\x') ORDER BY 1) AS conversion_acts,
       ARRAY(SELECT ARRAY[g.goal, g.filter, g.value::text, g.currency, coalesce(g.later_values, '[]')::text] FROM ref.goal g
             WHERE g.tenant_hk = t.tenant_hk ORDER BY g.goal COLLATE "C") AS goals
FROM auth.tenant_v t
CROSS JOIN (SELECT util.current_load_date() AS now OFFSET 0) n
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM raw.kept_since k WHERE k.tenant_hk = t.tenant_hk AND k.layer IN ('events', 'marts')) AS is_retiring) k
WHERE t.tenant_hk = CASE
    WHEN util.current_tenant() IS NOT NULL THEN util.current_tenant()
    WHEN util.is_operator() THEN auth.tenant_named(%(named)s)
END
"""
_CAN_BE_MEANT = """
SELECT util.current_tenant() IS NOT NULL OR util.is_operator() AND %s::text IS NOT NULL
"""


class GoalValue(msgspec.Struct, frozen=True, rename={"since": "from"}):
    """What a goal is worth from a day of the tenant on; None: what an event says."""

    since: date
    value: Decimal | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Goal:
    """What a tenant wants its visitors to do; without a value, an event says what it is worth. `later`: what holds later on."""

    goal: str
    filter: str
    value: Decimal | None
    currency: str | None
    later: tuple[GoalValue, ...] = ()


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant as questions know it.

    Attributes:
        now: the moment of asking; `clock`: what the tenant's clocks show then.
        freshness: how far answers are behind.
        events_from, figures_from: the first day of which retention has left events, and visits and figures; None: all.
        goals: by name.
        conversion_acts: which (event type, event action) can be conversions.
    """

    tenant_hk: bytes
    tenant_id: str
    time_zone: str
    currency: str
    week_start: WeekStart
    now: datetime
    clock: datetime
    freshness: dict[str, Any]
    goals: tuple[Goal, ...]
    conversion_acts: tuple[tuple[str, str], ...]
    zone: Zone
    events_from: date | None = None
    figures_from: date | None = None

    @property
    def filters(self) -> dict[str, str]:
        """The filters of its goals, by name."""
        return {goal.goal: goal.filter for goal in self.goals}


def asking_tenant(connection: Connection, request: dict[str, Any]) -> Tenant:
    """The tenant that asks.

    Raises Refused: ``tenant_required``, ``tenant_mismatch`` (the request names another), ``tenant_unknown``, ``tenant_disabled``.
    """
    asked = request.get("tenantId", request.get("tenant_id"))
    named = None if asked is None else str(asked)
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_TENANT, {"named": named}).fetchone()
    if row is None:
        if connection.execute(_CAN_BE_MEANT, (named,)).fetchone() == (True,):
            refuse("tenant_unknown", "", status=HTTPStatus.NOT_FOUND)
        refuse("tenant_required", "", status=HTTPStatus.UNAUTHORIZED)
    if row.pop("is_named") is False:
        refuse("tenant_mismatch", "", status=HTTPStatus.FORBIDDEN)
    if not row.pop("is_active"):
        refuse("tenant_disabled", "", status=HTTPStatus.FORBIDDEN)
    goals = (
        Goal(goal, text, None if value is None else Decimal(value), unit, _decode_values(later))
        for goal, text, value, unit, later in row.pop("goals")
    )
    acts = (tuple(act) for act in row.pop("conversion_acts"))
    zone = StoreZone(connection, row["time_zone"])
    return Tenant(**row, goals=tuple(goals), conversion_acts=tuple(acts), zone=zone)


_decode_values = msgspec.json.Decoder(tuple[GoalValue, ...]).decode
