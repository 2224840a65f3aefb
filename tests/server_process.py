"""A server in a process of its own, which can be stopped and started again at the same address."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Self


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServerProcess:
    """Serves the store at `url`, with these settings, from `start`, or when entered, until `stop`; its log goes to `log`.

    `port`: for a setting that names the address; 0: any that is free.
    """

    def __init__(self, url: str, *options: str, log: Path | None = None, port: int = 0, **settings: str) -> None:
        port = port or free_port()
        self.address = f"http://127.0.0.1:{port}"
        self._command = [sys.executable, "-m", "footfall", "serve", "--quiet", *options]
        self._log = log
        self._environment = {**os.environ, **settings, "DATABASE_URL": url, "FOOTFALL_PORT": str(port)}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        with self._log.open("ab") if self._log else contextlib.nullcontext() as log:
            self._process = subprocess.Popen(self._command, env=self._environment, stderr=log)
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{self.address}/health/live", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)

    def stop(self) -> None:
        self._process.terminate()
        try:
            status = self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        assert status == 0
