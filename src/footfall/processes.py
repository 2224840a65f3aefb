"""The processes of `footfall up`: the HTTP server and the worker beside the store, started together and stopped together."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import psycopg

from footfall import schema
from footfall.database import Cells, Role, connect, number_cells, open_store, role_name, url_of
from footfall.errors import FootfallError, SettingInvalid
from footfall.parent import end_with_parent
from footfall.settings import CellUrls, Settings

logger = logging.getLogger(__name__)

# what a process logs in as, to find out more: the schema's owner is for migrations
_ROLES: dict[str, Role] = {"serve": "footfall_reader", "worker": "footfall_worker"}
_STOP_SECONDS = 30
_READY_SECONDS = 60
_TROUBLED_SECONDS = 5.0  # a process that ends sooner than this was never well
_MOST_TROUBLES = 3


class Processes:
    """Store, schema, server and worker. Enter to start them; leave to stop them, the store last."""

    def __init__(self, settings: Settings, *, quiet: bool = False) -> None:
        self._settings = settings
        self._arguments = ["--quiet"] if quiet else []
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._started_at: dict[str, float] = {}
        self._troubles: dict[str, int] = {}

    @property
    def address(self) -> str:
        """Where the server answers."""
        return f"http://{self._settings.host}:{self._settings.port}"

    def __enter__(self) -> Self:
        _require_free_port(self._settings)
        settings = self._settings
        self._store = open_store(settings.database_url, settings.data, create=True, user=settings.postgres_user)
        try:
            self.url = self._store.url
            self._deploy(Cells(self.url, settings.cells.named))
            self._store.let_roles_log_in()
            for name in ("serve", "worker"):
                self._start(name)
            self._wait_until_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _deploy(self, cells: Cells) -> None:
        """Bring the schemas up to date; a cell that is away is left for the next time, and keeps nobody else waiting."""
        away = []
        for cell in cells.all:
            try:
                with connect(cell.url) as connection:
                    done = schema.deploy(connection)
            except (psycopg.Error, FootfallError) as error:
                if cell is cells.home:
                    raise
                away.append(cell.name)
                logger.warning("cell %s is left as it is, its schema could not be brought up to date: %s", cell.name, error)
                continue
            if done:
                logger.info("brought the schema up to date: %d changes", len(done))
        if not away:
            number_cells(cells)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        for child in self._children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for name, child in self._children.items():
            try:
                child.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                logger.warning("%s does not stop: killing it", name)
                child.kill()
                child.wait()
        self._store.close()

    def watch(self, stop: threading.Event) -> None:
        """Start again what ends by itself, until told to stop. Raises FootfallError for what ends again and again."""
        while not stop.wait(0.5):
            self.check()

    def check(self) -> None:
        """Start again what has ended by itself, the store's server too."""
        if self._store.revive():
            logger.warning("the store's server had ended: started it again")
        for name, child in list(self._children.items()):
            status = child.poll()
            if status is None:
                continue
            lived = time.monotonic() - self._started_at[name]
            self._troubles[name] = self._troubles.get(name, 0) + 1 if lived < _TROUBLED_SECONDS else 0
            if self._troubles[name] >= _MOST_TROUBLES:
                raise FootfallError(f"{name} ends again and again, the last time with status {status}: its log tells why")
            logger.warning("%s ended with status %s: starting it again", name, status)
            time.sleep(1)
            self._start(name)

    def _start(self, name: str) -> None:
        role = _ROLES[name]
        settings = self._settings.override(database_url=url_of(self.url, role), cells=_cells_of(self._settings.cells, role))
        command = [sys.executable, "-m", "footfall", name, *self._arguments]
        self._children[name] = subprocess.Popen(  # noqa: S603  our own command
            command,
            env={**os.environ, **settings.environment()},
            preexec_fn=end_with_parent,  # noqa: PLW1509  one system call, before this process has threads
        )
        self._started_at[name] = time.monotonic()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            health = _ask(f"{self.address}/health/accepting")
            if health["status"] == "accepting":
                return
            self.check()
            if time.monotonic() > deadline:
                raise FootfallError(f"the server is not ready after {_READY_SECONDS} s: {health['reasons']}")
            time.sleep(0.1)


def _cells_of(cells: CellUrls, role: Role) -> CellUrls:
    """The cells for a process that logs in as this role, where that may log in."""
    return CellUrls(" ".join(f"{name}={_cell_url(url, role)}" for name, url in cells.named))


def _cell_url(url: str, role: Role) -> str:
    try:
        may_log_in = url_of(url, role) != url
    except psycopg.OperationalError:  # it is away, and cannot be asked
        return url
    return f"{url}{'&' if '?' in url else '?'}user={quote(role_name(url, role))}" if may_log_in else url


def _ask(url: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:  # noqa: S310  our own server
            answer: dict[str, Any] = json.load(reply)
    except urllib.error.HTTPError as error:
        answer = json.load(error)
    except OSError as error:
        answer = {"status": "not ready", "reasons": [{"code": "no_answer", "message": str(error)}]}
    return answer


def _require_free_port(settings: Settings) -> None:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SettingInvalid(
                f"port {settings.port} of {settings.host} cannot be used ({error.strerror}): is Footfall running?"
                " --port names another"
            ) from None
