"""Options that mean the same for every command."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from footfall.auth import tenant_key
from footfall.database import Connection, Store, administering, connect, open_store, pool
from footfall.settings import Settings

Data = Annotated[
    Path | None, typer.Option("--data", help="Folder of the embedded store (setting FOOTFALL_DATA; default: footfall-data).")
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database-url", help="A PostgreSQL server to use instead of the embedded store (setting DATABASE_URL)."),
]
Port = Annotated[int | None, typer.Option("--port", help="Port of the HTTP server (setting FOOTFALL_PORT; default: 8700).")]
AsJson = Annotated[bool, typer.Option("--json", help="Say it in JSON, for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Log only what somebody should look at.")]


def settings_of(data: Path | None, database_url: str | None, port: int | None = None) -> Settings:
    """The settings of a command: its options, then the environment, then the defaults."""
    return Settings.read().override(data=data, database_url=database_url, port=port)


def existing_store(data: Path | None, database_url: str | None) -> Store:
    """The store that a command is about. Raises StoreUnavailable when there is none."""
    settings = settings_of(data, database_url)
    return open_store(settings.database_url, settings.data, user=settings.postgres_user)


@contextlib.contextmanager
def setting_up(store: Store, tenant: str) -> Iterator[Connection]:
    """A transaction that changes this tenant's settings. Raises NotAccepted: ``tenant_unknown``."""
    with connect(store.url, "footfall_worker") as connection:
        tenant_hk = tenant_key(connection, tenant)
    with pool(store.url, "footfall_admin", size=1) as administrators, administering(administrators, tenant_hk) as connection:
        yield connection
