"""A file holds any rows that PostgreSQL can, and is compared value by value: in a folder or in an object store."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from bucket import a_bucket
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.archive import writing
from footfall.archive.digests import digests_of
from footfall.archive.layers import LAYERS, Field, Layer
from footfall.archive.place import Place
from footfall.archive.writing import read, write
from footfall.database import Connection
from footfall.errors import ArchiveFailed

_TEXT = st.one_of(
    st.sampled_from(["", "\\N", "\\", "\t\n", "1.00", "{}", "ü🙂"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
)
_MOMENT = st.one_of(
    st.sampled_from(
        [datetime(9999, 12, 31, 23, 59, 59, 999999, UTC), datetime(1, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)]
    ),
    st.datetimes(datetime(2026, 3, 1), datetime(2026, 4, 1), timezones=st.just(UTC)),
)
_VALUES = {
    "key": st.one_of(st.just(b"\0" * 20), st.binary(min_size=20, max_size=20)),
    "bytes": st.binary(max_size=28),
    "text": _TEXT,
    "json": st.sampled_from(["null", '{"a": 1.00}', '{"a": 1.0}', '"\\u0001"', "{}"]),
    "inet": st.sampled_from(["10.0.0.1", "10.0.0.0/24", "2001:db8::/64"]),
    "moment": _MOMENT,
    "day": st.dates(date(1, 1, 1), date(9999, 12, 31)),
    "flag": st.booleans(),
    "number": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "money": st.decimals(Decimal("-99999999999999.9999"), Decimal("99999999999999.9999"), places=4, allow_nan=False),
}


def _value(field: Field) -> st.SearchStrategy[object]:
    return _VALUES[field.kind] if field.is_required else st.one_of(st.none(), _VALUES[field.kind])


@st.composite
def _batches(draw: st.DrawFn, layer: Layer) -> list[pa.RecordBatch]:
    rows = draw(st.lists(st.fixed_dictionaries({field.name: _value(field) for field in layer.fields}), max_size=12))
    tenants = sorted(
        draw(st.lists(st.sampled_from([b"\0" * 20, b"a" * 20, b"\xff" * 20]), min_size=len(rows), max_size=len(rows)))
    )
    rows = [row | {"tenant_hk": tenant} for row, tenant in zip(rows, tenants, strict=True)]
    table = pa.Table.from_pylist(rows, layer.schema).combine_chunks()
    cuts = sorted({0, len(rows), *draw(st.lists(st.integers(0, len(rows)), max_size=3))})
    return [table.slice(first, last - first).to_batches()[0] for first, last in pairwise(cuts)]


@settings(max_examples=15, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_whatever_rows_there_are_a_file_gives_them_back_and_their_digest_goes_by_values_alone(
    layer: Layer, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = Place(str(tmp_path_factory.mktemp("archive")))
    batches = data.draw(_batches(layer))
    written = write(place, f"{layer.name}/f.parquet", layer, iter(batches), {"month": "2026-03"})
    found = pa.Table.from_batches(list(read(place, f"{layer.name}/f.parquet", layer)), layer.schema)
    sent = pa.Table.from_batches(batches, layer.schema)
    assert found.equals(sent)
    assert written.rows == sent.num_rows
    # however they are cut into pieces
    assert digests_of(sent.combine_chunks().to_batches()) == written.parts
    if rows := sent.to_pylist():
        place_of = data.draw(st.integers(0, len(rows) - 1))
        field = data.draw(st.sampled_from([field for field in layer.fields if field.name != "tenant_hk"]))
        other = data.draw(_value(field).filter(lambda value: value != rows[place_of][field.name]))
        rows[place_of][field.name] = other
        assert digests_of(pa.Table.from_pylist(rows, layer.schema).combine_chunks().to_batches()) != written.parts


@pytest.mark.parametrize("layer", LAYERS.values(), ids=lambda layer: layer.name)
def test_a_layer_has_every_column_of_its_tables_but_what_follows_from_a_row(layer: Layer, owner: Connection) -> None:
    (tables,) = owner.execute("SELECT archive.tables_of(%s)", (layer.name,)).fetchone()
    columns = {
        name
        for (name,) in owner.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = ANY (%s::regclass[]) AND attnum > 0 AND NOT attisdropped",
            (tables,),
        )
    }
    made = {"hash_diff", "load_end_date", *(f"link_event_{one}_hk" for one in ("session", "page", "business_item"))}
    assert {field.name for field in layer.fields} - {"load_date"} == columns - made - {"load_date"}
    assert layer.table in tables
    assert len({field.number for field in layer.fields}) == len(layer.fields)


def test_a_value_that_comes_back_as_another_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = LAYERS["visit"]
    row = {field.name: None for field in layer.fields} | {
        "tenant_hk": b"t" * 20, "site_session_hk": b"s" * 20, "day": date(2026, 3, 1), "spans_days": False,
        "events": 1, "page_views": 1, "is_visit": True,
    }  # fmt: skip
    whole = writing.groups

    def falsified(*about: object) -> Iterator[pa.Table]:
        for group in whole(*about):
            yield group.set_column(9, layer.schema.field("events"), pa.array([2], pa.int32()))

    monkeypatch.setattr(writing, "groups", falsified)
    with pytest.raises(ArchiveFailed, match="not what was written"):
        write(Place(str(tmp_path)), "visit/f.parquet", layer, iter(pa.Table.from_pylist([row], layer.schema).to_batches()), {})


def _received(number: int) -> dict[str, object]:
    return {
        "tenant_hk": b"t" * 20, "raw_event_id": number, "batch_id": 1,
        "received_timestamp": datetime(2026, 3, 1, 0, 0, number, tzinfo=UTC), "is_trusted": True, "do_not_track": False,
        "tenant_id": "t", "record_source": "x", "raw_payload": f'{{"n": {number}}}',
    }  # fmt: skip


def test_groups_are_of_one_length_and_a_file_of_several_comes_back_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "GROUP_ROWS", 10)
    layer = LAYERS["raw"]
    rows = [_received(n) for n in range(34)]
    batches = pa.Table.from_pylist(rows, layer.schema).to_batches(max_chunksize=7)
    written = write(Place(str(tmp_path)), "raw/f.parquet", layer, iter(batches), {})
    meta = writing.pq.read_metadata(tmp_path / "raw/f.parquet")
    assert [meta.row_group(n).num_rows for n in range(meta.num_row_groups)] == [10, 10, 10, 4]
    assert written.rows == 34
    assert [
        row["raw_event_id"] for batch in read(Place(str(tmp_path)), "raw/f.parquet", layer) for row in batch.to_pylist()
    ] == list(range(34))


def test_an_object_store_is_a_place_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with a_bucket(monkeypatch) as (bucket, where, _):
        place = Place(f"s3://{bucket}/prefix?{where}")
        layer = LAYERS["raw"]
        written = write(
            place, "raw/2026-03/f.parquet", layer, iter(pa.Table.from_pylist([_received(1)], layer.schema).to_batches()), {}
        )
        assert list(place.paths()) == ["raw/2026-03/f.parquet"]
        assert place.size("raw/2026-03/f.parquet") == written.size
        assert digests_of(read(place, "raw/2026-03/f.parquet", layer)) == written.parts
        place.unlink("raw/2026-03/f.parquet")
        place.unlink("raw/2026-03/f.parquet")
        assert list(place.paths()) == []
        assert place.size("raw/2026-03/f.parquet") is None
