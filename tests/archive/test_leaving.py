"""Rows of raw leave PostgreSQL when the archive has them, and for no other reason."""

import io
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event

import psycopg
import pytest
from in_process import run as footfall

from footfall.archive.layers import LAYERS
from footfall.archive.leaving import leave
from footfall.archive.months import Wish, drop, run
from footfall.archive.place import Place
from footfall.archive.restoring import bring_back, restore
from footfall.archive.upkeep import write_anew_if_erased
from footfall.archive.verifying import drop_unknown, verify
from footfall.archive.writing import read
from footfall.auth import hold
from footfall.database import Connection, Store
from footfall.errors import ArchiveFailed, NotAccepted
from footfall.governance import Wish as Entries
from footfall.governance import all_entries
from footfall.governance.handing_over import write_person
from footfall.governance.persons import erase_person
from footfall.imports.ledger import undo_import
from footfall.operations.customers.deletion import delete_tenant
from footfall.operations.customers.export import export_tenant
from footfall.operations.customers.merging import merge_tenant
from footfall.operations.proof.rebuild import Wanted
from footfall.operations.proof.rebuild import verify as prove
from footfall.worker.loop import retire
from site_under_test import RECEIVED, Site, view

MARCH_31 = datetime(2026, 3, 31, 9, 0, tzinfo=UTC)
APRIL = datetime(2026, 4, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(str(tmp_path / "archive"))


@pytest.fixture
def other(site: Site) -> Site:
    """Another tenant beside acme: both have received events in March and in April, which are loaded."""
    two = Site(site.connection, "other")
    for one in (site, two):
        one.land(view("/a", 0), view("/b", 1), {"evt_type": "nonsense"})
        one.land(view("/c", 2), received=APRIL)
    site.settle()
    return two


def rule(owner: Connection, site: Site | None, days: int | None = 30) -> None:
    key = site.tenant_hk if site else b""
    owner.execute("INSERT INTO ref.archive_rule VALUES (%s, 'raw', 3, %s)", (key, days))


def archive(url: str, worker: Connection, place: Place) -> None:
    assert list(run(url, worker, place, Wish(layer="raw")))


def raw(site: Site) -> list[str]:
    """Months of the tenant's raw events, one an event."""
    query = "SELECT to_char(received_timestamp, 'YYYY-MM') FROM raw.site_tracking_events_r WHERE tenant_hk = %s ORDER BY 1"
    return [month for (month,) in site.rows(query, site.tenant_hk)]


def test_months_leave_one_after_the_other_and_nothing_is_missed(site, other, url, worker, owner, place) -> None:
    rule(owner, site)
    archive(url, worker, place)
    before = site.ask("overview")["data"]["metrics"]
    assert list(leave(worker, place)) == [3, 1]
    assert (raw(site), len(raw(other))) == ([], 4)
    assert list(leave(worker, place)) == []
    assert site.failing_checks() == []
    assert site.ask("overview")["data"]["metrics"] == before
    assert site.rows("SELECT is_archived, kept_since FROM raw.kept_since") == [(True, datetime(2026, 5, 1, tzinfo=UTC))]
    assert site.value("SELECT count(*) FROM archive.part WHERE stale_since IS NOT NULL") == 0
    assert list(run(url, worker, place, Wish(layer="raw"))) == [], "nothing is written anew: there would be nothing in it"


def test_a_month_that_everybody_has_left_is_dropped_and_comes_back_watched(site, other, url, worker, owner, place) -> None:
    rule(owner, None)
    archive(url, worker, place)
    months = worker.execute("SELECT util.months_to_drop('raw', util.current_load_date())").fetchall()
    assert months == [], "not before the files were proved"
    assert sum(leave(worker, place)) == 8
    dropped = [month for (month,) in worker.execute("SELECT util.months_to_drop('raw', util.current_load_date())").fetchall()]
    assert dropped[:2] == ["raw.site_tracking_events_r_202603", "raw.site_tracking_events_r_202604"]
    for month in dropped:
        assert worker.execute("SELECT util.drop_month('raw', %s, util.current_load_date())", (month,)).fetchone() == (True,)
    assert fresh(site) == 4
    assert site.failing_checks() == []

    assert len(list(bring_back(url, worker, place, site.tenant_hk))) == 2
    assert (len(raw(site)), fresh(site)) == (4, 4)
    owner.execute("UPDATE raw.site_tracking_events_r SET user_agent = 'x'")
    assert fresh(site) == 2, "a month that is there again is watched again"


def fresh(site: Site) -> int:
    """Parts of all tenants that say what the tables say, or alone have it."""
    return site.value("SELECT count(*) FROM archive.part WHERE is_live AND stale_since IS NULL")


@pytest.mark.parametrize("harm", ["a byte", "the file", "a row", "a hold", "a wait"])
def test_nothing_leaves_that_was_not_proved_or_is_wanted(site, other, url, worker, owner, place, harm: str) -> None:
    rule(owner, site)
    archive(url, worker, place)
    (path,) = worker.execute(
        "SELECT path FROM archive.part WHERE month = '2026-03-01' AND tenant_hk = %s", (site.tenant_hk,)
    ).fetchone()
    file = place.folder / path
    if harm == "a byte":
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif harm == "the file":
        file.unlink()
    elif harm == "a row":
        owner.execute("UPDATE raw.site_tracking_events_r SET user_agent = 'x' WHERE tenant_hk = %s", (site.tenant_hk,))
    elif harm == "a hold":
        hold(worker, "acme", "case")
    else:
        site.land(view("/late", 9), received=RECEIVED)
    if harm in ("a byte", "the file"):
        with pytest.raises(ArchiveFailed, match="nothing leaves"):
            list(leave(worker, place))
    else:
        assert list(leave(worker, place)) == []
    assert len(raw(site)) == 4 + (harm == "a wait")


def test_what_left_and_is_in_a_file_with_others_stays_when_those_are_written_anew(site, other, url, worker, owner, place) -> None:
    rule(owner, site)
    rule(owner, other, None)
    archive(url, worker, place)
    assert sum(leave(worker, place)) == 4
    before = parts(site)
    owner.execute("UPDATE raw.site_tracking_events_r SET user_agent = 'x' WHERE tenant_hk = %s", (other.tenant_hk,))
    assert list(run(url, worker, place, Wish(layer="raw")))
    assert parts(site) == before


def test_what_another_sent_does_not_come_into_a_month_that_has_left_meanwhile(site, other, url, worker, owner, place) -> None:
    """All of such a month is dropped when everybody has left it: nothing in it would be in a file."""
    rule(owner, site)
    archive(url, worker, place)
    assert sum(leave(worker, place)) == 4
    with pytest.raises(psycopg.DatabaseError, match="raw_gone"):
        worker.execute("SELECT business.merge_batches(%s, %s, 10)", (other.tenant_hk, site.tenant_hk))
    assert len(raw(other)) == 4


def test_who_had_nothing_left_in_a_month_keeps_no_file_with_others(site, other, url, worker, owner, place) -> None:
    rule(owner, None)
    archive(url, worker, place)
    # retention removes all that acme received in March, and not the month
    worker.execute("SELECT set_config('footfall.now', '2026-05-10', false)")
    owner.execute("INSERT INTO ref.retention VALUES (%s, 'raw', 45)", (site.tenant_hk,))
    retire(worker)
    archive(url, worker, place)
    assert list(leave(worker, place)) == [3, 0]
    delete_tenant(worker, owner, "other")
    assert write_anew_if_erased(url, worker, str(place.folder), Event())
    assert not write_anew_if_erased(url, worker, str(place.folder), Event())
    assert worker.execute("SELECT path FROM archive.file WHERE state = 'live' AND month = '2026-03-01'").fetchall() == []


def test_the_only_copy_is_not_dropped_as_unknown(site, other, url, worker, owner, place) -> None:
    """The store is restored from a backup of before a file was written anew, which has what left under its later name."""
    rule(owner, None)
    archive(url, worker, place)
    assert sum(leave(worker, place)) == 8
    owner.execute("CREATE TABLE util.file AS TABLE archive.file; CREATE TABLE util.part AS TABLE archive.part")
    owner.execute("UPDATE archive.file SET goes_at_once = true")
    archive(url, worker, place)
    owner.execute("TRUNCATE archive.file, archive.part")
    owner.execute("INSERT INTO archive.file OVERRIDING SYSTEM VALUE TABLE util.file; INSERT INTO archive.part TABLE util.part")
    before = sorted(place.paths())
    with pytest.raises(ArchiveFailed, match="bring it back first"):
        drop_unknown(worker, place)
    assert sorted(place.paths()) == before


def test_what_has_left_comes_back_bit_by_bit_the_latest_first(site, other, url, worker, owner, place) -> None:
    rule(owner, site)
    before = owner.execute("SELECT t::text FROM raw.site_tracking_events_r t ORDER BY raw_event_id").fetchall()
    archive(url, worker, place)
    assert sum(leave(worker, place)) == 4
    with pytest.raises(ArchiveFailed, match="latest comes back first"):
        restore(url, worker, place, site.tenant_hk, "raw", date(2026, 3, 1))
    with pytest.raises(ArchiveFailed, match="nowhere else"):
        drop(worker, place, Wish(layer="raw"))
    assert list(verify(url, worker, place, Wish(), is_full=True)) == []

    assert [one.month for one in bring_back(url, worker, place, site.tenant_hk)] == [date(2026, 4, 1), date(2026, 3, 1)]

    assert owner.execute("SELECT t::text FROM raw.site_tracking_events_r t ORDER BY raw_event_id").fetchall() == before
    assert site.failing_checks() == []
    assert list(verify(url, worker, place, Wish(), is_full=True)) == []
    assert [entry["action"] for entry in all_entries(worker, site.tenant_hk, Entries(action="archive"))] == [
        "archive.restored",
        "archive.restored",
        "archive.left",
        "archive.left",
    ]


@pytest.mark.parametrize(("received", "leaving"), [(MARCH_31, 0), (APRIL, 3)])
def test_a_month_stays_whole_while_some_of_it_waits(site, other, url, worker, owner, place, received, leaving: int) -> None:
    """What was set aside waits for an operator, for as long as it takes; half a month would be lost with the next file."""
    rule(owner, site)
    archive(url, worker, place)
    site.land(view("/late", 9), received=received)
    owner.execute("UPDATE raw.ingest_batch SET processing_status = 'ERROR' WHERE processing_status = 'PENDING'")
    archive(url, worker, place)
    assert sum(leave(worker, place)) == leaving
    assert len(raw(site)) == 5 - leaving


def test_who_needs_all_that_was_sent_is_told_that_some_has_left(site, other, url, worker, owner, place, tmp_path) -> None:
    rule(owner, site)
    archive(url, worker, place)
    worker.execute(
        "INSERT INTO raw.import VALUES (%s, 'i', 'import:x', 'f', 'f', '', 'me', '2026-03-01', '2026-03-01', 1, 1)",
        (site.tenant_hk,),
    )
    assert sum(leave(worker, place)) == 4
    needing = (
        lambda: export_tenant(worker, "acme", tmp_path / "all"),
        lambda: write_person(worker, site.tenant_hk, "visitor", "v", io.BytesIO()),
        lambda: undo_import(worker, "i"),
        lambda: merge_tenant(worker, owner, "acme", "other"),
        lambda: merge_tenant(worker, owner, "other", "acme"),
    )
    for ask in needing:
        with pytest.raises(NotAccepted) as refused:
            ask()
        assert refused.value.code in ("raw_in_archive", "raw_gone")
    # what retention has removed from files as well nobody waits for
    owner.execute("INSERT INTO ref.retention VALUES (%s, 'raw', 30)", (site.tenant_hk,))
    retire(worker)
    assert export_tenant(worker, "acme", tmp_path / "rest")["tables"]


def test_retention_reaches_what_has_left(site, other, url, worker, owner, place) -> None:
    rule(owner, site)
    archive(url, worker, place)
    assert sum(leave(worker, place)) == 4
    owner.execute("INSERT INTO ref.retention VALUES (%s, 'raw', 30)", (site.tenant_hk,))
    retire(worker)
    list(run(url, worker, place, Wish(layer="raw")))
    assert parts(site) == []
    assert len(parts(other)) == 0
    assert not site.value("SELECT is_archived FROM raw.kept_since WHERE tenant_hk = %s AND layer = 'raw'", site.tenant_hk)
    assert list(verify(url, worker, place, Wish())) == []


def parts(site: Site) -> list[tuple]:
    """What the archive has of the tenant: months, rows, digests."""
    query = (
        "SELECT month, row_count, digest FROM archive.part WHERE tenant_hk = %s AND is_live AND stale_since IS NULL ORDER BY 1"
    )
    return site.rows(query, site.tenant_hk)


def test_before_somebody_is_erased_what_has_left_is_back_and_no_file_holds_them_after(
    site, other, url, worker, owner, place
) -> None:
    site.land(view("/secret", 5, session_id="s-jane", visitor_id="v-jane", user_id="jane-4711"))
    site.load()
    rule(owner, site)
    archive(url, worker, place)
    assert sum(leave(worker, place)) == 5
    with pytest.raises(NotAccepted, match="in the archive only"):
        erase_person(worker, site.tenant_hk, "user", "jane-4711")
    environment = {"DATABASE_URL": url, "FOOTFALL_ARCHIVE": str(place.folder)}

    status, _, errors = footfall(*"person erase user jane-4711 --tenant acme --yes".split(), environment=environment)

    assert (status, errors) == (0, "")
    assert len(raw(site)) == 5
    assert [row for path in place.paths() for row in rows(place, path) if "jane" in row] == []
    assert list(verify(url, worker, place, Wish(), is_full=True)) == []
    assert sum(leave(worker, place)) == 5, "and what is left of it may leave again"


def rows(place: Place, path: str) -> list[str]:
    """The rows of a file of raw, as texts."""
    return [str(row) for batch in read(place, path, LAYERS["raw"]) for row in batch.to_pylist()]


def test_a_store_is_rebuilt_from_what_has_left(site, other, url, worker, owner, place) -> None:
    rule(owner, None)
    archive(url, worker, place)
    assert sum(leave(worker, place)) == 8
    without = prove(Store(url), Wanted())
    assert without.events == 0
    done = prove(Store(url), Wanted(archive=place))
    assert (done.events, done.is_proved, done.not_compared) == (8, True, 0)
    assert done.compared > 20
