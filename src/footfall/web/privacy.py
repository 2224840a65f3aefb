"""What visitors ask about their data, over HTTP: found, handed over, erased, by a tenant's owners; the register, the receipts.

All goes over an administrator's connection: the functions of business/sql/own_person.sql act with the worker's rights on the one
tenant that it is about. An id goes in a body, never in an address: addresses are logged.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import IO, Any, cast

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from footfall.business.reach import REACH
from footfall.database import Pools, administering
from footfall.errors import NotAccepted
from footfall.governance.handing_over import write_person
from footfall.governance.persons import erase_person, find_person, receipts
from footfall.governance.requests import add_request, close_request, list_requests
from footfall.vault.hashing import hash_key
from footfall.web import setup_wire as wire
from footfall.web.answers import answering, answering_body
from footfall.web.callers import Callers

_SHOWN = 20  # of a person's ids: whoever has more is looked at in the file
_IN_MEMORY = 1 << 20  # bytes of a file, before it goes to disk
_PIECE = 1 << 16
# an erasure waits for a load that runs, and a large person takes its time; a setting would have given up
_PATIENCE = "SELECT set_config('lock_timeout', '60s', true), set_config('statement_timeout', '10min', true)"


class Privacy:
    """The addresses under /api/setup/privacy, for owners. `persons`: connections of their own, as erasures take long."""

    def __init__(self, callers: Callers, persons: Pools) -> None:
        self._callers = callers
        self._persons = persons

    def routes(self) -> list[Route]:
        """One address a thing, one method a verb."""
        return [
            Route("/api/setup/privacy/find", answering_body(wire.PersonId, self.find), methods=["POST"]),
            Route("/api/setup/privacy/export", answering_body(wire.PersonId, self.export), methods=["POST"]),
            Route("/api/setup/privacy/erase", answering_body(wire.ErasedPerson, self.erase), methods=["POST"]),
            Route("/api/setup/privacy/requests", answering(self.requests), methods=["GET"]),
            Route("/api/setup/privacy/requests", answering_body(wire.NewPrivacyRequest, self.add), methods=["POST"]),
            Route("/api/setup/privacy/requests/{request:int}", answering_body(wire.ClosedRequest, self.close), methods=["POST"]),
            Route("/api/setup/privacy/receipts", answering(self.receipts), methods=["GET"]),
        ]

    def find(self, request: Request, body: wire.PersonId) -> Any:
        """What is held about somebody, counted by layer. Raises NotAccepted: ``role_needed``, and as `find_person` does."""
        tenant_hk = self._owned(request)
        with self._persons.of(tenant_hk).connection() as connection:
            found = find_person(connection, tenant_hk, body.kind, _id(body))
        layers: dict[str, dict[str, int]] = {}
        for one in REACH:
            if one.table in found.counts:
                layers.setdefault(one.layer, {})[one.table] = found.counts[one.table]
        ids = {"visitors": found.visitors, "users": found.users, "sessions": found.sessions}
        return {
            **{name: list(of[:_SHOWN]) for name, of in ids.items()},
            "known": {name: len(of) for name, of in ids.items()},
            "events": found.events,
            "layers": [{"layer": layer, "rows": sum(tables.values()), "tables": len(tables)} for layer, tables in layers.items()],
        }

    def export(self, request: Request, body: wire.PersonId) -> Response:
        """All that is held, as a zip. Raises NotAccepted: ``role_needed``, and as `write_person` does."""
        tenant_hk = self._owned(request)
        file = cast("IO[bytes]", tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115  closed when it is sent
        try:
            with self._persons.of(tenant_hk).connection() as connection:
                write_person(connection, tenant_hk, body.kind, _id(body), file)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="person.zip"'}
        return StreamingResponse(_pieces(file), headers=headers, media_type="application/zip")

    def erase(self, request: Request, body: wire.ErasedPerson) -> Any:
        """Forget or delete somebody; nothing brings them back. Answers the receipt, and closes the request that it answers.

        Raises NotAccepted: ``role_needed``, ``confirmation_wrong``: what was typed is not the id; and as `erase_person` and
        `close_request` do.
        """
        tenant_hk = self._owned(request)
        if body.confirmation.strip() != _id(body):
            raise NotAccepted("confirmation_wrong", "type the id once more to confirm: nothing was erased")
        with self._persons.of(tenant_hk).connection() as connection, connection.transaction():
            connection.execute(_PATIENCE)
            receipt = erase_person(connection, tenant_hk, body.kind, _id(body), body.mode)
            if body.request is not None:
                close_request(connection, tenant_hk, body.request, "done", receipt.number)
        return asdict(receipt)

    def requests(self, request: Request) -> Any:
        """The register: open ones first."""
        return self._listed(request, list_requests)

    def receipts(self, request: Request) -> Any:
        """What was erased, the newest first."""
        return self._listed(request, lambda connection, tenant_hk: [asdict(one) for one in receipts(connection, tenant_hk)])

    def add(self, request: Request, body: wire.NewPrivacyRequest) -> Any:
        """Put a request down. Raises NotAccepted: ``role_needed``, ``date_invalid``, ``request_invalid``."""
        tenant_hk = self._owned(request)
        received = _day(body.received)
        with administering(self._persons, tenant_hk) as connection:
            return add_request(connection, tenant_hk, body.kind, received, body.reference.strip(), body.law)

    def close(self, request: Request, body: wire.ClosedRequest) -> Any:
        """Answer an open request, or refuse it. Raises NotAccepted: ``role_needed``, ``request_unknown``."""
        tenant_hk = self._owned(request)
        with administering(self._persons, tenant_hk) as connection:
            return close_request(connection, tenant_hk, request.path_params["request"], body.state)

    def _listed(self, request: Request, ask: Callable[[Any, bytes], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        tenant_hk = self._owned(request)
        with administering(self._persons, tenant_hk) as connection:
            return ask(connection, tenant_hk)

    def _owned(self, request: Request) -> bytes:
        return hash_key(self._callers.acts(request, ("owner",)))


def _id(body: wire.PersonId) -> str:
    return body.id.strip()


def _day(text: str) -> date:
    """A day; empty: today in UTC. Nothing is received in a time to come."""
    today = datetime.now(UTC).date()
    if not text:
        return today
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise NotAccepted("date_invalid", f"{text!r} is no day: write 2026-11-26", HTTPStatus.BAD_REQUEST) from None
    if not date(2000, 1, 1) <= day <= date.fromordinal(today.toordinal() + 1):
        raise NotAccepted("date_invalid", "a request is received today or earlier", HTTPStatus.BAD_REQUEST)
    return day


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
