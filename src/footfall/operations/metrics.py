"""What only the store knows, as metrics for Prometheus: what waits, what failed, what workers did, its size, who is quiet."""

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg_pool import PoolTimeout

from footfall.database import Pool, Pools, room_of
from footfall.errors import CellAway
from footfall.settings import HOME

logger = logging.getLogger(__name__)

Figures = dict[str, Any]
_KEPT_SECONDS = 10.0  # that figures are told again: however many ask, the store is asked seldom
_PATIENCE_SECONDS = 2.0  # with a store that is away
_MOST_SECONDS = 8.0  # for which one that hangs is waited for: Prometheus gives up after ten, and would have nothing of all others

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
    """The metrics of the store, or of each cell, by its name as the label `cell`; `connections` act as footfall_admin.

    One that is away has `footfall_store_up 0` and nothing else, and costs the others nothing.
    """

    def __init__(self, connections: Pools, data: Path) -> None:
        self._stores = [_Asked(one) for one in connections.each()]
        self._data = data

    def describe(self) -> Iterator[Metric]:
        """What there is, without figures: registering asks the store nothing."""
        yield from described()

    def collect(self) -> Iterator[Metric]:
        """All of them, as they were some seconds ago at most."""
        for store in self._stores:
            store.begin()
        if len(self._stores) == 1:
            yield from self._of(self._stores[0])
        else:
            yield from _of_cells((store.cell, self._of(store)) for store in self._stores)

    def _of(self, store: "_Asked") -> Iterator[Metric]:
        figures = store.figures()
        yield _store_up(is_up=figures is not None)
        if store.cell == HOME and (room := room_of(self._data)):
            yield _disk_free(room.free)
        if figures is not None:
            yield from _metrics(figures)


class _Asked:
    """What one store tells, asked for on a thread of its own: who hangs keeps nobody waiting twice."""

    def __init__(self, connections: Pool) -> None:
        self.cell = connections.cell
        self._connections = connections
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="measures")
        self._lock = threading.Lock()
        self._asking: Future[Figures | None] | None = None
        self._asked_at = float("-inf")

    def begin(self) -> None:
        """Ask, unless that was done seconds ago, or is not answered yet."""
        with self._lock:
            is_over = self._asking is None or self._asking.done()
            if is_over and time.monotonic() >= self._asked_at + _KEPT_SECONDS:
                self._asking = self._thread.submit(self._ask)
                self._asked_at = time.monotonic()

    def figures(self) -> Figures | None:
        """What it told last; None: it is away, or has not told for too long."""
        assert self._asking is not None  # noqa: S101  it has begun
        try:
            return self._asking.result(timeout=max(0.0, self._asked_at + _MOST_SECONDS - time.monotonic()))
        except TimeoutError:
            logger.warning("%s tells no figures: it has not answered for %.0f s", self._name, _MOST_SECONDS)
            return None

    def _ask(self) -> Figures | None:
        try:
            with self._connections.connection(timeout=_PATIENCE_SECONDS) as connection:
                row = connection.execute("/* operations.metrics */ SELECT api.measures()").fetchone()
        except (psycopg.Error, PoolTimeout, CellAway) as error:
            logger.warning("%s tells no figures: %s", self._name, error)
            return None
        figures: Figures | None = row[0] if row else None
        return figures

    @property
    def _name(self) -> str:
        return f"cell {self.cell}" if self._connections.is_one_of_several else "the store"


def _of_cells(told: Iterable[tuple[str, Iterable[Metric]]]) -> Iterator[Metric]:
    """Each metric once, with what every cell tells of it: alerts that are of a store are of each cell then."""
    found: dict[str, Metric] = {}
    for cell, metrics in told:
        for metric in metrics:
            one = found.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
            one.samples += [sample._replace(labels={"cell": cell, **sample.labels}) for sample in metric.samples]
    yield from found.values()


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
