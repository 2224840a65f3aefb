"""Tenants over several stores, each a cell: who lives where, what it answers, and what happens when one is away."""

import os
import re
import signal
import threading
import time
import traceback
from importlib import resources
from pathlib import Path

import psycopg
import pytest
from in_process import run
from sender import VISITOR, post
from starlette.testclient import TestClient
from two_cells import MARCH, OURS, PASSWORD, answers, code, fill, load, sign_in

from footfall.auth import add_account, add_share_link, list_keys, set_role
from footfall.cli import options
from footfall.cli.worker import Linked
from footfall.database import Cells, Store, connect, number_cells
from footfall.errors import CellsInvalid
from footfall.operations.customers.moving import move_tenant
from footfall.raw import IncomingEvent, land
from footfall.raw import moving as moving_now
from footfall.settings import Settings
from footfall.web import application
from site_under_test import NOON, Site, view


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


def test_z_a_cell_that_is_killed_takes_nobody_elses_tenants_with_it(cells, settings, client, stores, second):
    acme, bakery = (fill(Site(stores[cell], name)) for name, cell in (("acme", "home"), ("bakery", "b")))
    before = answers(client, acme["read"])
    assert post(client, bakery["write"], view("/n", session_id="n", event_timestamp=None)).status_code == 202
    link = add_share_link(stores["b"], "bakery", "board", 3, None)
    assert client.post("/api/share", json={"link": link, "password": ""}, headers=OURS).status_code == 200
    of_guest = dict(client.cookies)
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
    # a server that has not seen its guest before does not take them for a stranger
    with TestClient(application(settings, cells.home.url), client=(VISITOR, 50_000), cookies=of_guest) as other:
        headers = OURS | {"X-Footfall-Share": link[:8], "X-Footfall-Tenant": "bakery"}
        asked = other.get("/api/analytics/overview", params=MARCH, headers=headers)
        assert (asked.status_code, code(asked)) == (503, "cell_away")
    # what is left of all is shown, and said to be that; no bill is made of it
    found = client.get("/api/operator/tenants", headers=OURS).json()["data"]
    assert ([row["tenant"] for row in found["rows"]], found["away"]) == (["acme"], ["b"])
    assert code(client.get("/api/operator/usage.csv", headers=OURS)) == "cell_away"
    # a key that nobody knows may be one of the cell's that is away
    assert code(client.get("/api/analytics/overview", headers={"X-Footfall-Key": "ffr_" + "x" * 32})) == "cell_away"


def test_forms_that_keep_tenants_movable_are_kept(owner):
    """A tenant's key comes first, rows have columns of a declared type, and no setting outlives a transaction."""
    ours = "p.pronamespace::regnamespace::text IN ('util', 'auth', 'ref', 'raw', 'staging', 'business', 'archive', 'api')"
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
