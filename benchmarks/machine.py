"""What every benchmark needs: a store of its own, and a word on how loud the machine is."""

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from psycopg.conninfo import make_conninfo

from footfall import schema
from footfall.auth import NewTenant, add_tenant
from footfall.database import EmbeddedStore, connect
from footfall.demo import INDUSTRIES


def calibrate() -> float:
    """Seconds of three million steps of pure Python: tells a loud moment of a shared machine from a quiet one."""
    started = time.perf_counter()
    total = 0
    for number in range(3_000_000):
        total += number
    return time.perf_counter() - started


@contextlib.contextmanager
def fresh_store() -> Iterator[str]:
    """The URL of an empty embedded store with Footfall's schema and the demo's tenants."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedStore(Path(folder) / "data") as store:
        with connect(store.url) as owner:
            schema.deploy(owner)
            for industry in INDUSTRIES:
                add_tenant(owner, NewTenant(industry.tenant_id, industry.name, industry.industry, industry.time_zone))
        yield store.url


def another_database(url: str, name: str) -> str:
    """The URL of a new, empty database in the same server."""
    with connect(url) as owner:
        owner.execute(f"CREATE DATABASE {name}")
    return make_conninfo(url, dbname=name)
