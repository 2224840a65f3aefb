"""All that is held about a person is handed over."""

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from jane import days

from footfall.errors import NotAccepted
from footfall.governance.handing_over import export_person
from footfall.governance.persons import find_person
from site_under_test import Site


def test_all_that_is_held_is_handed_over_as_json_and_csv_with_an_index(site: Site, tmp_path: Path) -> None:
    days(site)
    file = tmp_path / "jane.zip"
    export_person(site.connection, site.tenant_hk, "user", "jane-17", file)
    found = find_person(site.connection, site.tenant_hk, "user", "jane-17")
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        rows = {name: json.loads(archive.read(name)) for name in names if name.endswith(".json")}
        lines = {name: archive.read(name).decode().splitlines() for name in names if name.endswith(".csv")}
        index = archive.read("index.txt").decode()
    assert {name.split("/")[0] for name in names} >= {"raw", "staging", "vault", "judgements", "marts", "index.txt"}
    for table, count in found.counts.items():
        (name,) = [name for name in rows if name.endswith(f"/{table.split('.')[1]}.json")]
        assert len(rows[name]) == count
        assert len(list(csv.reader(io.StringIO("\n".join(lines[name.replace(".json", ".csv")]))))) == count + 1
        assert table.split(".")[1] in index
    said = str(rows)
    assert all(word in said for word in ("Hello Jane", "jane-17", "jane-browser", "engraved", "3456x2234"))
    assert "joe" not in said
    with pytest.raises(NotAccepted):
        export_person(site.connection, site.tenant_hk, "user", "jane-17", file)
