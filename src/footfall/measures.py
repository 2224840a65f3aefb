"""What this process counts and times of itself, for Prometheus. Rooms count; `/metrics` tells (web/metrics.py).

Labels are few and known beforehand: nothing that somebody sends becomes one. What only the store knows: operations/metrics.py.
"""

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

_SHARED = "PROMETHEUS_MULTIPROC_DIR"  # prometheus-client's own name, read when it is imported
# a commit takes a millisecond or two on a good disk, an answer up to `FOOTFALL_QUERY_SECONDS`
_COMMIT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_ANSWER_BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

disable_created_metrics()  # a third as many series again, which nobody asks for
_registry = CollectorRegistry()

EVENTS = Counter(
    "footfall_door_events",
    "Events sent to the door by fate (accepted, duplicate in their request, rejected, refused with their request) and reason.",
    ["fate", "reason"],
    registry=_registry,
)
WAITING_EVENTS = Gauge(
    "footfall_door_waiting_events", "Events that wait for their commit.", multiprocess_mode="livesum", registry=_registry
)
COMMIT_SECONDS = Histogram(
    "footfall_commit_seconds", "How long commits of the door took.", buckets=_COMMIT_BUCKETS, registry=_registry
)
ANSWER_SECONDS = Histogram(
    "footfall_answer_seconds",
    "How long answers took to begin, by route (door, analytics, session, setup, health, metrics, page) and class of status.",
    ["route", "status"],
    buckets=_ANSWER_BUCKETS,
    registry=_registry,
)
QUESTION_SECONDS = Histogram(
    "footfall_question_seconds",
    "How long the store took to answer questions, by report.",
    ["report"],
    buckets=_ANSWER_BUCKETS,
    registry=_registry,
)
SLOW_QUESTIONS = Counter(
    "footfall_slow_questions", "Questions that took FOOTFALL_SLOW_QUESTION or longer, by report.", ["report"], registry=_registry
)
SIGN_INS = Counter(
    "footfall_sign_ins", "Attempts to sign in, by outcome: signed_in, or why not.", ["outcome"], registry=_registry
)
INTERNAL_ERRORS = Counter(
    "footfall_internal_errors", "Errors that nobody foresaw: the log has each under its error_id.", registry=_registry
)


def collector() -> Collector:
    """What is measured here, or by all processes of this server together, if it has several."""
    return _Shared(Path(os.environ[_SHARED])) if _SHARED in os.environ else _registry


@contextmanager
def shared() -> Iterator[None]:
    """Have the processes that are started meanwhile measure together: whichever of them is asked tells of all.

    They are spawned: prometheus-client decides when it is imported where it counts, and a fork has it imported already.
    """
    multiprocessing.set_start_method("spawn", force=True)
    with TemporaryDirectory(prefix="footfall-measures-") as folder:
        os.environ[_SHARED] = folder
        try:
            yield
        finally:
            del os.environ[_SHARED]


class _Shared(Collector):
    """The files in which the processes of a server count, added up."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: Collector = MultiProcessCollector(None, str(folder))

    def collect(self) -> Iterator[Metric]:
        """What they counted, also those that have ended; nothing waits in those."""
        for file in self._folder.glob("gauge_live*_*.db"):
            pid = int(file.stem.rpartition("_")[2])
            if not psutil.pid_exists(pid):
                mark_process_dead(pid, str(self._folder))
        yield from self._files.collect()
