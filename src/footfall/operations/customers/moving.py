"""A tenant moves to another cell, while its site goes on sending.

The state of a move is in both stores (util.tenant_move), each step is one transaction, and each finds out whether it was done:
whatever interrupts a move, it is run again and goes on.

1. The cell that it comes to knows that it is arriving; where it is, that it is leaving: that takes none of its events from now
   on (503 tenant_moving, sent again by trackers) and changes none of its settings.
2. What was being written is waited for, and what waits to be loaded is loaded.
3. Every table with a tenant_hk is copied as of one moment, in one transaction at the other end; both ends are digested.
4. It lives in the other cell. This is the moment.
5. When no server remembers better, its rows are deleted where it was, as those of a tenant that is deleted.

The chain of what was done stays where it was told. People and their roles are in home, wherever a tenant lives.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from footfall.auth import KeyRing, require_raw, tell
from footfall.database import CONNECT_SECONDS, Cell, Cells, Connection, connect, require_numbered
from footfall.errors import NotAccepted
from footfall.operations.customers.copying import Move, copy_rows, empty, named, own_tables
from footfall.operations.proof.digest import snapshot

FORGET_SECONDS = KeyRing.SECONDS + 2 * CONNECT_SECONDS + 5  # after which every server has asked again where the tenant is
_DRAIN_SECONDS = 120.0
_LOCK_MILLISECONDS = 200  # for which whoever lands may wait behind a move
_BETWEEN_SECONDS = 0.05
_SLICE = 20_000  # rows of a table that go in one transaction

Drain = Callable[[str], object]  # loads what waits in the store at an URL


@dataclass(frozen=True, slots=True)
class Moved:
    """What came along: rows, by table; and for how long nothing of the tenant could be written."""

    tenant: str
    source: str
    target: str
    rows: dict[str, int]
    stopped_seconds: float


def move_tenant(cells: Cells, tenant_id: str, to: str, drain: Drain, forget_seconds: float | None = None) -> Moved:
    """Have a tenant live in another cell; one that was interrupted on its way there goes on.

    To the cell that it is leaving: the move is taken back, as long as it has not happened.

    Raises NotAccepted: ``cell_unknown``, ``tenant_unknown``, ``tenant_there`` (it lives there already, and nothing is left of it
    elsewhere), ``move_differs`` (it is on its way to another cell), ``tenant_in_two_cells``, ``schema_differs``,
    ``sql_access_there``, ``not_drained``, ``copy_differs``, ``copy_missing``, ``not_numbered``,
    ``ids_met``, ``move_taken_back``, ``moved_already``; psycopg.Error when a cell cannot be reached.
    """
    target = cells.called(to)
    found = _found(cells, tenant_id, target)
    if found.source is target:
        return _take_back(cells, found)
    began = time.monotonic()
    # the owner alone may COPY into tables under row-level security
    with connect(found.source.url, "footfall_worker") as source, connect(target.url) as there:
        rows: dict[str, int] = {}
        _require_one_schema(source, there)
        require_numbered(cells, source, found.source.name)
        require_numbered(cells, there, target.name)
        state, has_come = _state(source, found), _is_there(there, found) and _state(there, found) is None
        if has_come and state is None:
            message = f"{tenant_id} is in cell {found.source.name} and in cell {target.name}: delete it in one of them"
            raise NotAccepted("tenant_in_two_cells", message)
        if has_come and state == "leaving":  # it was interrupted at that very moment
            _leave(source, found)
        elif state != "left":
            drain(found.source.url)  # what waits now is not waited for later
            _announce(source, there, found)
            _drain(source, found, drain)
            rows = _copy(source, there, found)
            _activate(source, there, found)
        stopped = time.monotonic() - began
        time.sleep(FORGET_SECONDS if forget_seconds is None else forget_seconds)
        _require_copy(source, there, found)
        _delete(source, found)
    return Moved(found.tenant_id, found.source.name, target.name, rows, stopped)


def _found(cells: Cells, tenant_id: str, target: Cell) -> Move:
    """Where it is, or where it is coming from: the cell that has it and is not where it goes."""
    known: dict[str, tuple[bytes, str, str | None, str | None]] = {}
    for cell in cells.all:
        with connect(cell.url, "footfall_worker") as connection:
            for tenant_hk, names, state, other in connection.execute("SELECT * FROM auth.cell_tenants()"):
                if tenant_id in names:
                    known[cell.name] = (bytes(tenant_hk), names[0], state, other)
    if not known:
        raise NotAccepted("tenant_unknown", f"there is no tenant {tenant_id!r}: `footfall tenant list` names them")
    if (waiting := known.get(target.name)) and waiting[2] == "leaving":
        return Move(waiting[0], waiting[1], target, Cell(waiting[3] or "", ""))
    sources = [cell for cell in cells.all if cell is not target and cell.name in known and known[cell.name][2] != "arriving"]
    if not sources:
        raise NotAccepted("tenant_there", f"{tenant_id} lives in cell {target.name} already")
    tenant_hk, name, state, other = known[sources[0].name]
    if state is not None and other != target.name:
        raise NotAccepted("move_differs", f"{tenant_id} is on its way to cell {other}: bring that to its end first")
    return Move(tenant_hk, name, sources[0], target)


def _state(connection: Connection, move: Move) -> str | None:
    row = connection.execute("SELECT state FROM util.tenant_move WHERE tenant = %s", (move.tenant_hk,)).fetchone()
    return None if row is None else str(row[0])


def _announce(source: Connection, there: Connection, move: Move) -> None:
    """Nobody finds it at the other end, and nothing of it is written here, from now on."""
    if source.execute("SELECT 1 FROM auth.sql_access WHERE tenant_hk = %s", (move.tenant_hk,)).fetchone():
        message = f"its SQL login is of this server: footfall tenant sql-access {move.tenant_id} --revoke, and give it one there"
        raise NotAccepted("sql_access_there", message)
    require_raw(source, move.tenant_hk)  # files stay with the cell that wrote them
    said = "INSERT INTO util.tenant_move VALUES (%s, %s, %s, %s, util.current_load_date())"
    # a note that it left the other end long ago is over
    over = " ON CONFLICT (tenant) DO UPDATE SET state = excluded.state, other_cell = excluded.other_cell, since = excluded.since"
    there.execute(said + over, (move.tenant_hk, move.tenant_id, "arriving", move.source.name))
    with source.transaction():
        # what has begun to leave for files meanwhile
        source.execute("SELECT util.take_turn('retention')")
        require_raw(source, move.tenant_hk)
        if _state(source, move) is None:
            details = {"to": move.target.name, "from": move.source.name}
            tell(source, "tenant.leaving", move.tenant_id, details, move.tenant_hk)
            source.execute(said, (move.tenant_hk, move.tenant_id, "leaving", move.target.name))


def _is_there(there: Connection, move: Move) -> bool:
    return there.execute("SELECT FROM auth.tenant_h WHERE tenant_hk = %s", (move.tenant_hk,)).fetchone() is not None


def _require_one_schema(*connections: Connection) -> None:
    versions = {one.execute("SELECT max(version) FROM util.schema_version").fetchone() for one in connections}
    if len(versions) > 1:
        raise NotAccepted("schema_differs", "the two cells have schemas of different versions: run `footfall migrate` first")


def _take_back(cells: Cells, move: Move) -> Moved:
    """Have a tenant stay where it is leaving, and nothing of it be at the other end, if that is one of the cells still."""
    with contextlib.ExitStack() as opened:
        if (other := next((cell for cell in cells.all if cell.name == move.target.name), None)) is not None:
            there = opened.enter_context(connect(other.url))
            with there.transaction():
                if not _arriving(there, move) and _is_there(there, move):
                    message = f"{move.tenant_id} lives in cell {other.name} already: move it to there, and then back"
                    raise NotAccepted("moved_already", message)
                there.execute("SELECT set_config('footfall.moving', %s, true)", (move.tenant_hk.hex(),))
                empty(there, move)
                there.execute("DELETE FROM util.tenant_move WHERE tenant = %s", (move.tenant_hk,))
        source = opened.enter_context(connect(move.source.url, "footfall_worker"))
        with source.transaction():
            source.execute("DELETE FROM util.tenant_move WHERE tenant = %s AND state = 'leaving'", (move.tenant_hk,))
            details = {"to": move.target.name, "from": move.source.name}
            tell(source, "tenant.stayed", move.tenant_id, details, move.tenant_hk)
    return Moved(move.tenant_id, move.target.name, move.source.name, {}, 0.0)


def _arriving(there: Connection, move: Move) -> bool:
    """Whether it is on its way, and nobody takes that back or has it happen before this transaction ends."""
    note = "SELECT FROM util.tenant_move WHERE tenant = %s AND state = 'arriving' FOR UPDATE"
    return there.execute(note, (move.tenant_hk,)).fetchone() is not None


def _require_arriving(there: Connection, move: Move) -> None:
    if not _arriving(there, move):
        raise NotAccepted("move_taken_back", f"that {move.tenant_id} moves was taken back meanwhile")


def _drain(source: Connection, move: Move, drain: Drain) -> None:
    """Wait for who was writing when it began to leave, and load what waits."""
    deadline = time.monotonic() + _DRAIN_SECONDS
    while not _is_quiet(source):
        if time.monotonic() > deadline:
            message = (
                f"something writes to cell {move.source.name} for minutes, an import perhaps: run it again when that has ended"
            )
            raise NotAccepted("not_drained", message)
        time.sleep(_BETWEEN_SECONDS)
    while source.execute(
        "SELECT 1 FROM raw.ingest_batch WHERE tenant_hk = %s AND processing_status = 'PENDING' AND retry_count = 0 LIMIT 1",
        (move.tenant_hk,),
    ).fetchone():
        if time.monotonic() > deadline:
            message = f"what {move.tenant_id} sent is not loaded yet: run it again when the workers have caught up"
            raise NotAccepted("not_drained", message)
        drain(move.source.url)


def _is_quiet(source: Connection) -> bool:
    """Whether nobody is writing who asked before it began to leave: that lock is theirs until they have committed."""
    try:
        with source.transaction():
            source.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(_LOCK_MILLISECONDS)))
            source.execute("LOCK TABLE util.tenant_move IN EXCLUSIVE MODE")
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def _copy(source: Connection, there: Connection, move: Move) -> dict[str, int]:
    """Copy it as of one moment, in one transaction, over what an earlier attempt has left."""
    with snapshot(source), there.transaction():
        there.execute("SELECT set_config('footfall.moving', %s, true)", (move.tenant_hk.hex(),))
        _require_arriving(there, move)
        return copy_rows(source, there, move)


def _activate(source: Connection, there: Connection, move: Move) -> None:
    """The one moment: what is arriving is there. Only then is it said here that it has left."""
    with there.transaction():
        _require_arriving(there, move)
        there.execute("DELETE FROM util.tenant_move WHERE tenant = %s", (move.tenant_hk,))
        tell(there, "tenant.moved", move.tenant_id, {"from": move.source.name, "to": move.target.name}, move.tenant_hk)
    _leave(source, move)


def _leave(source: Connection, move: Move) -> None:
    source.execute(
        "UPDATE util.tenant_move SET state = 'left', since = util.current_load_date() WHERE tenant = %s", (move.tenant_hk,)
    )


def _require_copy(source: Connection, there: Connection, move: Move) -> None:
    """The other end may have been restored meanwhile, from a backup that is older. Raises NotAccepted: ``copy_missing``."""
    batches = "SELECT coalesce(array_agg(batch_id), '{}') FROM raw.ingest_batch WHERE tenant_hk = %s"
    (ours,) = source.execute(batches, (move.tenant_hk,)).fetchone() or ([],)
    (theirs,) = there.execute(batches, (move.tenant_hk,)).fetchone() or ([],)
    if not _is_there(there, move) or not set(ours) <= set(theirs):
        message = f"{move.tenant_id} has left cell {move.source.name}, and cell {move.target.name} has not all of it: nothing was"
        raise NotAccepted("copy_missing", f"{message} deleted. Was that restored from an older backup?")


def _delete(source: Connection, move: Move) -> None:
    """Delete what has left, as a deletion of the tenant does; what is told of that is the move."""
    source.execute("SELECT set_config('footfall.moving', %s, false)", (move.tenant_hk.hex(),))
    # guests open their link again, at the other end
    source.execute(
        "DELETE FROM auth.sign_in s USING auth.share_link l WHERE l.tenant_hk = %s AND s.share_link_id = l.share_link_id",
        (move.tenant_hk,),
    )
    while any(source.execute(_any(table), (move.tenant_hk,)).fetchone() for table in own_tables(source)):
        for table in own_tables(source):
            source.execute("CALL auth.delete_rows(%s, %s, NULL, %s)", (move.tenant_hk, table, _SLICE))
    source.execute("SELECT auth.forget_turns(%s)", (move.tenant_hk,))


def forget_moves(cells: Cells, tenant_hk: bytes) -> None:
    """Forget where a tenant has been before: it is deleted, and one of its id may come anew.

    Raises NotAccepted: ``move_unfinished`` while rows of it are left where it was; psycopg.Error when a cell is away.
    """
    for cell in cells.all:
        with connect(cell.url, "footfall_worker") as connection:
            note = connection.execute(
                "SELECT tenant_id, other_cell FROM util.tenant_move WHERE tenant = %s", (tenant_hk,)
            ).fetchone()
            if note is None:
                continue
            if connection.execute("SELECT FROM auth.tenant_h WHERE tenant_hk = %s", (tenant_hk,)).fetchone():
                message = f"{note[0]} moves between cell {cell.name} and cell {note[1]}: `footfall tenant move` ends that"
                raise NotAccepted("move_unfinished", message)
            connection.execute("DELETE FROM util.tenant_move WHERE tenant = %s AND state = 'left'", (tenant_hk,))


def _any(table: str) -> sql.Composed:
    return sql.SQL("SELECT 1 FROM {} WHERE tenant_hk = %s LIMIT 1").format(named(table))


def as_json(done: Moved) -> dict[str, Any]:
    """What a move did, as a document."""
    return {
        "tenant": done.tenant,
        "from": done.source,
        "to": done.target,
        "rows": done.rows,
        "stopped_seconds": round(done.stopped_seconds, 3),
    }
