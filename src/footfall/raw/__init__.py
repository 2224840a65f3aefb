"""Events as received: landed durably, append-only, with a queue beside them that remembers what became of them."""

from footfall.raw.group_commit import GroupCommit
from footfall.raw.landing import IncomingEvent, land
from footfall.raw.numbers import without_swelling_numbers

__all__ = ["GroupCommit", "IncomingEvent", "land", "without_swelling_numbers"]
