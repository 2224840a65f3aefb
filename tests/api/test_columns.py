"""Columns of months that are over: the same answers, whoever counts; a tenant's own rows only; and the tables where files fail."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlglot import parse_one

from api import test_reports as reports
from api.reports_oracle import METRICS, Condition, Filter
from api.test_reports import COMMON, VALUES, Told, questions, stories
from footfall import api
from footfall.api.engines import columns, locked, written
from footfall.api.questions.conditions import DIMENSIONS
from footfall.api.statements.conditions import value_of
from footfall.api.statements.fragments import relations_of
from footfall.archive.months import Wish, run
from footfall.archive.place import Place
from footfall.database import connect
from site_under_test import Site, at, view

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


def archive(url: str, site: Site, folder: Path, months: set[date] | None = None) -> None:
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
    return report, about, keys | {"limit": keys.get("limit", 1000), "did": did}


def metrics() -> st.SearchStrategy[list[str]]:
    return st.one_of(st.just(METRICS), st.sampled_from([["visitors", "page_views"], ["events"], ["visits", "revenue"]]))


class Counts:
    """How many questions columns have answered."""

    def __init__(self) -> None:
        self.of_columns = 0
        self.all = 0


def answers(site: Told, what: list[tuple[str, dict, dict]], counts: Counts | None = None) -> list[Any]:
    said = []
    for report, about, keys in what:
        question = site.question(about)
        request = {key: value for key, value in keys.items() if key in api.REPORTS[report].keys}
        request |= {"tenantId": site.site.tenant_id, "dateFrom": question.first.isoformat(), "dateTo": question.last.isoformat()}
        request |= {"filter": f"{keys['did']}{question.filter}".rstrip(";"), "includeBots": question.bots}
        reply = api.answer(site.site.connection, report, request, is_explained=True)
        assert reply["success"], (reply, request)
        if counts:
            counts.all += 1
            counts.of_columns += reply["data"]["explanation"]["source"].endswith("columns")
        said.append({key: value for key, value in reply["data"].items() if key not in {"metadata", "query", "explanation"}})
    return said


counts = Counts()


@pytest.mark.usefixtures("small")
@settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(
    story=stories(),
    what=st.lists(asked(), min_size=22, max_size=22),
    share=st.sampled_from([0.3, 0.6, 1.0]),
    which=st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True),
    week_start=st.sampled_from(["monday", "sunday", "saturday"]),
)
def test_columns_answer_as_the_tables_do(
    module_url: str, folder: Path, caplog, monkeypatch, story, what, share, which, week_start
) -> None:
    """Some months in files and some not; then late events; then written anew."""
    started = story.noon.date().replace(day=1)
    months = {(datetime(started.year + (started.month - 1 + n) // 12, (started.month - 1 + n) % 12 + 1, 1)).date() for n in which}
    with connect(module_url, "footfall_worker") as connection:
        site = Told(Site.another(connection, time_zone=story.zone), story)
        reports.prepare(module_url, site.site, story)
        with connect(module_url) as owner:
            owner.execute("SELECT auth.change_tenant(%s, %s)", (site.site.tenant_id, f'{{"weekStart": "{week_start}"}}')) if 0 else None
        early = [number for chunk in site.rounds for number in chunk]
        late = early[round(share * len(early)) :]
        for numbers in (early[: len(early) - len(late)], late):
            if numbers:
                site.tell(numbers)
            # what became stale is answered by the tables, until it is written anew
            for has_been_written in (False, True):
                if has_been_written:
                    archive(module_url, site.site, folder, months)
                expected = answers(site, what)
                with reading(folder):
                    assert answers(site, what, counts) == expected
    assert caplog.records == []
