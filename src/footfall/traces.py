"""Traces of events by OpenTelemetry: the request at the door, the commit, the load, one trace for each batch.

On when OTEL_EXPORTER_OTLP_ENDPOINT names where to send them; without it nothing is loaded and nothing costs. Door and worker are
processes that share only the store, so ids are made of what both know of a batch, its tenant and when its first event was
received: whoever comes later finds the trace, and nothing is stored for it. Spans are told when they are over.
"""

import hashlib
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from threading import Thread
from typing import Any, cast

logger = logging.getLogger(__name__)

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_NANOSECONDS = 1_000_000_000
_FLUSH_SECONDS = 2.0  # that a process which ends waits for a collector


@dataclass(frozen=True, slots=True)
class Batch:
    """A tenant's events of one commit: its hash key, and when the first of them was received."""

    tenant_hk: bytes
    received: datetime

    def _id(self, of: str, size: int) -> int:
        said = b"|".join([of.encode(), self.tenant_hk, self.received.isoformat().encode()])
        return int.from_bytes(hashlib.sha256(said).digest()[:size])

    @property
    def trace_id(self) -> int:
        """The same wherever it is computed: 128 bits."""
        return self._id("trace", 16)

    def span_id(self, of: str) -> int:
        """Likewise, of the one span of this name that others refer to: 64 bits."""
        return self._id(of, 8)


class Tracer:
    """Sends spans in the background, in bundles; when they cannot be sent they are dropped, and the log says so."""

    def __init__(self, processor: Any, resource: Any) -> None:
        self._processor = processor
        self._resource = resource

    def tell(
        self,
        batch: Batch,
        name: str,
        began: float,
        ended: float,
        attributes: Mapping[str, object],
        *,
        span_id: int,
        parent: int | None = None,
    ) -> None:
        """A span of a batch's trace. `began` and `ended`: seconds since 1970; `parent`: the span that led to it."""
        from opentelemetry.sdk.trace import ReadableSpan  # noqa: PLC0415  an extra: not everybody has it
        from opentelemetry.trace import SpanContext, SpanKind, TraceFlags  # noqa: PLC0415

        def context(one: int) -> SpanContext:
            return SpanContext(batch.trace_id, one, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))

        self._processor.on_end(
            ReadableSpan(
                name,
                context(span_id),
                parent=None if parent is None else context(parent),
                resource=self._resource,
                attributes=cast(Any, dict(attributes)),
                kind=SpanKind.SERVER if parent is None else SpanKind.INTERNAL,
                start_time=round(began * _NANOSECONDS),
                end_time=round(ended * _NANOSECONDS),
            )
        )

    def close(self) -> None:
        """Send what waits, then nothing more."""
        self.flush()
        self._processor.shutdown()

    def flush(self) -> None:
        """Send what waits, for as long as a process that ends can wait."""
        sending = Thread(target=self._processor.force_flush, name="traces", daemon=True)
        sending.start()
        sending.join(_FLUSH_SECONDS)


@cache
def tracer() -> Tracer | None:
    """What this process tells its spans; None: nobody asked for traces."""
    if not any(os.environ.get(name) for name in _ENDPOINTS) or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        logger.warning("traces are asked for, but OpenTelemetry is not installed: `pip install 'footfall[otel]'`")
        return None
    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "footfall"}
    return Tracer(BatchSpanProcessor(OTLPSpanExporter()), Resource.create(named))
