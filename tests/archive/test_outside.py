"""Engines outside count what PostgreSQL counts: by the same questions, written in their words, over the published files."""

import json
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from footfall import api
from footfall.api.engines import columns
from footfall.api.engines.outside import ENGINES, Engine, statement
from footfall.archive import months
from footfall.archive.place import Place
from footfall.archive.publishing import publish
from footfall.archive.rules import set_rule
from footfall.database import connect
from footfall.errors import NotAccepted
from site_under_test import BOT, Site, view

StaticTable = pytest.importorskip("pyiceberg.table", reason="the extra footfall[iceberg] is not installed").StaticTable

DAY = 24 * 60  # minutes
PAGES = ("/", "/pricing", "/docs", "/cart")
DAYS = {"dateFrom": "2026-01-20", "dateTo": "2026-03-10"}
FIGURES = ["visitors", "visits", "page_views", "events", "bounce_rate", "visit_duration", "conversions", "revenue"]
STEPS = ["page==/", "page==/pricing", "event_action==complete"]
QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    ("overview", {"metrics": FIGURES}),
    ("overview", {"metrics": FIGURES, "filter": "country==DE,device!=desktop"}),
    ("overview", {"metrics": FIGURES, "filter": "visit:page==/cart;!visit:event_action==complete"}),
    ("overview", {"metrics": FIGURES, "filter": "page=~/pri"}),
    ("timeseries", {"metrics": FIGURES, "interval": "week"}),
    ("timeseries", {"metrics": FIGURES, "interval": "month"}),
    ("breakdown", {"metrics": FIGURES, "dimension": "channel"}),
    ("breakdown", {"metrics": FIGURES, "dimension": "page", "sort": "-page_views"}),
    ("breakdown", {"metrics": FIGURES, "dimension": "weekday"}),
    ("breakdown", {"metrics": FIGURES, "dimension": "page", "across": "country"}),
    ("funnel", {"steps": STEPS}),
    ("funnel", {"steps": STEPS[:2], "order": "strict", "per": "visitor", "window": 30, "dimension": "source"}),
    ("funnel", {"steps": STEPS, "dimension": "page"}),
    ("retention", {}),
    ("retention", {"interval": "month", "dimension": "source"}),
    ("retention", {"filter": "page==/docs", "dimension": "page"}),
    ("paths", {"start": "page==/"}),
    ("paths", {"of": "events", "direction": "previous", "depth": 4}),
]
# a question costs Spark two seconds of CPU: of each report one, or two
ASKED_OF_SPARK = [QUESTIONS[number] for number in (2, 4, 9, 10, 11, 14, 16, 17)]


@pytest.fixture(scope="module")
def site(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two tenants' random visits of fifty days, published; `site.folder` is where."""
    chance = random.Random(20)
    with connect(module_url, "footfall_worker") as worker:
        for name in ("globex", "acme"):
            site = Site(worker, name)
            site.land(*(event for number in range(120) for event in visit(f"{name}-{number}", chance)))
            site.settle()
        for layer in ("bridge", "visit"):
            set_rule(worker, layer, 3)
        folder = tmp_path_factory.mktemp("archive")
        place = Place(str(folder))
        list(months.run(module_url, worker, place, months.Wish()))
        publish(worker, place)
        site.folder = folder
        yield site


def visit(session: str, chance: random.Random) -> Iterator[dict]:
    begun = -chance.randrange(50 * DAY)
    who = {"_visitor_id": f"v{chance.randrange(40)}", "session_id": session, "timezone": "Europe/Berlin"}
    who |= {"_user_agent": BOT} if chance.random() < 0.1 else {}
    said = f"?utm_source=news{chance.randrange(2)}&utm_medium=email" if chance.random() < 0.4 else ""
    for step in range(chance.randrange(1, 7)):
        yield view(chance.choice(PAGES) + said, begun + step * chance.choice((0, 3)), **who, event_id=f"{session}-{step}")
    if chance.random() < 0.4:
        bought = {"evt_type": "transaction_step", "evt_action": "complete", "evt_value": 20, "currency": "USD"}
        yield view("/cart", begun + 20, **who, **bought, event_id=f"{session}-bought")


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Have the rows that answers are made of be counted by `count`, which gets the statement for an engine."""

    def counted_by(engine: str, count: Callable[[str], list[dict]]) -> list[str]:
        asked: list[str] = []

        def found(_connection: Any, tenant_hk: bytes, question: Any, undivided: Any, _sources: Any) -> Any:
            return undivided and SimpleNamespace(text=statement(undivided, question, tenant_hk, engine))

        def counted(_connection: Any, _tenant: bytes, how: Any, _values: Any) -> str:
            asked.append(how.text)
            return json.dumps(count(how.text), default=as_text)

        monkeypatch.setattr(columns, "found", found)
        monkeypatch.setattr(columns, "_counted", counted)
        return asked

    return counted_by


def as_text(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return "\\x" + value.hex()
    if isinstance(value, Decimal):
        return float(value)
    assert isinstance(value, date | datetime)
    return value.isoformat()


def answers(site: Site, questions: list[tuple[str, dict[str, Any]]]) -> list[dict]:
    said = []
    for report, asked in questions:
        reply = site.ask(report, **DAYS, **asked)
        assert reply["success"], reply
        said.append({key: value for key, value in reply["data"].items() if key not in {"metadata", "query"}})
    return said


@pytest.fixture(scope="module")
def spark(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session in which footfall.bridge and footfall.visit are the files of the tables."""
    pytest.importorskip("pyspark", reason="PySpark is not installed: `make spark`")
    if not shutil.which("java"):
        pytest.skip("PySpark needs Java, 17 or later")
    from pyspark.sql import SparkSession

    scratch = tmp_path_factory.mktemp("spark")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        environment.setenv("PYSPARK_PYTHON", sys.executable)
        session = (
            SparkSession.builder.master("local[1]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.memory", "768m")
            # small data: to compile well, or each question anew, costs more than to run
            .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
            .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
            .config("spark.sql.codegen.wholeStage", "false")
            .config("spark.sql.adaptive.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.warehouse.dir", str(scratch))
            .config("spark.local.dir", str(scratch))
            .getOrCreate()
        )
    session.sparkContext.setLogLevel("OFF")
    session.sql("CREATE DATABASE footfall")
    for layer in ("bridge", "visit"):
        files = [task.file.file_path for task in StaticTable.from_metadata(f"file://{site.folder}/{layer}").scan().plan_files()]
        session.sql(f"CREATE VIEW footfall.{layer} AS " + " UNION ALL ".join(f"SELECT * FROM parquet.`{file}`" for file in files))
    yield session
    session.stop()


def test_spark_gives_the_answers_of_postgresql(site: Site, counting: Callable, spark: Any) -> None:
    told = answers(site, ASKED_OF_SPARK)
    asked = counting("spark", lambda text: [row.asDict() for row in spark.sql(text).collect()])
    assert answers(site, ASKED_OF_SPARK) == told
    assert len(asked) == len(ASKED_OF_SPARK)


def test_duckdb_gives_the_answers_of_postgresql(site: Site, counting: Callable) -> None:
    """By the statements for those who open the tables with it, which have values in them and read no parameters."""
    told = answers(site, QUESTIONS)
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA footfall")
        for layer in ("bridge", "visit"):
            files = [
                task.file.file_path for task in StaticTable.from_metadata(f"file://{site.folder}/{layer}").scan().plan_files()
            ]
            connection.execute(f"CREATE VIEW footfall.{layer} AS SELECT * FROM read_parquet({files})")

        def count(text: str) -> list[dict]:
            found = connection.execute(text)
            return [dict(zip([column[0] for column in found.description], row, strict=True)) for row in found.fetchall()]

        asked = counting("duckdb", count)
        assert answers(site, QUESTIONS) == told
        assert len(asked) == len(QUESTIONS)


@pytest.mark.parametrize("engine", ENGINES)
def test_each_engine_is_asked_in_its_own_words(site: Site, engine: Engine) -> None:
    """Trino and ClickHouse do not run here: who knows their grammar reads what is for them."""
    for report, asked in QUESTIONS:
        text = api.sql_for(site.connection, report, {"tenantId": "acme", **DAYS, **asked}, engine)
        tree = sqlglot.parse_one(text, read=engine, error_level=sqlglot.ErrorLevel.RAISE)
        tables = {table.sql() for table in tree.find_all(exp.Table) if table.db}
        assert tables <= {"footfall.bridge AS f", "footfall.visit AS f"}
        assert "$" not in text  # values are in it
        assert site.tenant_hk.hex() in text


@pytest.mark.parametrize(
    ("report", "asked", "allowed"),
    [
        ("timeseries", {"interval": "hour", "metrics": ["visits"]}, "a question of days"),
        ("breakdown", {"dimension": "property:plan", "metrics": ["visits"]}, "a question by what rows of events and visits say"),
        ("overview", {"metrics": ["lcp"]}, "a question without what is measured of views"),
        ("sessions", {}, "overview, timeseries, breakdown, funnel, retention, paths"),
    ],
)
def test_what_files_cannot_tell_is_refused(site: Site, report: str, asked: dict, allowed: str) -> None:
    with pytest.raises(NotAccepted) as refused:
        api.sql_for(site.connection, report, {"tenantId": "acme", **DAYS, **asked}, "spark")
    assert refused.value.code == "engine_cannot"
    assert allowed in refused.value.message
