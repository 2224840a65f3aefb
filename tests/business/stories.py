"""What happens to a site in random stories: events of whom, and what is done to what is stored, whatever a story is about."""

import contextlib
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from footfall.errors import NotAccepted
from footfall.judgement.rules import read_rules
from footfall.operations import rules
from site_under_test import BOT, NOON, Site, at

# as the edge knows them, nobody, under a session's id; "x with an id": somebody whom the edge knows as x, and who has consented
WHO = st.sampled_from(["x", "y", "", "session s", "session t", "x with an id"])
IS_BOT = st.sampled_from([False] * 6 + [True])
CLOSED = st.tuples(st.just("close"), st.integers(-1000, 2000))
REMOVED = st.tuples(st.just("remove"), st.integers(2, 4))
JUDGED = st.tuples(st.just("judge"), st.sampled_from([0, 1]))
# a visit of one view is a bot's, by the tenant's own rules
_BY_BEHAVIOUR = {"behaviour": {"views_without_engagement": 1}}


def sent(payload: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    """What an event says, at its minutes, from who sends it, as the door would have it."""
    said = {key: value for key, value in payload.items() if value is not None} | {"event_timestamp": at(event["minutes"])}
    if event["is_bot"]:
        said["_user_agent"] = BOT
    match event["who"].split():
        case []:
            return said
        case ["session", name]:
            return said | {"session_id": name, "visitor_id": f"of {name}"}
        case [name, *has_id]:
            return said | {"_visitor_id": name} | ({"visitor_id": f"id of {name}"} if has_id else {})
    raise AssertionError(event["who"])


def tell(site: Site, step: tuple[str, int]) -> None:
    """Do to what is stored what a step says: close what is over some minutes after noon, remove events, judge by other rules."""
    what, how = step
    match what:
        case "close":
            site.close(NOON + timedelta(minutes=how))
        case "remove":
            site.value(
                "SELECT business.remove_events(%s, ARRAY(SELECT site_event_hk FROM business.site_event_details_s"
                " WHERE tenant_hk = %s AND raw_event_id %% %s = 0))",
                site.tenant_hk,
                site.tenant_hk,
                how,
            )
        case "judge":
            with contextlib.suppress(NotAccepted):  # they are in force already
                rules.apply(site.connection, site.tenant_hk, read_rules(_BY_BEHAVIOUR if how else {}))
        case _:
            raise AssertionError(what)
