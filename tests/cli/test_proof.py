"""`footfall digest` and `footfall rebuild`, as they are typed."""

import json
import os
from pathlib import Path

import pytest
from in_process import run

from footfall.database import Connection
from site_under_test import Site, view


@pytest.fixture
def filled(site: Site) -> Site:
    for one in (site, Site(site.connection, "other")):
        one.land(view("/", 0, session_id="s"), view("/p", 1, session_id="s"))
    site.settle()
    return site


@pytest.fixture
def footfall(url: str, filled: Site):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL")} | {"DATABASE_URL": url}

    def footfall(*arguments: str, status: int = 0) -> str:
        ended, output, errors = run(*arguments, environment=environment)
        assert ended == status, output + errors
        return output if status == 0 else output + errors

    return footfall


def test_digests_are_kept_in_a_file_and_compared_with_it(footfall, owner: Connection, tmp_path: Path, url: str) -> None:
    kept = tmp_path / "digests.json"
    kept.write_text(footfall("digest", "--json"))
    tables = {line["table"] for line in json.loads(kept.read_text())["digests"]}
    assert {"raw.site_tracking_events_r", "business.site_event_h", "business.rollup_b"} <= tables
    assert "business.event_b" in footfall("digest", "--tenant", "acme", "--month", "2026-03")
    assert footfall("digest", "--tenant", "acme", "--month", "1999-01") == "There is nothing to digest.\n"
    assert footfall("digest", "--against", str(kept)) == "The stores are equal.\n"
    assert footfall("digest", "--against", url) == "The stores are equal.\n"
    owner.execute("UPDATE business.visit_b SET page_views = 3 WHERE tenant_hk = (SELECT tenant_hk FROM auth.tenant_h LIMIT 1)")
    said = footfall("digest", "--against", str(kept), status=1)
    assert said == "business.visit_b, acme, 2026-03: 1 rows here, 1 there\nThe stores differ in 1 places.\n"
    assert footfall("digest", "--tenant", "other", "--against", str(kept)) == "The stores are equal.\n"
    assert (
        json.loads(footfall("digest", "--json", "--against", str(kept), status=1))["differences"][0]["table"]
        == "business.visit_b"
    )


def test_what_cannot_be_compared_is_refused(footfall, tmp_path: Path) -> None:
    (tmp_path / "note.json").write_text("[]")
    assert footfall("digest", "--against", str(tmp_path / "note.json"), status=1).startswith("file_invalid:")
    assert footfall("digest", "--month", "March", status=1).startswith("date_invalid:")
    assert footfall("digest", "--tenant", "nobody", status=1).startswith("tenant_unknown:")
    assert footfall("digest", "--against", "nowhere.json", status=1).startswith("store_unavailable:")
    assert footfall("rebuild", status=1).startswith("option_invalid:")
    assert footfall("rebuild", "--verify", "--into", "postgresql://db/x", status=1).startswith("option_invalid:")
    assert footfall("rebuild", "--into", "postgresql://db/x", "--sample", "1", status=1).startswith("option_invalid:")


def test_a_rebuild_says_that_all_is_equal_or_which_row_is_not(footfall, owner: Connection) -> None:
    assert " digests are equal." in footfall("rebuild", "--verify", "--tenant", "acme", "--tenant", "other")
    assert json.loads(footfall("rebuild", "--verify", "--json", "--sample", "1"))["events"] == 2
    owner.execute("UPDATE business.event_b SET channel = 'paid' WHERE tenant_hk = (SELECT min(tenant_hk) FROM auth.tenant_h)")
    said = footfall("rebuild", "--verify", status=1)
    assert "business.event_b, " in said
    assert "channel: 'paid' here, 'direct' there" in said
    assert "The stores differ: 1 of" in said
