"""The commands, as a person and as a program use them; on a store of their own."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from in_process import run

from footfall.database import EmbeddedStore

LINE = (
    '203.0.113.9 - - [10/Mar/2026:12:00:0{} +0000] "GET /{} HTTP/1.1" 200 5 "-" "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"\n'
)


class Footfall:
    """The command, on a data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("FOOTFALL", "DATABASE_URL"))},
            "FOOTFALL_DATA": str(data),
            "COLUMNS": "200",
        }

    def __call__(self, *arguments: str, status: int = 0) -> str:
        ended, output, errors = run(*arguments, environment=self.environment)
        assert ended == status, output + errors
        return output if status == 0 else output + errors

    def alone(self, *arguments: str, status: int = 0, **options) -> str:
        """In a process of its own: what hands over to another program, or reads standard input."""
        done = subprocess.run(
            [sys.executable, "-m", "footfall", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            **options,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout if status == 0 else done.stdout + done.stderr

    def json(self, *arguments: str, **options):
        return json.loads(self(*arguments, "--json", **options))

    def start(self, *arguments: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "footfall", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture
def kept_open(footfall: Footfall) -> Iterator[None]:
    """The store's server runs all the while: no command has to start and stop it."""
    with EmbeddedStore(footfall.data):
        yield


@pytest.fixture(scope="module")
def footfall(tmp_path_factory: pytest.TempPathFactory) -> Footfall:
    command = Footfall(tmp_path_factory.mktemp("cli") / "data")
    assert len(command.json("migrate")["changes"]) > 10
    command("tenant", "add", "acme", "--industry", "e-commerce", "--time-zone", "Europe/Berlin", "--currency", "EUR")
    return command


def test_migrating_again_changes_nothing(footfall: Footfall) -> None:
    assert footfall.json("migrate") == {"changes": []}
    assert "up to date" in footfall("migrate")


def test_tenants_are_added_and_listed(footfall: Footfall) -> None:
    assert footfall.json("tenant", "add", "other", "--name", "Other") == {"tenant": "other"}
    assert {"acme", "other"} <= {tenant["tenant"] for tenant in footfall.json("tenant", "list")}
    assert "Europe/Berlin" in footfall("tenant", "list")
    assert footfall("tenant", "add", "acme", status=1).startswith("tenant_exists:")
    assert footfall.json("tenant", "add", "acme", status=1)["error"] == "tenant_exists"


def test_a_key_stands_alone_on_the_last_line_and_is_never_shown_again(footfall: Footfall) -> None:
    key = footfall("key", "add", "--tenant", "acme", "--kind", "read").splitlines()[-1]
    assert key.startswith("ffr_")
    assert len(key.split()) == 1
    listed = footfall("key", "list", "--json")
    assert key not in listed
    number = json.loads(listed)[-1]["key"]
    assert footfall.json("key", "revoke", str(number)) == {"revoked": number}
    assert footfall.json("key", "list", "--tenant", "acme")[-1]["revoked_at"]
    assert footfall("key", "add", "--tenant", "nobody", status=1).startswith("tenant_unknown:")


@dataclass
class Import:
    """What was said of an access log that was imported, once more, and of a line from standard input."""

    first: dict
    again: str
    piped: dict


@pytest.fixture(scope="module")
def imported(footfall: Footfall, tmp_path_factory: pytest.TempPathFactory) -> Import:
    """Acme has three page views of one visit in March: /a, /b, /d."""
    log = tmp_path_factory.mktemp("logs") / "access.log.gz"
    log.write_bytes(gzip.compress((LINE.format(0, "a") + LINE.format(1, "b") + LINE.format(2, "c.css") + "nonsense\n").encode()))
    arguments = ("import", "access-log", str(log), "--tenant", "acme", "--site", "https://acme.example")
    first, again = footfall.json(*arguments), footfall(*arguments)
    done = subprocess.run(
        [sys.executable, "-m", "footfall", "import", "access-log", "-", "--tenant", "acme", "--json"],
        env=footfall.environment,
        input=LINE.format(3, "d").encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    footfall("worker", "--once")
    return Import(first, again, json.loads(done.stdout))


def test_a_log_is_imported_counted_and_reported(footfall: Footfall, imported: Import) -> None:
    assert {
        name: imported.first[name] for name in ("imported", "kinds", "skipped", "outcome", "bots", "format", "incomplete")
    } == {
        "imported": 2,
        "kinds": {"page_view": 2},
        "skipped": {"asset": 1, "malformed": 1},
        "outcome": {"loaded": 2},
        "bots": 0,
        "format": "common",
        "incomplete": None,
    }
    assert imported.first["warnings"] == ["line 4 is the first that could not be read: nonsense"]
    assert "--site is missing" in imported.piped["warnings"][0]
    assert "Imported 2 page views, 2 duplicate." in imported.again
    assert "Skipped 1 lines: pictures" in imported.again
    assert imported.piped["imported"] == 1
    report = footfall.json("report", "--tenant", "acme", "--from", "2026-03-01", "--to", "2026-03-31")
    assert (report["overview"]["pageViews"], report["overview"]["totalSessions"]) == (3, 1)
    assert "Page views" in footfall("report", "--tenant", "acme")
    assert footfall("report", "--tenant", "acme", "--from", "soon", status=1).startswith("date_invalid: dateFrom")


@pytest.mark.usefixtures("kept_open")
def test_an_import_is_listed_and_taken_back(footfall: Footfall, tmp_path: Path) -> None:
    log = tmp_path / "wrong.log"
    log.write_text(LINE.format(9, "wrong"))
    done = footfall.json("import", "access-log", str(log), "--tenant", "acme", "--site", "https://wrong.example")
    (listed,) = [row for row in footfall.json("import", "list", "--tenant", "acme") if row["import"] == done["import"]]
    assert (listed["file"], listed["site"], listed["events"], listed["state"]) == (
        "wrong.log",
        "https://wrong.example",
        1,
        "done",
    )
    assert footfall("import", "undo", done["import"]) == f"Removed 1 events of import {done['import']}.\n"
    assert "undone" in footfall("import", "list")
    assert footfall.json("check")["findings"] == []
    assert footfall("import", "undo", "never", status=1).startswith("import_unknown:")


@pytest.mark.usefixtures("kept_open")
def test_a_log_that_cannot_be_read_is_said(footfall: Footfall, tmp_path: Path) -> None:
    log = tmp_path / "odd.log"
    log.write_text("what is this\n")
    said = footfall("import", "access-log", str(log), "--tenant", "acme", status=2)
    assert "format_unknown: the first line that could not be read is: what is this\n" in said
    assert "haproxy" in said
    assert "No such file" in footfall("import", "access-log", "nowhere.log", "--tenant", "acme", status=2)


@pytest.mark.usefixtures("imported", "kept_open")
def test_the_doctor_finds_nothing_and_then_something(footfall: Footfall) -> None:
    clean = footfall.json("check")
    assert (clean["checks"] > 50, clean["findings"]) == (True, [])
    assert "clean" in footfall("check")
    footfall.alone(
        "psql", "--", "-c", "UPDATE business.site_page_h SET site_page_bk = site_page_bk || 'x' WHERE site_page_bk LIKE '%/a'"
    )
    said = footfall("check", status=1)
    assert "site_page_h.key" in said
    assert json.loads(footfall("check", "--json", status=1))["findings"][0]["count"] == 1
    footfall.alone("psql", "--", "-c", "UPDATE business.site_page_h SET site_page_bk = rtrim(site_page_bk, 'x')")
    assert footfall.json("check")["findings"] == []


def test_the_store_can_be_reached_from_outside(footfall: Footfall) -> None:
    url = footfall("database-url").strip()
    assert url.startswith("postgresql://")
    assert footfall.json("database-url") == {"database_url": url}
    assert footfall.alone("psql", "--", "-At", "-c", "SELECT count(*) FROM auth.tenant_h").strip() == "2"


def test_a_folder_without_a_store_is_told_so(tmp_path: Path) -> None:
    lost = Footfall(tmp_path / "nothing")
    assert lost("report", "--tenant", "x", status=1).startswith("store_unavailable: there is no store")
    assert lost("tenant", "list", "--data", str(tmp_path / "nowhere"), status=1).startswith("store_unavailable:")


@pytest.fixture
def port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def running(footfall: Footfall, port: int) -> Iterator[str]:
    process = footfall.start("up", "--port", str(port))
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(address, process)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode == 0


def test_up_takes_events_and_other_commands_work_beside_it(footfall: Footfall, running: str) -> None:
    footfall("tenant", "add", "live")
    keys = {kind: footfall("key", "add", "--tenant", "live", "--kind", kind).splitlines()[-1] for kind in ("write", "read")}
    event = json.dumps({"evt_type": "page_view", "page_url": "https://other.example/"}).encode()
    for _ in range(3):
        # urllib's own user agent would be a bot's
        request = urllib.request.Request(
            f"{running}/api/tracking/events?key={keys['write']}", event, {"User-Agent": "Firefox/145.0"}
        )
        assert urllib.request.urlopen(request).status == 202
    for _ in range(100):
        with urllib.request.urlopen(f"{running}/api/tracking/analytics?key={keys['read']}") as reply:
            if (views := json.load(reply)["data"]["overview"]["pageViews"]) == 3:
                break
        time.sleep(0.1)
    assert views == 3
    assert footfall.json("report", "--tenant", "live")["overview"]["pageViews"] == 3
    assert footfall.json("check")["findings"] == []


def test_a_port_in_use_is_told_at_once(footfall: Footfall, running: str) -> None:
    said = footfall("up", "--port", running.rsplit(":", 1)[1], status=1)
    assert "is Footfall running?" in said


def test_a_process_that_dies_is_started_again(footfall: Footfall, running: str) -> None:
    import psutil

    command = ["up", "--port", running.rsplit(":", 1)[1]]
    # others come and go meanwhile: what is gone when it is looked at has no command line
    everything = [(process, process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline", "ppid"])]
    up = next(process for process, line in everything if line[-3:] == command)
    serving = next(process for process, line in everything if process.info["ppid"] == up.pid and "serve" in line)
    serving.kill()
    time.sleep(1)
    _wait_until_ready(running, None)


def test_when_up_is_killed_nothing_of_it_is_left(footfall: Footfall, port: int) -> None:
    import psutil

    process = footfall.start("up", "--port", str(port))
    _wait_until_ready(f"http://127.0.0.1:{port}", process)
    ours = [child for child in psutil.Process(process.pid).children(recursive=True) if "postgres" not in child.name()]
    process.kill()
    process.communicate(timeout=60)
    assert len(ours) >= 2
    assert psutil.wait_procs(ours, timeout=30)[1] == []
    # the store that it left running is taken over, and stopped, by the next that uses it
    assert footfall.json("check")["findings"] == []


def test_the_demo_shows_eight_industries_and_keeps_its_data(tmp_path: Path, port: int) -> None:
    demo = Footfall(tmp_path / "demo")
    said = demo("demo", "--port", str(port), "--days", "1", "--seconds", "4")
    assert said.count("ffw_") == said.count("    read  ffr_") == 8
    assert "Loading it into the vault" in said
    first = demo.json("report", "--tenant", "demo-shop")["overview"]["totalEvents"]
    assert first > 100
    assert len(demo.json("tenant", "list")) == 8
    assert demo.json("check")["findings"] == []
    again = demo("demo", "--port", str(port), "--seconds", "2")
    assert "Sending" not in again
    keys = [line for line in said.splitlines() if "ff" in line and "    " in line]
    assert all(line in again for line in keys)
    assert demo.json("report", "--tenant", "demo-shop")["overview"]["totalEvents"] >= first


def _wait_until_ready(address: str, process: subprocess.Popen | None) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{address}/health/ready", timeout=2) as reply:
                if json.load(reply)["status"] == "ready":
                    return
        except OSError:
            pass
        assert process is None or process.poll() is None, process.stdout.read()
        time.sleep(0.1)
    raise AssertionError(f"{address} is not ready")


DAYS = ("--tenant", "acme", "--from", "2026-03-01", "--to", "2026-03-31")


@pytest.mark.usefixtures("imported", "kept_open")
def test_every_report_is_drawn_and_said_in_json(footfall: Footfall) -> None:
    options = {
        "timeseries": ("--interval", "week", "--metric", "visits", "--metric", "page_views"),
        "breakdown": ("--by", "page"),
        "funnel": ("--step", "page=~/", "--step", "page==/b"),
        "overview": ("--compare", "previous_period"),
        "events": ("--figure", "funnel", "--step", "page=~/", "--step", "page==/b", "--with", "step=2"),
    }
    for report in ("overview", "timeseries", "breakdown", "goals", "funnel", "retention", "paths", "items", "sessions", "events"):
        arguments = ("report", report, *DAYS, *options.get(report, ()))
        assert footfall.json(*arguments)["query"]["report"] == report
        assert "acme  2026-03-01 to 2026-03-31" in footfall(*arguments)
    assert footfall.json("report", "events", *DAYS, *options["events"])["figure"] == 1
    assert footfall("report", "events", *DAYS, "--with", "step", status=1).startswith("option_invalid: --with takes key=value")
    session = footfall.json("report", "sessions", *DAYS)["sessions"][0]
    assert len(footfall.json("report", "session", "--tenant", "acme", "--session", session["session"])["events"]) == 3
    assert "page_view" in footfall("report", "session", "--tenant", "acme", "--session", session["session"])
    assert "visits" in footfall("report", "visitor", "--tenant", "acme", "--visitor", session["visitor"])
    assert "Visitors, 5 minutes" in footfall("report", "realtime", "--tenant", "acme")
    assert "█" in footfall("report", "breakdown", *DAYS, "--by", "page")
    refused = footfall("report", "overview", *DAYS, "--by", "page", status=1)
    assert refused.startswith("key_unknown: dimension: key unknown; allowed:")


@pytest.mark.usefixtures("imported", "kept_open")
def test_goals_are_defined_reported_and_forgotten(footfall: Footfall) -> None:
    footfall("goal", "add", "Saw B", "--tenant", "acme", "--filter", "page==/b", "--value", "2.5")
    assert footfall.json("goal", "list", "--tenant", "acme")[0]["filter"] == "page==/b"
    goal = footfall.json("report", "goals", *DAYS)["goals"][0]
    assert (goal["goal"], goal["events"], goal["value"]) == ("Saw B", 1, 2.5)
    assert footfall("goal", "add", "x", "--tenant", "acme", "--filter", "nonsense", status=1).startswith("filter_invalid:")
    footfall("goal", "remove", "Saw B", "--tenant", "acme")
    assert footfall("goal", "remove", "Saw B", "--tenant", "acme", status=1).startswith("goal_unknown:")


@pytest.mark.usefixtures("imported", "kept_open")
def test_events_and_reports_are_exported(footfall: Footfall, tmp_path: Path) -> None:
    for name in ("events.csv", "events.jsonl", "events.parquet"):
        assert footfall.json("export", "events", str(tmp_path / name), *DAYS) == {"file": str(tmp_path / name), "rows": 3}
    assert len((tmp_path / "events.csv").read_text().splitlines()) == 4
    said = footfall("export", "breakdown", str(tmp_path / "pages.csv"), *DAYS, "--by", "page")
    assert "3 rows" in said
    assert (tmp_path / "pages.csv").read_text().startswith("value,")
    assert footfall("export", "events", "events.xlsx", *DAYS, status=1).startswith("format_unknown:")


@pytest.mark.usefixtures("imported", "kept_open")
def test_marts_are_rebuilt_to_what_they_were(footfall: Footfall) -> None:
    before = footfall.json("report", "overview", *DAYS)["metrics"]
    assert footfall.json("rebuild-marts", "--tenant", "acme") == {"acme": 3}
    assert footfall.json("report", "overview", *DAYS)["metrics"] == before


def test_a_tenant_gets_a_login_and_loses_it(footfall: Footfall) -> None:
    given = footfall.json("tenant", "sql-access", "acme")
    assert given["role"].startswith("footfall_sql_")
    assert "acme" not in given["role"]
    assert given["password"] in footfall("tenant", "sql-access", "acme") or given["password"]
    assert footfall.json("tenant", "sql-access", "acme", "--revoke") == {"tenant": "acme", "revoked": True}
