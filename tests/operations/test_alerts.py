"""What is shipped for Prometheus and Grafana: the rules hold, fire when they should, and name only what is told."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from footfall import measures
from footfall.database import Connection
from footfall.operations.metrics import described
from server_process import ServerProcess, free_port
from site_under_test import Site, view

DEPLOY = Path(__file__).parents[2] / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}


def told() -> set[str]:
    """The names of every sample that there may be."""
    families = [*described(), *measures.collector().collect()]
    return {f"{family.name}{suffix}" for family in families for suffix in SUFFIXES[family.type]}


def programs(name: str) -> str:
    if not (program := shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")):
        pytest.skip(f"{name} is not installed: `make prometheus` does")
    return program


@pytest.mark.parametrize("command", ["check rules alerts.yaml", "test rules alerts_test.yaml", "check config prometheus.yaml"])
def test_promtool_finds_nothing_wrong_and_the_rules_fire(command: str) -> None:
    arguments = [*command.split(), *(["--syntax-only"] if "config" in command else [])]
    done = subprocess.run([programs("promtool"), *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_a_test_in_which_it_fires() -> None:
    rules = set(re.findall(r"alert: (\w+)", (PROMETHEUS / "alerts.yaml").read_text()))
    fired = re.findall(r"alertname: (\w+)\n +exp_alerts:\n", (PROMETHEUS / "alerts_test.yaml").read_text())
    assert rules - set(fired) == set()


@pytest.mark.parametrize("file", ["prometheus/alerts.yaml", "prometheus/alerts_test.yaml", "grafana/footfall.json"])
def test_what_is_shipped_names_only_metrics_that_are_told(file: str) -> None:
    named = set(re.findall(r"footfall_[a-z_]+", (DEPLOY / file).read_text()))
    assert len(named) > 10
    assert named - told() == set()


def test_the_dashboard_shows_every_metric() -> None:
    dashboard = (DEPLOY / "grafana" / "footfall.json").read_text()
    families = [*described(), *measures.collector().collect()]
    assert [family.name for family in families if family.name not in dashboard] == []


def test_the_dashboards_panels_are_told_apart_and_have_questions() -> None:
    panels = json.loads((DEPLOY / "grafana" / "footfall.json").read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert [panel["title"] for panel in panels if panel["type"] != "row" and not panel["targets"]] == []


def test_a_real_prometheus_scrapes_and_a_rule_fires(url: str, site: Site, owner: Connection, tmp_path: Path) -> None:
    site.land(view("/", 0))
    owner.execute("UPDATE raw.ingest_batch SET processing_status = 'ERROR'")
    program, port, token = programs("prometheus"), free_port(), tmp_path / "token"
    token.write_text("a-token")
    with ServerProcess(url, FOOTFALL_METRICS_TOKEN="a-token") as server:
        config = (PROMETHEUS / "prometheus.yaml").read_text()
        config = config.replace("127.0.0.1:8700", server.address.removeprefix("http://")).replace("15s", "1s")
        config = config.replace("/etc/prometheus/footfall-metrics-token", str(token))
        config = config.replace("alerts.yaml", str(PROMETHEUS / "alerts.yaml"))
        (tmp_path / "prometheus.yaml").write_text(config.replace("global:", "global:\n  evaluation_interval: 1s"))
        options = [f"--web.listen-address=127.0.0.1:{port}", f"--storage.tsdb.path={tmp_path / 'data'}"]
        with subprocess.Popen(
            [program, f"--config.file={tmp_path / 'prometheus.yaml'}", *options], stderr=subprocess.DEVNULL
        ) as prometheus:
            try:
                firing = asked(port, 'ALERTS{alertname="FootfallFailedBatches",alertstate="firing"}')
                types = httpx2.get(f"http://127.0.0.1:{port}/api/v1/metadata").json()["data"]
            finally:
                prometheus.terminate()
    assert firing["metric"]["job"] == "footfall"
    assert types["footfall_commit_seconds"][0]["type"] == "histogram"


def asked(port: int, question: str) -> dict:
    """The first series that a Prometheus answers, once it does."""
    while True:
        try:
            answer = httpx2.get(f"http://127.0.0.1:{port}/api/v1/query?query={quote(question)}").raise_for_status().json()
            if answer["data"]["result"]:
                return answer["data"]["result"][0]
        except (httpx2.TransportError, httpx2.HTTPStatusError):
            pass  # it starts: first nobody listens, then it answers 503
        time.sleep(0.2)
