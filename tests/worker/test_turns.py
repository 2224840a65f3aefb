"""What one tenant gives the worker to do, others need not wait for."""

import threading
from datetime import timedelta

import pytest

from footfall.database import Connection
from footfall.settings import Settings
from footfall.worker import Loaded, loop
from footfall.worker.diary import Diary
from footfall.worker.loop import close_sessions, following_size, refresh
from site_under_test import NOON, Site, at, view


@pytest.fixture
def two(worker: Connection) -> tuple[Site, Site]:
    """A tenant with much to do, and one with little."""
    loud, quiet = Site(worker, "loud"), Site(worker, "quiet")
    loud.land(*(view(f"/{n}", n, session_id=f"s-{n}", visitor_id=f"v-{n}") for n in range(40)))
    loud.load()
    quiet.land(view("/", 30, session_id="s", visitor_id="v"))
    quiet.load()
    return loud, quiet


def closed(site: Site) -> int:
    return len(site.table("business.site_session_details_s"))


def test_sessions_are_closed_in_turns_of_their_tenants_the_longest_silent_first(two: tuple[Site, Site]) -> None:
    loud, quiet = two
    loud.set_clock(NOON + timedelta(days=2))
    assert close_sessions(loud.connection, 4) == 4
    assert (closed(quiet), closed(loud)) == (1, 3)
    starts = sorted(row["session_start_time"] for row in loud.table("business.site_session_details_s"))
    assert [start[:19] for start in starts] == [at(minute)[:19] for minute in range(3)]


def test_visitors_pages_and_items_are_computed_in_turns_of_their_tenants(two: tuple[Site, Site]) -> None:
    loud, quiet = two
    loud.close()
    loud.set_clock(NOON + timedelta(days=400))
    assert refresh(loud.connection, Settings(), 2) == 4  # two visitors, two pages
    for table in ("site_visitor_details_s", "site_page_details_s"):
        assert (len(quiet.table(f"business.{table}")), len(loud.table(f"business.{table}"))) == (1, 1)


def test_what_is_of_long_ago_waits_for_what_is_of_today(worker: Connection) -> None:
    importing, selling = Site(worker, "importing"), Site(worker, "selling")
    for number in range(5):
        importing.land(view(f"/{number}", number), is_late=True)
    selling.land(view("/a", 0))
    importing.land(view("/today", 0))
    claimed = worker.execute("SELECT business.claim_batches(2)").fetchone()[0]  # type: ignore[index]
    tenants = worker.execute(
        "SELECT t.tenant_bk, b.next_attempt_at = '-infinity' FROM raw.ingest_batch b JOIN auth.tenant_h t USING (tenant_hk)"
        " WHERE b.batch_id = ANY (%s) ORDER BY 1",
        (claimed,),
    ).fetchall()
    assert tenants == [("importing", True), ("selling", True)]
    assert importing.load() == 7


def test_of_a_commit_with_both_all_is_of_today(site: Site) -> None:
    site.land(view("/old", 0, _is_late=True), view("/new", 1))
    assert site.value("SELECT next_attempt_at = '-infinity' FROM raw.ingest_batch")


def test_upkeep_does_a_slice_of_each_job_however_much_there_is_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    stop = threading.Event()

    def job(name: str, left: int):
        remaining = [left]

        def work(*_: object) -> int:
            done.append(name)
            remaining[0] -= 1
            if name == "sessions" and remaining[0] == 0:
                stop.set()
            return max(remaining[0], 0)

        return work

    for name, left in (
        ("keep_house", 1),
        ("close_sessions", 5),
        ("refresh", 2),
        ("roll_up", 3),
        ("forget_proved", 1),
        ("retire", 1),
    ):
        monkeypatch.setattr(loop, name, job(name.removeprefix("close_"), left))
    loop._keep_up(Settings(), Diary(), None, stop)  # type: ignore[arg-type]  # noqa: SLF001  the loop itself
    assert done[:6] == ["keep_house", "sessions", "refresh", "roll_up", "forget_proved", "retire"]
    assert done[6:] == ["sessions", "refresh", "roll_up", "sessions", "roll_up", "sessions", "sessions"]


@pytest.mark.parametrize(
    ("events", "seconds", "most", "following"),
    [
        (10_000, 1.0, 10_000, 10_000),
        (10_000, 6.0, 10_000, 2_500),
        (10, 5.0, 10_000, 500),
        (100, 1.0, 100, 100),
        (1, 0.0, 10_000, 1_500),
    ],
)
def test_a_load_that_takes_long_is_followed_by_a_smaller_one(events: int, seconds: float, most: int, following: int) -> None:
    assert following_size(Loaded(events=events, seconds=seconds), most) == following
