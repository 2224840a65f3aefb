"""The dashboard's page and its scripts, with the headers that keep other sites' hands off them."""

from http import HTTPStatus
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount, Route

from footfall.web.files import BuiltFiles

# the page's own addresses: what is looked at; everything else of it is in the query string
VIEWS = (
    "",
    "realtime",
    "funnels",
    "retention",
    "paths",
    "items",
    "engagement",
    "speed",
    "events",
    "sessions",
    "why",
    "quality",
    "setup",
    "customers",
    "audit",
    "audit-all",
    "privacy",
    "records",
    "rules",
    "share/{link}",
)

# Of every page of ours: nothing from anywhere else, nothing inline, in nobody's frame. OWASP's list of secure headers, as far as
# it concerns pages.
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_NOT_BUILT = (
    "<!doctype html><html lang=en><title>Footfall</title><h1>Footfall</h1>"
    "<p>The dashboard's scripts are not built: <code>make setup</code> does."
    ' The API is here all the same: <a href="/docs">/docs</a>.'
)


def routes(built: Path) -> list[Route | Mount]:
    """The page under every address of its views, and its files; `built` is what `dashboard/build.mjs` made."""
    # their names change with their content
    kept = PAGE_HEADERS | {"Cache-Control": "public, max-age=31536000, immutable"}
    files = [Mount("/dashboard", BuiltFiles(built, kept))] if built.is_dir() else []
    return [*(Route(f"/{view}", lambda _: page(built)) for view in VIEWS), *files]


def page(built: Path, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """The page; which view it shows it reads from its address."""
    # asked for again each time: it names the scripts by their content
    headers = PAGE_HEADERS | {"Cache-Control": "no-cache"}
    if not (built / "index.html").is_file():
        return HTMLResponse(_NOT_BUILT, status, headers=headers)
    return FileResponse(built / "index.html", status, headers=headers)


def is_for_people(request: Request) -> bool:
    """Whether somebody opens an address in a browser: what is not there is told them in a page, and programs in JSON."""
    is_page = "text/html" in request.headers.get("accept", "")
    return request.method in ("GET", "HEAD") and is_page and not request.url.path.startswith("/api/")
