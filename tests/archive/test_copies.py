"""Copies of the archive's files where these are in an object store: questions read them, and nothing that was erased stays."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from bucket import a_bucket
from starlette.testclient import TestClient

from footfall import api
from footfall.api.engines import columns
from footfall.archive.copies import Copies
from footfall.archive.months import Wish, run
from footfall.archive.place import Place
from footfall.archive.rules import set_rule
from footfall.archive.upkeep import write_anew_if_erased
from footfall.database import Connection, connect, pool
from footfall.governance.persons import erase_person
from footfall.settings import Settings
from footfall.web import application
from site_under_test import NOON, Site, at, view

SPRING = {"dateFrom": "2026-03-01", "dateTo": "2026-04-30", "tenantId": "acme"}
QUESTIONS = (
    ("breakdown", {"dimension": "page", "metrics": ["visitors", "visits", "events", "bounce_rate", "revenue"]}),
    ("funnel", {"steps": ["page==/pricing", "page==/cart"]}),
    ("breakdown", {"dimension": "source", "across": "browser"}),
)
OF_EVENTS = {"dimension": "page", "metrics": ["visitors", "page_views"]}
OF_VISITS = {"dimension": "source", "across": "browser"}
MARCH = {"dateFrom": "2026-03-05", "dateTo": "2026-03-25"}
APRIL = {"dateFrom": "2026-04-05", "dateTo": "2026-04-15"}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What FOOTFALL_ARCHIVE says."""
    with a_bucket(monkeypatch) as (name, where, _):
        yield f"s3://{name}/months?{where}"


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file was read out of the bucket."""
    counts: Counter[str] = Counter()
    pieces = Place.pieces

    def counted(self: Place, path: str) -> Iterator[bytes]:
        counts[path] += 1
        yield from pieces(self, path)

    monkeypatch.setattr(Place, "pieces", counted)
    return counts


@dataclass
class Spring:
    """A tenant whose March and April are in the bucket, beside another's."""

    site: Site
    url: str
    bucket: str
    cache: Path

    def copies(self, most: int = 1 << 30) -> Copies:
        """What questions read from now on."""
        found = columns.read_archive(self.bucket, str(self.cache), most)
        assert found is not None
        return found

    def look_after(self, copies: Copies) -> None:
        """As a server does every two seconds; until what it began to fetch is here."""
        with pool(self.url, "footfall_reader", size=1) as readers, readers.connection() as connection:
            copies.look_after(connection)
        if fetching := copies._fetching:  # noqa: SLF001  to be waited for by nobody else
            fetching.join()

    def ask(self) -> list[tuple[str, dict]]:
        """Which source answered, and what."""
        said = []
        for report, question in QUESTIONS:
            reply = api.answer(self.site.connection, report, SPRING | question, is_explained=True)
            assert reply["success"], reply
            answer = {key: value for key, value in reply["data"].items() if key not in {"metadata", "query", "explanation"}}
            said.append((reply["data"]["explanation"]["source"], answer))
        return said

    def are_of_columns(self) -> set[bool]:
        """Whether columns answer."""
        return {source.endswith("columns") for source, _ in self.ask()}

    def ask_of(self, copies: Copies, days: dict[str, str], question: dict) -> None:
        """Ask one of some days, and have fetched what that lacked."""
        assert api.answer(self.site.connection, "breakdown", SPRING | days | question)["success"]
        self.look_after(copies)

    def names(self) -> list[str]:
        return sorted(file.name for file in self.cache.glob("*") if file.name != "lock")

    def live(self) -> dict[str, str]:
        """The live files of the two layers that are asked about, by the names of their copies."""
        query = "SELECT encode(f.sha256, 'hex') || '.parquet', f.path FROM archive.file f WHERE f.state = 'live'"
        return dict(self.site.rows(query))


@pytest.fixture
def spring(site: Site, url: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spring]:
    """Its files; questions read none of them before `copies`."""
    monkeypatch.setattr(columns, "LEAST_ROWS", 0)
    other, later = Site(site.connection, "other"), NOON + timedelta(days=40)
    with connect(url) as owner:
        owner.execute("SELECT util.ensure_partitions(%s)", (later,))
    buy = {"evt_type": "transaction_step", "evt_action": "complete", "evt_value": 20, "currency": "USD", "transaction_id": "o"}
    for number in range(12):
        minutes = number * 3 * 1440.0
        who = {"session_id": f"s-{number}", "_visitor_id": f"v-{number % 4}", "_received": later}
        site.land(view("/pricing", minutes, **who), view("/cart", minutes + 2, **who, **buy))
        other.land(view("/secret", minutes, **who), {"evt_type": "nonsense", "event_timestamp": at(minutes)})
    site.settle()
    for layer in ("bridge", "visit"):
        set_rule(site.connection, layer, 3)
    list(run(url, site.connection, Place(bucket), Wish()))
    yield Spring(site, url, bucket, tmp_path / "cache")
    columns.read_archive("")


def test_answers_are_the_same_and_each_file_is_fetched_once(spring: Spring, fetched: Counter[str]) -> None:
    expected = [answer for _, answer in spring.ask()]
    copies = spring.copies()
    said = spring.ask()
    # nobody waits: the tables answer the first
    assert not any(source.endswith("columns") for source, _ in said)
    assert fetched == {}
    spring.look_after(copies)
    said = spring.ask()
    assert [source for source, _ in said] == ["columns", "columns", "visit columns"]
    assert [answer for _, answer in said] == expected
    assert spring.names() == sorted(spring.live())
    # another process shares the folder
    others = spring.copies()
    assert spring.are_of_columns() == {True}
    for each in (copies, others):
        spring.look_after(each)
    assert dict(fetched) == dict.fromkeys(spring.live().values(), 1)


def test_processes_that_want_the_same_at_once_fetch_it_once(spring: Spring, fetched: Counter[str]) -> None:
    several = []
    for _ in range(4):
        several.append(spring.copies())
        spring.ask()
    threads = [threading.Thread(target=spring.look_after, args=(copies,)) for copies in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert dict(fetched) == dict.fromkeys(spring.live().values(), 1)


def test_without_a_folder_the_tables_answer(spring: Spring, fetched: Counter[str]) -> None:
    assert columns.read_archive(spring.bucket) is None
    assert spring.are_of_columns() == {False}
    assert fetched == {}


def test_what_was_read_least_recently_goes_first_and_there_is_never_more_than_may_be(spring: Spring) -> None:
    copies = spring.copies()
    spring.ask()
    spring.look_after(copies)
    sizes = {file.name: file.stat().st_size for file in spring.cache.glob("*.parquet")}
    named = {path[: path.rindex("/")]: name for name, path in spring.live().items()}
    three = [named[month] for month in ("bridge/2026-03", "bridge/2026-04", "visit/2026-03")]
    for name in sizes:
        (spring.cache / name).unlink()
    copies = spring.copies(most=sum(sizes[name] for name in three) - 1)
    spring.ask_of(copies, MARCH, OF_EVENTS)
    spring.ask_of(copies, APRIL, OF_EVENTS)
    assert spring.names() == sorted(three[:2])
    spring.ask_of(copies, MARCH, OF_EVENTS)
    spring.ask_of(copies, MARCH, OF_VISITS)
    assert spring.names() == sorted([three[0], three[2]])


def test_files_that_have_no_room_together_are_not_fetched_again_and_again(
    spring: Spring, fetched: Counter[str], caplog: pytest.LogCaptureFixture
) -> None:
    copies = spring.copies(most=1000)
    for _ in range(3):
        assert spring.are_of_columns() == {False}
        spring.look_after(copies)
    assert (fetched, spring.names()) == ({}, [])
    assert "no room together" in caplog.text


def test_of_who_is_erased_no_copy_stays_and_none_is_made(spring: Spring, fetched: Counter[str], worker: Connection) -> None:
    copies = spring.copies()
    spring.ask()
    spring.look_after(copies)
    assert len(spring.names()) == 4
    erase_person(worker, spring.site.tenant_hk, "visitor", "v-1", "delete")
    # before the file is written anew; others' parts in it are as fresh as before
    fetched.clear()
    spring.look_after(copies)
    assert spring.names() == []
    asked = SPRING | {"tenantId": "other", "dimension": "page"}
    other = Site(spring.site.connection, "other", is_there=True)
    assert api.answer(other.connection, "breakdown", asked)["success"]
    spring.look_after(copies)
    assert (fetched, spring.names()) == ({}, [])
    # and afterwards
    assert write_anew_if_erased(spring.url, worker, spring.bucket, threading.Event())
    expected = spring.ask()
    spring.look_after(copies)
    said = spring.ask()
    assert [source for source, _ in said] == ["columns", "columns", "visit columns"]
    assert [answer for _, answer in said] == [answer for _, answer in expected]
    assert spring.names() == sorted(spring.live())


def test_a_file_with_other_bytes_is_never_answered_from(
    spring: Spring, fetched: Counter[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    expected = [answer for _, answer in spring.ask()]
    copies, pieces = spring.copies(), Place.pieces
    of_march, of_april = (next(path for path in spring.live().values() if month in path) for month in ("2026-03", "2026-04"))

    def spoilt(self: Place, path: str) -> Iterator[bytes]:
        """One is another file, one without an end."""
        yield from pieces(self, of_april if path == of_march else path)
        while path == of_april:
            yield bytes(1 << 20)

    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(Place, "pieces", spoilt)
        spring.ask()
        spring.look_after(copies)
    names = {path: name for name, path in spring.live().items()}
    assert spring.names() == sorted(name for path, name in names.items() if path not in (of_march, of_april))
    assert caplog.text.count("its bytes are not those that were written") == 2
    assert [answer for _, answer in spring.ask()] == expected
    # one that was whole when it came, and is not any more
    copies = spring.copies()
    spring.ask()
    spring.look_after(copies)
    damaged = spring.cache / names[of_march]
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    said = spring.ask()
    assert [answer for _, answer in said] == expected
    assert not damaged.exists()
    spring.ask()
    spring.look_after(copies)
    assert spring.are_of_columns() == {True}


def test_half_a_copy_is_not_read_and_does_not_outlive_who_was_fetching_it(spring: Spring) -> None:
    copies = spring.copies()
    spring.ask()
    spring.look_after(copies)
    half = spring.cache / "arriving.part"
    half.write_bytes(b"PAR1")
    with copies._locked():  # noqa: SLF001  somebody is fetching it
        spring.look_after(copies)
        assert half.exists()
    assert spring.are_of_columns() == {True}
    # they were killed
    spring.look_after(copies)
    assert not half.exists()


def test_a_server_fetches_what_its_questions_want_and_has_go_what_is_erased(
    spring: Spring, keys: dict[str, str], worker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("footfall.web.copies._PAUSE_SECONDS", 0.05)
    settings = Settings(archive=spring.bucket, archive_cache=str(spring.cache))
    with TestClient(application(settings, spring.url)) as client:
        asked = {**{key: SPRING[key] for key in ("dateFrom", "dateTo")}, **OF_EVENTS, "metrics": "visitors,page_views"}
        reply = client.get("/api/analytics/breakdown", params=asked, headers={"X-Footfall-Key": keys["read"]})
        assert reply.status_code == 200, reply.text
        while len([name for name in spring.names() if name.endswith(".parquet")]) < 2:
            time.sleep(0.05)
        erase_person(worker, spring.site.tenant_hk, "visitor", "v-1", "delete")
        while spring.names():
            time.sleep(0.05)


def test_each_store_speaks_of_its_own_copies_only(spring: Spring, worker: Connection, owner: Connection) -> None:
    ours, others = next(iter(spring.live())).removesuffix(".parquet"), f"7-{'0' * 64}"
    asked = "SELECT name, bytes IS NOT NULL FROM archive.copies(%s)"
    names = [ours, "1" * 64, others]
    assert dict(worker.execute(asked, (names,)).fetchall()) == {ours: True, "1" * 64: False}
    owner.execute("INSERT INTO util.cell VALUES ('g', 7)")
    assert dict(worker.execute(asked, (names,)).fetchall()) == {others: False}
