"""The server in this process, on a database of its own; every request goes through the real application."""

from collections.abc import Iterator

import pytest
from sender import client_of
from starlette.testclient import TestClient


@pytest.fixture(autouse=True)
def all_passwords_quick(quick_passwords: None) -> None:
    """test_passwords.py looks at the real ones."""


@pytest.fixture
def client(url: str) -> Iterator[TestClient]:
    """A client at a visitor's address, with a browser's user agent."""
    with client_of(url) as client:
        yield client
