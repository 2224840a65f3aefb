"""The store: where it is, how to connect to it, and how its schema is kept up to date."""

from footfall.database.acting import Actor, act_as, acting_as, actor_setting, current_actor
from footfall.database.cells import Cell, Cells, number_cells, pools
from footfall.database.cluster import MAJOR, Cluster
from footfall.database.connection import (
    Connection,
    Pool,
    Pools,
    Role,
    administering,
    changing,
    connect,
    limit_statements,
    pool,
    reading,
    url_of,
)
from footfall.database.migrate import (
    Definition,
    Step,
    Version,
    migrate,
    migrations,
    pending,
    repairs,
    require_current,
    require_usable,
    tried,
)
from footfall.database.roles import roles_script
from footfall.database.store import EmbeddedStore, Room, Store, open_store, room_of

__all__ = [
    "MAJOR",
    "Actor",
    "Cell",
    "Cells",
    "Cluster",
    "Connection",
    "Definition",
    "EmbeddedStore",
    "Pool",
    "Pools",
    "Role",
    "Room",
    "Step",
    "Store",
    "Version",
    "act_as",
    "acting_as",
    "actor_setting",
    "administering",
    "changing",
    "connect",
    "current_actor",
    "limit_statements",
    "migrate",
    "migrations",
    "number_cells",
    "open_store",
    "pending",
    "pool",
    "pools",
    "reading",
    "repairs",
    "require_current",
    "require_usable",
    "roles_script",
    "room_of",
    "tried",
    "url_of",
]
