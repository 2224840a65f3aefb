"""What those who run the service see of all tenants: for the page "Customers", and for programs with an operator's token."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall import auth
from footfall.database import Pools, administering, changing
from footfall.errors import CellAway, NotAccepted
from footfall.operations.customers import usage
from footfall.vault.hashing import hash_key
from footfall.web.answers import answering
from footfall.web.callers import Callers

_MOST = 500  # tenants of an answer


class Operator:
    """The addresses under /api/operator."""

    def __init__(self, callers: Callers, administrators: Pools) -> None:
        self._callers = callers
        self._administrators = administrators

    def routes(self) -> list[Route]:
        """One address a thing, one method a verb."""
        return [
            Route("/api/operator/tenants", answering(self.tenants), methods=["GET"]),
            Route("/api/operator/tenants/{tenant}", answering(self.tenant), methods=["GET"]),
            Route("/api/operator/usage.csv", answering(self.usage), methods=["GET"]),
        ]

    def tenants(self, request: Request) -> Any:
        """Tenants, searched and sorted: `?search=&sort=&order=asc|desc&limit=&offset=`.

        Raises NotAccepted: ``sort_invalid``, ``order_invalid``, ``limit_invalid``.
        """
        self._callers.operates(request)
        asked = request.query_params
        sort, order = asked.get("sort", "events_24h"), asked.get("order", "desc")
        if sort not in usage.SORTS:
            raise NotAccepted("sort_invalid", f"sort is one of {', '.join(usage.SORTS)}")
        if order not in ("asc", "desc"):
            raise NotAccepted("order_invalid", "order is asc or desc")
        limit, offset = _number(asked.get("limit", "50"), least=1), _number(asked.get("offset", "0"), least=0)
        rows: list[dict[str, Any]] = []
        away = []
        for where in self._administrators.each():
            try:
                with where.connection() as connection:
                    there = usage.customers(connection, asked.get("search", ""))
            except CellAway:
                away.append(where.cell)
                continue
            rows += [row for row in there if self._administrators.shows(row["tenant"], where.cell)]
        found = usage.page_of(rows, sort, descending=order == "desc", limit=min(limit, _MOST), offset=offset)
        # of several cells: those of which nothing is among them
        return found | {"away": away} if away else found

    def tenant(self, request: Request) -> Any:
        """One tenant, and its plan limit by limit. Raises NotAccepted: ``tenant_unknown``."""
        self._callers.operates(request)
        with self._administrators.named(request.path_params["tenant"])[0].connection() as connection:
            found = usage.customer(connection, request.path_params["tenant"])
        tenant_hk = hash_key(found["first_id"])
        with administering(self._administrators, tenant_hk) as connection:
            auth.tell_looked_in(connection, tenant_hk)
            return found | {"limits": auth.own_plan(connection)}

    def usage(self, request: Request) -> Response:
        """What each tenant sent in `?month=2026-11`, as CSV. Raises NotAccepted: ``month_invalid``."""
        self._callers.operates(request)
        month = usage.month_of(request.query_params.get("month", ""))
        # all of it or nothing: bills are made of it
        used = []
        for where in self._administrators.each():
            with where.connection() as connection:
                there = usage.usage_of(connection, month)
            used += [row for row in there if self._administrators.shows(row[0], where.cell)]
        text = usage.usage_csv(used)
        with changing(self._administrators.each()[0]) as connection:
            auth.tell_download(connection, f"usage-{month:%Y-%m}.csv", text.count("\n") - 1)
        headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="usage-{month:%Y-%m}.csv"'}
        return Response(text, headers=headers, media_type="text/csv")


def _number(text: str, least: int) -> int:
    if not text.isascii() or not text.isdecimal() or not least <= int(text) < 1 << 31:
        raise NotAccepted("limit_invalid", f"limit and offset are whole numbers from {least} on")
    return int(text)
