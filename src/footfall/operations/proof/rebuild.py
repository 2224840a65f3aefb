"""`footfall rebuild`: a store made anew from another's raw, and compared with it.

The store is read as of one moment and goes on meanwhile. What is made for a comparison alone is thrown away, however it ends.
"""

import contextlib
import logging
import random
import secrets
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import FrameType

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from footfall import schema
from footfall.archive.place import Place
from footfall.archive.restoring import all_left, fill_raw
from footfall.database import Connection, EmbeddedStore, Store, connect
from footfall.database.connection import prefix_of
from footfall.errors import NotAccepted
from footfall.operations.backups.content import SCHEMAS
from footfall.operations.proof.context import Taken, take_context
from footfall.operations.proof.digest import Difference, Digests, Extent, compare, digests_of, snapshot, with_rows
from footfall.operations.proof.digest import Place as Digested
from footfall.operations.proof.replay import Gap, Plan, Replay, marked, plan_of
from footfall.operations.proof.tables import parts

logger = logging.getLogger(__name__)

_NOW = "infinity"
_RAW = "raw.site_tracking_events_r"
_THROW_AWAY = "footfall_rebuild_"
_MOST_GAPS = 20  # that are told one by one


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to rebuild: these tenants (hash keys), or all; compared in these months (their first days), or in all.

    `archive`: where what has left raw is; None: that is not rebuilt.
    """

    tenants: tuple[bytes, ...] | None = None
    months: tuple[date, ...] = ()
    archive: Place | None = None

    @property
    def until(self) -> str:
        """When the latest of the months ends: what came later is not loaded. A month that is not over has no end."""
        if not self.months:
            return _NOW
        end = (max(self.months).replace(day=1) + timedelta(days=32)).replace(day=1)
        return end.isoformat() if end <= datetime.now(UTC).date() else _NOW


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did, and what came of it.

    Attributes:
        events: that were loaded, each time that they are.
        loads: loads, and the jobs that computed satellites.
        seconds: of them, without copying raw and comparing.
        compared: places (table, tenant, month) whose digests were compared.
        not_compared: places left out, as what they rest upon is not in raw any more.
        limits: what could not be rebuilt, by name.
        failures: what raw should have and has not, and loads that failed.
        differences: where the stores differ, with the first rows that do.
    """

    events: int
    loads: int
    seconds: float
    compared: int
    not_compared: int
    limits: tuple[str, ...]
    failures: tuple[str, ...]
    differences: tuple[Difference, ...]

    @property
    def is_proved(self) -> bool:
        """Whether all that can be rebuilt came to the same."""
        return not (self.differences or self.failures)


Told = Callable[[str, int], None]


def rebuild_into(store: Store, target: str, wanted: Wanted, told: Told = lambda _what, _events: None) -> Rebuilt:
    """Rebuild a store into the fresh database at `target`, which stays, and compare them.

    `told` hears what is being done, and how many events more were loaded. Raises NotAccepted: ``store_not_empty``.
    """
    with connect(store.url) as owner:
        prefix = prefix_of(owner)
    with connect(target) as owner:
        found = owner.execute(
            "SELECT string_agg(nspname, ', ') FROM pg_namespace WHERE nspname = ANY (%s)", (SCHEMAS,)
        ).fetchone()
        if found and found[0]:
            raise NotAccepted("store_not_empty", f"the database has {found[0]} already: make a new one, and rebuild into that")
        told("Making the schema", 0)
        schema.deploy(owner, prefix)
    with connect(store.url, "footfall_worker") as here, snapshot(here):
        schema.require_usable(here)
        told("Looking for what to load", 0)
        plan = plan_of(here, wanted.tenants, wanted.until, is_archived=wanted.archive is not None)
        with connect(target) as owner, marked(owner):
            told("Copying raw", 0)
            take_context(here, owner, Taken(wanted.tenants, wanted.until, plan.batches))
            if wanted.archive:
                told("Fetching raw from the archive", 0)
                fill_raw(target, wanted.archive, all_left(here, wanted.tenants))
            # nobody misses what a crash of the server takes with it: it is done once more
            owner.execute("SET synchronous_commit = off")
            with connect(target, "footfall_worker") as there:
                there.execute("SET synchronous_commit = off")
                told("Loading", 0)
                replay = Replay(there, lambda events: told("Loading", events))
                began = time.perf_counter()
                replay.run(plan)
                seconds = time.perf_counter() - began
        with connect(target, "footfall_worker") as there, snapshot(there):
            return _compared(here, there, wanted, plan, replay, seconds, told)


def verify(
    store: Store, wanted: Wanted, told: Told = lambda _what, _events: None, *, user: str = "", folder: Path | None = None
) -> Rebuilt:
    """Rebuild into a database that is thrown away afterwards, also when this is interrupted, and compare.

    It is made on the store's server where that may be, else in an embedded one in a temporary folder, which `user` runs if root
    asks, within `folder` or where temporary files are.
    """
    with _ending_in_order(), _thrown_away(store, user, folder) as target:
        return rebuild_into(store, target, wanted, told)


def sample(
    store: Store, tenants: tuple[bytes, ...] | None, how_many: int | None, months: int | None, chance: random.Random
) -> Wanted:
    """So many tenants (of these, or of all), and so many months in which something was loaded, by chance; None: all."""
    with connect(store.url, "footfall_worker") as connection:
        rows = connection.execute(
            "/* proof.sample */ SELECT b.tenant_hk, date_trunc('month', b.load_date, 'UTC')::date FROM raw.ingest_batch b"
            " WHERE b.load_date IS NOT NULL AND (%(tenants)s::bytea[] IS NULL OR b.tenant_hk = ANY (%(tenants)s))"
            " GROUP BY 1, 2 ORDER BY 1, 2",
            {"tenants": None if tenants is None else list(tenants)},
        ).fetchall()
    there = sorted({tenant_hk for tenant_hk, _ in rows})
    if how_many is not None:
        tenants = tuple(chance.sample(there, min(how_many, len(there))))
    loaded = sorted({month for tenant_hk, month in rows if tenants is None or tenant_hk in tenants})
    return Wanted(tenants, () if months is None else tuple(sorted(chance.sample(loaded, min(months, len(loaded))))))


def _compared(
    here: Connection, there: Connection, wanted: Wanted, plan: Plan, replay: Replay, seconds: float, told: Told
) -> Rebuilt:
    extent = Extent(wanted.tenants, None, wanted.until)
    told("Comparing", 0)
    ours, theirs = digests_of(here, extent), digests_of(there, extent)
    names = dict(here.execute("SELECT tenant_hk, tenant_bk FROM auth.tenant_h").fetchall())
    broken = _gap_ends(plan.gaps, names)
    of_events = {part.table for part in parts(here) if part.is_of_events}
    months = {month.strftime("%Y-%m") for month in wanted.months}
    # what it is made of anew, the archive has proved
    archived = {(names.get(one.tenant_hk), one.month.strftime("%Y-%m")) for one in all_left(here, wanted.tenants)}

    def is_asked(place: Digested) -> bool:
        is_archived = place.table == _RAW and (place.tenant, place.month) in archived
        return (not months or place.month in months) and not is_archived

    def can_be_rebuilt(place: Digested) -> bool:
        """Raw is whole; or all that is loaded is, and rests upon nothing before."""
        if place.tenant not in broken or place.table.startswith("raw."):
            return True
        return place.table in of_events and place.month > broken[place.tenant]

    asked = {place for place in ours.keys() | theirs.keys() if is_asked(place)}
    compared = {place for place in asked if can_be_rebuilt(place)}
    differences = compare(_only(ours, compared), _only(theirs, compared))
    limits = [*plan.limits, *_retired(plan.gaps, names)]
    if wanted.until != _NOW:
        limits.append(f"raw and marts of {', '.join(sorted(months))}: those are of now, and what came later was not loaded")
    limits += _other_verdicts(here, there, wanted)
    return Rebuilt(
        plan.events,
        len(plan.steps),
        seconds,
        len(compared),
        len(asked) - len(compared),
        tuple(limits),
        (*_lost(plan.gaps, names), *replay.failures),
        tuple(with_rows(here, there, extent, differences)),
    )


def _only(digests: Digests, places: set[Digested]) -> Digests:
    return {place: digest for place, digest in digests.items() if place in places}


def _gap_ends(gaps: Sequence[Gap], names: dict[bytes, str]) -> dict[str, str]:
    """The last month in which something was loaded that raw has no more, by tenant."""
    ends: dict[str, str] = {}
    for gap in gaps:
        name = names.get(gap.tenant_hk, "")
        ends[name] = max(ends.get(name, ""), gap.loaded_at.strftime("%Y-%m"))
    return ends


def _retired(gaps: Sequence[Gap], names: dict[bytes, str]) -> list[str]:
    told = []
    for tenant_hk in sorted({gap.tenant_hk for gap in gaps if gap.is_retired}):
        retired = [gap for gap in gaps if gap.is_retired and gap.tenant_hk == tenant_hk]
        name, last = names.get(tenant_hk, ""), max(gap.loaded_at for gap in retired)
        told.append(
            f"{name}: {sum(gap.events - gap.kept for gap in retired):,} events of {len(retired):,} batches, received until"
            f" {max(gap.received_to for gap in retired):%Y-%m-%d}, are not in raw any more, as its retention has it: what rests"
            f" upon them was not compared, the events loaded after {last:%Y-%m} were"
        )
    return told


def _lost(gaps: Sequence[Gap], names: dict[bytes, str]) -> list[str]:
    lost = [gap for gap in gaps if not gap.is_retired]
    told = [
        f"{names.get(gap.tenant_hk, '')}: raw has {gap.kept:,} of the {gap.events:,} events of batch {gap.batch_id},"
        " and no retention has it so"
        for gap in lost[:_MOST_GAPS]
    ]
    if len(lost) > _MOST_GAPS:
        told.append(f"{len(lost) - _MOST_GAPS:,} more batches lack events in raw")
    return told


_VERDICTS = """/* proof.verdicts */
    SELECT s.raw_event_id, t.tenant_bk, s.validation_errors[1]
    FROM staging.site_events_staging s JOIN auth.tenant_h t USING (tenant_hk)
    WHERE s.validation_status = 'INVALID' AND s.batch_id IN (
        SELECT b.batch_id FROM raw.ingest_batch b WHERE b.processing_status = 'PROCESSED' AND b.batch_id = ANY (%s))
"""
_COUNTS = """/* proof.verdicts */
    SELECT b.batch_id, b.invalid_count FROM raw.ingest_batch b
    WHERE b.load_date < %(until)s AND (%(tenants)s::bytea[] IS NULL OR b.tenant_hk = ANY (%(tenants)s))
"""


def _other_verdicts(here: Connection, there: Connection, wanted: Wanted) -> list[str]:
    """Events that the rules of now take where those of then refused them, or refuse: rules have no history yet."""
    extent = Extent(wanted.tenants, None, wanted.until)
    ours, theirs = (dict(one.execute(_COUNTS, extent.parameters).fetchall()) for one in (here, there))
    batches = [batch for batch, invalid in ours.items() if batch in theirs and theirs[batch] != invalid]
    refused, refusing = ({(e, t): why for e, t, why in one.execute(_VERDICTS, (batches,))} for one in (here, there))
    found: dict[str, int] = {}
    for (event, tenant), why in (refused | refusing).items():
        if (event, tenant) not in refusing:
            text = f"{tenant}: events that were refused ({why}) and that the rules of now take"
        elif (event, tenant) not in refused:
            text = f"{tenant}: events that were taken and that the rules of now refuse ({why})"
        else:
            continue
        found[text] = found.get(text, 0) + 1
    return [f"{text}: {events:,}" for text, events in sorted(found.items())]


@contextlib.contextmanager
def _ending_in_order() -> Iterator[None]:
    """Have SIGTERM end this program as Ctrl-C does: what is to be thrown away is."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # no main thread: signals are not its own
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _thrown_away(store: Store, user: str, folder: Path | None) -> Iterator[str]:
    """The URL of an empty database that is gone afterwards; those of former times that were killed go first."""
    name = _THROW_AWAY + secrets.token_hex(6)
    with connect(store.url) as owner:
        _drop_left_over(owner)
        try:
            owner.execute(sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege:
            name = ""
    if not name:
        logger.info("the store's user may make no database: it is rebuilt in a temporary folder")
        with tempfile.TemporaryDirectory(prefix=_THROW_AWAY, dir=folder) as place, EmbeddedStore(Path(place), user) as other:
            yield other.url
        return
    try:
        target = make_conninfo(store.url, dbname=name)
        with connect(target):  # somebody is there: no other rebuild takes it for left over
            yield target
    finally:
        with connect(store.url) as owner:
            owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _drop_left_over(owner: Connection) -> None:
    left_over = owner.execute(
        "/* proof.left_over */ SELECT d.datname::text FROM pg_database d"
        " WHERE d.datname ~ %s AND pg_has_role(d.datdba, 'USAGE')"
        "  AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)",
        (f"^{_THROW_AWAY}[0-9a-f]{{12}}$",),
    ).fetchall()
    for (name,) in left_over:
        owner.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
