"""How long questions take. A slow one has a line in the log: which report, whose; never what was asked for."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from footfall import measures

logger = logging.getLogger(__name__)


class QuestionTimes:
    """Of one server. `slow_seconds`: from when on a question is slow."""

    def __init__(self, slow_seconds: float) -> None:
        self._slow_seconds = slow_seconds

    @contextmanager
    def of(self, report: str, tenant_id: str) -> Iterator[None]:
        """Time a question to the store, also one that is given up. `report` is one of ours."""
        began = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - began
            measures.QUESTION_SECONDS.labels(report).observe(seconds)
            if seconds >= self._slow_seconds:
                measures.SLOW_QUESTIONS.labels(report).inc()
                about = {"report": report, "tenant": tenant_id, "milliseconds": round(seconds * 1000)}
                logger.warning("slow question", extra=about)
