"""The rate limit: a steady rate passes, a burst passes once, what is too much is told when to come back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.errors import NotAccepted
from footfall.web.rate import RateLimit


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_steady_rate_passes_for_ever() -> None:
    clock = Clock()
    limit = RateLimit(10, clock)
    for _ in range(1000):
        limit.admit(1, 10)
        clock.now += 1


def test_a_burst_passes_and_what_follows_is_told_when_to_come_back() -> None:
    clock = Clock()
    limit = RateLimit(10, clock)
    limit.admit(1, 50)
    with pytest.raises(NotAccepted) as refused:
        limit.admit(1, 20)
    assert (refused.value.code, refused.value.status, refused.value.retry_after) == ("rate_limited", 429, 2)
    limit.admit(2, 50)  # another key has a bucket of its own
    clock.now += refused.value.retry_after
    limit.admit(1, 20)


def test_a_request_larger_than_the_bucket_passes_alone() -> None:
    clock = Clock()
    limit = RateLimit(10, clock)
    limit.admit(1, 500)
    with pytest.raises(NotAccepted):
        limit.admit(1, 1)
    clock.now += 5
    limit.admit(1, 500)


def test_no_limit_is_no_limit() -> None:
    limit = RateLimit(0)
    for _ in range(10):
        limit.admit(1, 1_000_000)


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(1, 40)), max_size=50))
def test_never_more_than_rate_and_burst_pass(requests: list[tuple[float, int]]) -> None:
    clock = Clock()
    limit = RateLimit(10, clock)
    passed = 0
    for pause, events in requests:
        clock.now += pause
        try:
            limit.admit(1, events)
        except NotAccepted:
            continue
        passed += events
    assert passed <= 10 * (clock.now - 100) + 50 + 1e-6


def test_fifty_thousand_others_do_not_make_a_limit_forget_the_latest() -> None:
    limit = RateLimit(1, Clock(), burst_seconds=2)
    for _ in range(2):
        limit.admit("guesser")
    for number in range(49_999):
        limit.admit(number)
    with pytest.raises(NotAccepted):
        limit.admit("guesser")
    for number in range(60_000):  # the oldest are forgotten, never all
        limit.admit(("other", number))
    assert len(limit._full_at) == 50_000  # noqa: SLF001  its memory is what this is about
