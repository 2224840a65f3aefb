"""The embedded server is killed under `footfall up`: it comes back by itself, and everything with it."""

import json
import os
import signal
import time
import urllib.request
from pathlib import Path

import psutil

from footfall.auth import NewTenant, add_key, add_tenant
from footfall.database import connect
from footfall.processes import Processes
from footfall.settings import Settings
from server_process import free_port


def test_a_server_that_was_killed_is_started_again_and_takes_events(tmp_path: Path) -> None:
    with Processes(Settings(data=tmp_path / "data", port=free_port()), quiet=True) as processes:
        with connect(processes.url) as owner:
            add_tenant(owner, NewTenant("acme", "Acme"))
            key = add_key(owner, "acme", "write", "test")[1]
        for number in range(2):
            _until_accepted(processes, key, f"before-{number}")
            postmaster = int((tmp_path / "data" / "postgres" / "postmaster.pid").read_text().splitlines()[0])
            os.kill(postmaster, signal.SIGKILL)
            # its children serve on until they notice
            while psutil.pid_exists(postmaster) and psutil.Process(postmaster).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.01)
            _until_accepted(processes, key, f"after-{number}")
        with connect(processes.url) as owner:
            for _ in range(300):
                loaded = owner.execute("SELECT count(*) FROM business.site_event_h").fetchone()
                if loaded == (4,):
                    return
                time.sleep(0.1)
        raise AssertionError(f"loaded: {loaded}")


def _until_accepted(processes: Processes, key: str, event_id: str) -> None:
    """Send an event until it is acknowledged, as clients do."""
    for _ in range(600):
        processes.check()
        if _accepted(processes, key, event_id):
            return
        time.sleep(0.1)
    raise AssertionError("it does not come back")


def _accepted(processes: Processes, key: str, event_id: str) -> bool:
    event = json.dumps({"evt_type": "page_view", "event_id": event_id}).encode()
    request = urllib.request.Request(f"{processes.address}/api/tracking/events", event, {"X-Footfall-Key": key})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status == 202
    except OSError:
        return False
