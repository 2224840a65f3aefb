"""How many events a key may send: a token bucket for each key, in the memory of each server process."""

import math
import time
from collections.abc import Callable
from http import HTTPStatus

from footfall.errors import NotAccepted


class RateLimit:
    """Lets each key send so many events a second, and a burst of that of a few seconds; 0 lets everybody send everything.

    What is kept is one moment for each key: when its bucket will be full again (the generic cell rate algorithm, ITU-T I.371).
    """

    _BURST_SECONDS = 5.0

    def __init__(self, events_per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds_an_event = 1 / events_per_second if events_per_second else 0.0
        self._clock = clock
        self._full_at: dict[int, float] = {}

    def admit(self, access_key_id: int, events: int) -> None:
        """Count these events. Raises NotAccepted: ``rate_limited`` (429), which tells when to come back."""
        if not self._seconds_an_event:
            return
        now = self._clock()
        # a request larger than the whole bucket finds room in an empty one: it could never be sent otherwise
        cost = min(events * self._seconds_an_event, self._BURST_SECONDS)
        full_at = max(self._full_at.get(access_key_id, now), now) + cost
        if (wait := full_at - now - self._BURST_SECONDS) > 0:
            raise NotAccepted(
                "rate_limited",
                f"this key sends more than {1 / self._seconds_an_event:,.0f} events a second",
                HTTPStatus.TOO_MANY_REQUESTS,
                retry_after=math.ceil(wait),
            )
        self._full_at[access_key_id] = full_at
