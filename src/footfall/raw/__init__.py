"""Events as received: landed durably, append-only, with a queue beside them that remembers what became of them."""

from footfall.raw.group_commit import GroupCommit
from footfall.raw.landing import IncomingEvent, land

__all__ = ["GroupCommit", "IncomingEvent", "land"]
