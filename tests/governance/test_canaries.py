"""A canary in every key and header of an erased person is nowhere afterwards, nor on disk."""

import contextlib
import hashlib
from pathlib import Path
from typing import Any

import pytest
from jane import item
from psycopg import errors

from footfall import schema
from footfall.database import Connection, EmbeddedStore, connect
from footfall.governance.persons import erase_person
from site_under_test import HUMAN, NOON, Site, at, view

# what figures are counted by stays when somebody is forgotten: names that the site gives
COUNTED = {
    "evt_label", "item_id", "item_name", "item_type", "item_category", "funnel", "utm_source", "utm_medium", "utm_campaign",
    "utm_content", "utm_term", "utm_id", "timezone", "language", "currency", "path", "browser_name",
}  # fmt: skip
KEYS = (
    "evt_label", "session_id", "visitor_id", "user_id", "transaction_id", "page_title", "item_id", "item_name", "item_type",
    "item_category", "item_description", "funnel", "timezone", "language", "utm_source", "utm_medium", "utm_campaign",
    "utm_content", "utm_term", "utm_id", "screen_resolution", "viewport_width", "browser_name", "nobody_knows_this_key",
    "evt_value", "sent_at", "page_view_id", "currency",
)  # fmt: skip


def canaries(names: tuple[str, ...]) -> dict[str, str]:
    return {name: f"zq{number:02d}" + hashlib.sha256(name.encode()).hexdigest()[:6] for number, name in enumerate(names)}


@pytest.mark.parametrize("mode", ["forget", "delete"])
def test_a_canary_in_every_key_and_header_is_nowhere_afterwards_nor_on_disk(tmp_path: Path, mode: Any) -> None:
    places = (
        *KEYS,
        "path",
        "query",
        "fragment",
        "referrer_path",
        "agent",
        "property",
        "property_key",
        "metadata",
        "event_id",
        "edge",
        "hint",
    )
    birds = canaries(places)
    payload = {key: birds[key] for key in KEYS} | {
        "evt_type": "page_view",
        "event_timestamp": at(0),
        "event_id": birds["event_id"],
        "page_url": f"https://acme.example/{birds['path']}?q={birds['query']}#{birds['fragment']}",
        "page_referrer": f"https://elsewhere.example/{birds['referrer_path']}",
        "properties": {birds["property_key"]: birds["property"]},
        "item_metadata": {"m": [birds["metadata"]]},
    }
    who = {"_visitor_id": "v_" + birds["edge"], "_user_agent": f"{HUMAN} {birds['agent']}", "_client_hints": birds["hint"]}
    with EmbeddedStore(tmp_path) as store:
        with connect(store.url) as owner:
            schema.deploy(owner)
            owner.execute("SELECT util.ensure_partitions(%s)", (NOON,))
        with connect(store.url, "footfall_worker") as connection:
            site = Site(connection, "acme")
            site.land(
                payload | who,
                payload | who | {"evt_type": "nonsense"},
                payload | who | {"event_id": "other", "evt_type": "item_interaction"},
            )
            site.land(
                view("/", 3, session_id="joe", _visitor_id="v_joe"), item("chair", 4, session_id="joe", _visitor_id="v_joe")
            )
            site.settle()
            assert (
                len({bird for bird in birds.values() if bird in _said(connection)}) >= len(birds) - 1
            )  # the hint is cut to words
            with connect(store.url) as owner:
                owner.execute("ANALYZE")
                assert birds["path"] in "\n".join(row for (row,) in owner.execute("SELECT s::text FROM pg_stats s"))
            erase_person(connection, site.tenant_hk, "session", birds["session_id"], mode)
            site.settle()
            connection.execute("SELECT pg_stat_force_next_flush()")
            connection.execute("SELECT util.analyze_erased()")
            kept = (
                {birds[name] for name in COUNTED} if mode == "forget" else {birds["utm_source"]}
            )  # ref.campaign: a source's name
            said = _said(connection)
            with connect(store.url) as owner:  # of the connection that erased, too, while it is there
                said += "\n".join(row for (row,) in owner.execute("SELECT s::text FROM pg_stats s"))
            assert {name: bird for name, bird in birds.items() if bird in said and bird not in kept} == {}
        with connect(store.url) as owner:
            # files of the log are removed, not used again: what was in them would stay until it is written over
            owner.execute("ALTER SYSTEM SET wal_recycle = off")
            owner.execute("ALTER SYSTEM SET min_wal_size = '32MB'")
            owner.execute("SELECT pg_reload_conf()")
            owner.execute("VACUUM (FULL, FREEZE)")
            for _ in range(3):
                owner.execute("SELECT pg_switch_wal()")
                owner.execute("CHECKPOINT")
    left = {
        name
        for file in tmp_path.rglob("*")
        if file.is_file()
        for name, bird in birds.items()
        if bird not in kept and bird.encode() in file.read_bytes()
    }
    assert left == set()


def _said(connection: Connection) -> str:
    """All that all tables say, as one text."""
    tables = connection.execute(
        "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND c.relnamespace::regnamespace::text IN ('auth', 'ref', 'raw', 'staging', 'business', 'archive', 'util')"
    ).fetchall()
    said = []
    for (table,) in tables:
        with contextlib.suppress(errors.InsufficientPrivilege):
            said += [row for (row,) in connection.execute(f"SELECT t::text FROM {table} t")]
    return "\n".join(said)
