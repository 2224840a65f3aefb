"""What a data vault is made of: hubs, links and satellites as frozen data. No SQL, no I/O.

A hub names a business key, a link joins hubs, a satellite describes a hub over time. Table and column names follow from the
names alone, so a model reads like a table of contents and everything else (DDL, loads, checks, views, diagram) is rendered
from it by this room's other modules.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Column:
    """One attribute of a satellite.

    Attributes:
        name: the column.
        type: its SQL type, lower case.
        comment: what it holds, with unit or allowed values.
        required: NOT NULL.
        compared: part of `hash_diff`; a column that is not compared never causes a new row by itself.
        source: the staging column it is loaded from, where that has another name.
        personal: it says something of a person, or is free text in which somebody may: of whom is forgotten it is not kept,
            and of satellites that are `dated` it has a time of its own to be kept for.
    """

    name: str
    type: str
    comment: str = ""
    required: bool = False
    compared: bool = True
    source: str = ""
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Hub:
    """A business concept: one row for each business key ever seen.

    Attributes:
        name: the concept, e.g. ``site_session``; the table is ``site_session_h``.
        comment: what one row stands for, and what its business key looks like.
        time_ordered: at event grain: keys begin with the event's millisecond and the table is partitioned by month.
        personal: its keys lead to a person: with the links and satellites of such hubs it is what is held about one.
    """

    name: str
    comment: str
    time_ordered: bool = False
    personal: bool = False

    @property
    def table(self) -> str:
        """Table name without schema."""
        return f"{self.name}_h"

    @property
    def hash_key(self) -> str:
        """Primary key column."""
        return f"{self.name}_hk"

    @property
    def business_key(self) -> str:
        """Business key column."""
        return f"{self.name}_bk"


@dataclass(frozen=True, slots=True)
class Link:
    """A relation between two hubs: one row for each pair ever seen. Time-ordered when its first hub is."""

    name: str
    hubs: tuple[Hub, Hub]
    comment: str
    # True: each row of the first hub has exactly one such link; False: at most one
    mandatory: bool = False

    @property
    def table(self) -> str:
        """Table name without schema."""
        return f"{self.name}_l"

    @property
    def hash_key(self) -> str:
        """Primary key column."""
        return f"link_{self.name}_hk"

    @property
    def time_ordered(self) -> bool:
        """Whether the table is partitioned by month, as its first hub is."""
        return self.hubs[0].time_ordered


class History(Enum):
    """Who writes a satellite's rows, and when a key gets another one."""

    IMMUTABLE = "one row for each key, written together with the hub's row"
    STATED = "one row for each event that says it, written together with the event's; withdrawn, it is said anew"
    EARLIEST = "the facts of the key's earliest event; a new row when a still earlier one arrives late"
    COMPUTED = "recomputed from events by its one writer; a new row when the hash_diff changes"


@dataclass(frozen=True, slots=True)
class Satellite:
    """Attributes of a hub over time: a row for each change, each row valid in [load_date, load_end_date).

    Attributes:
        name: e.g. ``site_session_details``; the table is ``site_session_details_s``.
        hub: the hub it describes.
        history: which rows it gets.
        order: for EARLIEST only: the columns that say which of two rows is the earlier one.
        preferring: for EARLIEST only: rows that know this column come before rows that do not.
        stated: for STATED only: the column of staging that holds what is said, and is NULL where an event says nothing of it.
        dated: the column from whose moment on its personal columns are kept as long as retention says; empty: as long as the row.
    """

    name: str
    hub: Hub
    history: History
    comment: str
    columns: tuple[Column, ...]
    order: tuple[str, ...] = ()
    preferring: str = ""
    dated: str = ""
    stated: str = ""

    @property
    def table(self) -> str:
        """Table name without schema."""
        return f"{self.name}_s"

    @property
    def time_ordered(self) -> bool:
        """Whether the table is partitioned by month, as its hub is."""
        return self.hub.time_ordered

    @property
    def historised(self) -> bool:
        """Whether a key can have more than one row, of which one is current."""
        return self.history in (History.EARLIEST, History.COMPUTED)

    def key_with(self, grain: Hub) -> tuple[str, str]:
        """Its primary key: which of its hub, and which row of that. Several events may state something in one load."""
        return self.hub.hash_key, grain.hash_key if self.history is History.STATED else "load_date"

    @property
    def personal(self) -> tuple[Column, ...]:
        """The columns that say something of a person."""
        return tuple(column for column in self.columns if column.personal)

    def require_whole(self) -> None:
        """Raise ValueError when it contradicts itself."""
        if (self.history is History.EARLIEST) != bool(self.order and self.preferring):
            raise ValueError(f"{self.table}: `order` and `preferring` belong to History.EARLIEST, and to it alone")
        if (self.history is History.STATED) != bool(self.stated):
            raise ValueError(f"{self.table}: `stated` belongs to History.STATED, and to it alone")
        if self.dated and (not self.personal or any(column.required for column in self.personal)):
            raise ValueError(f"{self.table}: `dated` is of columns that are personal and may become NULL")

    @property
    def compared(self) -> dict[str, tuple[str, str]]:
        """``{name: (type, expression)}`` of what `hash_diff` covers, for the hash recipe."""
        return {column.name: (column.type, column.name) for column in self.columns if column.compared}


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index, with the question it serves; an index that serves none has no place."""

    table: str
    columns: str
    usage: str
    where: str = ""


class Table(Protocol):
    """What hubs, links and satellites have in common."""

    @property
    def table(self) -> str:
        """Table name without schema."""

    @property
    def comment(self) -> str:
        """What one row stands for."""

    @property
    def time_ordered(self) -> bool:
        """Whether the table is at event grain, and partitioned by month."""


@dataclass(frozen=True)
class Vault:
    """A whole vault. Checked when constructed, so that nothing is rendered from a model that contradicts itself."""

    schema: str
    staging: str  # the table, with schema, that carries every key and attribute, computed once
    staged: str  # the function, with schema, that returns that table's rows of ingest batches (bigint[])
    precedence: str  # SQL over s, a row of that table: which of several of one grain key is loaded, the least
    hubs: tuple[Hub, ...]
    links: tuple[Link, ...]
    satellites: tuple[Satellite, ...]
    indexes: tuple[Index, ...] = field(default=())

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table, hubs first."""
        return (*self.hubs, *self.links, *self.satellites)

    @property
    def grain(self) -> Hub:
        """The time-ordered hub: one row of staging is one of its rows, and what is new in it is what a load loads."""
        return next(hub for hub in self.hubs if hub.time_ordered)

    def __post_init__(self) -> None:
        tables = [table.table for table in self.tables]
        if repeated := {table for table in tables if tables.count(table) > 1}:
            raise ValueError(f"declared twice: {sorted(repeated)}")
        if len([hub for hub in self.hubs if hub.time_ordered]) != 1:
            raise ValueError("exactly one hub is the grain: time-ordered")
        for link in self.links:
            if strangers := [hub.name for hub in link.hubs if hub not in self.hubs]:
                raise ValueError(f"{link.table} joins hubs the vault does not have: {strangers}")
        for satellite in self.satellites:
            if satellite.hub not in self.hubs:
                raise ValueError(f"{satellite.table} describes a hub the vault does not have: {satellite.hub.name}")
            satellite.require_whole()
        for index in self.indexes:
            if index.table not in tables:
                raise ValueError(f"an index on {index.table}, which the vault does not have")
