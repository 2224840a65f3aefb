"""Who did what, over HTTP: for a tenant's owners their chain, for operators and their programs all."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall import auth
from footfall.database import Pool, Pools, administering, changing
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

    def __init__(self, callers: Callers, administrators: Pools) -> None:
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
        return self._own(hash_key(tenant_id), _wish(request))

    def own_file(self, request: Request) -> Response:
        """The same as a file, at most 100,000 rows."""
        tenant_id = self._callers.acts(request, ("owner",))
        tenant_hk = hash_key(tenant_id)
        rows = self._own(tenant_hk, _wish(request, _MOST_IN_A_FILE))
        with administering(self._administrators, tenant_hk) as connection:
            auth.tell_download(connection, _FILE, len(rows), tenant_hk)
        return _file(rows, f"{tenant_id}-{_FILE}")

    def all(self, request: Request) -> Any:
        """All chains, or with `?tenant=` one; `operators` is that of no tenant. Raises NotAccepted: ``tenant_unknown``."""
        self._callers.operates(request)
        return self._all(request, _wish(request))

    def all_file(self, request: Request) -> Response:
        """The same as a file, at most 100,000 rows."""
        self._callers.operates(request)
        rows = self._all(request, _wish(request, _MOST_IN_A_FILE))
        with changing(self._administrators.each()[0]) as connection:
            auth.tell_download(connection, _FILE, len(rows))
        return _file(rows, _FILE)

    # A chain stays where it was told: each cell has one of what was done there, home of what was done to people.

    def _own(self, tenant_hk: bytes, wish: Wish) -> list[dict[str, Any]]:
        home, *others = self._administrators.each()
        lived = self._administrators.of(tenant_hk)
        return _latest(_own_in, [one for one in (home, *others) if one in (home, lived)], tenant_hk, wish)

    def _all(self, request: Request, wish: Wish) -> list[dict[str, Any]]:
        chain = self._chain(request)
        return _latest(_all_in, self._administrators.each(), chain, wish)

    def _chain(self, request: Request) -> bytes | None:
        tenant = request.query_params.get("tenant", "")
        if not tenant:
            return None
        if tenant == _OPERATORS:
            return auth.OF_NO_TENANT
        with self._administrators.named(tenant)[0].connection() as connection:
            return hash_key(usage.customer(connection, tenant)["first_id"])


Chain = TypeVar("Chain", bytes, bytes | None)


def _own_in(where: Pool, tenant_hk: bytes, wish: Wish) -> list[dict[str, Any]]:
    with administering(where, tenant_hk) as connection:
        return own_entries(connection, wish)


def _all_in(where: Pool, chain: bytes | None, wish: Wish) -> list[dict[str, Any]]:
    with where.connection() as connection:
        return all_entries(connection, chain, wish)


def _latest(
    entries_in: Callable[[Pool, Chain, Wish], list[dict[str, Any]]], stores: Sequence[Pool], chain: Chain, wish: Wish
) -> list[dict[str, Any]]:
    """What several stores tell of a chain, as one: the newest first, a page of it."""
    if len(stores) == 1:
        return entries_in(stores[0], chain, wish)
    rows = [row for one in stores for row in entries_in(one, chain, wish.whole)]
    return sorted(rows, key=lambda row: row["at"], reverse=True)[wish.offset : wish.offset + wish.limit]


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
