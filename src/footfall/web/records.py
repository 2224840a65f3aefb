"""The record of processing, over HTTP: for a tenant's owners."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall import auth
from footfall.database import Pools, administering
from footfall.governance import as_markdown, records_of
from footfall.vault.hashing import hash_key
from footfall.web.answers import answering
from footfall.web.callers import Callers

_FILE = "records.md"


class Records:
    """The addresses under which the record is read."""

    def __init__(self, callers: Callers, administrators: Pools) -> None:
        self._callers = callers
        self._administrators = administrators

    def routes(self) -> list[Route]:
        """Once as JSON, once as a file."""
        return [
            Route("/api/setup/records", answering(self.own), methods=["GET"]),
            Route("/api/setup/records.md", answering(self.own_file), methods=["GET"]),
        ]

    def own(self, request: Request) -> Any:
        """The tenant's record, for its owners. Raises NotAccepted: ``role_needed``."""
        tenant_hk = hash_key(self._callers.acts(request, ("owner",)))
        with administering(self._administrators, tenant_hk) as connection:
            return records_of(connection, tenant_hk)

    def own_file(self, request: Request) -> Response:
        """The same in Markdown."""
        tenant_id = self._callers.acts(request, ("owner",))
        tenant_hk = hash_key(tenant_id)
        with administering(self._administrators, tenant_hk) as connection:
            lines = list(as_markdown(records_of(connection, tenant_hk)))
            auth.tell_download(connection, _FILE, len(lines), tenant_hk)
        headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{tenant_id}-{_FILE}"'}
        return Response("\n".join(lines) + "\n", headers=headers, media_type="text/markdown")
