"""The server in this process, on a database of its own; every request goes through the real application."""

from collections.abc import Iterator

import argon2
import pytest
from sender import client_of
from starlette.testclient import TestClient


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is slow to guess is slow to test: these hashes cost next to nothing. test_passwords.py looks at the real ones."""
    quick = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("footfall.auth.accounts.passwords._hasher", quick)


@pytest.fixture
def client(url: str) -> Iterator[TestClient]:
    """A client at a visitor's address, with a browser's user agent."""
    with client_of(url) as client:
        yield client
