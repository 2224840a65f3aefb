"""A tenant moves from one cell to another while its site goes on sending; interrupted, taken back, there and back."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from sender import post
from starlette.testclient import TestClient
from two_cells import OURS, answers, code, failing_checks, fill, load, sign_in

from footfall.auth import add_key
from footfall.database import Cells, connect, number_cells
from footfall.errors import NotAccepted
from footfall.governance import all_entries
from footfall.judgement.rules import read_rules
from footfall.operations import rules
from footfall.operations.customers import moving
from footfall.operations.customers.moving import move_tenant
from footfall.operations.proof.digest import Extent, digests_of, snapshot
from footfall.raw import IncomingEvent, land
from footfall.raw import moving as moving_now
from footfall.settings import Settings
from footfall.web import application
from footfall.worker import work_once
from site_under_test import NOON, Site, view


def test_a_move_that_is_interrupted_after_every_step_goes_on_to_the_same_end(cells, settings, stores, monkeypatch):
    site = Site(stores["home"], "acme")
    key = fill(site)["read"]
    rules.apply(stores["home"], site.tenant_hk, read_rules({"behaviour": {"views_per_minute": 90}}))
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
    # a rebuild there judges, and retires, as it was done here
    steps = "SELECT load_date, asked FROM raw.load_batch WHERE job = 'rules' ORDER BY 1"
    assert stores["b"].execute(steps).fetchall() == stores["home"].execute(steps).fetchall() != []
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


def test_who_has_events_in_the_archive_alone_does_not_move_before_they_are_back(cells, stores):
    site = Site(stores["home"], "acme")
    fill(site)
    with connect(cells.home.url) as owner:
        owner.execute("INSERT INTO raw.kept_since VALUES (%s, 'raw', '2026-04-01', true)", (site.tenant_hk,))
        owner.execute(
            "INSERT INTO archive.part (tenant_hk, layer, month, file_id, path, is_live, row_count)"
            " VALUES (%s, 'raw', '2026-03-01', 1, 'x', true, 5)",
            (site.tenant_hk,),
        )
    with pytest.raises(NotAccepted) as error:
        move_tenant(cells, "acme", "b", load, 0)
    assert error.value.code == "raw_in_archive"
    assert stores["home"].execute("SELECT count(*) FROM util.tenant_move").fetchone() == (0,)
    assert stores["b"].execute("SELECT count(*) FROM util.tenant_move").fetchone() == (0,)


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
