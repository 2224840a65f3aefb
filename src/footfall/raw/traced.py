"""The door's part of a batch's trace: each request that is in it, and the commit that they shared."""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence

from footfall.raw.landing import IncomingEvent
from footfall.traces import Batch, Tracer
from footfall.vault.hashing import hash_key


def tell_commit(tracer: Tracer, requests: Iterable[tuple[str, Sequence[IncomingEvent]]], began: float, ended: float) -> None:
    """Tell of a commit: the requests, by their ids, whose events it landed. Times are seconds since 1970.

    A request begins when it was judged. The first of a batch is what the commit follows from; the others stand beside it.
    """
    of_tenants: dict[str, list[tuple[str, Sequence[IncomingEvent]]]] = defaultdict(list)
    for one, events in requests:
        of_tenants[events[0].tenant_id].append((one, events))
    for tenant_id, of_tenant in of_tenants.items():
        of_tenant.sort(key=lambda request: request[1][0].received)
        batch = Batch(hash_key(tenant_id), of_tenant[0][1][0].received)
        first = batch.span_id("door")
        for number, (one, events) in enumerate(of_tenant):
            about = {"footfall.tenant": tenant_id, "footfall.request_id": one, "footfall.events": len(events)}
            span_id = secrets.randbits(63) + 1 if number else first
            tracer.tell(batch, "door", events[0].received.timestamp(), ended, about, span_id=span_id)
        about = {"footfall.tenant": tenant_id, "footfall.events": sum(len(events) for _, events in of_tenant)}
        tracer.tell(batch, "commit", began, ended, about, span_id=batch.span_id("commit"), parent=first)
