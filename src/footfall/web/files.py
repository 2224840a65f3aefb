"""Built files over HTTP: compressed on the wire, not sent again to whoever has them."""

from pathlib import Path

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send


class BuiltFiles:
    """An application that serves a folder's files by name, each with these headers; 404 for what is not there.

    With `pages` a folder's name stands for its index.html, and 404.html is shown for what is not there.
    """

    def __init__(self, folder: Path, headers: dict[str, str], *, pages: bool = False) -> None:
        self._compressing = GZipMiddleware(_Files(folder, headers, pages=pages))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        # a server that is handed a path would read and send the file itself: uncompressed
        extensions = {name: value for name, value in scope.get("extensions", {}).items() if name != "http.response.pathsend"}
        await self._compressing({**scope, "extensions": extensions}, receive, send)


class _Files(StaticFiles):
    def __init__(self, folder: Path, headers: dict[str, str], *, pages: bool) -> None:
        super().__init__(directory=folder, check_dir=False, html=pages)  # of what is not built, no file has a route
        self._headers = headers

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or that it is the one the client has, or that there is none, with our headers."""
        response = await super().get_response(path, scope)
        response.headers.update(self._headers)
        return response
