"""The group commit: who arrives while a commit is under way shares the next; nothing is acknowledged that was not stored."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from footfall.errors import NotAccepted, StoreUnavailable
from footfall.raw import GroupCommit, IncomingEvent
from site_under_test import Site


def event(payload: str = '{"evt_type": "page_view"}', tenant: str = "acme") -> IncomingEvent:
    return IncomingEvent(tenant, datetime.now(UTC), payload, "test")


@contextlib.asynccontextmanager
async def started(commits: GroupCommit) -> AsyncIterator[None]:
    commits.start()
    try:
        yield
    finally:
        await commits.close()


async def all_waiting(commits: GroupCommit, *requests: list[IncomingEvent]) -> list[asyncio.Task]:
    """Requests that wait already when the first commit begins."""
    tasks = [asyncio.ensure_future(commits.submit(request)) for request in requests]
    await asyncio.sleep(0)
    return tasks


def test_requests_that_wait_together_are_committed_together(site: Site, url: str) -> None:
    async def send() -> None:
        commits = GroupCommit(url, 1000)
        tasks = await all_waiting(commits, *[[event(), event()]] * 10)
        async with started(commits):
            assert await asyncio.gather(*tasks) == [[True, True]] * 10

    asyncio.run(send())
    assert site.rows("SELECT event_count FROM raw.ingest_batch") == [(20,)]


def test_a_batch_is_of_one_tenant(site: Site, url: str) -> None:
    Site(site.connection, "other")

    async def send() -> None:
        commits = GroupCommit(url, 1000)
        async with started(commits):
            events = [event(tenant="acme"), event(tenant="other"), event(tenant="acme")]
            assert await commits.submit(events) == [True] * 3

    asyncio.run(send())
    assert sorted(site.rows("SELECT event_count FROM raw.ingest_batch")) == [(1,), (2,)]


def test_who_sends_little_is_in_the_next_commit_however_much_others_send(site: Site, url: str) -> None:
    Site(site.connection, "other")
    much = event('{"evt_type": "page_view", "page_title": "' + "x" * 10_000 + '"}')

    async def send() -> None:
        commits = GroupCommit(url, 1000)
        tasks = await all_waiting(commits, [much] * 300, [much] * 300, [event(tenant="other")])
        async with started(commits):
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            assert done == {tasks[2]}
            assert await asyncio.gather(*tasks) == [[True] * 300, [True] * 300, [True]]

    asyncio.run(send())
    assert site.value("SELECT count(*) FROM raw.site_tracking_events_r") == 601


def test_a_tenant_that_has_too_much_waiting_leaves_room_for_others(site: Site, url: str) -> None:
    Site(site.connection, "other")

    async def send() -> None:
        commits = GroupCommit(url, 3)
        tasks = await all_waiting(commits, [event()] * 3, [event(tenant="other")] * 3)
        with pytest.raises(NotAccepted, match="too many events wait"):
            await commits.submit([event()])
        async with started(commits):
            assert await asyncio.gather(*tasks) == [[True] * 3] * 2

    asyncio.run(send())


def test_what_cannot_be_stored_is_told_apart_from_its_neighbours(site: Site, url: str) -> None:
    async def send() -> None:
        commits = GroupCommit(url, 1000)
        tasks = await all_waiting(commits, [event(), event("{broken")], [event()])
        async with started(commits):
            assert await asyncio.gather(*tasks) == [[True, False], [True]]

    asyncio.run(send())
    assert site.value("SELECT count(*) FROM raw.site_tracking_events_r") == 2


def test_many_senders_lose_nothing(site: Site, url: str) -> None:
    async def send_one_after_the_other(commits: GroupCommit) -> list[bool]:
        return [stored for _ in range(25) for stored in await commits.submit([event()])]

    async def send() -> None:
        commits = GroupCommit(url, 100_000)
        async with started(commits):
            stored = await asyncio.gather(*[send_one_after_the_other(commits) for _ in range(40)])
        assert stored == [[True] * 25] * 40

    asyncio.run(send())
    assert site.value("SELECT count(*) FROM raw.site_tracking_events_r") == 1000


def test_too_much_is_refused_and_what_waits_is_landed_when_it_closes(site: Site, url: str) -> None:
    async def send() -> None:
        commits = GroupCommit(url, 3)
        (waiting,) = await all_waiting(commits, [event()] * 3)
        with pytest.raises(NotAccepted, match="too many events wait") as refused:
            await commits.submit([event()])
        assert (refused.value.code, refused.value.retry_after) == ("overloaded", 1)
        async with started(commits):
            pass
        assert await waiting == [True] * 3
        with pytest.raises(StoreUnavailable):
            await commits.submit([event()])

    asyncio.run(send())


def test_what_was_stored_makes_room_for_more(site: Site, url: str) -> None:
    async def send() -> None:
        commits = GroupCommit(url, 3)
        async with started(commits):
            for _ in range(4):
                assert await commits.submit([event()] * 3) == [True] * 3

    asyncio.run(send())


def test_without_a_store_everybody_is_told_and_whoever_comes_later_at_once() -> None:
    async def send() -> None:
        commits = GroupCommit("postgresql://nobody@127.0.0.1:1/none", 10)
        (waiting,) = await all_waiting(commits, [event()])
        async with started(commits):
            with pytest.raises(StoreUnavailable):
                await waiting
            with pytest.raises(StoreUnavailable):
                commits.require_open()

    asyncio.run(send())


def test_a_sender_that_goes_away_disturbs_nobody(site: Site, url: str) -> None:
    async def send() -> None:
        commits = GroupCommit(url, 1000)
        gone, waiting = await all_waiting(commits, [event()], [event()])
        async with started(commits):
            gone.cancel()
            assert await waiting == [True]
            assert await commits.submit([event()]) == [True]

    asyncio.run(send())
    assert site.value("SELECT count(*) FROM raw.site_tracking_events_r") >= 2


def test_refusals_that_could_not_be_counted_are_counted_later(site: Site, owner, url: str) -> None:
    async def count() -> None:
        owner.execute("ALTER TABLE raw.refusal RENAME TO refusal_away")
        commits = GroupCommit(url, 1000)
        commits.count_refusal(site.tenant_hk, "too_deep", 3)
        async with started(commits):
            await asyncio.sleep(0.2)
            owner.execute("ALTER TABLE raw.refusal_away RENAME TO refusal")
            commits.count_refusal(site.tenant_hk, "too_deep")
            for _ in range(100):
                if site.rows("SELECT refused_count FROM raw.refusal") == [(4,)]:
                    break
                await asyncio.sleep(0.05)

    asyncio.run(count())
    assert site.rows("SELECT reason, refused_count FROM raw.refusal") == [("too_deep", 4)]
