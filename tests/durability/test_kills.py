"""T13: whatever is killed, at whatever moment: every acknowledged event is in the vault exactly once, and all sums are right.

FOOTFALL_SOAK_SECONDS makes each test go on for so long (`make soak`); by default a few kills have to do.
"""

import os
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rig import Rig

_SECONDS = float(os.environ.get("FOOTFALL_SOAK_SECONDS", "3"))


VICTIMS = [["serve"], ["worker"], ["serve", "worker"], ["store"], ["store", "worker"], ["postmaster"], ["connections"]]


@pytest.mark.parametrize("victims", VICTIMS, ids="+".join)
def test_nothing_acknowledged_is_lost_or_counted_twice(tmp_path: Path, victims: list[str]) -> None:
    kill_again_and_again(tmp_path, victims)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, which can be full without anybody else noticing."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400m,mode=755", "tmpfs", folder], check=False, capture_output=True
    ).returncode:
        pytest.skip("only root may mount a disk")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_takes_nothing_and_loses_nothing(small_disk: Path) -> None:
    kill_again_and_again(small_disk, ["disk"])


def kill_again_and_again(tmp_path: Path, victims: list[str]) -> None:
    chance = random.Random(repr(victims))
    kills = 0
    with Rig(tmp_path) as rig:
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end or kills < 3:
            time.sleep(chance.uniform(0.1, 0.8))
            for victim in victims:
                rig.kill(victim)
            time.sleep(chance.uniform(0, 0.2))
            for victim in victims:
                rig.start(victim)
            rig.wait_until_ready()
            kills += 1
        acknowledged, stored = rig.settle()
        assert len(acknowledged) > 50
        assert "worker" in victims[:1] or sum(client.retries for client in rig.clients) > 0  # the clients have felt it
        assert len(stored) == len(set(stored))
        assert set(acknowledged) - set(stored) == set()
        assert rig.findings() == []


def test_a_server_that_is_told_to_stop_stores_what_it_has_taken(tmp_path: Path) -> None:
    with Rig(tmp_path) as rig:
        time.sleep(1)
        assert rig.stop("serve") == 0
        assert rig.stop("worker") == 0
        acknowledged, stored = rig.settle()
        assert len(acknowledged) > 50
        assert len(stored) == len(set(stored))
        assert set(acknowledged) - set(stored) == set()
        assert rig.findings() == []
