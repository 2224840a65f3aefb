"""The guide at /guide: the documentation as pages with a search, built by `make docs` from README and docs/."""

from http import HTTPStatus
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from footfall.web.dashboard import PAGE_HEADERS
from footfall.web.files import BuiltFiles

_NOT_BUILT = (
    "<!doctype html><html lang=en><title>Footfall: guide</title><h1>Guide</h1>"
    "<p>The guide is not built: <code>make docs</code> does. Its pages are in the repository, under <code>docs</code>."
)


def routes(built: Path) -> list[Route | Mount]:
    """Every page of the guide, or one that says how it is built; `built` is where mkdocs.yml puts it."""
    # asked for again each time: most names stay when their content changes
    headers = PAGE_HEADERS | {"Cache-Control": "no-cache"}

    def not_built(_: Request) -> Response:
        return HTMLResponse(_NOT_BUILT, HTTPStatus.NOT_FOUND, headers)

    if not (built / "index.html").is_file():
        return [Route("/guide", not_built), Route("/guide/{page:path}", not_built)]
    return [Mount("/guide", BuiltFiles(built, headers, pages=True))]
