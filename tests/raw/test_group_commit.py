"""The group commit: who arrives while a commit is under way shares the next; nothing is acknowledged that was not stored."""

import threading
import time
from datetime import UTC, datetime

import pytest

from footfall.errors import StoreUnavailable
from footfall.raw import GroupCommit, IncomingEvent
from site_under_test import Site


def event(payload: str = '{"evt_type": "page_view"}', tenant: str = "acme") -> IncomingEvent:
    return IncomingEvent(tenant, datetime.now(UTC), payload, "test")


def test_requests_that_wait_together_are_committed_together(site: Site, url: str) -> None:
    commits = GroupCommit(url, 1000)
    futures = [commits.submit([event(), event()]) for _ in range(10)]  # not started yet: all of them wait
    commits.start()
    assert [future.result(10) for future in futures] == [[True, True]] * 10
    commits.close()
    assert site.rows("SELECT event_count FROM raw.ingest_batch") == [(20,)]


def test_a_batch_is_of_one_tenant(site: Site, url: str) -> None:
    Site(site.connection, "other")
    commits = GroupCommit(url, 1000)
    future = commits.submit([event(tenant="acme"), event(tenant="other"), event(tenant="acme")])
    commits.start()
    assert future.result(10) == [True] * 3
    commits.close()
    assert sorted(site.rows("SELECT event_count FROM raw.ingest_batch")) == [(1,), (2,)]


def test_what_cannot_be_stored_is_told_apart_from_its_neighbours(site: Site, url: str) -> None:
    commits = GroupCommit(url, 1000)
    futures = [commits.submit([event(), event("{broken")]), commits.submit([event()])]
    commits.start()
    assert [future.result(10) for future in futures] == [[True, False], [True]]
    commits.close()
    assert site.value("SELECT count(*) FROM raw.site_tracking_events_r") == 2


def test_many_threads_lose_nothing(site: Site, url: str) -> None:
    commits = GroupCommit(url, 100_000)
    commits.start()
    stored: list[bool] = []

    def send() -> None:
        for _ in range(25):
            stored.extend(commits.submit([event()]).result(30))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    commits.close()
    assert stored == [True] * 200
    assert site.value("SELECT count(*) FROM raw.site_tracking_events_r") == 200


def test_too_much_is_refused_and_what_waits_is_landed_when_it_closes(site: Site, url: str) -> None:
    commits = GroupCommit(url, 3)
    future = commits.submit([event()] * 3)
    with pytest.raises(StoreUnavailable):
        commits.submit([event()])
    commits.start()
    commits.close()
    assert future.result(0) == [True] * 3
    with pytest.raises(StoreUnavailable):
        commits.submit([event()])


def test_without_a_store_everybody_is_told(url: str) -> None:
    commits = GroupCommit("postgresql://nobody@127.0.0.1:1/none", 10)
    future = commits.submit([event()])
    commits.start()
    with pytest.raises(StoreUnavailable):
        future.result(30)
    commits.close()


def test_a_sender_that_goes_away_disturbs_nobody(site: Site, url: str) -> None:
    commits = GroupCommit(url, 1000)
    gone, waiting = commits.submit([event()]), commits.submit([event()])
    gone.cancel()
    commits.start()
    assert waiting.result(10) == [True]
    assert commits.submit([event()]).result(10) == [True]
    commits.close()
    assert site.value("SELECT count(*) FROM raw.site_tracking_events_r") == 2


def test_refusals_that_could_not_be_counted_are_counted_later(site: Site, owner, url: str) -> None:
    owner.execute("ALTER TABLE raw.refusal RENAME TO refusal_away")
    commits = GroupCommit(url, 1000)
    commits.count_refusal(site.tenant_hk, "too_deep", 3)
    commits.start()
    time.sleep(0.2)
    owner.execute("ALTER TABLE raw.refusal_away RENAME TO refusal")
    commits.count_refusal(site.tenant_hk, "too_deep")
    commits.submit([event()])
    for _ in range(100):
        if site.rows("SELECT refused_count FROM raw.refusal") == [(4,)]:
            break
        time.sleep(0.05)
    commits.close()
    assert site.rows("SELECT reason, refused_count FROM raw.refusal") == [("too_deep", 4)]
