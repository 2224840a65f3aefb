"""`footfall rules`, as it is typed: what it says before, of, and after a change of rules."""

import json
import os
from pathlib import Path

import pytest
from in_process import run

from site_under_test import Site, view

PROBE = "Mozilla/5.0 (X11; Linux x86_64) AcmeProbe/2 Chrome/142.0.0.0 Safari/537.36"


@pytest.fixture
def footfall(url: str, site: Site):
    site.land(view("/", 0, session_id="s"), view("/p", 1, session_id="s"), view("/", 0, session_id="probe", _user_agent=PROBE))
    site.settle()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL")} | {"DATABASE_URL": url}

    def footfall(*arguments: str, status: int = 0) -> str:
        ended, output, errors = run("rules", *arguments, "--tenant", "acme", environment=environment)
        assert ended == status, output + errors
        return output if status == 0 else output + errors

    return footfall


def test_rules_are_shown_compared_tried_applied_and_taken_back(footfall, site: Site, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text('{"bots": [{"name": "Uptime check", "agent": "AcmeProbe/"}]}')
    visits = site.report(dateFrom="2026-03-01", dateTo="2026-03-31")["overview"]["totalSessions"]
    assert json.loads(footfall("show")) == {}
    assert '+  "bots": [' in footfall("diff", str(file))
    said = footfall("preview", str(file))
    assert "1 event of 1 visit: traffic human → bot" in said
    assert footfall("preview", str(file), "--days", "1") == "Nothing would change.\n"
    assert json.loads(footfall("preview", str(file), "--json"))[0]["visits"] == 1
    done = footfall("apply", str(file), "--why", "no visitor")
    assert done.startswith(said.splitlines()[0])
    assert "Version 1 of the rules is in force" in done
    assert footfall("diff", str(file)) == ""
    assert site.report(dateFrom="2026-03-01", dateTo="2026-03-31")["overview"]["totalSessions"] == visits - 1
    assert footfall("apply", str(file), status=1).startswith("rules_unchanged:")
    assert "no visitor" in footfall("show", "--history")
    assert "Version 2 of the rules is in force" in footfall("revert")
    assert site.report(dateFrom="2026-03-01", dateTo="2026-03-31")["overview"]["totalSessions"] == visits


def test_bad_rules_are_said_to_be_so_and_change_nothing(footfall, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text('{"bots": [{"name": "x"}]}')
    for command in ("diff", "preview", "apply"):
        assert footfall(command, str(file), status=1).startswith("rules_invalid:")
    assert json.loads(footfall("show")) == {}
    assert footfall("revert", status=1).startswith("rules_none:")
