"""Columns against PostgreSQL: one tenant's year, asked by DuckDB over the archive's files and by PostgreSQL, the same answers.

    .venv/bin/python benchmarks/columns.py [millions of events]

Filled as `reports.py` does it; the large tenant has half of the events, spread over a year, of which all months that are over are
archived: the open one is streamed. Seconds from question to answer in this process, and CPU seconds of it and of the store: on a
machine that others use, compare the latter. Questions that say nothing of a dimension of events are of visits.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import reports
from footfall import api
from footfall.archive.months import Wish, run
from footfall.archive.place import Place
from footfall.auth import tenant_key
from footfall.database import Connection, connect, pool, reading
from machine import Meter, calibrate, fresh_store

_TENANT = "bench-0"
_TIMES = 3
_STEPS = ["page==/pages/0", "event_type==item_interaction", "event_action==start", "event_action==complete"]


def main() -> None:
    """Fill, archive, ask."""
    millions = float(sys.argv[1]) if sys.argv[1:] else 3.0
    with fresh_store() as url, tempfile.TemporaryDirectory() as folder:
        with connect(url) as owner:
            reports.fill(owner, millions)
        print(f"calibration {calibrate():.2f} s")
        measure(url, Path(folder))


def measure(url: str, folder: Path) -> None:
    """Archive the large tenant's months that are over, unless they are; ask each question of both."""
    with connect(url) as owner, connect(url, "footfall_worker") as worker:
        tenant_hk = tenant_key(owner, _TENANT)
        _archive(url, owner, worker, folder, tenant_hk)
        events = owner.execute("SELECT count(*) FROM business.event_b e WHERE e.tenant_hk = %s", (tenant_hk,)).fetchall()[0][0]
        print(f"{events:,} events of the tenant in a year")
        for what, report, question in _questions():
            said: dict[str, Any] = {}
            for archive in ("", str(folder)):
                api.read_archive(archive)
                seconds, cpu, answer = _asked(url, tenant_hk, report, question)
                source = answer["explanation"]["source"]
                said[source] = {key: answer[key] for key in answer.keys() - {"metadata", "query", "explanation"}}
                print(f"  {what}: {source} {seconds:.2f} s, CPU {cpu:.2f} s", flush=True)
            first, *others = said.values()
            if any(other != first for other in others):
                raise SystemExit(f"{what}: the answers differ")


def _archive(url: str, owner: Connection, worker: Connection, folder: Path, tenant_hk: bytes) -> None:
    for layer in ("bridge", "visit"):
        owner.execute(
            "INSERT INTO ref.archive_rule (tenant_hk, layer, copied_after_days) VALUES (%s, %s, 3) ON CONFLICT DO NOTHING",
            (tenant_hk, layer),
        )
        for _ in run(url, worker, Place(str(folder)), Wish(layer=layer, tenant_hk=tenant_hk)):
            pass


def _questions() -> list[tuple[str, str, dict[str, Any]]]:
    last = datetime.now(UTC).date() - timedelta(days=1)
    year = {"dateFrom": str(last - timedelta(days=363)), "dateTo": str(last)}
    quarter = year | {"dateFrom": str(last - timedelta(days=83))}
    return [
        ("top pages by visitors, a year", "breakdown", year | {"dimension": "page", "metrics": ["visitors", "page_views"]}),
        ("overview of one country, a year", "overview", year | {"filter": "country==DE"}),
        ("overview of one page, a year", "overview", year | {"filter": "page==/pages/3"}),
        ("funnel of 4 steps, a year", "funnel", year | {"steps": _STEPS}),
        ("12 weekly cohorts", "retention", quarter | {"interval": "week"}),
        ("12 weekly cohorts of who viewed pages", "retention", quarter | {"interval": "week", "filter": "event_type==page_view"}),
        ("paths, a year", "paths", year),
    ]


def _asked(url: str, tenant_hk: bytes, report: str, question: dict[str, Any]) -> tuple[float, float, dict[str, Any]]:
    """The least seconds and CPU seconds of some answers, and the answer."""
    seconds, cpu = [], []
    with _reader(url, tenant_hk) as connection:
        for _ in range(_TIMES):
            meter = Meter(connection)
            started = time.perf_counter()
            reply = api.answer(connection, report, {"tenantId": _TENANT, **question}, is_explained=True)
            seconds.append(time.perf_counter() - started)
            cpu.append(meter.look())
    return min(seconds), min(cpu), reply["data"]


@contextmanager
def _reader(url: str, tenant_hk: bytes) -> Iterator[Connection]:
    with pool(url, "footfall_reader", size=1) as readers, reading(readers, tenant_hk, 600) as connection:
        yield connection


if __name__ == "__main__":
    main()
