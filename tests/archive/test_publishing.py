"""The archive as Iceberg tables: of the live files and no others, whoever is killed when; and nothing tells of what is gone."""

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pyiceberg", reason="the extra footfall[iceberg] is not installed")

from bucket import a_bucket
from pyiceberg.table import StaticTable

from footfall.archive import months, publishing
from footfall.archive.layers import LAYERS, NAMES
from footfall.archive.place import Place
from footfall.archive.publishing import forget, publish, published_anew
from footfall.archive.rules import set_rule
from footfall.archive.verifying import verify
from footfall.database import Connection, connect
from footfall.errors import ArchiveFailed
from site_under_test import Site, view

DAY = 24 * 60  # minutes


class Archive:
    """A store of two tenants, whose February and March are in files."""

    def __init__(self, url: str, worker: Connection, folder: Path) -> None:
        self.url, self.worker, self.folder, self.place = url, worker, folder, Place(str(folder))
        self.acme, self.globex = (Site(worker, name) for name in ("acme", "globex"))
        for site in (self.acme, self.globex):
            site.land(*(view("/", -n * DAY, session_id=f"{site.tenant_id}-{n}", _visitor_id="ann") for n in range(20)))
            site.settle()
        for layer in NAMES:
            set_rule(worker, layer, 3)
        self.write()

    def write(self) -> None:
        """Write what is due."""
        list(months.run(self.url, self.worker, self.place, months.Wish()))

    def get_late(self) -> None:
        """Have an event come late for March, and its files written anew."""
        self.acme.land(view(f"/late/{next(_numbers)}", -DAY, session_id="late", _visitor_id="ben"))
        self.acme.settle()
        self.write()

    def publish(self, **how: bool) -> dict[str, tuple[int, int, int]]:
        """Publish: of each table that was written its files, those that came, those that went."""
        return changes(publish(self.worker, self.place, **how))

    def table(self, layer: str = "bridge") -> StaticTable:
        """A table as a reader finds it that knows nothing of Footfall."""
        return StaticTable.from_metadata(f"file://{self.folder}/{layer}")

    def rows(self, layer: str = "bridge") -> list[dict]:
        """Its rows, by their first two columns."""
        return sorted(self.table(layer).scan().to_arrow().to_pylist(), key=lambda row: list(row.values())[:2])

    def is_whole(self) -> bool:
        """Whether the bridge's table has the rows that the store has."""
        return len(self.rows()) == self.acme.value("SELECT count(*) FROM business.event_b")

    def metadata(self, layer: str = "bridge") -> dict[str, bytes]:
        """What lies beside the rows of a table, by name."""
        return {path.name: path.read_bytes() for path in (self.folder / layer / "metadata").iterdir()}


_numbers = itertools.count()


@pytest.fixture(scope="module")
def archive(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with connect(module_url, "footfall_worker") as worker:
        yield Archive(module_url, worker, tmp_path_factory.mktemp("archive"))


def changes(done: list[publishing.Published]) -> dict[str, tuple[int, int, int]]:
    return {one.layer: (one.files, one.added, one.removed) for one in done if one.is_written}


def test_a_table_is_the_live_files_of_its_layer(archive: Archive) -> None:
    forget(archive.worker, archive.place)
    assert archive.publish() == {"bridge": (2, 2, 0), "visit": (2, 2, 0), "vault": (2, 2, 0), "raw": (1, 1, 0)}
    for layer, table in (("bridge", "business.event_b"), ("visit", "business.visit_b")):
        columns = [field.name for field in LAYERS[layer].fields]
        stored = archive.acme.rows(f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1, 2")
        assert archive.rows(layer) == [dict(zip(columns, row, strict=True)) for row in stored]
    assert (len(archive.rows("vault")), len(archive.rows("raw"))) == (len(archive.rows()), len(archive.rows()))
    columns = {field.name: field.field_id for field in archive.table("visit").schema().fields}
    assert columns == {field.name: field.number for field in LAYERS["visit"].fields}
    march = archive.table().scan("event_timestamp >= '2026-03-01T00:00:00+00:00'")
    assert len(list(march.plan_files())) == 1  # a file of another month is not opened
    before = archive.metadata()
    assert archive.publish() == {}
    assert archive.metadata() == before
    assert list(verify(archive.url, archive.worker, archive.place, months.Wish())) == []  # metadata are no unknown files


def test_what_changes_comes_and_goes_in_one_snapshot(archive: Archive) -> None:
    archive.publish()
    known = archive.table()
    archive.get_late()  # what a run writes it publishes, where tables are
    assert archive.publish() == {}
    assert archive.is_whole()
    table = archive.table()
    assert table.metadata.table_uuid == known.metadata.table_uuid  # who follows it finds its next state
    assert table.metadata.last_sequence_number == known.metadata.last_sequence_number + 1
    assert len(table.metadata.snapshots) == 1
    gone = known.current_snapshot().manifest_list.rpartition("/")[2]
    assert (len(archive.metadata()), gone in archive.metadata()) == (4, False)


def test_metadata_tell_of_tenants_and_times_and_of_nobody(archive: Archive) -> None:
    """Bounds of other columns are somebody's: a manifest would tell of who was erased for as long as its file is there."""
    archive.publish()
    for layer, bounded in (("bridge", {1, 8}), ("visit", {1, 3}), ("vault", {1, 9}), ("raw", {1, 4})):
        for file in archive.table(layer).inspect.files().to_pylist():
            assert {number for bound in ("lower_bounds", "upper_bounds") for number, _ in file[bound]} == bounded
    told = b"".join(part for layer in NAMES for part in archive.metadata(layer).values())
    keys = {row[name] for row in archive.rows("vault") for name in ("site_event_hk", "site_session_hk", "site_page_hk")}
    texts = {row[name].encode() for row in archive.rows("vault") for name in ("site_event_bk", "page_url")}
    assert [one for one in keys | texts if one in told] == []


def test_who_is_killed_is_followed_by_one_who_finds_what_to_do(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the manifests, before the hint, after the hint: by a run, which has written files before."""

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    archive.publish()
    for place, is_left in (("iceberg._Beside.commit_table", True), ("place.Place.replace", True), ("publishing._sweep", False)):
        with monkeypatch.context() as killed:
            killed.setattr(f"footfall.archive.{place}", die)
            with pytest.raises(KeyboardInterrupt):
                archive.get_late()
        assert ("bridge" in archive.publish(), len(archive.metadata())) == (is_left, 4)
        assert archive.is_whole()


def test_tables_can_be_thrown_away_and_made_anew(archive: Archive) -> None:
    archive.publish()
    first = archive.table()
    assert archive.publish(is_anew=True)["bridge"] == (2, 2, 0)
    assert archive.table().metadata.table_uuid != first.metadata.table_uuid
    (archive.folder / "bridge/metadata/version-hint.text").write_text("no number")
    archive.publish()
    assert archive.is_whole()
    forget(archive.worker, archive.place)
    assert archive.metadata() == {}
    published_anew(archive.worker, archive.place)
    assert archive.metadata() == {}  # who has not published does not, by a run


def test_a_folder_that_was_moved_is_published_where_it_is(archive: Archive) -> None:
    archive.publish()
    home = archive.folder
    archive.folder = home.rename(home.with_name("elsewhere"))
    try:
        with pytest.raises(FileNotFoundError):
            archive.rows()
        publish(archive.worker, Place(str(archive.folder)))
        assert archive.is_whole()
    finally:
        archive.folder = archive.folder.rename(home)


def test_a_bucket_has_tables_too(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_bucket(monkeypatch) as (name, where, address):
        bucket = Place(f"s3://{name}/prefix?{where}")
        for path in archive.folder.rglob("*.parquet"):
            bucket.replace(str(path.relative_to(archive.folder)), path.read_bytes())
        assert publish(archive.worker, bucket)[0].address == f"s3://{name}/prefix/bridge"
        asked = {"s3.endpoint": address, "s3.region": "us-east-1"}
        table = StaticTable.from_metadata(f"s3://{name}/prefix/bridge", asked)
        assert table.scan().to_arrow().num_rows == archive.acme.value("SELECT count(*) FROM business.event_b")
        assert changes(publish(archive.worker, bucket)) == {}


def test_without_pyiceberg_it_is_said_and_no_table_tells_of_files_that_go(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.publish()
    monkeypatch.delattr("footfall.archive.iceberg")
    monkeypatch.setitem(sys.modules, "footfall.archive.iceberg", None)
    with pytest.raises(ArchiveFailed) as refused:
        archive.publish()
    assert refused.value.code == "iceberg_missing"
    archive.get_late()
    assert archive.metadata() == {}
