"""A store whose March is over: two tenants with visits, orders and odd texts, one with a single event."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from footfall.archive.months import Copied, Wish, run
from footfall.archive.place import Place
from footfall.archive.rules import set_rule
from footfall.database import Connection
from site_under_test import BOT, NOON, Site, at, view

LAYERS = ("bridge", "raw", "vault", "visit")
# what a file could confuse: nothing and no text, escapes, what looks like the end of something
ODD = ("", " ", "\\N", "\\", "a\tb\nc", "\"'", "ü🙂", "NULL", "{}", "\\x00")


def visits(site: Site) -> None:
    """Four days of visits, over the end of a UTC day; bots; half hours without a session; an order."""
    events = [view("/x", 725, _visitor_id="v_nobody"), view("/y", 3, _user_agent=BOT, session_id="bot"), {"evt_type": "nonsense"}]
    for number, odd in enumerate(ODD):
        base = (number % 4) * 1440 + number
        who = {"session_id": f"s{number}", "visitor_id": f"v{number % 3}", "_visitor_id": f"w{number % 3}"}
        events += [
            view("/", base, **who, page_title=odd, utm_source=odd, properties={"a": 1.00, "b": odd, odd or "c": [None, 10**20]}),
            view("/p", base + 1, **who, evt_label=odd),
            {
                "evt_type": "transaction_step", "evt_action": "complete", "transaction_id": f"o{number}", "evt_value": 12.345,
                "event_timestamp": at(base + 2), "event_id": f"order-{number}", "item_id": "chair",
                "item_name": odd or "Chair", **who,
            },
        ]  # fmt: skip
    site.land(*events, received=NOON + timedelta(days=10))
    site.settle()


def copied(url: str, connection: Connection, place: Place, **wish: object) -> list[Copied]:
    """What is due, written."""
    return list(run(url, connection, place, Wish(**wish)))


def have_rules(connection: Connection) -> None:
    """Every layer of everybody is copied after three days."""
    for layer in LAYERS:
        set_rule(connection, layer, 3)


def files(folder: Path) -> list[str]:
    """What is on disk."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def decoded(folder: Path, layer: str) -> pa.Table:
    """All rows of a layer's files."""
    return pa.concat_tables(pq.read_table(path, partitioning=None) for path in sorted((folder / layer).rglob("*.parquet")))
