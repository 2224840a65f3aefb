"""The benchmark of the whole cost runs, and tells of every job and every layer."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "cost.py"


def test_the_cost_of_an_event_is_told_job_by_job() -> None:
    """The figures are in docs/understand/performance.md; so few events say nothing about them."""
    said = subprocess.run([sys.executable, BENCHMARK, "500", "1", "--json"], capture_output=True, check=True, timeout=500).stdout
    figures = json.loads(said)
    assert set(figures["log"]) < set(figures["cpu"])
    for job in ("landing", "load", "sessions", "pages", "rollups", "vacuum", "server", "bare COPY"):
        assert figures["cpu"][job] > 0, job
    for job in ("landing", "load", "sessions", "pages", "rollups"):
        assert figures["log"][job] > 0, job
    assert all(ratio > 0 for ratio in figures["ratios"].values())
    for table in (
        "raw.site_tracking_events_r",
        "staging.site_events_staging",
        "business.site_event_details_s",
        "business.rollup_b",
    ):
        assert min(figures["disk"][table]) > 0, table
