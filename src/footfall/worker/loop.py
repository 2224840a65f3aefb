"""The worker: loads what is pending, closes sessions, computes what is due, keeps partitions ahead and secrets short-lived."""

import logging
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import psycopg

from footfall.archive.upkeep import keep_up, write_anew_if_erased
from footfall.database import Actor, Connection, acting_as, connect
from footfall.operations.rule_tasks import do_next
from footfall.operations.rules import note_general_set
from footfall.settings import Settings
from footfall.traces import tracer
from footfall.worker.diary import Diary
from footfall.worker.load import Loaded, load_pending
from footfall.worker.nightly import check_nightly

logger = logging.getLogger(__name__)

_Part = Callable[[Connection, threading.Event], None]

_HOUSEKEEPING_SECONDS = 15.0
_SESSIONS_SECONDS = 2.0
_REFRESH_SECONDS = 10.0
_ROLLUP_SECONDS = 5.0
_RETENTION_SECONDS = 3600.0
_PROVED_SECONDS = 600.0
_WATCH_SECONDS = 2.0
_ASKED_SECONDS = 1.0
_SESSIONS_AT_ONCE = 10_000  # in one transaction
_CONTEXT_AT_ONCE = 2000  # likewise: rows of what is personal of sessions, and of visitors; loads wait meanwhile
_EVENTS_AT_ONCE = 5000  # loads wait for that: 0.3 s
_SATELLITES_AT_ONCE = 2000  # likewise: visitors, pages, items
_SLICE = 1000  # of either where others wait: a second or so
_LOAD_SECONDS = 1.5  # that a load should take
_LEAST_LOAD = 500  # events
_RETRY_SECONDS = 1.0  # between attempts to reach a store that is away
# what retention removes slice by slice, each a transaction of its own
_RETIRED = (
    ("SELECT business.retire_context(util.current_load_date(), %s)", _CONTEXT_AT_ONCE, "removed what is personal from %d rows"),
    ("SELECT business.retire('events', util.current_load_date(), %s)", _EVENTS_AT_ONCE, "removed %d events"),
    (
        "SELECT business.retire('marts', util.current_load_date(), %s)",
        _EVENTS_AT_ONCE,
        "removed %d rows of visits and of figures",
    ),
)


def work(url: str, settings: Settings, stop: threading.Event) -> None:
    """Work until told to stop; outlives a store that goes away. A task under way is finished first.

    Loading has a connection and a thread of its own: however long the upkeep takes, events do not wait for it. So have the watch
    over tenants' logins, the checks at night, and what owners ask of their rules, which wait for neither.
    """
    diary = Diary()
    parts: list[tuple[str, _Part]] = [
        (url, partial(_keep_up, settings, diary)),
        (url, partial(_watch, diary)),
        (url, check_nightly),
        (url, partial(_judge_as_asked, url)),
    ]
    if settings.archive:
        parts.append((url, partial(_archive, url, settings, diary)))
    if settings.sql_url:
        parts.append((settings.sql_url, partial(_watch, None)))
    with ThreadPoolExecutor(len(parts), thread_name_prefix="upkeep") as threads:
        others = [threads.submit(_persist, where, stop, part) for where, part in parts]
        # none goes on alone: a worker that has lost one of its parts ends, and is started again
        for other in others:
            other.add_done_callback(lambda _: stop.set())
        try:
            _persist(url, stop, partial(_load, settings, diary))
        finally:
            stop.set()
    for other in others:
        other.result()
    if telling := tracer():
        telling.flush()
    logger.info("stopped")


def work_once(url: str, settings: Settings) -> int:
    """Do all that there is to do, and return how many events were loaded. What has to wait for its time is left."""
    diary = Diary()
    with connect(url, "footfall_worker") as connection:
        _note_lists(connection)
        keep_house(connection, settings)
        events = 0
        while loaded := load_pending(connection, settings.batch_size):
            _log(loaded.events, "loaded %d events (%d new)", loaded.events, loaded.loaded)
            diary.note("load", loaded.seconds)
            events += loaded.events
        keep_house(connection, settings)
        for work, job in (
            ("sessions", partial(close_sessions, connection, _SESSIONS_AT_ONCE)),
            ("satellites", partial(refresh, connection, settings, _SATELLITES_AT_ONCE)),
            ("rollups", partial(roll_up, connection, timedelta(0))),
            ("proved", partial(forget_proved, connection, settings)),
        ):
            has_more = True
            while has_more:
                with diary.entry(work):
                    has_more = bool(job())
        retire(connection)
        if settings.archive:
            with diary.entry("archive"):
                keep_up(url, connection, settings.archive, threading.Event())
        while do_next(connection, url):
            pass
        diary.close(connection)
    if telling := tracer():
        telling.flush()
    return events


def keep_house(connection: Connection, settings: Settings) -> None:
    """Make the coming months' partitions, destroy visitor secrets and forget ids that are old enough, keep statistics fresh."""
    made = _number(connection, "SELECT util.ensure_partitions(util.current_load_date())")
    _log(made, "made %d partitions", made)
    destroyed = _number(connection, "SELECT auth.destroy_visitor_secrets(util.current_load_date())")
    _log(destroyed, "destroyed %d visitor secrets", destroyed)
    kept = timedelta(days=settings.identity_days)
    forgotten = _number(connection, "SELECT staging.forget_identities(util.current_load_date(), %s)", kept)
    _log(forgotten, "forgot %d ids of events", forgotten)
    connection.execute("SELECT staging.forget_notes(util.current_load_date())")
    _number(connection, "SELECT auth.forget_seen(util.current_load_date())")
    _number(connection, "SELECT auth.tell_repeated(util.current_load_date())")
    analyzed = _number(connection, "SELECT util.analyze_grown()")
    _log(analyzed, "analyzed %d tables that had grown", analyzed)


def retire(connection: Connection) -> None:
    """Remove what was kept for long enough: of raw, staging, the personal context, events, marts.

    What leads to who was erased goes from the planner's statistics. Freeze the months that are over; anchor the audit chains.
    """
    if chains := _number(connection, "SELECT auth.anchor_audit(util.current_load_date())"):
        head = connection.execute(
            "SELECT seq || ':' || encode(hash, 'hex') FROM auth.audit_head WHERE tenant_hk = '\\x'"
        ).fetchone()
        logger.info("anchored %d audit chains in that of the operators, whose head is %s", chains, head[0] if head else "")
    for layer in ("raw", "staging"):
        for (month,) in connection.execute("SELECT util.months_to_drop(%s, util.current_load_date())", (layer,)).fetchall():
            dropped = _number(connection, "SELECT util.drop_month(%s, %s, util.current_load_date())::integer", layer, month)
            _log(dropped, "dropped %d month: %s", dropped, month)
        deleted = _number(connection, "SELECT util.delete_expired(%s, util.current_load_date())", layer)
        _log(deleted, "deleted %d rows of %s", deleted, layer)
    _log(
        _number(connection, "SELECT archive.forget_expired(util.current_load_date())"),
        "the archive lets go of %d months of tenants",
    )
    for query, most, message in _RETIRED:
        while rows := _number(connection, query, most):
            logger.info(message, rows)
    analyzed = _number(connection, "SELECT util.analyze_erased()")
    _log(analyzed, "analyzed %d tables that somebody was erased from", analyzed)
    for (table,) in connection.execute("SELECT util.months_to_freeze(util.current_load_date())").fetchall():
        # for no transaction; who may not do it is told so by PostgreSQL, and nothing happens
        connection.execute(f"VACUUM (FREEZE, ANALYZE) {table}")
        logger.info("froze %s", table)


def forget_proved(connection: Connection, settings: Settings) -> int:
    """Remove a slice of what staging has kept of loaded events for long enough; returns how many rows."""
    if not settings.staging_days:
        return 0
    query = "SELECT business.forget_proved(util.current_load_date(), %s)"
    forgot = _number(connection, query, timedelta(days=settings.staging_days))
    _log(forgot, "removed %d staged rows of events that the vault holds", forgot)
    return forgot


def close_sessions(connection: Connection, most: int = _SLICE) -> int:
    """Write the details of sessions that are over, of so many at most; returns of how many."""
    closed = _number(connection, "SELECT business.close_sessions(util.current_load_date(), %s)", most)
    _log(closed, "closed or revised %d sessions", closed)
    return closed


def refresh(connection: Connection, settings: Settings, most: int = _SLICE) -> int:
    """Recompute visitors, pages and items that are due, so many of each at most; returns how many."""
    done = 0
    for satellite, seconds in (
        ("site_visitor_details", settings.visitor_seconds),
        ("site_page_details", settings.snapshot_seconds),
        ("business_item_details", settings.snapshot_seconds),
    ):
        query = "SELECT business.refresh_due(%s, %s, util.current_load_date(), %s)"
        refreshed = _number(connection, query, satellite, timedelta(seconds=seconds), most)
        _log(refreshed, "refreshed %d of %s", refreshed, satellite)
        done += refreshed
    return done


def roll_up(connection: Connection, quiet: timedelta) -> int:
    """Compute the rollups of days of a tenant that have been quiet for so long; returns of how many."""
    rolled = _number(connection, "SELECT business.roll_up_due(%s, util.current_load_date())", quiet)
    _log(rolled, "rolled up %d days", rolled)
    return rolled


def _persist(url: str, stop: threading.Event, work_on: _Part) -> None:
    """Work on a connection until told to stop, and on another one when it is lost."""
    while not stop.is_set():
        try:
            with acting_as(Actor("worker", socket.gethostname(), "worker")), connect(url, "footfall_worker") as connection:
                logger.info("working")
                work_on(connection, stop)
        except (psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout) as error:
            logger.warning("the store cannot be reached: %s", error)
            stop.wait(_RETRY_SECONDS)


def end_overdue(connection: Connection) -> None:
    """End what tenants' logins on the store do for longer than they may."""
    ended = _number(connection, "SELECT auth.end_overdue_sql()")
    _log(ended, "ended %d sessions of tenants' logins that took too long", ended)


def _watch(diary: Diary | None, connection: Connection, stop: threading.Event) -> None:
    """End what takes too long, and write the diary: nothing there waits for loads or upkeep. A standby has no diary."""
    while not stop.wait(_WATCH_SECONDS):
        end_overdue(connection)
        if diary:
            diary.write_if_due(connection)
    if diary:
        diary.close(connection)


def _judge_as_asked(url: str, connection: Connection, stop: threading.Event) -> None:
    """Preview, apply and take back rules for who asks in the dashboard and waits for it."""
    while not stop.wait(_ASKED_SECONDS):
        while not stop.is_set() and do_next(connection, url, stop):
            pass


def _archive(url: str, settings: Settings, diary: Diary, connection: Connection, stop: threading.Event) -> None:
    """Copy the months that are due every hour, a file at a time; what was erased goes from files within seconds."""
    due = time.monotonic()
    while not stop.is_set():
        try:
            write_anew_if_erased(url, connection, settings.archive, stop)
            if time.monotonic() >= due:
                due = time.monotonic() + _RETENTION_SECONDS
                with diary.entry("archive"):
                    is_done = keep_up(url, connection, settings.archive, stop)
                if not is_done:
                    due = time.monotonic()
        except psycopg.Error as error:
            if connection.closed:
                raise
            logger.log(
                logging.INFO if isinstance(error, psycopg.OperationalError) else logging.ERROR,
                "the archive will be tried again: %s",
                error,
            )
        stop.wait(_WATCH_SECONDS)


def following_size(loaded: Loaded, most: int) -> int:
    """How many events the next load should take: who comes after it waits for it, so on a busy machine they are smaller."""
    as_quick = round(loaded.events / max(loaded.seconds, 0.001) * _LOAD_SECONDS)
    return min(max(as_quick, _LEAST_LOAD), most)


def _load(settings: Settings, diary: Diary, connection: Connection, stop: threading.Event) -> None:
    size = settings.batch_size
    _note_lists(connection)
    while not stop.is_set():
        loaded = load_pending(connection, size)
        if loaded:
            diary.note("load", loaded.seconds, has_failed=not loaded.events)
        if loaded and loaded.events:
            size = following_size(loaded, settings.batch_size)
        if not loaded:
            stop.wait(settings.poll_seconds)
        elif loaded.events:
            logger.info(
                "loaded %d events in %.2f s: %d new, %d duplicate, %d invalid",
                loaded.events,
                loaded.seconds,
                loaded.loaded,
                loaded.duplicate,
                loaded.invalid,
            )


def _note_lists(connection: Connection) -> None:
    """By which general rules this worker loads: another set after an update that judges otherwise."""
    if note_general_set(connection):
        logger.info("loads judge by other general rules than before")


def _keep_up(settings: Settings, diary: Diary, connection: Connection, stop: threading.Event) -> None:
    """Each job in its turn, a slice of it at a time: however much one of them has to do, the others are done meanwhile.

    What privacy asks for comes first.
    """
    jobs = [
        _Job("housekeeping", _HOUSEKEEPING_SECONDS, partial(keep_house, connection, settings)),
        _Job("sessions", _SESSIONS_SECONDS, partial(close_sessions, connection)),
        _Job("satellites", _REFRESH_SECONDS, partial(refresh, connection, settings)),
        _Job("rollups", _ROLLUP_SECONDS, partial(roll_up, connection, timedelta(seconds=settings.rollup_seconds))),
        _Job("proved", _PROVED_SECONDS, partial(forget_proved, connection, settings)),
        _Job("retention", _RETENTION_SECONDS, partial(retire, connection)),
    ]
    while not stop.is_set():
        is_idle = True
        for job in jobs:
            try:
                is_idle &= not job.run_if_due(diary)
            except psycopg.Error as error:
                if connection.closed:
                    raise
                # a deadlock or a lock that was waited for too long passes; anything else somebody has to look at
                level = logging.INFO if isinstance(error, psycopg.OperationalError) else logging.ERROR
                logger.log(level, "upkeep will try again: %s", error)
        if is_idle:
            stop.wait(_SESSIONS_SECONDS / 4)


class _Job:
    """Something to be done every so often, and at once again as long as there is more of it."""

    def __init__(self, name: str, seconds: float, work: Callable[[], int | None]) -> None:
        self._name = name
        self._seconds = seconds
        self._work = work
        self._due = time.monotonic()

    def run_if_due(self, diary: Diary) -> bool:
        """Whether there was something to do."""
        if time.monotonic() < self._due:
            return False
        self._due = time.monotonic() + self._seconds
        with diary.entry(self._name):
            has_worked = self._work()
        if not has_worked:
            return False
        self._due = time.monotonic()
        return True


def _number(connection: Connection, query: str, *parameters: object) -> int:
    row = connection.execute(f"/* worker.loop */ {query}", parameters).fetchone()
    return int(row[0]) if row else 0


def _log(happened: int, message: str, *values: object) -> None:
    """What did not happen is not worth a line."""
    if happened:
        logger.info(message, *values)
