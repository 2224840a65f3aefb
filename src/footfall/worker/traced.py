"""The worker's part of a batch's trace: its load, which follows from its commit."""

import secrets
from collections.abc import Sequence

from footfall.database import Connection
from footfall.traces import Batch, Tracer

_BATCHES = """
/* worker.traced */
SELECT b.tenant_hk, b.received_from, b.batch_id, b.event_count, b.loaded_count, b.duplicate_count, b.invalid_count
FROM raw.ingest_batch b WHERE b.batch_id = ANY (%s)
"""


def tell_load(tracer: Tracer, connection: Connection, batch_ids: Sequence[int], began: float, ended: float) -> None:
    """Tell of a load of these batches, in the trace of each. Times are seconds since 1970."""
    for tenant_hk, received, batch_id, events, loaded, duplicate, invalid in connection.execute(_BATCHES, (list(batch_ids),)):
        batch = Batch(bytes(tenant_hk), received)
        about = {
            "footfall.batch_id": batch_id,
            "footfall.batches": len(batch_ids),
            "footfall.events": events,
            "footfall.loaded": loaded,
            "footfall.duplicate": duplicate,
            "footfall.invalid": invalid,
        }
        # of its own: a batch may be loaded again
        tracer.tell(batch, "load", began, ended, about, span_id=secrets.randbits(64), parent=batch.span_id("commit"))
