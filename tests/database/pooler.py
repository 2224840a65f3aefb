"""A pooler in small, as a process of its own: passes everything on to PostgreSQL but the start-up option `options`.

python pooler.py HOST_OR_FOLDER PORT      prints the port it listens on
"""

import contextlib
import socket
import sys
import threading
from pathlib import Path

_ENCRYPTION_REQUESTS = (80877103, 80877104)


def main(host: str, port: str) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    while True:
        client, _ = listener.accept()
        threading.Thread(target=_pass_on, args=(client, host, port), daemon=True).start()


def _pass_on(client: socket.socket, host: str, port: str) -> None:
    while True:
        start = _exactly(client, int.from_bytes(_exactly(client, 4)) - 4)
        if int.from_bytes(start[:4]) not in _ENCRYPTION_REQUESTS:
            break
        client.sendall(b"N")
    words = start[4:].rstrip(b"\0").split(b"\0")
    kept = [word for pair in zip(words[::2], words[1::2], strict=True) if pair[0] != b"options" for word in pair]
    start = start[:4] + b"\0".join(kept) + b"\0\0"
    if host.startswith("/"):
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(Path(host) / f".s.PGSQL.{port}"))
    else:
        server = socket.create_connection((host, int(port)))
    server.sendall((len(start) + 4).to_bytes(4) + start)
    threading.Thread(target=_pump, args=(client, server), daemon=True).start()
    _pump(server, client)


def _exactly(source: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        if not (data := source.recv(length - len(received))):
            sys.exit()  # ends this thread alone
        received += data
    return received


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main(*sys.argv[1:])
