"""A bucket of a real server that speaks S3, on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest


@contextmanager
def a_bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str, str]]:
    """A new bucket: its name, what FOOTFALL_ARCHIVE says behind it, the server. All servers of a process have one content."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        for name, value in (("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test"), ("EC2_METADATA_DISABLED", "true")):
            monkeypatch.setenv(f"AWS_{name}", value)
        name = f"months-{token_hex(4)}"
        urlopen(Request(f"http://{host}:{port}/{name}", method="PUT")).close()
        yield name, f"endpoint_override={quote(f'{host}:{port}')}&scheme=http&region=us-east-1", f"http://{host}:{port}"
    finally:
        server.stop()
