"""What a quiet tenant notices of a noisy one: its acknowledgements, reports and freshness, beside all harm at once and without.

    .venv/bin/python benchmarks/neighbours.py [seconds a turn] [--json]

Tenant A floods the door with new pages, sends poison, asks dear questions ten at a time, asks dearer ones as a SQL login, signs
in twelve at a time with wrong passwords, and leaves three hundred requests unfinished (noise.py). Tenant B sends an event ten
times a second and asks for its overview twice a second. Both through `footfall up`.
"""

import contextlib
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo

from footfall.auth import NewTenant, add_key, add_tenant, grant_sql_access
from footfall.database import connect
from footfall.processes import Processes
from footfall.settings import Settings
from services import free_port


class Neighbour:
    """Tenant B: what it waits for, in seconds."""

    def __init__(self, port: int, write: str, read: str) -> None:
        self._port, self._write, self._read = port, write, read
        self.acknowledged: list[float] = []
        self.reported: list[float] = []
        self.refused = 0

    def live(self, seconds: float) -> None:
        """Send and ask for so long."""
        end = time.monotonic() + seconds
        sending = threading.Thread(target=self._send, args=(end,))
        sending.start()
        while time.monotonic() < end:
            self.reported.append(self._timed("GET", "/api/analytics/overview", None, self._read))
            time.sleep(0.5)
        sending.join()

    def _send(self, end: float) -> None:
        number = 0
        while time.monotonic() < end:
            number += 1
            body = json.dumps(
                {"evt_type": "page_view", "page_url": f"https://b.example/{number % 5}", "session_id": f"s-{number % 7}"}
            )
            self.acknowledged.append(self._timed("POST", "/api/tracking/events", body, self._write))
            time.sleep(0.1)

    def _timed(self, method: str, path: str, body: str | None, key: str) -> float:
        started = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        connection.request(method, path, body, {"X-Footfall-Key": key, "Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        self.refused += answer.status >= http.HTTPStatus.BAD_REQUEST
        return time.perf_counter() - started


def measured(seconds: float) -> dict[str, Any]:
    """The figures of a quiet and of a noisy time."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        with Processes(Settings(data=Path(folder) / "data", port=port), quiet=True) as processes, connect(processes.url) as owner:
            for tenant_id in ("a", "b"):
                add_tenant(owner, NewTenant(tenant_id, tenant_id))
            keys = {
                (tenant_id, kind): add_key(owner, tenant_id, kind, "bench")[1]
                for tenant_id in ("a", "b")
                for kind in ("write", "read")
            }
            role, password = grant_sql_access(owner, "a")
            login = make_conninfo(processes.url, user=role, password=password)
            noise = {"port": port, "write": keys["a", "write"], "read": keys["a", "read"], "login": login, "seconds": seconds}
            figures: dict[str, Any] = {}
            for name in ("quiet", "noisy"):
                since = owner.execute("SELECT clock_timestamp()").fetchone()
                neighbour = Neighbour(port, keys["b", "write"], keys["b", "read"])
                command = [sys.executable, str(Path(__file__).with_name("noise.py")), json.dumps(noise)]
                maker = subprocess.Popen(command, stdout=subprocess.PIPE) if name == "noisy" else None  # noqa: S603  our own
                with maker or contextlib.nullcontext() as making:
                    neighbour.live(seconds)
                    done = making.communicate()[0] if making else b"{}"
                time.sleep(1)
                figures[name] = _figures(neighbour) | _freshness(owner, since) | {"noise": json.loads(done)}
            return figures


def _figures(neighbour: Neighbour) -> dict[str, float]:
    return {
        "acknowledgement p99": statistics.quantiles(neighbour.acknowledged, n=100)[98],
        "report p95": statistics.quantiles(neighbour.reported, n=20)[18],
        "sent": len(neighbour.acknowledged),
        "refused": neighbour.refused,
    }


def _freshness(owner: Any, since: Any) -> dict[str, float]:
    """How long B's events waited to be loaded, at most; what still waits has waited until now."""
    waited = owner.execute(
        "SELECT coalesce(max(extract(epoch FROM coalesce(b.load_date, clock_timestamp()) - b.received_from)), 0)::float"
        " FROM raw.ingest_batch b WHERE b.tenant_hk = util.tenant_key('b') AND b.received_from >= %s",
        since,
    ).fetchone()
    return {"freshness": waited[0]}


def main() -> None:
    """Measure, and print."""
    numbers = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    figures = measured(float(numbers[0]) if numbers else 20.0)
    if "--json" in sys.argv:
        print(json.dumps(figures))
        return
    for name in ("acknowledgement p99", "report p95", "freshness"):
        quiet, noisy = figures["quiet"][name], figures["noisy"][name]
        print(f"{name:22} {quiet * 1000:8.0f} ms quiet {noisy * 1000:8.0f} ms beside the noise   ratio {noisy / quiet:6.1f}")
    print(f"refused of B: {figures['noisy']['refused']} of {figures['noisy']['sent']}; the noise: {figures['noisy']['noise']}")


if __name__ == "__main__":
    main()
