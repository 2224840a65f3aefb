"""A tenant's time zone, as the store knows it: zones change, and two programs rarely know the same version of them."""

from collections.abc import Hashable
from datetime import date, datetime
from typing import Any, Protocol

from footfall.database import Connection

_MOST_KNOWN = 100_000
_known: dict[Hashable, Any] = {}


class Zone(Protocol):
    """What questions ask of a time zone."""

    def day_start(self, day: date) -> datetime:
        """When a day begins. A midnight that comes twice: the first; one that never comes: when the clocks are put forward."""

    def moment(self, local: datetime) -> datetime:
        """When the clocks show this."""

    def local(self, moment: datetime) -> datetime:
        """What the clocks show then."""


class StoreZone:
    """A time zone by its name; asks the store, and never again what it knows."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._name = name

    def day_start(self, day: date) -> datetime:
        """When a day begins."""
        found: datetime = self._ask("SELECT util.day_start(%s, %s)", day)
        return found

    def moment(self, local: datetime) -> datetime:
        """When the clocks show this."""
        found: datetime = self._ask("SELECT %s::timestamp AT TIME ZONE %s", local)
        return found

    def local(self, moment: datetime) -> datetime:
        """What the clocks show then."""
        found: datetime = self._ask("SELECT %s::timestamptz AT TIME ZONE %s", moment)
        return found

    def _ask(self, question: str, about: date) -> Any:
        key = (question, about, self._name)
        if key not in _known:
            if len(_known) >= _MOST_KNOWN:
                _known.clear()
            ((_known[key],),) = self._connection.execute(question, (about, self._name)).fetchall()
        return _known[key]
