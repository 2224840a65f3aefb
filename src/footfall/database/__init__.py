"""The store: where it is, how to connect to it, and how its schema is kept up to date."""

from footfall.database.cluster import Cluster
from footfall.database.connection import Connection, Pool, Role, administering, connect, limit_statements, pool, reading, url_of
from footfall.database.migrate import Definition, migrate, migrations, require_current
from footfall.database.store import EmbeddedStore, Store, open_store

__all__ = [
    "Cluster",
    "Connection",
    "Definition",
    "EmbeddedStore",
    "Pool",
    "Role",
    "Store",
    "administering",
    "connect",
    "limit_statements",
    "migrate",
    "migrations",
    "open_store",
    "pool",
    "reading",
    "require_current",
    "url_of",
]
