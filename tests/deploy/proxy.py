"""nginx and Caddy, of Debian, with the files of deploy/; and who comes, from an address of their own."""

import contextlib
import http.client
import json
import re
import socket
import ssl
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from server_process import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
HOST = "stats.example.com"


class Certificate:
    """A certificate of HOST that says of itself that it is right."""

    def __init__(self, folder: Path) -> None:
        self.file, self.key = folder / "fullchain.pem", folder / "privkey.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        names = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
        subprocess.run([*command, *names, "-out", self.file, "-keyout", self.key], check=True, capture_output=True)


class Proxy(ABC):
    """A proxy in front of the Footfall at `upstream`, with its file in deploy/, on free ports; entered, it is started."""

    program: str
    package: str

    def __init__(self, folder: Path, certificate: Certificate, upstream: str) -> None:
        self.folder, self.certificate = folder, certificate
        self.upstream = urlsplit(upstream).netloc
        self.port, self.plain_port = free_port(), free_port()

    @abstractmethod
    def command(self) -> list[str]:
        """What starts it, in the foreground, after its file is written into `folder`."""

    def __enter__(self) -> Self:
        log = (self.folder / "stderr.log").open("w")
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.folder)}
        self._process = subprocess.Popen(self.command(), env=environment, stdout=log, stderr=log)
        log.close()
        while True:
            try:
                self.visitor().ask("GET", "/health/live")
            except OSError:
                assert self._process.poll() is None, self.logged()
                time.sleep(0.05)
            else:
                return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def logged(self) -> str:
        """All that it has written."""
        return "".join(file.read_text() for file in self.folder.glob("*.log"))

    def visitor(self, address: str = "127.0.0.1") -> "Visitor":
        """Somebody who comes from this address and speaks TLS, trusting the one certificate."""
        return Visitor(self.port, address, ssl.create_default_context(cafile=self.certificate.file))

    def visitor_without_tls(self) -> "Visitor":
        return Visitor(self.plain_port, "127.0.0.1", None)


class Nginx(Proxy):
    program, package = "nginx", "nginx-light"

    def command(self) -> list[str]:
        ours = (DEPLOY / "nginx.conf").read_text()
        ours = re.sub(r"\n *listen \[::\].*", "", ours)
        ours = ours.replace("listen 443", f"listen 127.0.0.1:{self.port}").replace(
            "listen 80", f"listen 127.0.0.1:{self.plain_port}"
        )
        ours = ours.replace(f"/etc/letsencrypt/live/{HOST}", str(self.certificate.file.parent))
        (self.folder / "conf.d").mkdir()
        (self.folder / "conf.d" / "footfall.conf").write_text(self._here(ours))
        # Debian's own file includes ours
        debians = re.sub(r"\n\s*include /etc/nginx/sites-enabled/.*", "", Path("/etc/nginx/nginx.conf").read_text())
        debians = debians.replace("/etc/nginx/conf.d", f"{self.folder}/conf.d").replace("/run/nginx.pid", f"{self.folder}/pid")
        (self.folder / "nginx.conf").write_text(self._here(debians))
        return ["nginx", "-c", f"{self.folder}/nginx.conf", "-g", "daemon off;"]

    def _here(self, text: str) -> str:
        return text.replace("/var/log/nginx", str(self.folder)).replace("127.0.0.1:8700", self.upstream)


class Caddy(Proxy):
    program = package = "caddy"

    def command(self) -> list[str]:
        here = f"admin off\n\tdefault_bind 127.0.0.1\n\thttps_port {self.port}\n\thttp_port {self.plain_port}"
        ours = (DEPLOY / "Caddyfile").read_text().replace("127.0.0.1:8700", self.upstream)
        ours = ours.replace("\n{\n", f"\n{{\n\t{here}\n", 1)
        ours = ours.replace(f"\n{HOST} {{", f"\n{HOST} {{\n\ttls {self.certificate.file} {self.certificate.key}")
        (self.folder / "Caddyfile").write_text(ours)
        return ["caddy", "run", "--adapter", "caddyfile", "--config", f"{self.folder}/Caddyfile"]


class Visitor:
    """A client from an address of this machine: all of 127.0.0.0/8 is."""

    def __init__(self, port: int, address: str, tls: ssl.SSLContext | None) -> None:
        self._port, self._address, self._tls = port, address, tls

    @contextlib.contextmanager
    def asking(
        self, method: str, path: str, body: str | None = None, host: str = HOST, **headers: str
    ) -> Iterator[http.client.HTTPResponse]:
        """The answer as soon as its headers are there; what it says is read as it comes."""
        with contextlib.ExitStack() as open_here:
            connected = socket.create_connection(("127.0.0.1", self._port), timeout=60, source_address=(self._address, 0))
            open_here.enter_context(connected)
            if self._tls:
                connected = open_here.enter_context(self._tls.wrap_socket(connected, server_hostname=host))
            connection = http.client.HTTPConnection(host)
            connection.sock = connected
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            yield open_here.enter_context(contextlib.closing(connection.getresponse()))

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[http.client.HTTPResponse, str]:
        """The answer and all that it says."""
        with self.asking(method, path, body, **headers) as answer:
            return answer, answer.read().decode()

    def beacon(self, key: str, event: dict[str, str], **headers: str) -> int:
        """What navigator.sendBeacon sends of a text: it can set no header; the status."""
        address = f"/api/tracking/events?key={key}"
        return self.ask("POST", address, json.dumps([event]), Content_Type="text/plain;charset=UTF-8", **headers)[0].status
