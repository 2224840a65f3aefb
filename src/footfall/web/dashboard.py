"""The dashboard's page and its scripts, with the headers that keep other sites' hands off them."""

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
    "events",
    "sessions",
    "why",
    "quality",
    "setup",
    "share/{link}",
)

# Nothing from anywhere else, nothing inline, in nobody's frame. OWASP's list of secure headers, as far as it concerns pages.
_HEADERS = {
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

    def page(_: Request) -> Response:
        # asked for again each time: it names the scripts by their content
        headers = _HEADERS | {"Cache-Control": "no-cache"}
        if not (built / "index.html").is_file():
            return HTMLResponse(_NOT_BUILT, headers=headers)
        return FileResponse(built / "index.html", headers=headers)

    # their names change with their content
    kept = _HEADERS | {"Cache-Control": "public, max-age=31536000, immutable"}
    files = [Mount("/dashboard", BuiltFiles(built, kept))] if built.is_dir() else []
    return [*(Route(f"/{view}", page) for view in VIEWS), *files]
