"""Footfall's own processes for a benchmark: `footfall serve` and `footfall worker` on a store, and what they cost."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Service:
    """A running service: its process, and those it has started."""

    process: "subprocess.Popen[bytes]"

    def megabytes(self) -> float:
        """Resident memory of the largest of its processes, at its peak."""
        return max(_peak(pid) for pid in [self.process.pid, *_children(self.process.pid)])


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serve(url: str, workers: int = 1) -> Iterator[tuple[Service, int]]:
    """The HTTP server, and its port."""
    port = free_port()
    with _running(
        url, ["serve", "--workers", str(workers)], FOOTFALL_PORT=str(port), FOOTFALL_KEY_EVENTS_PER_SECOND="0"
    ) as service:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield service, port


@contextlib.contextmanager
def worker(url: str) -> Iterator[Service]:
    """The worker."""
    with _running(url, ["worker"]) as service:
        yield service


@contextlib.contextmanager
def _running(url: str, arguments: list[str], **settings: str) -> Iterator[Service]:
    environment = {**os.environ, "DATABASE_URL": url, **settings}
    command = [sys.executable, "-m", "footfall", *arguments, "--quiet"]
    with subprocess.Popen(command, env=environment) as process:  # noqa: S603  our own command
        try:
            yield Service(process)
        finally:
            process.send_signal(signal.SIGTERM)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _peak(pid: int) -> float:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    return int(status["VmHWM"].split()[0]) / 1024
