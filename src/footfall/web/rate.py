"""How often something may be done: a token bucket for each key or address, in the memory of each server process."""

import math
import time
from collections.abc import Callable, Hashable
from http import HTTPStatus

from footfall.errors import NotAccepted


class RateLimit:
    """Lets each key do so many things a second, and a burst of that of a few seconds; 0 lets everybody do everything.

    What is kept is one moment for each key: when its bucket will be full again (the generic cell rate algorithm, ITU-T I.371).
    """

    _KEPT = 50_000

    def __init__(
        self,
        events_per_second: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        burst_seconds: float = 5.0,
        what: str = "event",
    ) -> None:
        self._seconds_an_event = 1 / events_per_second if events_per_second else 0.0
        self._burst_seconds = burst_seconds
        self._what = what
        self._clock = clock
        self._full_at: dict[Hashable, float] = {}

    def admit(self, key: Hashable, events: int = 1, per_second: float | None = None) -> None:
        """Count these; `per_second`: the key has a rate of its own.

        Raises NotAccepted: ``rate_limited`` (429), which tells when to come back.
        """
        seconds_an_event = self._seconds_an_event if per_second is None else 1 / per_second
        if not seconds_an_event:
            return
        now = self._clock()
        # a request larger than the whole bucket finds room in an empty one: it could never be sent otherwise
        cost = min(events * seconds_an_event, self._burst_seconds)
        full_at = max(self._full_at.get(key, now), now) + cost
        if (wait := full_at - now - self._burst_seconds) > 0:
            raise NotAccepted(
                "rate_limited",
                f"more than {1 / seconds_an_event:,.2g} {self._what}s a second",
                HTTPStatus.TOO_MANY_REQUESTS,
                retry_after=math.ceil(wait),
            )
        # the last come last: who is forgotten has not been here for longest
        self._full_at.pop(key, None)
        if len(self._full_at) >= self._KEPT:
            del self._full_at[next(iter(self._full_at))]
        self._full_at[key] = full_at
