"""What many tenants cost when each sends little: adding them, standing still, their traffic, starting, and what an operator asks.

    .venv/bin/python benchmarks/tenants.py [seconds of traffic] [tenants]

Five hundred tenants are added from a table, as `footfall tenant import` does. Then nothing happens for half the time; then single
events of tenants taken at random arrive, eleven a second in all; then it is quiet again, until the upkeep is through.
"""

import http.client
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from footfall.auth import add_account
from footfall.database import Connection, connect
from footfall.operations.customers.import_ import import_tenants, read_tenants
from footfall.processes import Processes
from footfall.settings import Settings
from machine import calibrate
from services import free_port

_EVENTS_A_SECOND = 11
_ASKED = 20  # times, of which the median is told
_PASSWORD = "correct horse battery staple"  # noqa: S105  of a store that lives for minutes
_OURS = {"X-Footfall-Request": "1", "Content-Type": "application/json"}


def main() -> None:
    """Measure, and print."""
    numbers = [int(argument) for argument in sys.argv[1:]]
    seconds, tenants = (numbers + [60, 500][len(numbers) :])[:2]
    print(f"calibration {calibrate():.2f} s; {tenants} tenants")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder) / "data", port=free_port())
        with Processes(settings, quiet=True) as processes, connect(processes.url) as owner:
            started = time.perf_counter()
            keys = [one.write_key for one in import_tenants(owner, read_tenants(_table(tenants)))]
            print(f"added from one table         {time.perf_counter() - started:8.2f} s")
            print(f"CPU standing still           {_idle(owner, seconds / 2):8.1f} % of a core")
            _traffic(owner, settings.port, keys, seconds)
        started = time.perf_counter()
        with Processes(settings, quiet=True) as processes, connect(processes.url) as owner:
            print(f"from stopped to ready        {time.perf_counter() - started:8.2f} s")
            add_account(owner, "opa@example.org", "Opa", _PASSWORD, is_operator=True)
            _asked(settings.port)


def _table(tenants: int) -> str:
    lines = (f"customer-{number},Customer number {number},Europe/Berlin,EUR,o{number}@example.org" for number in range(tenants))
    return "\n".join(["tenant_id,name,time_zone,currency,owner", *lines])


def _idle(owner: Connection, seconds: float) -> float:
    """Percent of a core that server, worker and store use while nothing arrives."""
    time.sleep(5)  # what starting has left
    before = _cpu(owner)
    time.sleep(seconds)
    return 100 * (_cpu(owner) - before) / seconds


def _cpu(owner: Connection) -> float:
    """Seconds of CPU that all processes have used: those that this one started, and the store's."""
    postmaster = psutil.Process(owner.info.backend_pid).parent()
    stores = [postmaster, *postmaster.children()] if postmaster else []
    used = 0.0
    for process in {*psutil.Process().children(recursive=True), *stores}:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        used += times.user + times.system
    return used


def _traffic(owner: Connection, port: int, keys: list[str], seconds: float) -> None:
    """Single events for so long; what they cost until all is loaded, and until the upkeep of all tenants is through."""
    before, used = _log(owner), _cpu(owner)
    waits: list[float] = []
    stopped = threading.Event()
    watching = threading.Thread(target=_watch, args=(owner.info.dsn, waits, stopped))
    watching.start()
    events = _send(port, keys, seconds)
    while _number(owner, "SELECT count(*) FROM raw.ingest_batch WHERE processing_status = 'PENDING'"):
        time.sleep(0.2)
    loaded, of_traffic = _log(owner), _cpu(owner) - used
    print(f"events                       {events:8,}   {events / seconds:.1f} a second")
    print(f"CPU of the traffic           {100 * of_traffic / seconds:8.1f} % of a core")
    print(f"log, until all is loaded     {(loaded - before) / events:8,.0f} bytes an event")
    ended = time.perf_counter()
    while _number(owner, "SELECT count(*) FROM business.day_w WHERE NOT is_rolled_up") and time.perf_counter() - ended < 20 * 60:
        time.sleep(0.5)
    print(f"log, with the upkeep         {(_log(owner) - before) / events:8,.0f} bytes an event")
    print(f"upkeep through after         {time.perf_counter() - ended:8.1f} s, 30 s of which a day has to be quiet")
    stopped.set()
    watching.join()
    print(f"a quiet day waited at most   {max(waits, default=0.0):8.1f} s to be rolled up, of which those 30 s")


def _watch(url: str, waits: list[float], stopped: threading.Event) -> None:
    query = "SELECT coalesce(max(extract(epoch FROM now() - touched_at)), 0)::float FROM business.day_w WHERE NOT is_rolled_up"
    with connect(url) as connection:
        while not stopped.wait(1):
            waits.append(_number(connection, query))


def _send(port: int, keys: list[str], seconds: float) -> int:
    """Events of visitors of each tenant at fixed moments; returns how many were acknowledged."""
    random.seed(1)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    started, number = time.perf_counter(), 0
    while (due := started + number / _EVENTS_A_SECOND) < started + seconds:
        time.sleep(max(0.0, due - time.perf_counter()))
        site, visit = random.randrange(len(keys)), random.randrange(3)  # noqa: S311  a play, not a secret
        event = {
            "evt_type": "page_view",
            "event_id": f"e-{number}",
            "session_id": f"s-{site}-{visit}",
            "page_url": f"https://c{site}.example/{number % 7}",
            "page_title": "A page",
        }
        connection.request("POST", "/api/tracking/events", json.dumps(event), _OURS | {"X-Footfall-Key": keys[site]})
        answer = connection.getresponse()
        answer.read()
        number += answer.status == http.HTTPStatus.ACCEPTED
    return number


def _asked(port: int) -> None:
    """What an operator waits for: the session, which each page begins with, and the list of customers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/api/session", json.dumps({"email": "opa@example.org", "password": _PASSWORD}), _OURS)
    answer = connection.getresponse()
    answer.read()
    cookies = "; ".join(value.partition(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie")
    for name, path in (
        ("a session's answer", "/api/session?tenant=customer-321"),
        ("a search among them", "/api/session/tenants?search=number+321"),
        ("the list of customers", "/api/operator/tenants"),
        ("a month's usage as CSV", "/api/operator/usage.csv"),
    ):
        took = []
        for _ in range(_ASKED):
            started = time.perf_counter()
            connection.request("GET", path, headers={**_OURS, "Cookie": cookies})
            body = connection.getresponse().read()
            took.append(time.perf_counter() - started)
        print(f"{name:28} {statistics.median(took) * 1000:8.1f} ms, {len(body):,} bytes")


def _log(owner: Connection) -> float:
    """Bytes of the write-ahead log so far."""
    return _number(owner, "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")


def _number(owner: Connection, query: str) -> float:
    row = owner.execute(query).fetchone()
    return float(row[0]) if row else 0.0


if __name__ == "__main__":
    main()
