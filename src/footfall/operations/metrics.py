"""What only the store knows, as metrics for Prometheus: what waits, what failed, what workers did, its size, who is quiet."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg_pool import PoolTimeout

from footfall.database import Pool, room_of

logger = logging.getLogger(__name__)

Figures = dict[str, Any]
_KEPT_SECONDS = 10.0  # that figures are told again: however many ask, the store is asked seldom
_PATIENCE_SECONDS = 2.0  # with a store that is away

# what `api.measures` says of a store in which nothing ever happened
_NOTHING: Figures = {
    "pending": {"batches": 0, "events": 0, "oldest": None},
    "failed": 0,
    "overdue": 0,
    "due": {},
    "workers": 0,
    "work": [],
    "fates": [],
    "tables": {},
    "tenants": {},
    "sign_ins": {},
}

_Samples = Iterable[tuple[tuple[str, ...], float]]


class StoreMetrics(Collector):
    """The store's metrics; `connections` act as footfall_admin. A store that is away has one: `footfall_store_up 0`."""

    def __init__(self, connections: Pool, data: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._connections = connections
        self._data = data
        self._clock = clock
        self._lock = threading.Lock()
        self._figures: Figures | None = None
        self._until = float("-inf")

    def describe(self) -> Iterator[Metric]:
        """What there is, without figures: registering asks the store nothing."""
        yield from described()

    def collect(self) -> Iterator[Metric]:
        """All of them, as they were some seconds ago at most."""
        figures = self._current()
        yield _store_up(is_up=figures is not None)
        if room := room_of(self._data):
            yield _disk_free(room.free)
        if figures is not None:
            yield from _metrics(figures)

    def _current(self) -> Figures | None:
        with self._lock:
            if self._clock() >= self._until:
                self._figures = self._asked()
                self._until = self._clock() + _KEPT_SECONDS
            return self._figures

    def _asked(self) -> Figures | None:
        try:
            with self._connections.connection(timeout=_PATIENCE_SECONDS) as connection:
                row = connection.execute("/* operations.metrics */ SELECT api.measures()").fetchone()
        except (psycopg.Error, PoolTimeout) as error:
            logger.warning("the store tells no figures: %s", error)
            return None
        figures: Figures | None = row[0] if row else None
        return figures


def described() -> Iterator[Metric]:
    """Every metric of a store, without figures."""
    yield _store_up(is_up=False)
    yield _disk_free(0)
    yield from _metrics(_NOTHING)


def _store_up(*, is_up: bool) -> Metric:
    return _gauge("footfall_store_up", "Whether the store answers.", value=is_up)


def _disk_free(size: int) -> Metric:
    return _gauge("footfall_disk_free_bytes", "Room on the disk of the embedded store; of a server, its host knows.", value=size)


def _metrics(figures: Figures) -> Iterator[Metric]:
    pending, due = figures["pending"], figures["due"]
    yield _gauge("footfall_pending_batches", "Batches that wait to be loaded.", value=pending["batches"])
    yield _gauge("footfall_pending_events", "Events that wait to be loaded.", value=pending["events"])
    yield _gauge(
        "footfall_pending_age_seconds",
        "How long ago the oldest of them was received.",
        value=max(0.0, time.time() - pending["oldest"]) if pending["oldest"] else 0,
    )
    yield _gauge("footfall_failed_batches", "Batches that were set aside: footfall check names them.", value=figures["failed"])
    yield _gauge(
        "footfall_overdue_secrets", "Visitor secrets that live longer than the 48 hours promised.", value=figures["overdue"]
    )
    yield _gauge(
        "footfall_due",
        "What upkeep has yet to do: sessions that are over, satellites with new events, days to roll up; 100,000 at most.",
        ["work"],
        [((work,), count) for work, count in due.items()],
    )
    yield _gauge("footfall_workers", "Workers that said within half a minute that they run.", value=figures["workers"])
    yield from _work(figures["work"])
    yield from _fates(figures["fates"])
    yield _gauge(
        "footfall_table_bytes",
        "Size of tables with their indexes and partitions.",
        ["table"],
        [((table,), size) for table, size in figures["tables"].items()],
    )
    yield _gauge(
        "footfall_tenant_last_event_timestamp_seconds",
        "When the last event of a tenant was received.",
        ["tenant"],
        [((tenant,), moment) for tenant, moment in figures["tenants"].items()],
    )
    yield _gauge(
        "footfall_dashboard_sessions",
        "Sign-ins that are open: of people, and of guests of share links.",
        ["kind"],
        [((kind,), count) for kind, count in figures["sign_ins"].items()],
    )


def _work(work: list[Figures]) -> Iterator[Metric]:
    for name, column, about in (
        (
            "footfall_work_runs",
            "runs",
            "Runs of workers by work: load, housekeeping, sessions, satellites, rollups, retention.",
        ),
        ("footfall_work_failed_runs", "failures", "Those of them that failed."),
        ("footfall_work_seconds", "seconds", "How long they took together."),
    ):
        yield _counter(name, about, ["work"], [((row["work"],), row[column]) for row in work])
    yield _gauge(
        "footfall_work_last_timestamp_seconds",
        "When a run of this kind ended last.",
        ["work"],
        [((row["work"],), row["last_done_at"]) for row in work],
    )


def _fates(fates: list[Figures]) -> Iterator[Metric]:
    yield _counter(
        "footfall_loaded_events",
        "Events that were loaded, by fate: loaded, duplicate, invalid.",
        ["fate"],
        [((row["fate"],), row["events"]) for row in fates if not row["reason"]],
    )
    yield _counter(
        "footfall_invalid_events",
        "Invalid events by reason; one may have several.",
        ["reason"],
        [((row["reason"],), row["events"]) for row in fates if row["reason"]],
    )


def _gauge(name: str, about: str, labels: list[str] | None = None, samples: _Samples = (), value: float | None = None) -> Metric:
    metric = GaugeMetricFamily(name, about, value=None if value is None else float(value), labels=labels)
    for values, sample in samples:
        metric.add_metric(values, float(sample))
    return metric


def _counter(name: str, about: str, labels: list[str], samples: _Samples) -> Metric:
    metric = CounterMetricFamily(name, about, labels=labels)
    for values, sample in samples:
        metric.add_metric(values, float(sample))
    return metric
