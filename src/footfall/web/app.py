"""The HTTP server's composition root: opens what is needed, and puts the door in front of everything else."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from importlib import resources
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from footfall import api, measures
from footfall.api import read_archive
from footfall.auth import Accounts, KeyRing, Secrets
from footfall.auth.passkeys import Passkeys
from footfall.auth.provider import Provider
from footfall.auth.sign_ons import SignOns
from footfall.database import Cells, Pools, pool, pools, reading
from footfall.errors import NotAccepted
from footfall.operations.metrics import StoreMetrics
from footfall.raw import Commits
from footfall.settings import Settings
from footfall.web import dashboard, guide, openapi
from footfall.web.analytics import Analytics
from footfall.web.answers import json_response, refusal
from footfall.web.arrivals import Arrivals
from footfall.web.attempts import Attempts
from footfall.web.audit import Audit
from footfall.web.callers import Callers, admitted, shown_key
from footfall.web.copies import looked_after
from footfall.web.door import PATHS, Door, Receive, Scope, Send
from footfall.web.files import BuiltFiles
from footfall.web.headers import headers_of, with_headers
from footfall.web.health import Health
from footfall.web.metrics import Metrics
from footfall.web.operator import Operator
from footfall.web.origin import Origin
from footfall.web.passkeys import PasskeyPages
from footfall.web.privacy import Privacy
from footfall.web.problems import problem
from footfall.web.proof import Proof
from footfall.web.proxies import Proxies
from footfall.web.readers import READERS, Readers
from footfall.web.records import Records
from footfall.web.rules import Rules
from footfall.web.session import Session
from footfall.web.setup import Setup
from footfall.web.single_sign_on import BEGIN, SingleSignOn
from footfall.web.watched import Watcher

logger = logging.getLogger(__name__)

Application = Callable[[Scope, Receive, Send], Awaitable[None]]
_REQUEST_ERROR = "REQUEST_ERROR"
_FORGET_SECONDS = 3600.0
_MEASURE_SECONDS = 1.0
STATIC = Path(str(resources.files("footfall.web") / "static"))
# Any site may run the tracker, and a browser asks for it once an hour at most; its ETag makes that a short answer.
_TRACKER_HEADERS = {
    "Content-Type": "text/javascript; charset=utf-8",  # whatever the encoding of the site's pages
    "Cache-Control": "public, max-age=3600",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
# Swagger UI sets styles of its elements
_DOCS_HEADERS = dashboard.PAGE_HEADERS | {
    "Content-Security-Policy": dashboard.PAGE_HEADERS["Content-Security-Policy"].replace(
        "style-src 'self'", "style-src 'self' 'unsafe-inline'"
    )
}


def application(settings: Settings, url: str) -> Application:
    """The whole server as one ASGI callable on the store at `url`."""
    cells = Cells(url, settings.cells.named)
    copies = read_archive(settings.archive, settings.archive_cache, settings.archive_cache_bytes)
    ingest = pools(cells, "footfall_ingest", size=4)
    readers = pools(cells, "footfall_reader", size=READERS)
    in_turns = Readers(readers, settings.query_seconds)
    keys = KeyRing(ingest)
    secrets = Secrets(ingest)
    commits = Commits(cells, settings.max_waiting_events)
    proxies = Proxies(settings)
    watcher = Watcher()
    door = Door(settings, keys, secrets, commits, proxies, watcher)
    administrators = pools(cells, "footfall_admin", size=2)
    # apart: whoever waits for a setting does not keep others from signing in
    signing_in = pool(url, "footfall_admin", size=4)
    # apart: an erasure waits for loads, and settings do not wait for it
    persons = pools(cells, "footfall_admin", size=2)
    accounts = Accounts(signing_in, administrators)
    origin = Origin(settings)
    callers = Callers(keys, accounts, origin)
    rest = _Rest(keys, readers)
    health = Health(cells, readers, commits, settings)
    analytics = Analytics(callers, in_turns, settings)
    setup = Setup(callers, administrators)
    operator = Operator(callers, administrators)
    attempts = Attempts(proxies)
    passkeys = PasskeyPages(Passkeys(signing_in, accounts), callers, attempts, origin)
    session = Session(callers, accounts, attempts, origin, passkeys, is_single_sign_on=bool(settings.oidc_issuer))
    sign_ons = SignOns(signing_in, administrators, accounts, Provider(settings), settings.oidc_roles)
    proof = Proof(callers, administrators, in_turns, settings.data)
    # apart: who watches sees also what keeps all others waiting
    watching = pools(cells, "footfall_admin", size=1) if settings.metrics_token else None

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with ingest, readers, administrators, signing_in, persons, watching or contextlib.nullcontext():
            commits.start()
            tasks = [asyncio.create_task(_forget_hourly(secrets)), asyncio.create_task(_measure_waiting(commits))]
            if cells.are_several:
                tasks.append(asyncio.create_task(_find_tenants(cells)))
            try:
                async with looked_after(copies, readers):
                    yield
            finally:
                for task in tasks:
                    task.cancel()
                await commits.close()

    rest_of_all = Starlette(
        routes=[
            *analytics.routes(),
            *session.routes(),
            *passkeys.routes(),
            *(SingleSignOn(sign_ons, attempts, origin).routes() if settings.oidc_issuer else ()),
            *setup.routes(),
            *operator.routes(),
            *Audit(callers, administrators).routes(),
            *Records(callers, administrators).routes(),
            *Privacy(callers, persons).routes(),
            *Rules(callers, administrators).routes(),
            *proof.routes(),
            *(Metrics(settings.metrics_token, StoreMetrics(watching, settings.data)).routes() if watching else ()),
            *health.routes(),
            *rest.routes(),
            *dashboard.routes(STATIC / "dashboard"),
            *guide.routes(STATIC / "guide"),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: _http_error, Exception: _any_error},
    )

    behind = watcher.watching(with_headers(rest_of_all, headers_of(settings), leading_away=(BEGIN,)))

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in PATHS:
            await door(scope, receive, send)
        else:
            await behind(scope, receive, send)

    return Arrivals(settings, proxies).bounding(serve)


class _Rest:
    """Everything but the door."""

    def __init__(self, keys: KeyRing, readers: Pools) -> None:
        self._keys = keys
        self._readers = readers

    def routes(self) -> list[Route | Mount]:
        ui = STATIC / "swagger-ui"
        tracker = BuiltFiles(STATIC / "tracker", _TRACKER_HEADERS)
        return [
            *(Route(f"/{file.name}", tracker) for file in sorted((STATIC / "tracker").glob("*.js"))),
            Route("/api/tracking/test", self.test),
            Route("/openapi.json", lambda _: json_response(openapi.document())),
            Route("/docs", lambda _: HTMLResponse(_docs_page(built=ui.is_dir()), headers=_DOCS_HEADERS)),
            *([Mount("/docs/ui", BuiltFiles(ui, {}))] if ui.is_dir() else []),
        ]

    def test(self, request: Request) -> Response:
        """Anybody may ask; a key that is shown is tested too, whatever its kind."""
        try:
            key = shown_key(request.scope, dict(request.scope["headers"]))
            owner = self._keys.owner_of(key) if key else None
            if key and owner is None:
                admitted(key, owner, "read")
            with reading(self._readers, owner.tenant_hk if owner else None) as connection:
                reply = api.track_test(connection)
        except Exception as error:  # noqa: BLE001  whatever happens, the caller gets an answer
            return refusal(problem(error, _REQUEST_ERROR))
        return json_response(reply, HTTPStatus.OK if reply["success"] else HTTPStatus.SERVICE_UNAVAILABLE)


async def _forget_hourly(secrets: Secrets) -> None:
    while True:
        await asyncio.sleep(_FORGET_SECONDS)
        secrets.forget()


async def _find_tenants(cells: Cells) -> None:
    """Beside all else: no request waits for a cell that does not answer."""
    while True:
        await asyncio.to_thread(cells.refresh)
        await asyncio.sleep(_MEASURE_SECONDS)


async def _measure_waiting(commits: Commits) -> None:
    while True:
        measures.WAITING_EVENTS.set(commits.events_waiting)
        await asyncio.sleep(_MEASURE_SECONDS)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  that is what it is registered for
    status = HTTPStatus(error.status_code)
    if status == HTTPStatus.NOT_FOUND and dashboard.is_for_people(request):
        return dashboard.page(STATIC / "dashboard", status)
    refused = problem(NotAccepted(status.name.lower(), status.phrase, status), _REQUEST_ERROR)
    refused.headers.update(error.headers or {})
    return refusal(refused)


def _any_error(_: Request, error: Exception) -> Response:
    return refusal(problem(error, _REQUEST_ERROR))


def _docs_page(*, built: bool) -> str:
    if not built:
        return (
            "<!doctype html><title>Footfall API</title><p>The page's scripts are not built (`make setup` does);"
            ' the description itself is <a href="/openapi.json">openapi.json</a>.'
        )
    return (STATIC / "docs.html").read_text()
