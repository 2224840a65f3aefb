"""Options that mean the same for every command."""

from pathlib import Path
from typing import Annotated

import typer

from footfall.database import Store, open_store
from footfall.settings import Settings

Data = Annotated[
    Path | None, typer.Option("--data", help="Folder of the embedded store.  [env: FOOTFALL_DATA; default: footfall-data]")
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database-url", help="A PostgreSQL server to use instead of the embedded store.  [env: DATABASE_URL]"),
]
Port = Annotated[int | None, typer.Option("--port", help="Port of the HTTP server.  [env: FOOTFALL_PORT; default: 8700]")]
AsJson = Annotated[bool, typer.Option("--json", help="Say it in JSON, for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Log only what somebody should look at.")]


def settings_of(data: Path | None, database_url: str | None, port: int | None = None) -> Settings:
    """The settings of a command: its options, then the environment, then the defaults."""
    return Settings.read().override(data=data, database_url=database_url, port=port)


def existing_store(data: Path | None, database_url: str | None) -> Store:
    """The store that a command is about. Raises StoreUnavailable when there is none."""
    settings = settings_of(data, database_url)
    return open_store(settings.database_url, settings.data)
