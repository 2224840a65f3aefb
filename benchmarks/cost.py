"""What an event costs, everything included: CPU time, bytes of log, bytes on disk, beside a bare COPY of the same rows.

    .venv/bin/python benchmarks/cost.py [events a turn] [turns] [--json] [name=value …]

Days of the demo's eight businesses arrive in the order of their times, and the store's clock goes with them: sessions close;
pages, items and visitors become due; days end and are rolled up. What each job takes is told apart: CPU seconds, user and
system, of PostgreSQL's processes and of this program, and bytes of the write-ahead log. Then all rows that this has made are
copied into tables of the same shape, with their indexes and without: the least that storing them takes. Days later staging lets
go of what the vault holds (FOOTFALL_STAGING_DAYS): what that takes, and what is left. Each turn has a database of its own. Last,
one server takes as many events as a turn over HTTP, fifty a request: its own CPU time.

CPU time shakes less than the clock on the wall where others use the machine; ratios are of one turn, and of them the median.
Autovacuum is off: each turn vacuums what it has made. Months have their partitions before, and statistics are taken once a turn,
after the first load: both are a matter of time, not of events. `name=value` is a setting of PostgreSQL to try, e.g.
wal_compression=pglz.
"""

import http.client
import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import psutil
from psycopg import sql

from events import live, traffic
from footfall import schema
from footfall.auth import NewTenant, add_key, add_tenant
from footfall.database import Connection, connect
from footfall.demo import INDUSTRIES
from footfall.raw import IncomingEvent
from footfall.settings import Settings
from footfall.worker import load_pending
from footfall.worker.loop import close_sessions, forget_proved, keep_house, roll_up
from load import land_all
from machine import Meter, another_database, calibrate, fresh_store
from services import serve

_UPKEEP = ("sessions", "visitors", "pages", "items", "rollups")
_SATELLITES = {"visitors": "site_visitor_details", "pages": "site_page_details", "items": "business_item_details"}
_EVENTS_A_REQUEST = 50
_LAYERS = ("raw", "staging", "business")
# the tables that hold what an event leaves
_TABLES = """
SELECT n.nspname || '.' || c.relname, n.nspname || '_' || c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""
_FILLED = """
SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%s) AND c.relkind = 'r' AND pg_relation_size(c.oid) > 0
"""
_SIZES = """
SELECT n.nspname || '.' || regexp_replace(c.relname, '_[0-9]{6}$', ''), sum(pg_table_size(c.oid)), sum(pg_indexes_size(c.oid))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%s) AND c.relkind = 'r' GROUP BY 1
"""


class Whole:
    """A store that takes events, and what each job on the way costs: CPU seconds and bytes of log."""

    def __init__(self, worker: Connection) -> None:
        self._worker = worker
        self._settings = Settings.read({})
        self._meter = Meter(worker)
        self.seconds: dict[str, float] = defaultdict(float)
        self.log: dict[str, float] = defaultdict(float)

    def take(self, events: list[IncomingEvent]) -> None:
        """Land these events, load them, and do what is due by the time of the last of them."""
        with self.counted("landing"):
            land_all(self._worker, events)
        self._set_clock(events[-1].received)
        self._upkeep(timedelta(seconds=self._settings.rollup_seconds))

    def keep_house(self) -> None:
        """What the worker does every fifteen seconds."""
        with self.counted("housekeeping"):
            keep_house(self._worker, self._settings)

    def end(self, moment: datetime) -> None:
        """A day later all visits are over and all days quiet: what is left is done, and the store is tidied up."""
        self._set_clock(moment + timedelta(days=1))
        self._upkeep(timedelta(0))
        self._vacuum()
        self.checkpoint()

    def forget(self, moment: datetime) -> None:
        """Days later: staging lets go of what the vault holds."""
        self._set_clock(moment + timedelta(days=self._settings.staging_days + 2))
        with self.counted("staging let go"):
            while forget_proved(self._worker, self._settings):
                pass
        self._vacuum()

    def _vacuum(self) -> None:
        for (tables,) in self._worker.execute(_FILLED, (list(_LAYERS),)).fetchall():
            with self.counted("vacuum"):
                self._worker.execute(f"VACUUM {tables}")

    def checkpoint(self) -> None:
        """What PostgreSQL writes every few minutes; each page's first change after it is logged as a whole."""
        with self.counted("checkpoint"):
            self._worker.execute("CHECKPOINT")

    @contextmanager
    def counted(self, job: str) -> Iterator[None]:
        """Counts what is done meanwhile for a job."""
        self._meter.look()
        log = _number(self._worker, "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")
        yield
        self.log[job] += _number(self._worker, "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')") - log
        self.seconds[job] += self._meter.look()

    def _refresh(self, satellite: str) -> int:
        """The worker's `refresh`, of one satellite."""
        least = self._settings.visitor_seconds if satellite == "site_visitor_details" else self._settings.snapshot_seconds
        query = "SELECT business.refresh_due(%s, %s, util.current_load_date(), 1000)"
        row = self._worker.execute(query, (satellite, timedelta(seconds=least))).fetchone()
        return int(row[0]) if row else 0

    def _set_clock(self, moment: datetime) -> None:
        self._worker.execute("SELECT set_config('footfall.now', %s, false)", (moment.isoformat(),))

    def _upkeep(self, quiet: timedelta) -> None:
        with self.counted("load"):
            while load_pending(self._worker, self._settings.batch_size):
                pass
        with self.counted("sessions"):
            while close_sessions(self._worker):
                pass
        for job, satellite in _SATELLITES.items():
            with self.counted(job):
                while self._refresh(satellite):
                    pass
        with self.counted("rollups"):
            while roll_up(self._worker, quiet):
                pass


def measured(size: int, turns: int, tried: Sequence[str] = ()) -> dict[str, Any]:
    """Microseconds of CPU and bytes of log an event by job, bytes on disk an event by table, and what the bare COPY takes."""
    events = sorted(traffic(size * turns), key=_time)
    seconds: dict[str, list[float]] = defaultdict(list)
    log: dict[str, list[float]] = defaultdict(list)
    disk: dict[str, tuple[float, float]] = {}
    left = 0.0
    with fresh_store() as url:
        with connect(url) as owner:
            for setting in ("autovacuum=off", *tried):
                name, _, value = setting.partition("=")
                owner.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
            owner.execute("SELECT pg_reload_conf()")
        for turn in range(turns):
            database = another_database(url, f"turn_{turn}")
            with connect(database) as owner:
                of_turn = [_of_then(event) for event in events[turn * size : (turn + 1) * size]]
                _deploy(owner, {datetime(event.received.year, event.received.month, 1, tzinfo=UTC) for event in of_turn})
                whole = Whole(owner)
                _take_all(whole, of_turn)
                disk = _disk(owner, size)
                copied = _copy(owner, whole)
                whole.forget(of_turn[-1].received)
                left = _number(owner, "SELECT count(*) FROM staging.site_events_staging") / size
            for job, spent in {**whole.seconds, **copied}.items():
                seconds[job].append(spent / size * 1e6)
            for job, written in whole.log.items():
                log[job].append(written / size)
        server = _server(url, size)
    ratios = {name: statistics.median(values) for name, values in _ratios(seconds).items()}
    return {
        "events": size,
        "turns": turns,
        "calibration": calibrate(),
        "cpu": {job: statistics.median(values) for job, values in seconds.items()} | {"server": server},
        "log": {job: statistics.median(values) for job, values in log.items()},
        "ratios": ratios,
        "disk": disk,
        "staging left": left,
    }


def _take_all(whole: Whole, events: list[IncomingEvent]) -> None:
    """Load by load; a checkpoint in the middle, as one comes every few minutes."""
    at_once = Settings.read({}).batch_size
    for first in range(0, len(events), at_once):
        whole.take(events[first : first + at_once])
        if not first:
            whole.keep_house()
        if first < len(events) // 2 <= first + at_once:
            whole.checkpoint()
    whole.end(events[-1].received)


def _copy(owner: Connection, whole: Whole) -> dict[str, float]:
    """CPU seconds of a COPY of all rows into tables of the same shape, with the same indexes and without any."""
    seconds: dict[str, float] = {}
    tables = owner.execute(_TABLES, (list(_LAYERS),)).fetchall()
    for name, shape in (("bare COPY, with indexes", "INCLUDING ALL EXCLUDING IDENTITY"), ("bare COPY", "")):
        for table, plain in tables:
            with owner.transaction(force_rollback=True), owner.cursor() as cursor:
                owner.execute(f"CREATE TABLE public.{plain} (LIKE {table} {shape})")
                with cursor.copy(f"COPY (SELECT * FROM {table} ORDER BY 1) TO STDOUT") as copied:
                    rows = b"".join(bytes(row) for row in copied)
                with whole.counted(name), cursor.copy(f"COPY public.{plain} FROM STDIN") as copy:
                    copy.write(rows)
        seconds[name] = whole.seconds.pop(name)
    return seconds


def _ratios(seconds: dict[str, list[float]]) -> dict[str, list[float]]:
    """Of each turn."""
    turns = [dict(zip(seconds, values, strict=True)) for values in zip(*seconds.values(), strict=True)]
    ratios: dict[str, list[float]] = defaultdict(list)
    for turn in turns:
        upkeep = sum(turn[job] for job in _UPKEEP)
        everything = sum(spent for job, spent in turn.items() if not job.startswith("bare"))
        ratios["everything to bare COPY with indexes"].append(everything / turn["bare COPY, with indexes"])
        ratios["everything to bare COPY"].append(everything / turn["bare COPY"])
        ratios["load to bare COPY with indexes"].append(turn["load"] / turn["bare COPY, with indexes"])
        ratios["sessions, satellites, rollups to load"].append(upkeep / turn["load"])
    return ratios


def _disk(owner: Connection, size: int) -> dict[str, tuple[float, float]]:
    """Bytes an event of each table: rows, and indexes."""
    rows = owner.execute(_SIZES, (list(_LAYERS),)).fetchall()
    return {name: (float(heap) / size, float(indexes) / size) for name, heap, indexes in rows}


def _server(url: str, size: int) -> float:
    """Microseconds of CPU an event of the server's own process: what arrives over HTTP, fifty events a request."""
    with connect(url) as owner:
        key = add_key(owner, INDUSTRIES[0].tenant_id, "admin", "bench")[1]
    events = live("cost", INDUSTRIES[0].tenant_id)
    headers = {"X-Footfall-Key": key, "Content-Type": "application/json", "User-Agent": "Mozilla/5.0 (X11) Firefox/140.0"}
    with serve(url) as (service, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        bodies = [f'{{"events":[{",".join(islice(events, _EVENTS_A_REQUEST))}]}}' for _ in range(size // _EVENTS_A_REQUEST)]
        before = _used(service.process.pid)
        for body in bodies:
            connection.request("POST", "/api/tracking/events", body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.HTTPStatus.ACCEPTED:
                raise RuntimeError(f"the door answered {answer.status}")
        return (_used(service.process.pid) - before) / max(len(bodies) * _EVENTS_A_REQUEST, 1) * 1e6


def _used(pid: int) -> float:
    """CPU seconds of a process and those that it has started."""
    process = psutil.Process(pid)
    times = [one.cpu_times() for one in [process, *process.children(recursive=True)]]
    return float(sum(one.user + one.system for one in times))


def _deploy(owner: Connection, months: Collection[datetime]) -> None:
    schema.deploy(owner)
    for month in months:
        for key in ("timestamptz", "bytea", "date"):
            owner.execute("SELECT util.ensure_month(%s, %s)", (month, key))
    for industry in INDUSTRIES:
        add_tenant(owner, NewTenant(industry.tenant_id, industry.name, industry.industry, industry.time_zone))


def _time(event: IncomingEvent) -> str:
    return str(json.loads(event.payload)["event_timestamp"])


def _of_then(event: IncomingEvent) -> IncomingEvent:
    """Received when it happened."""
    return replace(event, received=datetime.fromisoformat(_time(event)).astimezone(UTC) + timedelta(seconds=1))


def _number(connection: Connection, query: str) -> float:
    row = connection.execute(query).fetchone()
    return float(row[0]) if row else 0.0


def _told(figures: dict[str, Any]) -> Iterator[str]:
    yield f"{figures['events']:,} events a turn, {figures['turns']} turns (calibration {figures['calibration']:.2f} s)"
    yield f"{'an event':28} {'CPU':>8} {'log':>10}"
    for job, spent in figures["cpu"].items():
        written = f"{figures['log'][job]:10,.0f}" if job in figures["log"] else ""
        yield f"{job:28} {spent:5.1f} us {written}"
    for name, ratio in figures["ratios"].items():
        yield f"{name:44} {ratio:5.2f} x"
    yield f"{'bytes on disk an event':40} {'rows':>8} {'indexes':>8}"
    for table, (heap, indexes) in sorted(figures["disk"].items(), key=lambda one: -sum(one[1])):
        if heap + indexes >= 1:
            yield f"{table:40} {heap:8,.0f} {indexes:8,.0f}"
    heap, indexes = (sum(sizes) for sizes in zip(*figures["disk"].values(), strict=True))
    yield f"{'all':40} {heap:8,.0f} {indexes:8,.0f}"
    yield f"days later staging has rows of {figures['staging left']:.2%} of the events; their space is used by what comes"


def main() -> None:
    """Measure, and print; as JSON where that is wanted."""
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    size, turns = [*numbers, *[40_000, 3][len(numbers) :]]
    figures = measured(size, turns, [argument for argument in sys.argv[1:] if "=" in argument])
    print(json.dumps(figures) if "--json" in sys.argv else "\n".join(_told(figures)))


if __name__ == "__main__":
    main()
