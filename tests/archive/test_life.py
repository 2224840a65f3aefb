"""What reaches the files: erasure, deletion, retention; what is proved of them; and rows that come back out of them."""

import io
import json
import threading
from pathlib import Path

import pyarrow as pa
import pytest
from archived import LAYERS, copied, decoded, files, have_rules, visits
from in_process import run as command

from footfall.archive.months import Wish
from footfall.archive.place import Place
from footfall.archive.upkeep import write_anew_if_erased
from footfall.archive.verifying import verify
from footfall.database import Connection
from footfall.governance.persons import erase_person
from footfall.imports import import_access_log, undo_import
from site_under_test import HUMAN, Site, at, view

OF_LAYER = {
    "bridge": ["business.event_b"],
    "visit": ["business.visit_b"],
    "vault": [
        "business.site_event_h",
        "business.event_session_l",
        "business.event_page_l",
        "business.event_business_item_l",
        "business.site_event_details_s",
    ],
    "raw": ["raw.site_tracking_events_r"],
}


@pytest.fixture
def sites(worker: Connection) -> tuple[Site, Site]:
    both = (Site(worker, "acme"), Site(worker, "shop"))
    for site in both:
        visits(site)
    have_rules(worker)
    return both


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archive"


def said(url: str, folder: Path, *line: str) -> tuple[int, dict]:
    status, output, errors = command(
        "archive", *line, "--json", environment={"DATABASE_URL": url, "FOOTFALL_ARCHIVE": str(folder)}
    )
    assert "Traceback" not in errors
    return status, json.loads(output or "null")


def everywhere(folder: Path) -> str:
    """All values of all files, and the bytes of each as they are."""
    tables = [decoded(folder, layer) for layer in LAYERS if (folder / layer).exists()]
    values = [str(column.to_pylist()) for table in tables for column in table.columns if pa.types.is_string(column.type)]
    keys = [
        value.hex()
        for table in tables
        for column in table.columns
        if pa.types.is_fixed_size_binary(column.type)
        for value in column.to_pylist()
        if value
    ]
    return "\n".join([*values, *keys, *(path.read_bytes().decode("latin-1") for path in folder.rglob("*.parquet"))])


def digests(connection: Connection, tenant_hk: bytes) -> dict[str, str]:
    query = "SELECT layer, digest FROM archive.part WHERE tenant_hk = %s AND is_live"
    return dict(connection.execute(query, (tenant_hk,)).fetchall())


def test_the_command_copies_lists_proves_and_drops(sites: tuple[Site, Site], url: str, folder: Path, owner: Connection) -> None:
    owner.execute("DELETE FROM ref.archive_rule")
    assert said(url, folder, "run") == (0, {"files": [], "left": 0})
    for layer in LAYERS:
        assert said(url, folder, "set", "--layer", layer, "--after", "3")[0] == 0
    assert said(url, folder, "set", "--layer", "raw", "--after", "never", "--tenant", "shop")[0] == 0
    status, done = said(url, folder, "run", "--month", "2026-03")
    done = done["files"]
    assert (status, {(one["layer"], one["tenants"]) for one in done}) == (
        0,
        {("bridge", 2), ("raw", 1), ("vault", 2), ("visit", 2)},
    )
    status, listed = said(url, folder, "list")
    assert [(one["layer"], one["month"], one["tenants"], one["files"], one["stale"]) for one in listed["months"]] == [
        ("bridge", "2026-03", 2, 1, 0), ("raw", "2026-03", 1, 1, 0), ("vault", "2026-03", 2, 1, 0), ("visit", "2026-03", 2, 1, 0),
    ]  # fmt: skip
    assert said(url, folder, "verify", "--full") == (0, {"faults": []})
    assert said(url, folder, "drop", "--tenant", "shop")[0] == 0
    assert {one["tenants"] for one in said(url, folder, "list")[1]["months"]} == {1}
    assert sites[1].tenant_hk.hex() not in everywhere(folder)
    assert said(url, folder, "verify", "--full") == (0, {"faults": []})
    assert said(url, folder, "drop", "--all")[0] == 0
    assert files(folder) == []
    assert command("archive", "run", environment={"DATABASE_URL": url})[0] == 1
    assert command("archive", "drop", environment={"DATABASE_URL": url, "FOOTFALL_ARCHIVE": str(folder)})[0] == 1
    assert command("archive", "set", "--layer", "raw", "--after", "2", environment={"DATABASE_URL": url})[0] == 1


def test_whatever_is_wrong_with_a_file_is_named(
    sites: tuple[Site, Site], url: str, worker: Connection, owner: Connection, folder: Path
) -> None:
    place = Place(str(folder))
    copied(url, worker, place)

    def faults() -> set[tuple[str, str]]:
        return {(fault.code, fault.path.partition("/")[0]) for fault in verify(url, worker, place, Wish(), is_full=True)}

    paths = {path.partition("/")[0]: folder / path for path in files(folder)}
    whole = {layer: path.read_bytes() for layer, path in paths.items()}
    flipped = bytearray(whole["bridge"])
    flipped[len(flipped) // 4] ^= 1
    paths["bridge"].write_bytes(flipped)
    paths["visit"].write_bytes(whole["visit"][:-7])
    paths["vault"].unlink()
    (folder / "raw" / "2026-03" / "extra.parquet").write_bytes(whole["raw"])
    found = faults()
    assert {
        ("file_changed", "bridge"),
        ("file_changed", "visit"),
        ("file_unreadable", "visit"),
        ("file_missing", "vault"),
        ("file_unknown", "raw"),
    } <= found
    assert {code for code, layer in found if layer == "bridge"} & {"file_unreadable", "part_differs"}
    status, _ = said(url, folder, "verify")
    assert status == 1
    assert said(url, folder, "drop", "--unknown") == (0, {"files": 1})
    for layer, path in paths.items():
        path.write_bytes(whole[layer])
    assert faults() == set()
    # a row that changes without anybody saying so
    owner.execute("ALTER TABLE business.event_b_202603 DISABLE TRIGGER archive_change")
    owner.execute(
        "UPDATE business.event_b SET event_label = 'x' WHERE site_event_hk = (SELECT min(site_event_hk) FROM business.event_b)"
    )
    assert faults() == {("tables_differ", "bridge")}
    owner.execute(
        "UPDATE archive.part SET digest = repeat('0', 64) WHERE layer = 'raw' AND tenant_hk = %s", (sites[0].tenant_hk,)
    )
    assert ("part_differs", "raw") in faults()


def test_rows_that_are_missing_come_back_bit_by_bit_or_nothing_changes(
    sites: tuple[Site, Site], url: str, worker: Connection, owner: Connection, folder: Path
) -> None:
    acme = sites[0]
    owner.execute(
        "UPDATE raw.site_tracking_events_r SET client_ip = '10.1.0.0/16', visitor_ip_hash = '', user_agent = NULL"
        " WHERE raw_event_id % 2 = 0"
    )
    owner.execute(
        'UPDATE raw.site_tracking_events_r SET raw_payload = \'{"a": 1.00, "b": "\\\\u0001"}\' WHERE raw_event_id % 3 = 0'
    )
    copied(url, worker, Place(str(folder)))
    tables = [table for of_layer in OF_LAYER.values() for table in of_layer]
    before = {}
    for table in tables:
        owner.execute(f"CREATE TEMP TABLE {table.replace('.', '_')} AS SELECT * FROM {table}")
        where = (
            "WHERE tenant_hk = %s" if table != "business.site_event_h" else "WHERE tenant_hk = %s AND ascii(site_event_bk) > 0"
        )
        before[table] = owner.execute(f"DELETE FROM {table} {where}", (acme.tenant_hk,)).rowcount
        assert before[table] > 0
    for layer, of_layer in OF_LAYER.items():
        asked = ("restore", "--tenant", "acme", "--layer", layer, "--month", "2026-03")
        status, (done,) = said(url, folder, *asked)
        assert (status, done["missing"]) == (0, {table: before[table] for table in of_layer})
        assert said(url, folder, *asked)[1][0]["missing"] == dict.fromkeys(of_layer, 0)
    for table in tables:
        copy = table.replace(".", "_")
        for one, other in ((table, copy), (copy, table)):
            assert owner.execute(
                f"SELECT count(*) FROM (SELECT t::text FROM {one} t EXCEPT SELECT t::text FROM {other} t) d"
            ).fetchone() == (0,)
    # what is there already, and is something else, stays
    owner.execute("UPDATE business.event_b SET event_label = 'other' WHERE tenant_hk = %s", (acme.tenant_hk,))
    owner.execute("DELETE FROM business.event_b WHERE tenant_hk = %s AND is_bot", (acme.tenant_hk,))
    count = acme.value("SELECT count(*) FROM business.event_b")
    line = ("--tenant", "acme", "--layer", "bridge", "--month", "2026-03")
    status, _, errors = command("archive", "restore", *line, environment={"DATABASE_URL": url, "FOOTFALL_ARCHIVE": str(folder)})
    assert status == 1
    assert "nothing was changed" in errors
    assert acme.value("SELECT count(*) FROM business.event_b") == count


def canary(site: Site, name: str) -> None:
    """Somebody whose name is in every id and text that she is known by."""
    who = {"session_id": f"{name}-s", "visitor_id": f"{name}-v", "_visitor_id": f"v_{name}-w", "user_id": f"{name}-u"}
    order = {
        "evt_type": "transaction_step",
        "evt_action": "complete",
        "transaction_id": f"{name}-o",
        "event_timestamp": at(9),
        "event_id": f"{name}-e",
    }
    page = f"https://acme.example/{name}?q={name}"
    site.land(view("/", 8, **who, page_title=name, page_url=page, evt_label=name, properties={name: name}), order | who)
    site.settle()


def test_who_is_erased_is_in_no_file_and_others_are_as_they_were(
    sites: tuple[Site, Site], url: str, worker: Connection, folder: Path
) -> None:
    acme, shop = sites
    place = Place(str(folder))
    canary(acme, "zqtweety")
    canary(acme, "zqpolly")
    copied(url, worker, place)
    query = "SELECT encode(h.site_event_hk, 'hex') FROM business.site_event_h h WHERE h.site_event_bk LIKE '%%' || %s || '%%'"
    keys = {name: acme.rows(query, name)[0][0] for name in ("zqtweety", "zqpolly")}
    assert all(word in everywhere(folder) for word in (*keys, *keys.values()))
    old, before = files(folder), digests(worker, shop.tenant_hk)
    line = ("person", "erase", "visitor", "zqtweety-v", "--tenant", "acme", "--mode", "delete", "--yes")
    # where the command knows of no archive it says so, and so does the doctor, until a worker has been there
    status, _, errors = command(*line, environment={"DATABASE_URL": url})
    assert (status, "hold them still" in errors) == (0, True)
    assert "erased_in_archive" in command("doctor", "--json", environment={"DATABASE_URL": url})[1]
    assert {fault.code for fault in verify(url, worker, place, Wish())} == {"erased_in_file"}
    assert write_anew_if_erased(url, worker, str(folder), threading.Event())
    assert not write_anew_if_erased(url, worker, str(folder), threading.Event())
    assert "erased_in_archive" not in command("doctor", "--json", environment={"DATABASE_URL": url})[1]
    text = everywhere(folder)
    assert [word for word in ("zqtweety", keys["zqtweety"]) if word in text] == []
    assert not set(old) & set(files(folder)), "at once"
    assert digests(worker, shop.tenant_hk) == before
    assert list(verify(url, worker, place, Wish(), is_full=True)) == []
    # and by the command itself; who is only forgotten leaves what figures are counted by: the names that the site gives
    erased = command(
        *line[:3], "zqpolly-v", *line[4:6], "--yes", environment={"DATABASE_URL": url, "FOOTFALL_ARCHIVE": str(folder)}
    )
    assert erased[0] == 0, erased[2]
    text = everywhere(folder)
    assert [
        word
        for word in ("zqpolly-v", "zqpolly-s", "zqpolly-w", "zqpolly-u", "zqpolly-e", "zqpolly-o", keys["zqpolly"])
        if word in text
    ] == []
    assert list(verify(url, worker, place, Wish(), is_full=True)) == []


def test_a_restore_brings_nobody_back(sites: tuple[Site, Site], url: str, worker: Connection, folder: Path) -> None:
    copied(url, worker, Place(str(folder)))
    erase_person(worker, sites[0].tenant_hk, "visitor", "v1", "delete")
    line = ("--tenant", "acme", "--layer", "bridge", "--month", "2026-03")
    status, _, errors = command("archive", "restore", *line, environment={"DATABASE_URL": url, "FOOTFALL_ARCHIVE": str(folder)})
    assert (status, "would come back" in errors) == (1, True)


def test_a_restore_brings_no_import_back_that_was_taken_back(
    sites: tuple[Site, Site], url: str, worker: Connection, folder: Path
) -> None:
    acme = sites[0]
    log = f'203.0.113.9 - - [10/Mar/2026:11:00:00 +0000] "GET /a HTTP/1.1" 200 1 "-" "{HUMAN}"\n'
    done = import_access_log(worker, io.BytesIO(log.encode()), "acme", "https://acme.example", file_name="access.log", by="jo")
    acme.settle()
    copied(url, worker, Place(str(folder)))
    undo_import(worker, done.import_id)
    acme.settle()
    environment = {"DATABASE_URL": url, "FOOTFALL_ARCHIVE": str(folder)}
    for layer in ("vault", "visit", "bridge"):
        line = ("--tenant", "acme", "--layer", layer, "--month", "2026-03")
        status, _, errors = command("archive", "restore", *line, environment=environment)
        assert (status, "would come back" in errors) == (1, True)
    assert acme.failing_checks() == []


def test_a_tenant_that_is_deleted_is_in_no_file(sites: tuple[Site, Site], url: str, worker: Connection, folder: Path) -> None:
    acme, shop = sites
    copied(url, worker, Place(str(folder)))
    before = digests(worker, shop.tenant_hk)
    assert acme.tenant_hk.hex() in everywhere(folder)
    deleted = command("tenant", "delete", "acme", "--yes", environment={"DATABASE_URL": url, "FOOTFALL_ARCHIVE": str(folder)})
    assert deleted[0] == 0, deleted[2]
    assert acme.tenant_hk.hex() not in everywhere(folder)
    assert digests(worker, shop.tenant_hk) == before
    assert list(verify(url, worker, Place(str(folder)), Wish(), is_full=True)) == []


def test_a_month_that_retention_drops_goes_from_files_too(
    sites: tuple[Site, Site], url: str, worker: Connection, owner: Connection, folder: Path
) -> None:
    place = Place(str(folder))
    copied(url, worker, place)
    owner.execute("INSERT INTO ref.retention VALUES ('\\x', 'raw', 30)")
    months = [month for (month,) in worker.execute("SELECT util.months_to_drop('raw', util.current_load_date())")]
    assert [
        worker.execute("SELECT util.drop_month('raw', %s, util.current_load_date())", (month,)).fetchone() for month in months
    ] == [(True,)] * len(months)
    assert "raw" not in digests(worker, sites[0].tenant_hk)
    owner.execute("UPDATE archive.file SET changed_at = changed_at - interval '1 hour' WHERE state = 'dead'")
    copied(url, worker, place)
    assert not any(path.startswith("raw") for path in files(folder))
