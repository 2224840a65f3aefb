"""What is carried forward: whose snapshots are made of sums, to which each visit adds when it is over (sql/carried.sql)."""

from dataclasses import dataclass

from footfall.business.model import EVENT_ITEM, EVENT_PAGE
from footfall.vault import Link


@dataclass(frozen=True, slots=True)
class Carried:
    """A kind of thing that visits meet.

    Beside what is rendered for it, its own file of SQL has ``visit_<thing>s`` (what visits did with each), ``count_<thing>s``
    (that, added to the sums), ``<thing>_sums`` and ``<by>_sums`` (what all visits come to).

    Attributes:
        thing: its name; the tables are business.<thing>_visit_w, <thing>_w and <thing>_<by>_w.
        by: what else it is counted by.
        link: which event is about which.
        since: the schema that began to carry it.
    """

    thing: str
    by: str
    link: Link
    since: int

    @property
    def parts(self) -> dict[str, str]:
        """What is put in the places of carried.sql."""
        hub = self.link.hubs[1]
        return {
            "thing": self.thing,
            "Thing": self.thing.title(),
            "by": self.by,
            "link": self.link.table,
            "key": hub.hash_key,
            "satellite": f"{hub.name}_details",
            "since": str(self.since),
        }


CARRIED = (Carried("page", "title", EVENT_PAGE, 52), Carried("item", "day", EVENT_ITEM, 55))
