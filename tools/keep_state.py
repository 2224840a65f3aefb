"""Keeps what a store of this version looks like, for tests/database/test_states.py: every version's stores open in later ones.

    .venv/bin/python tools/keep_state.py      writes tests/database/states/NAME.sql.xz, by the name of the last migration

Run it before a version with new migrations begins. The store is small, and full of
what meanings have changed for, or may: ties in time, orders without a number, refunds, visitors who ask not to be tracked, events
without a time, events of a server, bots, invalid events, visits by session ids and by silence.
"""

import argparse
import json
import lzma
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from footfall import schema
from footfall.auth import NewTenant, add_tenant
from footfall.database import EmbeddedStore, connect, migrations
from footfall.raw import IncomingEvent, land
from footfall.worker import load_pending
from footfall.worker.loop import close_sessions, roll_up

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_START = NOW - timedelta(hours=8)
_TENANTS = {"acme": "Europe/Berlin", "corner": "America/New_York"}
_SITE = "https://www.acme.example"
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
_EVENTS_A_LOAD = 60


def main() -> None:
    """Fill a store of its own and write its dump."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    name, _ = migrations()[-1]
    state = Path(__file__).parents[1] / "tests/database/states" / f"{name}.sql.xz"
    with tempfile.TemporaryDirectory() as folder, EmbeddedStore(Path(folder) / "data") as store:
        with connect(store.url) as owner:
            database = owner.execute("SELECT current_database()").fetchone()[0]  # type: ignore[index]
            owner.execute(f"ALTER DATABASE {database} SET footfall.now = '{NOW.isoformat()}'")
        _fill(store.url)
        # beside psql lies the pg_dump of the same version
        pg_dump = Path(store.psql()[0]).with_name("pg_dump")
        dump = subprocess.run([str(pg_dump), store.url], capture_output=True, check=True).stdout  # noqa: S603  PostgreSQL's own program
    state.write_bytes(lzma.compress(dump, preset=9))
    sys.stdout.write(f"wrote {state.name}, {state.stat().st_size / 1024:.0f} KB\n")


def _fill(url: str) -> None:
    with connect(url) as owner:
        schema.deploy(owner)
        for tenant_id, time_zone in _TENANTS.items():
            add_tenant(owner, NewTenant(tenant_id, tenant_id.title(), "retail", time_zone))
    events = sorted((event for tenant_id in _TENANTS for event in _Story(tenant_id).events()), key=lambda event: event.received)
    with connect(url, "footfall_worker") as worker:
        for first in range(0, len(events), _EVENTS_A_LOAD):
            land(worker, events[first : first + _EVENTS_A_LOAD])
            while load_pending(worker, 10_000):
                pass
        close_sessions(worker)
        while roll_up(worker, timedelta(0)):
            pass


class _Story:
    """The events of a tenant's morning; the same at every call."""

    def __init__(self, tenant_id: str) -> None:
        self._tenant_id, self._number = tenant_id, 0

    def events(self) -> Iterator[IncomingEvent]:
        for number in range(40):
            yield from self._visit(number)
        for number in range(6):
            for page in "abc":
                yield self._event(
                    330 + 3 * number, "tied", "page_view", page_url=f"{_SITE}/tied/{page}", session_id=f"tied-{number}"
                )
        for value in (50, 51):
            yield self._event(
                350 + value, "orders", "transaction_step", evt_action="complete", evt_value=value, session_id="orders"
            )
        for order, value in (("r-1", 100), ("r-2", -30)):
            yield self._event(
                410,
                "refund",
                "transaction_step",
                evt_action="complete",
                transaction_id=order,
                evt_value=value,
                session_id="refund",
            )
        for number in range(5):
            yield self._event(200 + 10 * number, None, "page_view", page_url=f"{_SITE}/quiet")
        yield self._event(
            260, None, "transaction_step", agent=None, evt_action="complete", transaction_id="server", evt_value=12.5
        )
        yield self._event(None, "untimed", "page_view", page_url=f"{_SITE}/untimed")
        yield self._event(280, "bot", "page_view", agent="Googlebot/2.1 (+http://www.google.com/bot.html)", page_url=f"{_SITE}/")
        yield self._event(281, "odd", "quiz_done", page_url=f"{_SITE}/quiz")

    def _visit(self, number: int) -> Iterator[IncomingEvent]:
        """One page or more, then a basket, then a checkout, then an order; every third visit has a session id."""
        depth, minute, item = number % 5, 8 * number, f"shoe-{number % 3}"
        session = {} if number % 3 else {"session_id": f"session-{number}"}
        came = {"page_referrer": "https://www.google.com/"} if number % 4 else {}
        landing = "/" if number % 4 else "/?utm_source=news&utm_medium=email"
        steps: list[tuple[str, dict[str, Any]]] = [
            ("page_view", {"page_url": f"{_SITE}{landing}", "timezone": "Europe/Berlin", "language": "de-DE"} | came),
            ("page_view", {"page_url": f"{_SITE}/shoes/{item}"}),
            (
                "item_interaction",
                {"evt_action": "add_to_cart", "item_id": item, "item_name": item.title(), "item_value": 20 + number},
            ),
            ("transaction_step", {"evt_action": "start", "page_url": f"{_SITE}/cart"}),
            ("transaction_step", {"evt_action": "complete", "transaction_id": f"o-{number}", "evt_value": 40 + number}),
        ]
        for step, (evt_type, facts) in enumerate(steps[: depth + 1]):
            yield self._event(minute + step, f"visitor-{number}", evt_type, **facts, **session)

    def _event(
        self, minute: int | None, visitor: str | None, evt_type: str, agent: str | None = _BROWSER, **facts: Any
    ) -> IncomingEvent:
        """An event `minute` minutes after the start; without one it says no time.

        Without a visitor it is of somebody who asks not to be tracked, without an agent too of a server.
        """
        self._number += 1
        moment = _START + timedelta(minutes=270 if minute is None else minute)
        said = {} if minute is None else {"event_timestamp": moment.isoformat(timespec="milliseconds")}
        return IncomingEvent(
            tenant_id=self._tenant_id,
            received=moment,
            payload=json.dumps({"evt_type": evt_type, "event_id": f"e-{self._number}"} | said | facts),
            record_source="site_tracker",
            user_agent=agent if visitor else None,
            visitor_id=visitor,
            client_ip=None,
            do_not_track=visitor is None and agent is not None,
            is_trusted=True,
        )


if __name__ == "__main__":
    main()
