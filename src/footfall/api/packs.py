"""Industry packs at work: a tenant gets the goals and the funnel of its industry."""

from footfall.api.funnels import save_funnel
from footfall.api.goals import add_goal
from footfall.auth import PACKS
from footfall.database import Connection
from footfall.errors import NotAccepted


def apply_pack(connection: Connection, tenant_id: str, industry: str) -> None:
    """Give a tenant the goals and the funnel of an industry; what it has under other names stays.

    Raises NotAccepted: ``tenant_unknown``, ``industry_unknown``.
    """
    pack = PACKS.get(industry)
    if pack is None:
        raise NotAccepted("industry_unknown", f"there are packs for {', '.join(PACKS)}, not for {industry!r}")
    for goal, filter_text in pack.goals:
        add_goal(connection, tenant_id, goal, filter_text, None, None)
    save_funnel(connection, tenant_id, pack.conversions, {"steps": list(pack.funnel_steps)})
