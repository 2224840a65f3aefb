"""A web site with the snippet in its pages, and a host that takes its events: each a real HTTP server of its own origin."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any, Self
from urllib.parse import urlsplit

Answer = tuple[int, dict[str, str], str]  # status, headers, body


class Server:
    """Answers by calling `answer` with method, path and body; runs in a thread."""

    def __init__(self, answer: Callable[[str, str, str], Answer]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def _reply(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                status, headers, text = answer(self.command, self.path, body)
                self.send_response(status)
                for name, value in {"content-length": str(len(text.encode())), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = do_OPTIONS = _reply  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Tests say what they see themselves."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Host:
    """Where Footfall would answer: serves the built scripts, and remembers what is posted, answering as told."""

    def __init__(self) -> None:
        self.status, self.headers = 202, dict[str, str]()
        self.requests: list[list[dict[str, Any]]] = []
        self.server = Server(self._answer)

    def _answer(self, method: str, path: str, body: str) -> Answer:
        anywhere = {"access-control-allow-origin": "*", "access-control-expose-headers": "retry-after, x-footfall-reason"}
        if path.startswith("/api/tracking/events?key=ffw_test") and method == "POST":
            self.requests.append(json.loads(body))
            return self.status, anywhere | self.headers, "{}"
        file = resources.files("footfall.web") / "static" / "tracker" / path.strip("/")
        if method == "GET" and path.endswith(".js") and file.is_file():
            return 200, anywhere | {"content-type": "text/javascript"}, file.read_text()
        return 404, anywhere, ""

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event once, in the order of its first arrival."""
        return list({event["event_id"]: event for request in reversed(self.requests) for event in reversed(request)}.values())[
            ::-1
        ]

    def told(self) -> list[tuple[str | None, str | None]]:
        """Type and action of each event; a page may put what JSON cannot say in the type's place, and then there is none."""
        return [(event.get("evt_type"), event.get("evt_action")) for event in self.events]


class WebSite:
    """Pages with the snippet in their head; any path is a page."""

    def __init__(self, host: str, key: str = "ffw_test") -> None:
        self.host, self.key = host, key
        self.attributes = "data-local"
        self.head = ""
        self.body = '<h1>Shop</h1><div style="height: 3000px"></div>'
        self.headers = dict[str, str]()
        self.status = 200
        self.script = "footfall.js"
        self.server = Server(self._answer)

    def _answer(self, _method: str, path: str, _body: str) -> Answer:
        if urlsplit(path).path.endswith(".pdf"):
            return 200, {"content-type": "application/octet-stream", "content-disposition": "attachment"}, ""
        snippet = f'<script defer src="{self.host}/{self.script}" data-key="{self.key}" {self.attributes}></script>'
        page = f"<!doctype html><title>{path}</title>{self.head}{snippet}<body>{self.body}"
        return self.status, {"content-type": "text/html", **self.headers}, page
