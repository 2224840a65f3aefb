"""What people ask is put down, with the day until which it is due, and answered by commands."""

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from footfall.cli import app
from footfall.database import Connection
from footfall.errors import NotAccepted
from footfall.governance import Wish, all_entries
from footfall.governance.requests import add_request, close_request, due_on, list_requests
from site_under_test import Site, view


@pytest.mark.parametrize(
    ("received", "law", "due"),
    [
        ("2026-01-31", "gdpr", "2026-02-28"),
        ("2026-12-15", "gdpr", "2027-01-15"),
        ("2026-11-30", "gdpr", "2026-12-30"),
        ("2026-11-01", "ccpa", "2026-12-16"),
    ],
)
def test_an_answer_is_due_in_a_month_or_in_45_days(received: str, law: str, due: str) -> None:
    assert due_on(date.fromisoformat(received), law).isoformat() == due


def test_requests_are_of_a_tenant_and_told(site: Site, worker: Connection) -> None:
    other = Site(worker, "other")
    first = add_request(worker, site.tenant_hk, "erasure", date(2026, 3, 1), "ticket-1")
    add_request(worker, site.tenant_hk, "access", date(2026, 2, 1), "ticket-2", "ccpa")
    assert [row["request"] for row in list_requests(worker, site.tenant_hk)] == [2, first["request"]]
    assert list_requests(worker, other.tenant_hk) == []
    assert close_request(worker, site.tenant_hk, 2, "refused")["state"] == "refused"
    for tenant, number in ((site, 2), (other, 1)):
        with pytest.raises(NotAccepted):
            close_request(worker, tenant.tenant_hk, number, "done")
    told = [row["action"] for row in all_entries(worker, site.tenant_hk, Wish("", "privacy_request"))]
    assert told == ["privacy_request.changed", "privacy_request.created", "privacy_request.created"]


def test_the_commands_find_hand_over_and_erase(url: str, site: Site, tmp_path: Path) -> None:
    site.land(view("/", 0, session_id="s", visitor_id="jane"), view("/", 1, session_id="t", visitor_id="joe"))
    site.settle()

    def run(*words: str, status: int = 0) -> object:
        done = CliRunner().invoke(app, ["person", *words, "--tenant", "acme", "--database-url", url, "--json"])
        assert done.exit_code == status, done.output
        return json.loads(done.stdout) if done.stdout else None

    assert run("requests", "add", "erasure", "--reference", "t-1", "--received", "2026-11-01")["due_on"] == "2026-12-01"
    assert run("find", "visitor", "jane")["sessions"] == ["s"]
    run("export", "visitor", "jane", "--out", str(tmp_path / "jane.zip"))
    assert run("erase", "visitor", "jane", status=1)["would_erase"]
    assert run("erase", "visitor", "jane", "--yes", "--request", "1")["number"] == 1
    assert run("requests", "list")[0] | {"closed_at": "", "closed_by": ""} == {
        "request": 1, "kind": "erasure", "law": "gdpr", "reference": "t-1", "received_on": "2026-11-01", "due_on": "2026-12-01",
        "state": "done", "closed_at": "", "closed_by": "", "receipt": 1,
    }  # fmt: skip
    assert run("find", "visitor", "jane")["counts"] == {}
    assert len(run("receipts")) == 1
    run("tombstones", "--out", str(tmp_path / "kept.json"))
    assert run("again", "--tombstones", str(tmp_path / "kept.json")) == []
    assert site.failing_checks() == []
