"""Everything at once that a tenant, an analyst or a stranger can do to a Footfall, for so many seconds: see neighbours.py.

.venv/bin/python benchmarks/noise.py '{"port": 8700, "write": KEY, "read": KEY, "login": URL, "seconds": 10}'
"""

import contextlib
import http.client
import itertools
import json
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg

_FROM, _ELSEWHERE = ("127.0.0.2", 0), ("127.0.0.3", 0)  # limits are by address
_EVENTS = 100  # a request
_POISON = b'{"evt_type": "page_view", "properties": {"m": "\\u0040", "a": [%b]}}' % b",".join([b"1e131071"] * 2500)
_SWELLING = b'{"evt_type": "page_view", "unknown": {%b}}' % b",".join(b'"k%d": 1e-16383' % n for n in range(1200))
_DEAR = "/api/analytics/paths?dateFrom=2026-01-01&dateTo=2026-12-31&filter=page%3D~a%7Cpage%3D~b"
_DEAR_SQL = "SELECT count(*) FROM api.event_v a, api.event_v b WHERE a.day < b.day"


class Noise:
    """Each kind of harm in threads of its own, until it is over."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self._asked = asked
        self._end = time.monotonic() + asked["seconds"]
        self.done: Counter[str] = Counter()

    def make(self) -> None:
        """Make all of it, and wait for its end."""
        kinds: list[tuple[int, Callable[[], None]]] = [
            (2, self._flood),
            (1, self._poison),
            (10, self._questions),
            (3, self._sql),
            (12, self._sign_ins),
            (1, self._unfinished),
        ]
        threads = [threading.Thread(target=self._repeat, args=(kind,)) for count, kind in kinds for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _repeat(self, kind: Callable[[], None]) -> None:
        while time.monotonic() < self._end:
            with contextlib.suppress(OSError, http.client.HTTPException, psycopg.Error):
                kind()

    def _post(self, path: str, body: bytes, name: str, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self._asked["port"], timeout=30, source_address=_FROM)
        connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        self.done[f"{name} {answer.status}"] += 1
        return answer

    def _flood(self) -> None:
        """Events of a page each, with values of its own."""
        for number in itertools.count():
            if time.monotonic() > self._end:
                return
            who = f"{threading.get_ident()}-{number}"
            now = datetime.now(UTC).isoformat()
            events = [
                {
                    "evt_type": "page_view",
                    "event_timestamp": now,
                    "page_url": f"https://a.example/{who}-{place}",
                    "properties": {f"k{place}": f"{who}-{place}"},
                }
                for place in range(_EVENTS)
            ]
            self._post("/api/tracking/events", json.dumps(events).encode(), "flood", **{"X-Footfall-Key": self._asked["write"]})

    def _poison(self) -> None:
        for body in (_POISON, _SWELLING, b"[" * 100_000, b'{"evt_type": "page_view", "event_timestamp": "1970-01-01"}'):
            self._post("/api/tracking/events", body, "poison", **{"X-Footfall-Key": self._asked["write"]})

    def _questions(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._asked["port"], timeout=60, source_address=_FROM)
        connection.request("GET", _DEAR, headers={"X-Footfall-Key": self._asked["read"]})
        answer = connection.getresponse()
        answer.read()
        self.done[f"question {answer.status}"] += 1
        connection.close()

    def _sql(self) -> None:
        with psycopg.connect(self._asked["login"], autocommit=True) as analyst:
            analyst.execute("SET statement_timeout = 0")
            self.done["sql"] += 1
            analyst.execute(_DEAR_SQL)

    def _sign_ins(self) -> None:
        body = json.dumps({"email": "ann@example.org", "password": "a wrong long one"}).encode()
        self._post("/api/session", body, "sign-in", **{"X-Footfall-Request": "1"})
        time.sleep(0.2)

    def _unfinished(self) -> None:
        """Requests that do not end."""
        begun = b"POST /api/tracking/events HTTP/1.1\r\nHost: footfall\r\nContent-Length: 100000\r\n\r\n{"
        connections = []
        for _ in range(300):
            connections.append(socket.create_connection(("127.0.0.1", self._asked["port"]), timeout=5, source_address=_ELSEWHERE))
            connections[-1].sendall(begun)
        self.done["unfinished"] += len(connections)
        time.sleep(2)
        for connection in connections:
            connection.close()


def main() -> None:
    """Make noise, and print what was done."""
    noise = Noise(json.loads(sys.argv[1]))
    noise.make()
    print(json.dumps(noise.done))


if __name__ == "__main__":
    main()
