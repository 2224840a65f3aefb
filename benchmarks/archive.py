"""What months cost in files: bytes an event by layer, CPU beside a bare COPY in of the same rows, memory; and many small tenants.

    .venv/bin/python benchmarks/archive.py [events] [folder of a store that is filled already]

The store is filled by the demo's eight businesses and loaded as ever. Then, layer by layer, in one run: the rows of its tables
are copied into tables of the same shape, with their indexes; and the layer's months are archived by a process of its own, read
back and proof included. CPU is the server's and the client's together. At the end the bridge of ten thousand tenants of
seventy events in one month, made by SQL.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from events import traffic
from footfall import schema
from footfall.archive.layers import NAMES
from footfall.archive.rules import set_rule
from footfall.database import Connection, EmbeddedStore, connect
from footfall.settings import Settings
from footfall.worker import work_once
from load import count_of, land_all
from machine import Meter, calibrate, fresh_store

_LATER = "2027-06-01"  # when all months are over
_SMALL_TENANTS, _SMALL_EVENTS = 10_000, 70
_MUST = {"bridge": 36, "visit": 62, "vault": 120, "raw": 190}  # bytes an event, together with the layers before
_RUN = """
import json, sys, time
from footfall.archive.months import Wish, run
from footfall.archive.place import Place
from footfall.database import connect
url, folder, layer, now = sys.argv[1:]
with connect(url, "footfall_worker") as connection:
    connection.execute("SELECT set_config('footfall.now', %s, false)", (now,))
    before = time.process_time()
    files = [(one.rows, one.size, one.tenants) for one in run(url, connection, Place(folder), Wish(layer=layer))]
# of this program alone: what rusage says begins with the one that started it
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
print(json.dumps({"files": files, "cpu": time.process_time() - before, "peak": peak}))
"""


def main() -> None:
    """Measure, and print."""
    events = int(sys.argv[1]) if sys.argv[1:] else 300_000
    with (
        _store(events, Path(sys.argv[2]) if sys.argv[2:] else None) as url,
        tempfile.TemporaryDirectory() as folder,
        connect(url) as owner,
    ):
        loaded = count_of(owner, "business.site_event_h")
        print(f"{loaded:,} events; calibration {calibrate():.2f} s")
        owner.execute("DELETE FROM ref.archive_rule")
        total_bytes = total_copy = total_archive = 0.0
        for layer in NAMES:
            copying = _copied_in(owner, layer)
            archiving, said = _archived(owner, url, folder, layer)
            size = sum(size for _, size, _ in said["files"])
            total_bytes, total_copy, total_archive = total_bytes + size, total_copy + copying, total_archive + archiving
            print(
                f"  {layer}: {size / loaded:.1f} bytes an event, {total_bytes / loaded:.1f} with those before (must: {_MUST[layer]});"
                f" {archiving / loaded * 1e6:.1f} us an event against {copying / loaded * 1e6:.1f} of COPY in:"
                f" {archiving / copying:.2f} x; {len(said['files'])} files, peak {said['peak']:.0f} MB"
            )
        print(f"  all: {total_archive / loaded * 1e6:.1f} us an event, {total_archive / total_copy:.2f} x COPY in (must: 0.9)")
        _fill_small(owner)
        _, said = _archived(owner, url, folder, "bridge")
        rows, size = (sum(one[place] for one in said["files"]) for place in (0, 1))
        print(
            f"  {_SMALL_TENANTS:,} tenants of {_SMALL_EVENTS} events: {size / rows:.1f} bytes an event (must: 50),"
            f" {len(said['files'])} files, {said['cpu'] / rows * 1e6:.1f} us an event of the client, peak {said['peak']:.0f} MB"
        )


@contextlib.contextmanager
def _store(events: int, filled: Path | None) -> Iterator[str]:
    if filled:
        with EmbeddedStore(filled) as store:
            with connect(store.url) as owner:
                schema.deploy(owner)
            yield store.url
        return
    with fresh_store() as url:
        with connect(url, "footfall_worker") as worker:
            land_all(worker, traffic(events))
        work_once(url, Settings())
        yield url


def _archived(owner: Connection, url: str, folder: str, layer: str) -> tuple[float, dict[str, object]]:
    """CPU seconds of all, and what the process says of itself."""
    set_rule(owner, layer, 3)  # type: ignore[arg-type]
    meter, client = Meter(owner), 0.0
    done = subprocess.run([sys.executable, "-c", _RUN, url, folder, layer, _LATER], capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    client = said["cpu"]
    return meter.look() + client, said


def _copied_in(owner: Connection, layer: str) -> float:
    """CPU seconds of a bare COPY of a layer's rows into tables of the same shape."""
    (tables,) = owner.execute("SELECT archive.tables_of(%s)", (layer,)).fetchone() or ([],)
    seconds = 0.0
    for table in tables:
        with owner.transaction(force_rollback=True), owner.cursor() as cursor:
            owner.execute(f"CREATE TABLE public.copy_of (LIKE {table} INCLUDING ALL)")
            with cursor.copy(f"COPY (SELECT * FROM {table} ORDER BY 1) TO STDOUT") as copied:
                rows = b"".join(bytes(row) for row in copied)
            meter = Meter(owner)
            with cursor.copy("COPY public.copy_of FROM STDIN") as copy:
                copy.write(rows)
            seconds += meter.look()
    return seconds


def _fill_small(owner: Connection) -> None:
    """Many tenants with rows like those that are there, in a month that has none."""
    owner.execute("SELECT util.ensure_month('2026-01-15', 'bytea')")
    owner.execute(
        "CREATE TABLE public.small AS SELECT n, substr(sha256(int4send(n)), 1, 20) AS tenant_hk FROM generate_series(1, %s) n",
        (_SMALL_TENANTS,),
    )
    owner.execute(
        "INSERT INTO auth.tenant_h (tenant_hk, tenant_bk, load_date, record_source)"
        " SELECT s.tenant_hk, 'small-' || s.n, util.current_load_date(), 'benchmark' FROM public.small s"
    )
    owner.execute("INSERT INTO business.day_w SELECT s.tenant_hk, '2026-01-15', '2026-01-15', false FROM public.small s")
    columns = [
        name
        for (name,) in owner.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'business.event_b'::regclass AND attnum > 0 AND NOT attisdropped"
        )
    ]
    key = "CASE WHEN e.{0} IS NOT NULL THEN substr(sha256(s.tenant_hk || e.{0}), 1, 20) END"
    made = {name: key.format(name) for name in ("site_session_hk", "site_visitor_hk", "site_page_hk", "business_item_hk")} | {
        "tenant_hk": "s.tenant_hk",
        "site_event_hk": "util.time_prefix(m.moment) || substr(sha256(s.tenant_hk || e.site_event_hk), 1, 14)",
        "event_timestamp": "m.moment",
        "day": "m.moment::date",
    }
    owner.execute(
        f"INSERT INTO business.event_b ({', '.join(columns)})"
        f" SELECT {', '.join(made.get(name, f'e.{name}') for name in columns)} FROM public.small s"
        " JOIN (SELECT b.*, (row_number() OVER (ORDER BY b.site_session_hk, b.site_event_hk) - 1) / %s AS of"
        "       FROM (SELECT * FROM business.event_b LIMIT 70000) b) e ON e.of = s.n %% 1000"
        " CROSS JOIN LATERAL (SELECT '2026-01-15'::timestamptz + (e.event_timestamp - date_trunc('day', e.event_timestamp)) AS moment) m",
        (_SMALL_EVENTS,),
    )


if __name__ == "__main__":
    main()
