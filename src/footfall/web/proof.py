"""Whether the numbers are right: the balance of what was sent, why an event counts, the store's health, another try."""

import re
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import Route

from footfall import api
from footfall.auth import tell
from footfall.database import Pools, administering, room_of
from footfall.errors import NotAccepted
from footfall.settings import HOME
from footfall.vault.hashing import hash_key
from footfall.web.answers import answering, answering_async, answering_body
from footfall.web.callers import Callers
from footfall.web.readers import Readers
from footfall.web.setup_wire import Reprocess

_EVENT = re.compile("[0-9a-f]{40}")


class Proof:
    """The addresses behind "why this number" and the data quality page. No guest of a share link sees them."""

    def __init__(self, callers: Callers, administrators: Pools, readers: Readers, data: Path) -> None:
        self._callers = callers
        self._data = data
        self._administrators = administrators
        self._readers = readers

    def routes(self) -> list[Route]:
        """One address a thing, one method a verb."""
        return [
            Route("/api/quality", answering_async(self.quality), methods=["GET"]),
            Route("/api/quality/reprocess", answering_body(Reprocess, self.reprocess), methods=["POST"]),
            Route("/api/trace/{event}", answering_async(self.trace), methods=["GET"]),
            Route("/api/store", answering(self.store), methods=["GET"]),
        ]

    async def quality(self, request: Request) -> Any:
        """Whether all that was sent arrived: by hour, what was refused and why, invalid events with an example, bots."""
        reader = await run_in_threadpool(self._callers.reads, request, individuals=True)
        return await self._readers.answer(reader, api.quality)

    def reprocess(self, request: Request, body: Reprocess) -> Any:
        """Have the worker try again the events of the last 48 hours that were refused for a reason; says how many those are."""
        tenant_id = self._callers.acts(request, ("owner", "admin"))
        with administering(self._administrators, hash_key(tenant_id)) as connection:
            events = api.reprocess(connection, body.reason)
            tell(connection, "events.reprocessed", body.reason, {"events": events}, hash_key(tenant_id))
            return {"events": events}

    async def trace(self, request: Request) -> Any:
        """Why an event counts: raw, staged, and in the vault. Raises NotAccepted: ``event_unknown``, for another tenant's too."""
        reader = await run_in_threadpool(self._callers.reads, request, individuals=True)
        event = request.path_params["event"]
        found = None
        if _EVENT.fullmatch(event):
            found = await self._readers.answer(reader, lambda connection: api.trace(connection, event))
        if found is None:
            raise NotAccepted("event_unknown", "there is no such event", HTTPStatus.NOT_FOUND)
        return found

    def store(self, request: Request) -> Any:
        """Partitions, last loads, what waits, what checks found, room on the disk: all tenants together. Only for operators.

        Of several cells it is home; `?cell=` names another. Raises NotAccepted: ``cell_unknown``.
        """
        if not self._callers.account(request).is_operator:
            raise NotAccepted("role_needed", "only operators see the store", HTTPStatus.FORBIDDEN)
        asked = request.query_params.get("cell", HOME)
        where = next((one for one in self._administrators.each() if one.cell == asked), None)
        if where is None:
            raise NotAccepted("cell_unknown", f"there is no cell {asked!r}", HTTPStatus.NOT_FOUND)
        with where.connection() as connection:
            health = api.store_health(connection)
        if where.cell != HOME:
            return health | {"disk": None}
        room = room_of(self._data)
        return health | {"disk": asdict(room) if room else None}
