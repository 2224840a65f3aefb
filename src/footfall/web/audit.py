"""Who did what, over HTTP: for a tenant's owners their chain, for operators and their programs all."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall import auth
from footfall.database import Connection, Pool, administering, changing
from footfall.errors import NotAccepted
from footfall.governance import Wish, all_entries, as_csv, own_entries
from footfall.operations.customers import usage
from footfall.vault.hashing import hash_key
from footfall.web.answers import answering
from footfall.web.callers import Callers

_ROWS = 50  # of a page, unless it says how many
_MOST = 500
_MOST_IN_A_FILE = 100_000
_OPERATORS = "operators"  # the chain of what belongs to no tenant
_FILE = "audit.csv"


class Audit:
    """The addresses under which the chains are read. `?who=&action=&since=&until=&limit=&offset=`; the newest come first."""

    def __init__(self, callers: Callers, administrators: Pool) -> None:
        self._callers = callers
        self._administrators = administrators

    def routes(self) -> list[Route]:
        """Each once as JSON, once as a file."""
        return [
            Route("/api/setup/audit", answering(self.own), methods=["GET"]),
            Route("/api/setup/audit.csv", answering(self.own_file), methods=["GET"]),
            Route("/api/operator/audit", answering(self.all), methods=["GET"]),
            Route("/api/operator/audit.csv", answering(self.all_file), methods=["GET"]),
        ]

    def own(self, request: Request) -> Any:
        """The tenant's chain, for its owners. Raises NotAccepted: ``role_needed``, ``date_invalid``, ``limit_invalid``."""
        tenant_id = self._callers.acts(request, ("owner",))
        with administering(self._administrators, hash_key(tenant_id)) as connection:
            return own_entries(connection, _wish(request))

    def own_file(self, request: Request) -> Response:
        """The same as a file, at most 100,000 rows."""
        tenant_id = self._callers.acts(request, ("owner",))
        tenant_hk = hash_key(tenant_id)
        with administering(self._administrators, tenant_hk) as connection:
            rows = own_entries(connection, _wish(request, _MOST_IN_A_FILE))
            auth.tell_download(connection, _FILE, len(rows), tenant_hk)
        return _file(rows, f"{tenant_id}-{_FILE}")

    def all(self, request: Request) -> Any:
        """All chains, or with `?tenant=` one; `operators` is that of no tenant. Raises NotAccepted: ``tenant_unknown``."""
        self._callers.operates(request)
        with self._administrators.connection() as connection:
            return all_entries(connection, _chain(connection, request), _wish(request))

    def all_file(self, request: Request) -> Response:
        """The same as a file, at most 100,000 rows."""
        self._callers.operates(request)
        with changing(self._administrators) as connection:
            rows = all_entries(connection, _chain(connection, request), _wish(request, _MOST_IN_A_FILE))
            auth.tell_download(connection, _FILE, len(rows))
        return _file(rows, _FILE)


def _chain(connection: Connection, request: Request) -> bytes | None:
    tenant = request.query_params.get("tenant", "")
    if not tenant:
        return None
    return auth.OF_NO_TENANT if tenant == _OPERATORS else hash_key(usage.customer(connection, tenant)["first_id"])


def _wish(request: Request, most: int = 0) -> Wish:
    """Which rows; a day that is named as `until` is among them. `most`: so many, whatever is said of pages."""
    asked = request.query_params
    found = Wish(asked.get("who", "").strip(), asked.get("action", "").strip())
    since = _moment(asked.get("since", ""), found.since)
    until = _moment(asked.get("until", ""), found.until, is_end=True)
    limit, offset = _number(asked.get("limit", str(_ROWS)), 1), _number(asked.get("offset", "0"), 0)
    return Wish(found.who, found.action, since, until, most or min(limit, _MOST), 0 if most else offset)


def _moment(text: str, default: datetime, *, is_end: bool = False) -> datetime:
    """A moment, or a day, in UTC unless it says otherwise. Raises NotAccepted: ``date_invalid``."""
    if not text:
        return default
    try:
        moment = datetime.fromisoformat(text)
        is_day = len(text) == len("2026-11-01")
        moment = moment + timedelta(days=1) if is_end and is_day else moment
    except (ValueError, OverflowError):
        raise NotAccepted("date_invalid", f"{text!r} is no moment: write 2026-11-26 or 2026-11-26T10:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _number(text: str, least: int) -> int:
    if not text.isascii() or not text.isdecimal() or not least <= int(text) < 1 << 31:
        raise NotAccepted("limit_invalid", "limit and offset are whole numbers, the limit from 1 on", HTTPStatus.BAD_REQUEST)
    return int(text)


def _file(rows: list[dict[str, Any]], name: str) -> Response:
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return Response("".join(as_csv(rows)), headers=headers, media_type="text/csv")
