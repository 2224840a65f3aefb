"""Turns at the store's readers: who asks much waits, and nobody waits for them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from footfall.errors import NotAccepted
from footfall.settings import Settings
from footfall.web import application
from footfall.web.readers import Readers, Turns


class _Office:
    """Askers who hold their turns until they are told to let go."""

    def __init__(self, turns: Turns, share: int = 2) -> None:
        self.turns, self.share = turns, share
        self.at_work: list[str] = []
        self._tasks: list[tuple[str, asyncio.Task[None], asyncio.Event]] = []

    async def comes(self, *askers: str) -> None:
        for asker in askers:
            leave = asyncio.Event()
            self._tasks.append((asker, asyncio.create_task(self._asks(asker, leave)), leave))
        await _settled()

    async def leaves(self, asker: str) -> None:
        entry = next(entry for entry in self._tasks if entry[0] == asker)
        self._tasks.remove(entry)
        entry[2].set()
        await entry[1]
        await _settled()

    async def _asks(self, asker: str, leave: asyncio.Event) -> None:
        async with self.turns.turn(asker, self.share):
            self.at_work.append(asker)
            await leave.wait()
            self.at_work.remove(asker)

    async def close(self) -> None:
        for _, task, _ in self._tasks:
            task.cancel()
        await asyncio.gather(*(task for _, task, _ in self._tasks), return_exceptions=True)


async def _settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def office(slots: int, queue: int = 10, patience: float = 60.0) -> AsyncIterator[_Office]:
    place = _Office(Turns(slots, queue, patience))
    try:
        yield place
    finally:
        await place.close()


def test_one_asker_has_a_share_and_others_come_at_once() -> None:
    async def story() -> None:
        async with office(slots=4) as place:
            await place.comes("loud", "loud", "loud", "loud", "quiet")
            assert sorted(place.at_work) == ["loud", "loud", "quiet"]

    asyncio.run(story())


def test_who_has_fewest_at_work_is_next() -> None:
    async def story() -> None:
        async with office(slots=2) as place:
            await place.comes("loud", "loud", "loud", "quiet")
            assert place.at_work == ["loud", "loud"]
            await place.leaves("loud")
            assert place.at_work == ["loud", "quiet"]

    asyncio.run(story())


def test_of_two_who_wait_who_used_less_is_next() -> None:
    now = [0.0]

    async def story() -> None:
        place = _Office(Turns(1, 10, 60.0, clock=lambda: now[0]))
        await place.comes("dear")
        now[0] += 30
        await place.comes("other")
        await place.leaves("dear")
        await place.comes("dear", "cheap")
        await place.leaves("other")
        assert place.at_work == ["cheap"]
        await place.close()

    asyncio.run(story())


def test_who_has_too_many_waiting_is_told_so_and_keeps_nobody_out() -> None:
    async def story() -> None:
        async with office(slots=1, queue=2) as place:
            await place.comes("loud", "loud", "loud")
            with pytest.raises(NotAccepted) as refused:
                async with place.turns.turn("loud", 2):
                    pass
            assert (refused.value.code, refused.value.status, refused.value.retry_after) == ("too_many_questions", 503, 2)
            await place.comes("quiet")
            await place.leaves("loud")
            assert place.at_work == ["quiet"]

    asyncio.run(story())


def test_nobody_waits_for_ever_and_who_gives_up_takes_no_turn() -> None:
    async def story() -> None:
        async with office(slots=1, patience=0.01) as place:
            await place.comes("holder")
            for _ in range(3):
                with pytest.raises(NotAccepted):
                    async with place.turns.turn("other", 2):
                        pass
            await place.leaves("holder")
            await place.comes("other")
            assert place.at_work == ["other"]

    asyncio.run(story())


def test_nothing_is_remembered_of_who_is_gone() -> None:
    now = [0.0]

    async def story() -> None:
        turns = Turns(2, 10, 60.0, clock=lambda: now[0])
        for number in range(2000):
            async with turns.turn(number, 2):
                now[0] += 0.01
        now[0] += 3600
        async with turns.turn("last", 2):
            pass
        assert len(turns._askers) <= 1  # noqa: SLF001  that is what this is about

    asyncio.run(story())


def test_a_stream_that_gets_no_turn_ends_and_says_nothing_wrong(url: str, keys: dict[str, str], monkeypatch) -> None:
    asked = []

    async def answer(self: Readers, reader: object, work: object) -> tuple[list[object], datetime]:
        asked.append(reader)
        if len(asked) > 1:
            raise NotAccepted("too_many_questions", "")
        return [], datetime(2026, 3, 10, tzinfo=UTC)

    monkeypatch.setattr(Readers, "answer", answer)
    with TestClient(application(Settings(), url)) as client:  # which raises what a server would only log
        told = client.get("/api/analytics/realtime/stream", headers={"X-Footfall-Key": keys["read"]})
    assert (told.status_code, told.text.count("id:")) == (200, 1)
