"""The door's part of a batch's trace: each request that is in it, and the commit that they shared."""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from footfall.raw.landing import IncomingEvent
from footfall.traces import Batch, Tracer
from footfall.vault.hashing import hash_key


@dataclass(frozen=True, slots=True)
class Turn:
    """What a commit took of a request: all of it, or a part, the first or another."""

    request_id: str
    events: Sequence[IncomingEvent]
    is_first: bool

    @property
    def received(self) -> datetime:
        """When the request was judged."""
        return self.events[0].received


def tell_commit(tracer: Tracer, turns: Iterable[Turn], began: float, ended: float) -> None:
    """Tell of a commit and of the requests that it landed. Times are seconds since 1970.

    The first request of a batch is what the commit follows from; the others stand beside it. What a large request has besides is
    in further batches, which share its trace.
    """
    of_tenants: dict[str, list[Turn]] = defaultdict(list)
    for turn in turns:
        of_tenants[turn.events[0].tenant_id].append(turn)
    for tenant_id, of_tenant in of_tenants.items():
        first = min(of_tenant, key=lambda turn: turn.received)
        batch = Batch(hash_key(tenant_id), first.received)
        door, commit = batch.span_id("door"), batch.span_id("commit")
        for turn in of_tenant:
            if turn.is_first:
                about = {
                    "footfall.tenant": tenant_id,
                    "footfall.request_id": turn.request_id,
                    "footfall.events": len(turn.events),
                }
                span_id = door if turn is first else secrets.randbits(64)
                tracer.tell(batch, "door", turn.received.timestamp(), ended, about, span_id=span_id)
        about = {"footfall.tenant": tenant_id, "footfall.events": sum(len(turn.events) for turn in of_tenant)}
        span_id = commit if first.is_first else secrets.randbits(64)
        tracer.tell(batch, "commit", began, ended, about, span_id=span_id, parent=door)
