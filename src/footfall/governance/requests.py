"""The register of requests: what people asked of a tenant about their data, and until when it is due (GDPR Art. 12, CCPA)."""

from calendar import monthrange
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, Literal, get_args

from footfall.database import Connection
from footfall.errors import NotAccepted

RequestKind = Literal["access", "erasure", "portability", "rectification", "objection", "opt_out"]
Law = Literal["gdpr", "ccpa"]
State = Literal["open", "done", "refused"]
KINDS: tuple[RequestKind, ...] = get_args(RequestKind)
LAWS: tuple[Law, ...] = get_args(Law)
_CCPA = timedelta(days=45)
_LONGEST = 100  # of a reference: as the table has it
_NO_NUMBER = (1 << 63) - 1  # that any request will have: bigint's last
_COLUMNS = "request_id, kind, law, reference, received_on, due_on, state, closed_at, closed_by, erasure_id"
_NAMES = ("request", "kind", "law", "reference", "received_on", "due_on", "state", "closed_at", "closed_by", "receipt")


def due_on(received_on: date, law: Law) -> date:
    """Until when an answer is due: a month after receipt (Art. 12(3) GDPR), or 45 days (Cal. Civ. Code 1798.130).

    Where the month has no such day, its last one.
    """
    if law == "ccpa":
        return received_on + _CCPA
    year, month = divmod(received_on.year * 12 + received_on.month, 12)
    return date(year, month + 1, min(received_on.day, monthrange(year, month + 1)[1]))


def add_request(
    connection: Connection, tenant_hk: bytes, kind: RequestKind, received_on: date, reference: str, law: Law = "gdpr"
) -> dict[str, Any]:
    """Put a request down; `reference` leads to the tenant's own papers and names nobody.

    `connection` is a worker's or an administrator's. Raises NotAccepted: ``request_invalid``.
    """
    if kind not in KINDS or law not in LAWS or len(reference) > _LONGEST:
        raise NotAccepted("request_invalid", f"a request is one of {', '.join(KINDS)}, by gdpr or ccpa, with a short reference")
    with _about(connection, tenant_hk):
        row = connection.execute(
            f"/* governance.requests */ SELECT {_COLUMNS} FROM auth.add_privacy_request(%s, %s, %s, %s, %s)",  # noqa: S608  a constant
            (kind, law, reference, received_on, due_on(received_on, law)),
        ).fetchone()
    return dict(zip(_NAMES, row or (), strict=True))


def close_request(
    connection: Connection, tenant_hk: bytes, number: int, state: State, receipt: int | None = None
) -> dict[str, Any]:
    """Answer an open request, or refuse it; by whom the audit log's actor says. Raises NotAccepted: ``request_unknown``."""
    with _about(connection, tenant_hk):
        row = connection.execute(
            f"/* governance.requests */ SELECT {_COLUMNS} FROM auth.close_privacy_request(%s, %s, %s)",  # noqa: S608  a constant
            (min(number, _NO_NUMBER), state, receipt),
        ).fetchone()
    if row is None:
        raise NotAccepted("request_unknown", f"there is no open request {number}")
    return dict(zip(_NAMES, row, strict=True))


def list_requests(connection: Connection, tenant_hk: bytes) -> list[dict[str, Any]]:
    """The requests of a tenant: open ones first, what is due soonest before the others."""
    rows = connection.execute(
        f"/* governance.requests */ SELECT {_COLUMNS} FROM auth.privacy_request"  # noqa: S608  a constant
        " WHERE tenant_hk = %s ORDER BY state <> 'open', due_on, request_id",
        (tenant_hk,),
    )
    return [dict(zip(_NAMES, row, strict=True)) for row in rows]


@contextmanager
def _about(connection: Connection, tenant_hk: bytes) -> Iterator[None]:
    """A transaction that is about a tenant."""
    with connection.transaction():
        connection.execute("SELECT set_config('app.tenant_hk', %s, true)", (tenant_hk.hex(),))
        yield
