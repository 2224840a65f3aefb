"""A whole Footfall to be killed: store, servers and workers as processes, and clients that retry until they are told."""

import contextlib
import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from footfall import schema
from footfall.auth import NewTenant, add_key, add_tenant
from footfall.business.checks import all_checks, run_check
from footfall.database import EmbeddedStore, connect
from footfall.settings import Settings
from footfall.worker import work_once

_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


class Client(threading.Thread):
    """Sends events one request after the other; an event is sent again, under its id, until it is acknowledged."""

    def __init__(self, port: int, key: str, name: str) -> None:
        super().__init__(daemon=True)
        self._port, self._key, self._name = port, key, name
        self._told_to_stop = threading.Event()
        self.acknowledged: list[str] = []
        self.retries = 0

    def run(self) -> None:
        for number in itertools.count():
            events = [self._event(f"{self._name}-{number}-{place}") for place in range(1 + number % 3)]
            while not self._send(events):
                self.retries += 1
                if self._told_to_stop.wait(0.05):
                    return  # sent, perhaps stored, never acknowledged
            self.acknowledged += [event["event_id"] for event in events]
            if self._told_to_stop.is_set():
                return

    def stop(self) -> None:
        self._told_to_stop.set()

    def _event(self, event_id: str) -> dict[str, str]:
        # some without a session id: their sessions are inferred
        session = {"session_id": f"{self._name}-session"} if len(event_id) % 2 else {}
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return {"evt_type": "page_view", "event_id": event_id, "event_timestamp": now, "page_url": "https://a.example/"} | session

    def _send(self, events: list[dict[str, str]]) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            headers = {"X-Footfall-Key": self._key, "User-Agent": _AGENT, "Content-Type": "application/json"}
            connection.request("POST", "/api/tracking/events", json.dumps(events), headers)
            reply = connection.getresponse()
            reply.read()
        except (OSError, http.client.HTTPException):
            return False
        else:
            return reply.status == 202
        finally:
            connection.close()


class Rig:
    """Use as a context manager; `kill` and `start` name what is to fail, and to be mended.

    serve, worker, store: as they are killed. postmaster: alone, its children notice. connections: all to the store are cut.
    disk: not a byte is left on it.
    """

    def __init__(self, folder: Path, clients: int = 4) -> None:
        self._folder = folder
        self._filler = folder / "filler"
        self._store = EmbeddedStore(folder)
        self.url = self._store.url
        with connect(self.url) as owner:
            schema.deploy(owner)
            add_tenant(owner, NewTenant("acme", "Acme"))
            self._key = add_key(owner, "acme", "write", "rig")[1]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._services: dict[str, subprocess.Popen[bytes]] = {}
        self.clients = [Client(self.port, self._key, f"c{number}") for number in range(clients)]

    def __enter__(self) -> Self:
        for service in ("serve", "worker"):
            self.start(service)
        self.wait_until_ready()
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *_: object) -> None:
        for client in self.clients:
            client.stop()
        for client in self.clients:
            client.join(30)
        for service in self._services.values():
            service.kill()
            service.wait()
        self._store.close()

    def start(self, service: str) -> None:
        if service == "store":
            self._store = EmbeddedStore(self._folder)
            return
        if service in ("postmaster", "disk", "connections"):
            self._filler.unlink(missing_ok=True)
            self._store.revive()  # as `footfall up` does
            return
        environment = {**os.environ, "DATABASE_URL": self.url, "FOOTFALL_PORT": str(self.port), "FOOTFALL_BATCH_SIZE": "50"}
        self._services[service] = subprocess.Popen(
            [sys.executable, "-m", "footfall", service, "--quiet"], env=environment, start_new_session=True
        )

    def kill(self, service: str) -> None:
        """As hard as it can be done: no handler runs, nothing is flushed."""
        if service == "disk":
            with contextlib.suppress(OSError), self._filler.open("wb") as filler:
                while True:
                    filler.write(b"x" * 65536)
                    filler.flush()
            return
        if service == "connections":
            with connect(self.url) as owner:
                owner.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )
            return
        if service == "postmaster":
            postmaster = int((self._folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
            os.kill(postmaster, signal.SIGKILL)
            while _is_alive(postmaster):
                time.sleep(0.02)
            return
        if service == "store":
            postmaster = int((self._folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
            # what `pg_ctl stop -m immediate` sends: every backend ends at once, and the next start recovers from the log
            os.kill(postmaster, signal.SIGQUIT)
            while _is_alive(postmaster):
                time.sleep(0.02)
            self._store.close()
            return
        os.killpg(self._services[service].pid, signal.SIGKILL)
        self._services[service].wait()

    def stop(self, service: str) -> int:
        """Politely; returns the exit status."""
        self._services[service].terminate()
        return self._services[service].wait(30)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=5) as reply:
                    if json.load(reply)["status"] == "ready":
                        return
            except (OSError, urllib.error.HTTPError):
                time.sleep(0.1)
        raise AssertionError("the server does not become ready")

    def settle(self) -> tuple[list[str], list[str]]:
        """Stop the clients, load what is left; returns the acknowledged event ids, and all that are in the vault."""
        for client in self.clients:
            client.stop()
        for client in self.clients:
            client.join(30)
        acknowledged = [event_id for client in self.clients for event_id in client.acknowledged]
        deadline = time.monotonic() + 60
        with connect(self.url, "footfall_worker") as connection:
            while True:
                work_once(self.url, Settings(batch_size=1000))
                waiting = connection.execute(
                    "SELECT count(*) FROM raw.ingest_batch WHERE processing_status = 'PENDING'"
                ).fetchone()
                if waiting == (0,) or time.monotonic() > deadline:
                    break
                time.sleep(0.2)
            rows = connection.execute("SELECT split_part(site_event_bk, '_', 3) FROM business.site_event_h").fetchall()
        return acknowledged, [event_id for (event_id,) in rows]

    def findings(self) -> list[object]:
        with connect(self.url, "footfall_worker") as connection:
            return [finding for check in all_checks() if (finding := run_check(connection, check))]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # a child that has ended and was not waited for is not alive
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", maxsplit=1)[1].split()[0] != "Z"
