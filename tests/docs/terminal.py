"""What a reader of the documentation has: a folder, a terminal to paste blocks into, and a Footfall of their own."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from documentation import ROOT, Block

_END = "the end of a block"
_PASTED = {"ffw_": "WRITE_KEY", "ffr_": "READ_KEY", "ffa_": "ADMIN_KEY"}
_SECONDS = 60  # until what keeps running must have said its first words


class Reader:
    """Does what a page says, block by block, in an empty folder; the ports that it names become free ones."""

    def __init__(self, folder: Path, binaries: Sequence[Path], home: Path) -> None:
        self.folder = folder
        self._keys: dict[str, str] = {}
        self._background: list[tuple[subprocess.Popen[str], Path]] = []
        self._ports = {"8700": str(_free_port()), "8000": str(_free_port())}
        self._environment = environment(binaries, home) | {"FOOTFALL_PORT": self._ports["8700"]}
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.paste("set -E; trap 'failed=${failed:-$BASH_COMMAND}' ERR")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._shell.stdin.close()
        self._shell.wait(30)
        self._shell.stdout.close()
        for process, _said in reversed(self._background):
            process.terminate()
            process.wait(60)

    def wait_until_open(self, address: str) -> None:
        """Wait for somebody who listens: a server that says nothing when it is ready."""
        host, port = urlsplit(address).hostname, urlsplit(address).port
        for _ in range(_SECONDS * 10):
            try:
                socket.create_connection((host, port), timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError(f"nobody listens at {address}")

    @property
    def address(self) -> str:
        """Where this reader's Footfall answers."""
        return self.meant("http://127.0.0.1:8700")

    def meant(self, text: str) -> str:
        """What the page says, for this reader: with free ports, and the keys that the terminal showed last."""
        text = text.replace("https://HOST", "http://127.0.0.1:8700")
        for port, ours in self._ports.items():
            text = re.sub(rf"(127\.0\.0\.1:|\b){port}\b", lambda match, ours=ours: match[1] + ours, text)
        for placeholder, key in self._keys.items():
            text = text.replace(placeholder, key)
        return text

    def save(self, block: Block) -> None:
        file = self.folder / block.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.meant(block.code))

    def paste(self, code: str) -> str:
        """What the terminal shows after these lines; fails with it if a command failed."""
        script = self.folder / ".block"
        script.write_text(self.meant(code))
        self._shell.stdin.write(f'failed=; source {script} </dev/null; echo; echo "{_END}:$failed"\n')
        self._shell.stdin.flush()
        shown = []
        for line in self._shell.stdout:
            if line.startswith(_END):
                break
            shown.append(line)
        said, failed = "".join(shown), line.removeprefix(f"{_END}:").strip()
        script.unlink()
        assert not failed, f"{failed}\n{said}"
        for prefix, placeholder in _PASTED.items():
            for key in re.findall(rf"\b{prefix}[\w-]+", said):
                self._keys[placeholder] = key
        return said

    def leave_running(self, code: str, until: str = "") -> None:
        """Paste into a terminal of its own and wait until it shows this; it is stopped at the end of the page."""
        shown = self.folder / f".terminal-{len(self._background)}"
        with shown.open("w") as file:
            process = subprocess.Popen(
                ["bash", "-c", re.sub(r"(\S.*)\s*$", r"exec \1", self.meant(code))],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self._background.append((process, shown))
        for _ in range(_SECONDS * 10):
            if re.search(pattern(self.meant(until)), shown.read_text()):
                return
            assert process.poll() is None, shown.read_text()
            time.sleep(0.1)
        raise AssertionError(f"it does not show {until}:\n{shown.read_text()}")

    def wait_until_loaded(self) -> None:
        """Everything that was sent is counted."""
        waiting = "SELECT count(*) FROM raw.ingest_batch WHERE processing_status = 'PENDING'"
        for _ in range(_SECONDS):
            if self.paste(f'footfall psql -- -Atc "{waiting}"').strip() == "0":
                return
            time.sleep(1)
        raise AssertionError("the worker does not load")


def pattern(expected: str) -> str:
    """What is shown, as a page writes it: `…` stands for anything."""
    return r"\s*".join(
        r".*?".join(re.escape(part) for part in re.split("…", line)) for line in map(str.strip, expected.splitlines())
    )


def environment(binaries: Sequence[Path], home: Path) -> dict[str, str]:
    """What a reader's programs are told, wherever they run."""
    return {
        "PATH": ":".join([*map(str, binaries), os.environ["PATH"]]),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "COLUMNS": "200",
        "PYTHONUNBUFFERED": "1",
    }


def python_of_tests() -> Path:
    """The folder with the commands that these tests run with."""
    return Path(sys.executable).parent


def set_up(folder: Path) -> None:
    """A folder looks like a checkout after `make setup`, as far as pages go."""
    (folder / ".venv").symlink_to(ROOT / ".venv")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
