"""Events as received: landed durably, append-only, with a queue beside them that remembers what became of them."""

from footfall.raw.commits import Commits
from footfall.raw.group_commit import GroupCommit
from footfall.raw.landing import MOVING, IncomingEvent, land, moving, tenant_moving
from footfall.raw.numbers import without_swelling_numbers

__all__ = ["MOVING", "Commits", "GroupCommit", "IncomingEvent", "land", "moving", "tenant_moving", "without_swelling_numbers"]
