"""The store: where it is, how to connect to it, and how its schema is kept up to date."""

from footfall.database.connection import Connection, Pool, Role, administering, connect, limit_statements, pool, reading, url_of
from footfall.database.migrate import Definition, migrate, migrations, require_current
from footfall.database.store import EmbeddedStore, Store, free_bytes, open_store

__all__ = [
    "Connection",
    "Definition",
    "EmbeddedStore",
    "Pool",
    "Role",
    "Store",
    "administering",
    "connect",
    "free_bytes",
    "limit_statements",
    "migrate",
    "migrations",
    "open_store",
    "pool",
    "reading",
    "require_current",
    "url_of",
]
