"""Columns of months that are over: the same answers, whoever counts; a tenant's own rows only; the tables where files fail."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import psycopg
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from sqlglot import exp, parse_one

from api import test_reports as reports
from api.reports_oracle import METRICS, Condition, Filter
from api.test_reports import COMMON, VALUES, Told, questions, stories
from footfall import api
from footfall.api.engines import columns, locked, written
from footfall.api.questions.conditions import DIMENSIONS, By
from footfall.api.statements.conditions import value_of
from footfall.api.statements.fragments import relations_of
from footfall.archive.months import Wish, run
from footfall.archive.place import Place
from footfall.business.tenants import change_tenant
from footfall.database import administering, connect, pool
from footfall.database import reading as database_reading
from site_under_test import NOON, Site, at, view

LAYERS = ("bridge", "visit")
# what rows of events and visits say by themselves
OF_ROWS = [name for name in VALUES if name in DIMENSIONS and DIMENSIONS[name].is_of_rows]
BY = [*OF_ROWS, "weekday", "browser", "os", "consent", "event_label", "event_category"]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where the files are; questions read none when the test is over."""
    yield tmp_path
    columns.read_archive("")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few rows there are, and however few of them in files, columns are taken."""
    monkeypatch.setattr(columns, "LEAST_ROWS", 0)
    monkeypatch.setattr(columns, "_LEAST_SHARE", 0)


def archive(url: str, site: Site, folder: Path, months: list[date] | None = None) -> None:
    """What is due of a tenant is written: of these months, or of all."""
    with connect(url) as owner:
        for layer in LAYERS:
            owner.execute(
                "INSERT INTO ref.archive_rule (tenant_hk, layer, copied_after_days) VALUES (%s, %s, 3) ON CONFLICT DO NOTHING",
                (site.tenant_hk, layer),
            )
    for layer in LAYERS:
        if months is None:
            list(run(url, site.connection, Place(str(folder)), Wish(layer=layer, tenant_hk=site.tenant_hk)))
        for month in months or ():
            list(run(url, site.connection, Place(str(folder)), Wish(layer=layer, month=month, tenant_hk=site.tenant_hk)))


@contextmanager
def reading(folder: Path | str) -> Iterator[None]:
    columns.read_archive(str(folder))
    yield
    columns.read_archive("")


@st.composite
def conditions(draw) -> Condition:
    dimension = draw(st.sampled_from(OF_ROWS))
    if draw(st.integers(0, 5)) == 0:
        return Condition(dimension, draw(st.sampled_from(["==", "!="])), ("",))
    several = st.lists(st.sampled_from(VALUES[dimension]), min_size=1, max_size=2, unique=True)
    return Condition(dimension, draw(st.sampled_from(["==", "==", "!="])), tuple(draw(several)))


def filters() -> st.SearchStrategy[Filter]:
    group = st.lists(conditions(), min_size=1, max_size=2).map(tuple)
    return st.lists(group, min_size=1, max_size=2).map(lambda groups: Filter(tuple(groups)))


@st.composite
def asked(draw) -> tuple[str, dict, dict]:
    """A report, which events, and what else it is asked."""
    about = draw(questions()) | {"filter": draw(st.one_of(st.just(Filter()), filters()))}
    about |= {"first": draw(st.sampled_from([-30, -3, 0, 1])), "days": draw(st.sampled_from([2, 12, 40, 70]))}
    did = draw(st.sampled_from(["", "", "", "visit:event_type==page_view;", "!visitor:page==/a;"]))
    interval = st.sampled_from(["day", "week", "month"])
    by = st.sampled_from(BY)
    step = st.one_of(filters(), st.sampled_from(COMMON)).map(str)
    report, keys = draw(
        st.one_of(
            st.tuples(st.just("overview"), st.fixed_dictionaries({"compare": st.sampled_from([[], ["previous_period"]])})),
            st.tuples(st.just("timeseries"), st.fixed_dictionaries({"interval": interval, "metrics": st.just(METRICS)})),
            st.tuples(st.just("breakdown"), st.fixed_dictionaries({"dimension": by, "metrics": metrics()})),
            st.tuples(st.just("breakdown"), st.fixed_dictionaries({"dimension": by, "across": by, "metrics": metrics()})),
            st.tuples(
                st.just("funnel"),
                st.fixed_dictionaries(
                    {
                        "steps": st.lists(step, min_size=2, max_size=4),
                        "order": st.sampled_from(["loose", "strict"]),
                        "window": st.sampled_from([1, 90, 43200]),
                        "per": st.sampled_from(["visit", "visitor"]),
                    },
                    optional={"dimension": by},
                ),
            ),
            st.tuples(st.just("retention"), st.fixed_dictionaries({"interval": interval}, optional={"dimension": by})),
            st.tuples(
                st.just("paths"),
                st.fixed_dictionaries(
                    {
                        "direction": st.sampled_from(["next", "previous"]),
                        "of": st.sampled_from(["pages", "events"]),
                        "depth": st.sampled_from([1, 3, 10]),
                        "limit": st.sampled_from([1, 2, 10]),
                    },
                    optional={"start": filters().map(str)},
                ),
            ),
        )
    )
    if report == "retention" and keys["interval"] == "day":
        about["days"] = min(about["days"], 40)  # no more cohorts are answered than 60
    limit = {"limit": 1000} if report == "breakdown" else {}
    return report, about, limit | keys | {"did": did}


def metrics() -> st.SearchStrategy[list[str]]:
    return st.one_of(st.just(METRICS), st.sampled_from([["visitors", "page_views"], ["events"], ["visits", "revenue"]]))


@dataclass
class Counts:
    """How many questions were asked, and how many columns answered."""

    asked: int = 0
    of_columns: int = 0


def answers(site: Told, what: list[tuple[str, dict, dict]], counts: Counts | None = None) -> list[Any]:
    said = []
    for report, about, keys in what:
        question = site.question(about)
        request = {key: value for key, value in keys.items() if key in api.REPORTS[report].keys}
        request |= {"dateFrom": question.first.isoformat(), "dateTo": question.last.isoformat(), "includeBots": question.bots}
        request |= {"tenantId": site.site.tenant_id, "filter": f"{keys['did']}{question.filter}".rstrip(";")}
        reply = api.answer(site.site.connection, report, request, is_explained=True)
        assert reply["success"], (reply, request)
        if counts:
            counts.asked += 1
            counts.of_columns += reply["data"]["explanation"]["source"].endswith("columns")
        said.append(told_of(reply))
    return said


def told_of(reply: dict) -> dict:
    assert reply["success"], reply
    return {key: value for key, value in reply["data"].items() if key not in {"metadata", "query", "explanation"}}


@pytest.mark.usefixtures("small")
def test_columns_answer_as_the_tables_do(module_url: str, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Some months in files and some not; then late events; then written anew."""
    counts = Counts()

    @settings(reports.examples, max_examples=6, derandomize=True, database=None, phases=[Phase.generate])
    @given(
        story=stories().filter(lambda story: len(story.traffic) > 9),
        what=st.lists(asked(), min_size=26, max_size=26),
        share=st.sampled_from([0.5, 0.8]),
        which=st.sampled_from([(0,), (1,), (0, 1)]),
        week_start=st.sampled_from(["monday", "sunday", "saturday"]),
    )
    def ask(story: Any, what: Any, share: float, which: tuple[int, ...], week_start: str) -> None:
        story.order = Random(0)
        with connect(module_url, "footfall_worker") as connection:
            site = Told(Site.another(connection, time_zone=story.zone), story)
            reports.prepare(module_url, site.site, story)
            with pool(module_url, "footfall_admin", size=1) as admins, administering(admins, site.site.tenant_hk) as admin:
                change_tenant(admin, week_start=week_start)
            sent = [number for chunk in site.rounds for number in chunk]
            early = round(share * len(sent))
            site.tell(sent[:early])
            archive(module_url, site.site, folder, [month_after(story.noon, number) for number in which])
            same(site, what, counts, folder)
            site.tell(sent[early:])
            same(site, what, counts, folder)
            archive(module_url, site.site, folder, [month_after(story.noon, number) for number in which])
            same(site, what, counts, folder)

    ask()
    assert caplog.records == []
    assert counts.of_columns >= 200, counts


def same(site: Told, what: Any, counts: Counts, folder: Path) -> None:
    expected = answers(site, what)
    with reading(folder):
        for one, said in zip(what, expected, strict=True):
            assert answers(site, [one], counts) == [said], one


def month_after(moment: datetime, number: int) -> date:
    month = moment.year * 12 + moment.month - 1 + number
    return date(month // 12, month % 12 + 1, 1)


@pytest.fixture
def spring(site: Site, url: str, folder: Path) -> Site:
    """A tenant whose March and April are in files; and another, whose rows are in the same files."""
    buy = {"evt_type": "transaction_step", "evt_action": "complete", "evt_value": 20, "currency": "USD", "transaction_id": "o"}
    other = Site(site.connection, "other")
    later = NOON + timedelta(days=40)
    with connect(url) as owner:
        owner.execute("SELECT util.ensure_partitions(%s)", (later,))
    for number, odd in enumerate(ODD):
        minutes = number * 3 * 1440.0
        who = {"session_id": f"s-{number}", "_visitor_id": f"v-{number % 4}", "_received": later}
        submit = {"evt_type": "contact_interaction", "evt_action": "submit", "evt_label": odd}
        site.land(
            view("/pricing", minutes, **who, utm_source=odd or None, timezone="Europe/Berlin"),
            submit | {"event_timestamp": at(minutes + 1), **who},
            view("/cart", minutes + 2, **who, **buy),
        )
        other.land(view("/secret", minutes, **who))
    site.settle()
    archive(url, site, folder)
    archive(url, other, folder)
    return site


ODD = ("", " ", "\\N", "a\tb\nc", "\"',", "\u00fc\U0001f642", "NULL", "\\x00", "{}", "\u00c9", "e")
SPRING = {"dateFrom": "2026-03-01", "dateTo": "2026-04-30", "tenantId": "acme"}
VISITORS = ("breakdown", {"dimension": "event_label", "metrics": ["visitors", "visits", "events", "bounce_rate", "revenue"]})


@pytest.mark.usefixtures("small")
def test_texts_are_the_same_in_files_and_streamed(spring: Site, folder: Path, url: str) -> None:
    pairs = [("breakdown", {"dimension": "source", "across": across}) for across in ("page", "browser")]
    # of one column alone, in which there is nothing here and there
    lone = ("breakdown", {"dimension": "event_label", "metrics": ["events"], "includeBots": True})
    asked = [VISITORS, lone, *pairs, ("overview", {"filter": "page!=/cart"})]
    expected = [told_of(spring.ask(report, **SPRING, **keys)) for report, keys in asked]
    assert len(expected[0]["rows"]) > len(ODD) - 2
    with reading(folder):
        assert [told_of(spring.ask(report, **SPRING, **keys)) for report, keys in asked] == expected
        with connect(url) as owner:
            owner.execute("UPDATE archive.part SET stale_since = now() WHERE month = '2026-03-01'")
        streamed = [api.answer(spring.connection, report, {**SPRING, **keys}, is_explained=True) for report, keys in asked]
        assert {reply["data"]["explanation"]["source"] for reply in streamed} == {"columns", "visit columns"}
        assert [told_of(reply) for reply in streamed] == expected


@pytest.mark.usefixtures("small")
def test_what_has_changed_since_is_not_read(spring: Site, folder: Path, url: str) -> None:
    """The same with a ledger that ignores it: then a late event is missed."""
    spring.land(view("/late", 3, session_id="s-0", _visitor_id="v-0"))
    spring.settle()
    expected = told_of(spring.ask("breakdown", **SPRING, dimension="page", metrics=["visitors"]))
    with reading(folder):
        assert told_of(spring.ask("breakdown", **SPRING, dimension="page", metrics=["visitors"])) == expected
        with connect(url) as owner:
            owner.execute("UPDATE archive.part SET stale_since = NULL")
        assert told_of(spring.ask("breakdown", **SPRING, dimension="page", metrics=["visitors"])) != expected


def test_columns_are_taken_where_there_are_many_rows_in_files(spring: Site, folder: Path, monkeypatch) -> None:
    def source() -> tuple[str, dict]:
        said = api.answer(spring.connection, *("breakdown", SPRING | VISITORS[1]), is_explained=True)["data"]["explanation"]
        return said["source"], said["sources"]

    name = "columns: events of months that are over, in files"
    with reading(folder):
        assert source()[0] == "events"
        monkeypatch.setattr(columns, "LEAST_ROWS", 20)
        assert source() == ("columns", source()[1])
        assert source()[1][name] == "taken"
    assert source()[1][name] == "no: not of months whose columns are in files"
    monkeypatch.setattr(columns.importlib.util, "find_spec", lambda _: None)
    with reading(folder):
        assert source()[0] == "events"


@pytest.mark.parametrize(
    ("asked", "objection"),
    [
        ({"dimension": "host"}, "by what rows of events and visits say by themselves"),
        ({"dimension": "page", "filter": "event_label=~x"}, "of values as they are, not of parts of them"),
        ({"dimension": "page", "metrics": ["lcp"]}, "without what is measured of views"),
        ({"dimension": "page", "asOf": "2100-01-01T00:00:00Z"}, "asked as of now"),
    ],
)
def test_what_columns_cannot_say_exactly_is_told(site: Site, asked: dict, objection: str) -> None:
    said = api.answer(site.connection, "breakdown", SPRING | asked, is_explained=True)["data"]["explanation"]
    assert said["sources"]["columns: events of months that are over, in files"] == f"no: not {objection}"


@pytest.mark.usefixtures("small")
def test_a_file_that_has_gone_or_is_damaged_is_done_without(spring: Site, folder: Path, monkeypatch, caplog) -> None:
    expected = told_of(spring.ask(VISITORS[0], **SPRING, **VISITORS[1]))
    found, planned = columns.found, []

    def sweeping(*asked: Any) -> Any:
        planned.append(found(*asked))
        for file in folder.glob("bridge/2026-03/*.parquet"):
            file.unlink()
        return planned[-1]

    with reading(folder):
        with monkeypatch.context() as swept:
            swept.setattr(columns, "found", sweeping)
            assert told_of(spring.ask(VISITORS[0], **SPRING, **VISITORS[1])) == expected
        # March was streamed when it was planned anew
        assert [len(how.held[written.BRIDGE].gaps) for how in planned] == [0, 1]
        assert caplog.text == ""
        for file in folder.glob("bridge/2026-04/*.parquet"):
            file.write_bytes(b"PAR1")
        assert told_of(spring.ask(VISITORS[0], **SPRING, **VISITORS[1])) == expected
        assert "PostgreSQL answers" in caplog.text


@pytest.mark.usefixtures("small")
def test_a_file_that_is_read_well_and_is_another_is_not_believed(spring: Site, folder: Path, caplog) -> None:
    expected = told_of(spring.ask(VISITORS[0], **SPRING, **VISITORS[1]))
    for file in folder.glob("bridge/2026-03/*.parquet"):
        table = parquet.read_table(file)
        parquet.write_table(table.slice(0, table.num_rows // 2), file)
    with reading(folder):
        assert told_of(spring.ask(VISITORS[0], **SPRING, **VISITORS[1])) == expected
    assert "not as it was written" in caplog.text


WAYS_OUT = [
    "SELECT * FROM read_parquet('{other}')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM glob('/*')",
    "COPY (SELECT 1) TO '{folder}/written.parquet'",
    "ATTACH '{folder}/other.db'",
    "INSTALL httpfs",
    "SET enable_external_access = true",
    "SELECT getenv('HOME')",
    "SELECT * FROM read_text('/proc/self/environ')",
    "SET allowed_paths = ['/etc/passwd']",
]


@pytest.mark.parametrize("way", WAYS_OUT)
def test_there_is_no_way_out_of_duckdb(tmp_path: Path, way: str) -> None:
    allowed, other = tmp_path / "allowed.parquet", tmp_path / "other.parquet"
    for file in (allowed, other):
        duckdb.sql(f"COPY (SELECT 1 AS one) TO '{file}'")
    with locked.Locked((str(allowed),)).asking(None) as cursor:
        assert cursor.execute("SELECT f.one FROM read_parquet($1) AS f", [[str(allowed)]]).fetchall() == [(1,)]
        with pytest.raises(duckdb.Error):
            cursor.execute(way.format(other=other, folder=tmp_path))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["allowed.parquet", "other.parquet"]


@pytest.mark.parametrize(
    "tree",
    [
        "SELECT * FROM read_parquet('x')",
        "SELECT * FROM business.event_b",
        "SELECT * FROM event_b AS e JOIN streamed_events AS s ON true",
        "SELECT (SELECT count(*) FROM duckdb_settings()) FROM event_b AS e",
        "COPY event_b TO 'x'",
        "DROP TABLE event_b",
    ],
)
def test_nothing_but_the_tenants_rows_can_be_named(tree: str) -> None:
    with pytest.raises(ValueError, match=r"own|question"):
        written.restricted(parse_one(tree, read="duckdb"))


@pytest.mark.usefixtures("small")
def test_rows_of_others_in_the_same_file_are_not_counted(spring: Site, folder: Path) -> None:
    files = [str(file) for file in folder.rglob("bridge/2026-03/*.parquet")]
    everybody = duckdb.execute("SELECT count(DISTINCT f.tenant_hk) FROM read_parquet($1) AS f", [files]).fetchall()
    assert everybody == [(2,)]
    with reading(folder):
        asked = SPRING | {"dimension": "page", "metrics": ["visitors"]}
        said = api.answer(spring.connection, "breakdown", asked, is_explained=True)
    assert said["data"]["explanation"]["source"] == "columns"
    assert {row["value"] for row in said["data"]["rows"]} == {"acme.example/pricing", "acme.example/cart", None}


def test_what_takes_too_long_is_stopped_as_any_question_is() -> None:
    started = time.monotonic()
    with pytest.raises(psycopg.errors.QueryCanceled), locked.Locked(()).asking(0.2) as cursor:
        cursor.execute("SELECT count(*) FROM range(10000000) AS a, range(10000000) AS b")
    assert time.monotonic() - started < 60


@pytest.mark.usefixtures("small")
def test_a_question_has_its_own_deadline(spring: Site, folder: Path, url: str, monkeypatch) -> None:
    seconds = []
    monkeypatch.setattr(columns, "_counted", lambda _connection, _tenant, how, _values: seconds.append(how.seconds))
    with pool(url, "footfall_reader", size=1) as readers, reading(folder):
        with database_reading(readers, spring.tenant_hk, 12.5) as connection:
            assert api.answer(connection, VISITORS[0], SPRING | VISITORS[1])["success"]
    assert seconds == [12.5]


def test_what_rows_say_by_themselves_looks_nothing_up() -> None:
    for dimension in DIMENSIONS.values():
        value = value_of(By(dimension))
        is_of_rows = relations_of([value]) <= {"e", "v"} and not list(value.find_all(exp.Parameter))
        assert dimension.is_of_rows == is_of_rows, dimension.name


def test_functions_say_the_same_in_both(site: Site) -> None:
    groups = ["search", "social", "paid", "email", "ai", "referral", "direct", None]
    cases = [(channel, group) for channel in ("Display", None) for group in groups]
    ours = [site.value("SELECT business.channel_of(%s, %s)", *case) for case in cases]
    days = [date(2026, 3, day) for day in range(1, 9)]
    with locked.Locked(()).asking(None) as cursor:
        theirs = [cursor.execute("SELECT business.channel_of($1, $2)", list(case)).fetchall()[0][0] for case in cases]
        names = [cursor.execute("SELECT dayname($1)", [day]).fetchall()[0][0] for day in days]
    assert theirs == ours
    assert names == [site.value("SELECT to_char(%s::date, 'FMDay')", day) for day in days]
