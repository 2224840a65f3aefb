"""Whether this process runs, whether it can do its work, and whether all of Footfall does."""

from http import HTTPStatus

import psycopg
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall import api, schema
from footfall.database import Cells, Connection, Pool, Pools, connect, room_of
from footfall.errors import CellAway, RoleNotTaken, SchemaOutdated, StoreUnavailable
from footfall.raw import Commits
from footfall.settings import Settings
from footfall.web.answers import json_response

_Reasons = list[dict[str, str]]
_PATIENCE_SECONDS = 2.0
_UNNOTICED_SECONDS = 60.0  # that events may wait without a worker: one may just be starting again
_FULL_BYTES = 100 << 20  # with less room PostgreSQL cannot be relied on to write
_LOW_SHARE = 0.1  # of the disk


class Health:
    """The addresses that supervisors, balancers and people look at; `readers` and `commits` are those that do the work."""

    def __init__(self, cells: Cells, readers: Pools, commits: Commits, settings: Settings) -> None:
        self._cells = cells
        self._readers = readers
        self._commits = commits
        self._data = settings.data
        self._lag_seconds = settings.lag_seconds

    def routes(self) -> list[Route]:
        """Each answers 200 or 503, with reasons."""
        return [
            Route("/health/live", self.live),
            Route("/health/accepting", self.accepting),
            Route("/health/ready", self.ready),
        ]

    def live(self, _: Request) -> Response:
        """The process runs."""
        return json_response({"status": "live", "reasons": []})

    def accepting(self, _: Request) -> Response:
        """The process takes events and answers questions: what a balancer asks before it sends some here."""
        return self._answer("accepting", self._reasons(is_all=False))

    def ready(self, _: Request) -> Response:
        """That, and what is taken is loaded, too: what somebody wants to know who watches."""
        return self._answer("ready", self._reasons(is_all=True))

    def _answer(self, name: str, reasons: _Reasons) -> Response:
        body: dict[str, object] = {"status": f"not {name}" if reasons else name, "reasons": reasons}
        if warnings := self._warnings():
            body["warnings"] = warnings
        return json_response(body, HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK)

    def _reasons(self, *, is_all: bool) -> _Reasons:
        room = room_of(self._data)
        if room and room.free < _FULL_BYTES:
            return [_reason("disk_full", f"the store's disk has {room.free >> 20} MB left: make room for it")]
        home, *others = self._readers.each()
        reasons = self._of(home, is_all=is_all)
        # who cannot serve some tenants is still the one to send all others to
        if is_all:
            for other in others:
                reasons += [one | {"cell": other.cell} for one in self._of(other, is_all=True)]
            reasons += [_reason(error.code, str(error)) for error in self._cells.doubled.values()]
        return reasons

    def _of(self, readers: Pool, *, is_all: bool) -> _Reasons:
        """Why a store, or one of several, is not ready."""
        try:
            with readers.connection(timeout=_PATIENCE_SECONDS) as connection:
                schema.require_usable(connection)
                reasons = _missing_months(connection)
                if is_all:
                    reasons += self._unloaded(connection)
        except CellAway as error:
            return [_reason(error.code, str(error))]
        except (psycopg.Error, PoolTimeout):
            return [self._why_unavailable()]
        except SchemaOutdated as error:
            return [_reason(error.code, str(error))]
        try:
            self._commits.of(readers.cell).require_open()
        except StoreUnavailable:
            reasons.append(_reason("events_not_taken", "the store takes no events: the log of this process says why"))
        return reasons

    def _unloaded(self, connection: Connection) -> _Reasons:
        row = connection.execute("/* web.health */ SELECT p.workers, p.waited FROM api.progress() p").fetchone()
        workers, waited = row or (0, 0.0)
        if not workers and waited > _UNNOTICED_SECONDS:
            return [
                _reason("no_worker", f"events wait to be loaded for {waited:.0f} s, and no worker runs: start `footfall worker`")
            ]
        if waited > self._lag_seconds:
            return [_reason("loads_behind", f"events wait to be loaded for {waited:.0f} s: the workers' log says why")]
        return []

    def _warnings(self) -> _Reasons:
        room = room_of(self._data)
        if room and room.free < room.size * _LOW_SHARE:
            return [_reason("disk_low", f"the store's disk has {room.free >> 20} of {room.size >> 20} MB left")]
        return []

    def _why_unavailable(self) -> dict[str, str]:
        try:
            with connect(self._cells.home.url, "footfall_reader"):
                pass
        except RoleNotTaken as error:
            return _reason(error.code, str(error))
        except psycopg.Error:
            pass
        return _reason(StoreUnavailable.code, "the store cannot be reached")


def _missing_months(connection: Connection) -> _Reasons:
    checks = api.track_test(connection)["data"]["checks"]
    return [
        _reason(f"{name}_not_ready", f"no partition of this month for {name}: is a worker running?")
        for name, is_good in checks.items()
        if not is_good
    ]


def _reason(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}
