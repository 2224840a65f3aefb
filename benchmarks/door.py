"""How many requests a second the event door answers, each after its commit.

    .venv/bin/python benchmarks/door.py [seconds]

`footfall serve` (one process) on a fresh embedded store, no worker running; keep-alive connections that send one event a request
as fast as they are answered, then fifty events a request. The load generator is a Python process on the same machine and takes
its share of it. Afterwards the rows in raw are counted: they must be exactly the events that were acknowledged.
"""

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

from footfall import schema
from footfall.auth import NewTenant, add_key, add_tenant
from footfall.database import Connection, EmbeddedStore, connect

sys.path.insert(0, str(Path(__file__).parent))
from load import calibrate

_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


def _event() -> dict[str, object]:
    return {
        "evt_type": "page_view",
        "event_id": str(uuid.uuid4()),
        "event_timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "session_id": f"session_1795426200_{uuid.uuid4().hex[:6]}",
        "page_url": "https://shop.example/products/42?utm_source=newsletter&utm_medium=email&utm_campaign=november",
        "page_title": "Red shoe, size 42, with laces",
        "page_referrer": "https://www.google.com/",
        "viewport_width": 1280,
        "viewport_height": 720,
        "screen_resolution": "1920x1080",
        "language": "en-GB",
        "timezone": "Europe/Berlin",
        "properties": {"experiment": "b", "logged_in": False, "theme": "dark"},
    }


def _request(key: str, port: int, events: int) -> bytes:
    body = json.dumps(_event() if events == 1 else [_event() for _ in range(events)]).encode()
    head = (
        f"POST /api/tracking/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: {_AGENT}\r\nX-Footfall-Key: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _client(port: int, requests: list[bytes], until: float, latencies: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = 0
    while time.perf_counter() < until:
        started = time.perf_counter()
        writer.write(requests[number % len(requests)])
        number += 1
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 202"):
            raise RuntimeError(head.decode())
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        latencies.append(time.perf_counter() - started)
    writer.close()


async def _load(port: int, key: str, connections: int, events: int, seconds: float) -> list[float]:
    prepared = [[_request(key, port, events) for _ in range(200 // events or 1)] for _ in range(connections)]
    latencies: list[float] = []
    until = time.perf_counter() + seconds
    await asyncio.gather(*(_client(port, requests, until, latencies) for requests in prepared))
    return latencies


def main() -> None:
    """Measure one event a request at several concurrencies, then fifty."""
    seconds = float(sys.argv[1]) if sys.argv[1:] else 10
    with tempfile.TemporaryDirectory() as folder, EmbeddedStore(Path(folder) / "data") as store, connect(store.url) as owner:
        schema.deploy(owner)
        add_tenant(owner, NewTenant("bench", "Bench"))
        key = add_key(owner, "bench", "write", "bench")[1]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = {**os.environ, "DATABASE_URL": store.url, "FOOTFALL_PORT": str(port)}
        command = [sys.executable, "-m", "footfall", "serve", "--quiet"]
        with subprocess.Popen(command, env=environment) as server:  # noqa: S603  our own command
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            asyncio.run(_load(port, key, 4, 1, 1))  # warm
            for connections, events in ((1, 1), (8, 1), (64, 1), (8, 50)):
                before = _rows(owner)
                calibration = calibrate()
                latencies = asyncio.run(_load(port, key, connections, events, seconds))
                acknowledged, stored = len(latencies) * events, _rows(owner) - before
                quantiles = statistics.quantiles(latencies, n=100)
                requests = len(latencies) / seconds
                print(
                    f"{connections:>3} connections, {events:>2} events a request: {requests:>7,.0f} requests/s,"
                    f" {requests * events:>7,.0f} events/s; p50 {quantiles[49] * 1e3:.1f} ms, p99 {quantiles[98] * 1e3:.1f} ms;"
                    f" rows - acks = {stored - acknowledged}; calibration {calibration:.2f} s"
                )
            server.terminate()


def _rows(owner: Connection) -> int:
    row = owner.execute("SELECT count(*) FROM raw.site_tracking_events_r").fetchone()
    return int(row[0]) if row else 0


if __name__ == "__main__":
    main()
