"""Tenants over several stores, each a cell: who lives where, what it answers, what happens when one is away, and a move."""

import itertools
import json
import os
import re
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import argon2
import psycopg
import pytest
from in_process import run
from sender import VISITOR, post
from starlette.testclient import TestClient

from footfall import schema
from footfall.auth import add_account, add_key, add_share_link, list_keys, set_role
from footfall.business import all_checks, run_check
from footfall.cli import options
from footfall.cli.worker import Linked
from footfall.database import Cells, EmbeddedStore, Store, connect, number_cells
from footfall.errors import CellsInvalid, NotAccepted
from footfall.governance import all_entries
from footfall.operations.customers import moving
from footfall.operations.customers.moving import move_tenant
from footfall.operations.proof.digest import Extent, digests_of, snapshot
from footfall.raw import IncomingEvent, land
from footfall.raw import moving as moving_now
from footfall.settings import CellUrls, Settings
from footfall.web import application
from footfall.worker import load_pending, work_once
from site_under_test import HUMAN, NOON, Site, view

OURS = {"X-Footfall-Request": "1"}
PASSWORD = "correct horse battery"
MARCH = {"dateFrom": "2026-03-01", "dateTo": "2026-03-31"}
REPORTS: dict[str, dict[str, Any]] = {
    "overview": {},
    "breakdown": {"dimension": "page"},
    "timeseries": {},
    "sessions": {},
    "paths": {},
    "funnel": {"steps": ["page==/", "page==/a"]},
    "retention": {},
    "events": {},
}
_numbers = itertools.count()


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("footfall.auth.accounts.passwords._hasher", quick)


@pytest.fixture(autouse=True)
def asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where tenants are is found out in moments: nobody waits a minute here."""
    monkeypatch.setattr("footfall.database.cells._KNOWN_SECONDS", 0.5)
    monkeypatch.setattr("footfall.database.cells._MISSED_SECONDS", 0.0)


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    """A second PostgreSQL, which the last test here kills."""
    with EmbeddedStore(tmp_path_factory.mktemp("second")) as store:
        with psycopg.connect(store.url, autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE DATABASE deployed TEMPLATE template0")
        with connect(_database(store.url, "deployed")) as owner:
            schema.deploy(owner)
            owner.execute("SELECT util.ensure_partitions(%s)", (NOON,))
        yield store


def _database(url: str, name: str) -> str:
    return re.sub(r"/[a-z_0-9]+\?", f"/{name}?", url, count=1)


@pytest.fixture
def cells(url: str, second: EmbeddedStore) -> Cells:
    """Home, and b on a server of its own."""
    name = f"b{next(_numbers)}"
    with psycopg.connect(second.url, autocommit=True) as other:
        other.execute(f"CREATE DATABASE {name} TEMPLATE deployed STRATEGY FILE_COPY")
    found = Cells(url, [("b", _database(second.url, name))])
    number_cells(found)
    return found


@pytest.fixture
def settings(cells: Cells) -> Settings:
    return Settings(cells=CellUrls(f"b={cells.called('b').url}"))


@pytest.fixture
def client(cells: Cells, settings: Settings) -> Iterator[TestClient]:
    app = application(settings, cells.home.url)
    with TestClient(app, client=(VISITOR, 50_000), raise_server_exceptions=False) as found:
        found.headers["User-Agent"] = HUMAN
        yield found


@pytest.fixture
def stores(cells: Cells) -> Iterator[dict[str, psycopg.Connection]]:
    """A worker's connection to each cell."""
    with connect(cells.home.url, "footfall_worker") as home, connect(cells.called("b").url, "footfall_worker") as b:
        yield {"home": home, "b": b}


def code(reply: Any) -> str:
    return reply.json()["debug_info"]["error"]


def fill(site: Site) -> dict[str, str]:
    """Some visits of the tenant, settled; and a key of each kind."""
    for number in range(4):
        who = {"session_id": f"s{number}", "_visitor_id": f"v{number}"}
        site.land(view("/", number, **who), view("/a", number + 1, **who), view(f"/{site.tenant_id}", number + 2, **who))
    site.settle()
    return {kind: add_key(site.connection, site.tenant_id, kind, "test")[1] for kind in ("write", "read", "admin")}


def answers(client: TestClient, key: str) -> dict[str, Any]:
    """What the reports say to a key's tenant, without what is different in any two stores."""
    said = {}
    for report, question in REPORTS.items():
        reply = client.get(f"/api/analytics/{report}", params=MARCH | question, headers={"X-Footfall-Key": key})
        assert reply.status_code == 200, (report, reply.text)
        said[report] = re.sub(
            r'"(loaded_at|load_date|generated_at|watermark|lag_seconds|raw_event_id)":("[^"]*"|[0-9.]+)', "", reply.text
        )
    return said


def sign_in(client: TestClient, store: psycopg.Connection, name: str, role: str, tenant_hk: bytes | None) -> None:
    add_account(store, f"{name}@example.org", name.title(), PASSWORD, is_operator=tenant_hk is None)
    if tenant_hk is not None:
        set_role(store, f"{name}@example.org", "", role, tenant_hk)  # type: ignore[arg-type]
    client.cookies.clear()
    person = {"email": f"{name}@example.org", "password": PASSWORD}
    assert client.post("/api/session", json=person, headers=OURS).status_code == 200


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("b=mysql://x/y", "cells_malformed"),
        ("b=postgresql://u:se%cret//x@x/y", "cells_malformed"),
        ("postgresql://x/y", "cells_malformed"),
        ("B b=postgresql://x/y", "cells_malformed"),
        ("b=postgresql://x/y b=postgresql://x/z", "cells_same_name"),
        ("home=postgresql://x/y", "cells_same_name"),
        ("b=postgresql://x/y c=postgresql://x/y", "cells_same_database"),
        (" ".join(f"c{n}=postgresql://x/{n}" for n in range(32)), "cells_malformed"),
    ],
)
def test_cells_that_cannot_be_told_apart_are_refused_and_no_url_is_shown(text, refused):
    with pytest.raises(CellsInvalid) as error:
        Settings.read({"FOOTFALL_CELLS": text})
    assert error.value.code == refused
    assert "//x" not in "".join(traceback.format_exception(error.value))


def test_one_database_under_two_names_and_a_cell_in_anothers_place_are_refused(cells):
    b = cells.called("b").url
    with pytest.raises(CellsInvalid) as error:
        number_cells(Cells(cells.home.url, [("b", b), ("c", b + "&application_name=other")]))
    assert error.value.code == "cells_same_database"
    with pytest.raises(CellsInvalid) as error:
        number_cells(Cells(cells.home.url, [("c", b)]))
    assert error.value.code == "cells_misplaced"


def test_a_tenant_in_two_cells_is_neither_read_nor_written_and_harms_no_other(cells, client, stores):
    both = [fill(Site(store, "twice"))["read"] for store in stores.values()]
    fine = fill(Site(stores["b"], "fine"))["read"]
    time.sleep(2)
    assert [code(client.get("/api/analytics/overview", params=MARCH, headers={"X-Footfall-Key": key})) for key in both] == [
        "tenant_in_two_cells"
    ] * 2
    assert answers(client, fine)
    assert "tenant_in_two_cells" in {one["code"] for one in client.get("/health/ready").json()["reasons"]}
    # lists have it once, and are there for all others
    sign_in(client, stores["home"], "opa", "owner", None)
    assert [one["tenant"] for one in client.get("/api/session/tenants", headers=OURS).json()["data"]] == ["fine", "twice"]
    rows = client.get("/api/operator/tenants", headers=OURS).json()["data"]["rows"]
    assert sorted(row["tenant"] for row in rows) == ["fine", "twice"]
    assert client.get("/api/operator/usage.csv", headers=OURS).text.count("\n") == 3
    # one half of it is deleted where it is said to be; its people stay
    add_account(stores["home"], "ann@example.org", "Ann", PASSWORD)
    set_role(stores["home"], "ann@example.org", "twice", "owner")
    environment = {"DATABASE_URL": cells.home.url, "FOOTFALL_CELLS": f"b={cells.called('b').url}"}
    for store in stores.values():
        store.execute("DELETE FROM auth.access_key")  # those keep a deletion waiting for a minute
    assert run("tenant", "delete", "twice", "--yes", environment=environment)[0] == 1
    ended, _, errors = run("tenant", "delete", "twice", "--yes", "--cell", "home", environment=environment)
    assert ended == 0, errors
    had = "SELECT count(*) FROM auth.tenant_h WHERE tenant_bk = 'twice'"
    assert [store.execute(had).fetchone() for store in stores.values()] == [(0,), (1,)]
    assert stores["home"].execute("SELECT count(*) FROM auth.membership").fetchone() == (1,)


def test_the_answers_are_those_of_one_store(cells, client, stores, server, template):
    keys = {name: fill(Site(stores[cell], name)) for name, cell in (("acme", "home"), ("bakery", "b"))}
    said = {name: answers(client, keys[name]["read"]) for name in keys}
    alone = f"alone_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {alone} TEMPLATE {template} STRATEGY FILE_COPY")
    url = psycopg.conninfo.make_conninfo(server, dbname=alone)
    try:
        with connect(url, "footfall_worker") as one, TestClient(application(Settings(), url)) as of_one:
            expected = {name: answers(of_one, fill(Site(one, name))["read"]) for name in keys}
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {alone} WITH (FORCE)")
    assert said == expected
    # and what is sent goes where its tenant lives
    for name, cell in (("acme", "home"), ("bakery", "b")):
        assert post(client, keys[name]["write"], view("/new", session_id="n", event_timestamp=None)).status_code == 202
        of = "SELECT count(*) FROM raw.site_tracking_events_r WHERE tenant_id = %s"
        assert stores[cell].execute(of, (name,)).fetchone() == (13,)
    assert client.get("/health/accepting").json() == {"status": "accepting", "reasons": []}
    assert client.get("/health/ready").json() == {"status": "ready", "reasons": []}
    # numbers begin where no other cell gives any
    assert all(int(row["key"]) > 1 << 48 for row in list_keys(stores["b"]))
    assert all(int(row["key"]) < 1 << 48 for row in list_keys(stores["home"]))


def test_whoever_has_a_role_in_a_tenant_of_another_cell_looks_at_it_and_sets_it_up(client, stores):
    fill(Site(stores["home"], "acme"))
    bakery = Site(stores["b"], "bakery")
    fill(bakery)
    sign_in(client, stores["home"], "bea", "owner", bakery.tenant_hk)
    there = OURS | {"X-Footfall-Tenant": "bakery"}
    who = client.get("/api/session", headers=there).json()["data"]
    assert ([line["tenant"] for line in who["tenants"]], who["named"]) == (["bakery"], "bakery")
    assert client.get("/api/analytics/overview", params=MARCH, headers=there).status_code == 200
    assert code(client.get("/api/setup", headers=OURS | {"X-Footfall-Tenant": "acme"})) == "tenant_unknown"
    assert client.post("/api/setup/keys", json={"kind": "read", "label": "bi"}, headers=there).status_code == 200
    assert client.post("/api/setup/people", json={"email": "al@example.org", "role": "viewer"}, headers=there).status_code == 200
    everything = client.get("/api/setup", headers=there).json()["data"]
    assert [person["email"] for person in everything["people"]] == ["al@example.org", "bea@example.org"]
    assert "bi" in [key["label"] for key in everything["keys"]]
    # both what was done to people, in home, and to keys, in b; by her, although b knows nobody
    told = client.get("/api/setup/audit", headers=there).json()["data"]
    assert {"key.created", "role.changed"} <= {row["action"] for row in told}
    assert next(row for row in told if row["action"] == "key.created" and row["kind"] == "person")["who"]
    # who is told is in no cell but home
    assert stores["b"].execute("SELECT count(*) FROM auth.account").fetchone() == (0,)


def test_guests_and_operators_find_what_is_in_another_cell(cells, settings, client, stores):
    fill(Site(stores["home"], "acme"))
    bakery = Site(stores["b"], "bakery")
    fill(bakery)
    link = add_share_link(stores["b"], "bakery", "board", 3, None)
    assert client.post("/api/share", json={"link": link, "password": ""}, headers=OURS).status_code == 200
    guest = OURS | {"X-Footfall-Share": link[:8], "X-Footfall-Tenant": "bakery"}
    assert client.get("/api/analytics/overview", params=MARCH, headers=guest).status_code in (200, 403)
    assert [line["role"] for line in client.get("/api/session", headers=guest).json()["data"]["tenants"]] == ["guest"]
    # a server that has not seen them signs them out where they are
    with TestClient(application(settings, cells.home.url), client=(VISITOR, 50_000), cookies=client.cookies) as other:
        assert other.delete("/api/session", headers=guest).status_code == 200
    assert stores["b"].execute("SELECT count(*) FROM auth.sign_in").fetchone() == (0,)
    sign_in(client, stores["home"], "opa", "owner", None)
    rows = client.get("/api/operator/tenants", headers=OURS).json()["data"]
    assert (rows["total"], sorted(row["tenant"] for row in rows["rows"])) == (2, ["acme", "bakery"])
    assert client.get("/api/operator/tenants/bakery", headers=OURS).json()["data"]["tenant"] == "bakery"
    assert client.get("/api/operator/usage.csv", headers=OURS).text.count("\n") == 3
    assert [t["tenant"] for t in client.get("/api/session/tenants", headers=OURS).json()["data"]] == ["acme", "bakery"]


def test_commands_find_the_cell_of_a_tenant_and_work_in_all(cells, stores, settings, tmp_path):
    environment = {"DATABASE_URL": cells.home.url, "FOOTFALL_CELLS": str(settings.cells)}

    def footfall(*arguments: str, status: int = 0) -> str:
        ended, said, errors = run(*arguments, environment=environment)
        assert ended == status, (arguments, said, errors)
        return said

    footfall("tenant", "add", "bakery", "--cell", "b")
    assert run("tenant", "add", "bakery", environment=environment)[0] == 1
    footfall("tenant", "add", "acme")
    listed = footfall("tenant", "list", "--json")
    assert re.findall(r'"cell": "(\w+)"', listed) == ["home", "b"]
    footfall("key", "add", "--tenant", "bakery", "--kind", "read")
    assert stores["b"].execute("SELECT count(*) FROM auth.access_key").fetchone() == (1,)
    footfall("user", "add", "ann@example.org", "--tenant", "bakery", "--role", "owner")
    assert "bakery: owner" in footfall("user", "list", "--json")
    assert run("tenant", "rename", "acme", "bakery", environment=environment)[0] == 1
    assert '"events": 0' in footfall("worker", "--once", "--json")
    assert set(re.findall(r'"(home|b)": \{', footfall("check", "--only", "raw.*", "--json"))) == {"home", "b"}
    assert footfall("migrate", "--json").count('"changes": []') == 2
    footfall("report", "--tenant", "bakery", "overview", "--json")
    # who names a server means that one alone
    alone = run("tenant", "list", "--json", "--database-url", cells.home.url, environment=environment)[1]
    assert ("acme" in alone, "bakery" in alone) == (True, False)
    # its accounts are in home
    table = tmp_path / "customers.csv"
    table.write_text("tenant_id,owner\ncafe,cy@example.org\n")
    footfall("tenant", "import", str(table), "--cell", "b")
    assert "cafe: owner" in footfall("user", "list", "--json")
    stores["b"].execute("DELETE FROM auth.access_key")
    footfall("tenant", "delete", "cafe", "--yes")
    # an id that was moved, and deleted, can be one again
    stores["home"].execute("DELETE FROM auth.access_key")
    assert move_tenant(cells, "acme", "b", load, 0).target == "b"
    footfall("tenant", "delete", "acme", "--yes")
    footfall("tenant", "add", "acme")
    # what is refused as a tenant moves is called so
    with connect(cells.home.url, "footfall_worker") as home:
        note = "INSERT INTO util.tenant_move SELECT tenant_hk, tenant_bk, 'leaving', 'b', now() FROM auth.tenant_h"
        home.execute(note + " WHERE tenant_bk = 'acme'")
    assert "tenant_moving" in run("key", "add", "--tenant", "acme", environment=environment)[2]
    # whoever had a role in this tenant only goes with it, wherever it lives
    stores["b"].execute("DELETE FROM auth.access_key")
    footfall("tenant", "delete", "bakery", "--yes")
    assert stores["home"].execute("SELECT count(*) FROM auth.membership").fetchone() == (0,)
    assert stores["home"].execute("SELECT count(*) FROM auth.account").fetchone() == (0,)


def test_home_is_held_open_as_long_as_a_cell_of_its_server_is_used(monkeypatch):
    closed = []

    class Home(Store):
        def close(self) -> None:
            closed.append(self.url)

    monkeypatch.setattr(options, "open_store", lambda *_, **__: Home("postgresql://x/home"))
    monkeypatch.setenv("FOOTFALL_CELLS", "b=postgresql://x/b")
    with options.existing_store(None, None, cell="b") as store:
        assert (store.url, closed) == ("postgresql://x/b", [])
    assert closed == ["postgresql://x/home"]


def test_work_goes_on_while_a_cell_is_away_and_ends_by_itself_in_none(cells, stores):
    Site(stores["home"], "acme").land(view("/"))
    environment = {"DATABASE_URL": cells.home.url, "FOOTFALL_CELLS": "b=postgresql://127.0.0.1:9/away"}
    assert '"events": 1' in run("worker", "--once", "--json", environment=environment)[1]
    assert run("worker", "--once", "--cell", "b", environment=environment)[0] == 1
    of_all = threading.Event()
    one, other = Linked(of_all), Linked(of_all)
    one.set()
    assert (one.wait(5), other.wait(0), of_all.is_set()) == (True, False, False)
    of_all.set()
    assert other.wait(5)


def load(url: str) -> None:
    with connect(url, "footfall_worker") as connection:
        load_pending(connection, 1000)


def failing_checks(store: psycopg.Connection) -> list[str]:
    return [check.code for check in all_checks() if run_check(store, check)]


def test_a_move_that_is_interrupted_after_every_step_goes_on_to_the_same_end(cells, settings, stores, monkeypatch):
    site = Site(stores["home"], "acme")
    key = fill(site)["read"]
    with connect(cells.home.url, "footfall_worker") as here, snapshot(here):
        before = digests_of(here, Extent((site.tenant_hk,)))
    site.land(view("/late", 3, session_id="s9"))  # waits to be loaded
    # each time from the beginning, as far as one step further; None: before it, when it lives in both for the blink of an eye
    for step, is_done in (
        ("_announce", True), ("_drain", True), ("_copy", True), ("_leave", False), ("_leave", True), ("_delete", True),
    ):  # fmt: skip
        do = getattr(moving, step)

        def interrupted(*given: Any, do: Callable[..., None] = do, is_done: bool = is_done) -> None:
            if is_done:
                do(*given)
            raise KeyboardInterrupt

        monkeypatch.setattr(moving, step, interrupted)
        with pytest.raises(KeyboardInterrupt):
            move_tenant(cells, "acme", "b", load, 0)
        monkeypatch.setattr(moving, step, do)
    with pytest.raises(NotAccepted) as there:
        move_tenant(cells, "acme", "b", load, 0)
    assert there.value.code == "tenant_there"
    left = stores["home"].execute("SELECT * FROM auth.rows_of_tenant(%s)", (site.tenant_hk,)).fetchall()
    assert {table for table, _ in left} == {"auth.audit_event", "auth.audit_head"}
    assert [failing_checks(store) for store in stores.values()] == [[], []]
    with connect(cells.called("b").url, "footfall_worker") as here, snapshot(here):
        after = digests_of(here, Extent((site.tenant_hk,)))
    changed = {place.table for place in after if after[place] != before.get(place)}
    assert {place.table for place in before} - changed >= {"business.site_visitor_h", "raw.kept_since"} & set(before)
    assert sum(digest.rows for place, digest in after.items() if place.table == "business.site_event_h") == 13
    with TestClient(application(settings, cells.home.url)) as client:
        assert answers(client, key)["events"].count("/late") == 1
    # what it had as numbers and what it gets now do not meet
    assert int(add_key(stores["b"], "acme", "read", "new")[0]) > 1 << 48
    moves = [row["action"] for store in stores.values() for row in all_entries(store, site.tenant_hk)]
    assert (moves.count("tenant.leaving"), moves.count("tenant.moved"), moves.count("tenant.created")) == (1, 1, 1)


def test_a_move_under_load_loses_nothing_and_counts_nothing_twice_and_there_and_back_is_the_same(cells, client, stores):
    site = Site(stores["home"], "acme")
    keys = fill(site)
    before = answers(client, keys["read"])
    other = fill(Site(stores["home"], "other"))["write"]
    acknowledged: list[str] = []
    refused: set[str] = set()
    others: list[int] = []
    stop = threading.Event()

    def send() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            event = view("/sent", session_id=f"t{number % 7}", event_id=f"e{number}", event_timestamp=None)
            for _ in range(200):
                reply = post(client, keys["write"], event)
                if reply.status_code == 202:
                    acknowledged.append(event["event_id"])
                    break
                assert (reply.status_code, "retry-after" in reply.headers) == (503, True)
                refused.add(code(reply))
                time.sleep(0.05)
            others.append(post(client, other, view("/o", session_id="o", event_timestamp=None)).status_code)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        time.sleep(0.5)
        for to in ("b", "home"):
            # what servers remember of where it is lasts a minute: here they ask anew when they are told that it moves
            assert move_tenant(cells, "acme", to, load, 2.5).target == to
            time.sleep(0.3)
    finally:
        stop.set()
        sender.join()
    for url in (cells.home.url, cells.called("b").url):
        work_once(url, Settings())
    sent = (
        "SELECT raw_payload ->> 'event_id' FROM raw.site_tracking_events_r"
        " WHERE tenant_id = 'acme' AND raw_payload ->> 'event_id' LIKE 'e%'"
    )
    loaded = [row[0] for row in stores["home"].execute(sent)]
    assert sorted(loaded) == sorted(acknowledged)
    counted = "SELECT count(*) FROM business.event_b WHERE tenant_hk = %s"
    assert stores["home"].execute(counted, (site.tenant_hk,)).fetchone() == (12 + len(acknowledged),)
    assert stores["b"].execute("SELECT count(*) FROM raw.site_tracking_events_r").fetchone() == (0,)
    assert set(others) == {202}
    assert refused == {"tenant_moving"}
    assert answers(client, keys["read"]) == before
    assert failing_checks(stores["home"]) == []


def test_who_lands_when_a_move_begins_is_waited_for_and_what_it_landed_comes_along(cells, stores):
    site = Site(stores["home"], "acme")
    site.land(view("/"))
    mover = threading.Thread(target=move_tenant, args=(cells, "acme", "b", load, 0))
    event = IncomingEvent("acme", NOON, json.dumps(view("/during", session_id="d")), "site_tracker")
    with connect(cells.home.url, "footfall_ingest") as lander, lander.transaction():
        assert moving_now(lander, [event]) == set()
        mover.start()
        time.sleep(1.5)
        assert mover.is_alive()
        assert land(lander, [event]) == [True]
    mover.join()
    landed = "SELECT count(*) FROM raw.site_tracking_events_r WHERE tenant_hk = %s"
    assert [stores[cell].execute(landed, (site.tenant_hk,)).fetchone()[0] for cell in ("home", "b")] == [0, 2]


def test_what_has_left_is_deleted_only_where_the_other_cell_has_it(cells, stores, monkeypatch):
    site = Site(stores["home"], "acme")
    site.land(view("/"))
    monkeypatch.setattr(moving, "_delete", lambda *_: None)
    move_tenant(cells, "acme", "b", load, 0)
    monkeypatch.undo()
    # b is restored from a backup: of when it was there before, or had never been
    with connect(cells.called("b").url) as owner:
        owner.execute("SET session_replication_role = replica")
        for restored in ("DELETE FROM raw.ingest_batch", "DELETE FROM auth.tenant_h"):
            owner.execute(restored)
            with pytest.raises(NotAccepted) as error:
                move_tenant(cells, "acme", "b", load, 0)
            assert error.value.code == "copy_missing"
    kept = "SELECT count(*) FROM raw.site_tracking_events_r WHERE tenant_hk = %s"
    assert stores["home"].execute(kept, (site.tenant_hk,)).fetchone() == (1,)


def test_a_move_is_taken_back_until_it_has_happened(cells, stores, monkeypatch):
    site = Site(stores["home"], "acme")
    key = fill(site)["write"]
    monkeypatch.setattr(moving, "_activate", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        move_tenant(cells, "acme", "b", load, 0)
    monkeypatch.undo()
    assert move_tenant(cells, "acme", "home", load, 0).target == "home"
    assert stores["b"].execute("SELECT count(*) FROM auth.tenant_h").fetchone() == (0,)
    assert [store.execute("SELECT count(*) FROM util.tenant_move").fetchone() for store in stores.values()] == [(0,), (0,)]
    assert key
    add_key(stores["home"], "acme", "read", "as before")
    # and when the other cell is gone for good, and named no more
    monkeypatch.setattr(moving, "_copy", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        move_tenant(cells, "acme", "b", load, 0)
    monkeypatch.undo()
    move_tenant(Cells(cells.home.url, []), "acme", "home", load, 0)
    add_key(stores["home"], "acme", "read", "as before")
    # what has happened is not taken back
    monkeypatch.setattr(moving, "_leave", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        move_tenant(cells, "acme", "b", load, 0)
    with pytest.raises(NotAccepted) as error:
        move_tenant(cells, "acme", "home", load, 0)
    assert error.value.code == "moved_already"


def test_who_meets_anothers_numbers_does_not_move_and_an_unnumbered_cell_takes_nobody(cells, stores):
    fill(Site(stores["home"], "acme"))
    with connect(cells.called("b").url) as owner:
        owner.execute("DELETE FROM util.cell")
        owner.execute("SELECT setval('raw.ingest_batch_batch_id_seq', 1, false)")
        with pytest.raises(NotAccepted) as error:
            move_tenant(cells, "acme", "b", load, 0)
        assert error.value.code == "not_numbered"
        Site(stores["b"], "early").land(view("/"))
        number_cells(cells)
    with pytest.raises(NotAccepted) as error:
        move_tenant(cells, "acme", "b", load, 0)
    assert (error.value.code, "tenant move acme --to home" in str(error.value)) == ("ids_met", True)


def test_one_event_that_cannot_be_stored_fails_no_other_of_its_transaction(cells, stores):
    Site(stores["b"], "acme")
    payloads = ('{"a": 1}', '{"a": 1e200000}', '{"a": 2}')
    events = [IncomingEvent("acme", NOON, payload, "site_tracker") for payload in payloads]
    with connect(cells.called("b").url, "footfall_ingest") as lander, lander.transaction():
        assert moving_now(lander, events) == set()
        assert land(lander, events) == [True, False, True]
        assert land(lander, events[1:2]) == [False]
        assert land(lander, events[:1]) == [True]
    assert stores["b"].execute("SELECT count(*) FROM raw.site_tracking_events_r").fetchone() == (3,)


def test_retention_of_a_cell_goes_on_while_one_of_its_tenants_moves(cells, stores, monkeypatch):
    moved, other = (Site(stores["home"], name) for name in ("acme", "other"))
    for site in (moved, other):
        site.land(view("/"))
        site.settle()
    monkeypatch.setattr(moving, "_drain", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        move_tenant(cells, "acme", "b", load, 0)
    stores["home"].execute("INSERT INTO ref.retention (tenant_hk, layer, kept_days) VALUES ('\\x', 'raw', 1)")
    stores["home"].execute("SELECT util.delete_expired('raw', util.current_load_date() + interval '3 days')")
    kept = stores["home"].execute("SELECT tenant_hk FROM raw.kept_since").fetchall()
    assert [bytes(tenant_hk) for (tenant_hk,) in kept] == [other.tenant_hk]


def test_settings_of_a_tenant_that_moves_are_refused_and_those_of_others_are_not(cells, client, stores, monkeypatch):
    site = Site(stores["home"], "acme")
    monkeypatch.setattr(moving, "_drain", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        move_tenant(cells, "acme", "b", load, 0)
    sign_in(client, stores["home"], "ann", "owner", site.tenant_hk)
    reply = client.post("/api/setup/keys", json={"kind": "read", "label": "x"}, headers=OURS | {"X-Footfall-Tenant": "acme"})
    assert (reply.status_code, code(reply)) == (503, "tenant_moving")
    add_key(stores["home"], Site(stores["home"], "other").tenant_id, "read", "x")


def test_z_a_cell_that_is_killed_takes_nobody_elses_tenants_with_it(cells, client, stores, second):
    acme, bakery = (fill(Site(stores[cell], name)) for name, cell in (("acme", "home"), ("bakery", "b")))
    before = answers(client, acme["read"])
    assert post(client, bakery["write"], view("/n", session_id="n", event_timestamp=None)).status_code == 202
    sign_in(client, stores["home"], "opa", "owner", None)
    with psycopg.connect(second.url) as connection:
        folder = connection.execute("SHOW data_directory").fetchone()[0]
    os.kill(int((Path(folder) / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    until = time.monotonic() + 20
    while client.get("/health/ready").json()["reasons"] == [] and time.monotonic() < until:
        time.sleep(0.1)
    (reason,) = client.get("/health/ready").json()["reasons"]
    assert (reason["code"], "cell b" in reason["message"]) == ("cell_away", True)
    assert client.get("/health/accepting").status_code == 200
    for _ in range(2):
        assert post(client, acme["write"], view("/n", session_id="n", event_timestamp=None)).status_code == 202
        assert answers(client, acme["read"]).keys() == before.keys()
        sent = post(client, bakery["write"], view("/n", session_id="n", event_timestamp=None))
        assert (sent.status_code, code(sent), "retry-after" in sent.headers) == (503, "cell_away", True)
        asked = client.get("/api/analytics/overview", params=MARCH, headers={"X-Footfall-Key": bakery["read"]})
        assert (asked.status_code, code(asked)) == (503, "cell_away")
    # what is left of all is shown, and said to be that; no bill is made of it
    found = client.get("/api/operator/tenants", headers=OURS).json()["data"]
    assert ([row["tenant"] for row in found["rows"]], found["away"]) == (["acme"], ["b"])
    assert code(client.get("/api/operator/usage.csv", headers=OURS)) == "cell_away"
    # a key that nobody knows may be one of the cell's that is away
    assert code(client.get("/api/analytics/overview", headers={"X-Footfall-Key": "ffr_" + "x" * 32})) == "cell_away"


def test_forms_that_keep_tenants_movable_are_kept(owner):
    """A tenant's key comes first, rows have columns of a declared type, and no setting outlives a transaction."""
    ours = "p.pronamespace::regnamespace::text IN ('util', 'auth', 'ref', 'raw', 'staging', 'business', 'api')"
    later = owner.execute(
        f"SELECT p.proname FROM pg_proc p WHERE {ours} AND array_position(p.proargnames, 'p_tenant_hk') > 1"
    ).fetchall()
    # for all tenants or one, as of a moment
    assert later == [("retention_preview",)]
    undeclared = f"SELECT p.proname FROM pg_proc p WHERE {ours} AND p.prorettype = 'record'::regtype AND p.proargnames IS NULL"
    assert owner.execute(undeclared).fetchall() == []
    sources = [
        file.read_text()
        for file in Path(str(resources.files("footfall"))).rglob("*")
        if file.suffix in (".py", ".sql") and "static" not in file.parts
    ]
    settings = re.findall(r"set_config\('app\.tenant_hk', [^,]+, (\w+)\)", "\n".join(sources))
    assert set(settings) == {"true"}
    assert len(settings) > 3
