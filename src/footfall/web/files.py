"""Built files over HTTP: compressed on the wire, not sent again to whoever has them."""

import os
from pathlib import Path

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send


class BuiltFiles:
    """An application that serves a folder's files by name, each with these headers; 404 for what is not there."""

    def __init__(self, folder: Path, headers: dict[str, str]) -> None:
        self._compressing = GZipMiddleware(_Files(folder, headers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        # a server that is handed a path would read and send the file itself: uncompressed
        extensions = {name: value for name, value in scope.get("extensions", {}).items() if name != "http.response.pathsend"}
        await self._compressing({**scope, "extensions": extensions}, receive, send)


class _Files(StaticFiles):
    def __init__(self, folder: Path, headers: dict[str, str]) -> None:
        super().__init__(directory=folder, check_dir=False)  # of what is not built, no file has a route
        self._headers = headers

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, or that it is the one the client has, with our headers."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(self._headers)
        return response
