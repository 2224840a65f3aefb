"""What a tenant's own rules cost: the load with and without them, and judging again all that is stored.

    .venv/bin/python benchmarks/rules.py [events] [batch size]

In CPU time of the program and of PostgreSQL together. The rules find a part of the visits to be bots', as wide a change as there
is: their events, days and details follow.
"""

import sys
import time
from datetime import timedelta

from events import traffic
from footfall.auth import tenant_key
from footfall.database import Connection, connect
from footfall.demo import INDUSTRIES
from footfall.judgement.rules import read_rules
from footfall.operations import rules
from footfall.raw import IncomingEvent
from footfall.worker import close_sessions, load_pending
from footfall.worker.loop import roll_up
from load import land_all
from machine import Meter, calibrate, fresh_store

RULES = read_rules(
    {
        "internal": [{"name": "Office", "path": "/", "parameter": "audience=staff"}],
        "bots": [{"name": "Phones", "agent": "iPhone"}],
        "behaviour": {"views_per_minute": 60, "views_without_engagement": 50},
        "sources": [{"host": "*google*", "source": "A partner", "channel": "Affiliates"}],
        "campaigns": [{"utm_medium": "blast", "channel": "Email"}],
        "pages": [{"path": "/docs/*", "category": "documentation"}],
    }
)


def main() -> None:
    """Load without rules, judge again, take back; load with rules; and print what each took."""
    arguments = [int(argument) for argument in sys.argv[1:]]
    size, batch_size = [*arguments, *[100_000, 10_000][len(arguments) :]]
    print(f"{size:,} events, loads of {batch_size:,} (calibration {calibrate():.2f} s)")
    with fresh_store() as url, connect(url, "footfall_worker") as worker:
        meter = Meter(worker)
        events = traffic(size)
        tenants = [tenant_key(worker, industry.tenant_id) for industry in INDUSTRIES]
        print(f"load without rules: {_loaded(worker, meter, events, batch_size)}")
        while close_sessions(worker):
            pass
        while roll_up(worker, timedelta(0)):
            pass
        (visits,) = worker.execute("SELECT count(*) FROM business.site_session_w").fetchone() or (0,)
        for what, judge in (
            ("preview", lambda tenant: rules.preview(worker, tenant, RULES)),
            ("apply", lambda tenant: rules.apply(worker, tenant, RULES).changes),
            ("judge again, where all is judged", lambda tenant: rules.judge_again(worker, tenant).changes),
            ("revert", lambda tenant: rules.revert(worker, tenant).changes),
        ):
            meter.look()
            began = time.perf_counter()
            changed = sum(one.count for tenant in tenants for one in judge(tenant) if one.aspect == "traffic")
            seconds, wall = meter.look(), time.perf_counter() - began
            told = _each(seconds, visits, "session")
            print(f"{what}: {visits:,} sessions, {changed:,} of another class: {told}, {wall:.1f} s of the wall")
    with fresh_store() as url, connect(url, "footfall_worker") as worker:
        meter = Meter(worker)
        for industry in INDUSTRIES:
            rules.apply(worker, tenant_key(worker, industry.tenant_id), RULES)
        print(f"load with rules: {_loaded(worker, meter, events, batch_size)}")


def _loaded(worker: Connection, meter: Meter, events: list[IncomingEvent], batch_size: int) -> str:
    land_all(worker, events)
    meter.look()
    while load_pending(worker, batch_size):
        worker.execute("SELECT util.analyze_grown()")
    return _each(meter.look(), len(events), "event")


def _each(seconds: float, number: int, what: str) -> str:
    return f"{seconds:.1f} s of CPU, {seconds / number * 1e6:.0f} us a {what}, {number / seconds:,.0f} {what}s/s"


if __name__ == "__main__":
    main()
