"""The load generator: one process, many keep-alive connections, requests built from believable events; about 20 us a request.

    python benchmarks/clients.py < plan.json

Reads a Plan as JSON, prints a Result as JSON. Closed loop: each connection sends as soon as it is answered. With a rate, open
loop: requests are due at fixed moments, and a latency counts from the moment it was due: a server that stalls cannot hide it.
"""

import json
import selectors
import socket
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from pathlib import Path

from events import live

_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


@dataclass
class Plan:
    """What to send. `keys`: a write key of each tenant that sends; `rate`: requests a second, 0 for as many as are answered."""

    port: int
    keys: dict[str, str]
    connections: int
    events_a_request: int
    seconds: float
    rate: float = 0.0
    prefix: str = "e"
    pause_file: str = ""  # while this file exists, nothing is sent
    prepared: int = 0  # requests made beforehand and sent again and again, where their making would take from what is measured
    warm_seconds: float = 0.0  # whose latencies are left out: caches fill, plans are made


@dataclass
class Result:
    """What was acknowledged, and how long the answers took (milliseconds)."""

    requests: int
    events: int
    seconds: float
    p50: float
    p99: float
    refused: dict[str, int] = field(default_factory=dict)


def run(plan: Plan) -> Result:
    """Send according to plan, in a process of its own."""
    return wait(start(plan))


def start(plan: Plan) -> "subprocess.Popen[str]":
    """Begin to send, in a process of its own."""
    process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdin is not None  # noqa: S101  it was asked for
    process.stdin.write(json.dumps(asdict(plan)))
    process.stdin.close()
    return process


def wait(process: "subprocess.Popen[str]") -> Result:
    """What came of it."""
    with process:
        assert process.stdout is not None  # noqa: S101  it was asked for
        return Result(**json.load(process.stdout))


def requests(plan: Plan) -> Iterator[bytes]:
    """Requests without end, from one tenant after the other."""
    events = {tenant: live(plan.prefix, tenant) for tenant in plan.keys}
    while True:
        for tenant, key in plan.keys.items():
            batch = list(islice(events[tenant], plan.events_a_request))
            body = (batch[0] if plan.events_a_request == 1 else f"[{','.join(batch)}]").encode()
            head = (
                f"POST /api/tracking/events HTTP/1.1\r\nHost: 127.0.0.1:{plan.port}\r\nUser-Agent: {_AGENT}\r\n"
                f"X-Footfall-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            yield head.encode() + body


def send(plan: Plan) -> Result:  # noqa: C901  one loop, written out for its speed
    """Send according to plan."""
    pool = requests(plan)
    if plan.prepared:
        pool = cycle(list(islice(pool, plan.prepared)))
    selector = selectors.DefaultSelector()
    idle: deque[socket.socket] = deque()
    for _ in range(plan.connections):
        connection = socket.create_connection(("127.0.0.1", plan.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ)
        idle.append(connection)
    due_at: dict[socket.socket, float] = {}
    partial: dict[socket.socket, bytes] = {}
    latencies: list[float] = []
    refused: dict[str, int] = {}
    pause = Path(plan.pause_file) if plan.pause_file else None
    started = now = time.perf_counter()
    sent = acknowledged = 0
    prepared = next(pool)
    while now - started < plan.seconds or due_at:
        is_over = now - started >= plan.seconds
        if not (is_over or (pause and pause.exists())):
            while idle and (not plan.rate or started + sent / plan.rate <= now):
                connection = idle.popleft()
                due_at[connection] = started + sent / plan.rate if plan.rate else time.perf_counter()
                connection.sendall(prepared)
                sent += 1
                prepared = next(pool)
        timeout = 0.01 if due_at or not plan.rate else max(0.0, started + sent / plan.rate - now)
        for key, _ in selector.select(min(timeout, 0.001) if plan.rate else timeout):
            connection = key.fileobj  # type: ignore[assignment]
            reply = partial.pop(connection, b"") + connection.recv(1 << 18)
            if not _is_whole(reply):
                if not reply:
                    raise ConnectionError("the server hung up")
                partial[connection] = reply
                continue
            # 207: taken, and told what is odd about it (a few of the demo's events have a type that nobody knows)
            if reply[9:12] in (b"202", b"207"):
                due = due_at.pop(connection)
                acknowledged += 1
                if due - started >= plan.warm_seconds:
                    latencies.append(time.perf_counter() - due)
            else:
                status = reply[9:12].decode()
                refused[status] = refused.get(status, 0) + 1
                due_at.pop(connection)
            idle.append(connection)
        now = time.perf_counter()
    quantiles = statistics.quantiles(latencies, n=100) if len(latencies) > 1 else [0.0] * 99
    return Result(
        acknowledged, acknowledged * plan.events_a_request, now - started, quantiles[49] * 1e3, quantiles[98] * 1e3, refused
    )


def _is_whole(reply: bytes) -> bool:
    head, separator, body = reply.partition(b"\r\n\r\n")
    if not separator:
        return False
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return len(body) >= int(length or 0)


if __name__ == "__main__":
    print(json.dumps(asdict(send(Plan(**json.load(sys.stdin))))))
