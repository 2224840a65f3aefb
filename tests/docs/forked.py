"""`footfall` as a command that starts in a hundredth of a second: forked from a process that has loaded all of it before.

Pages have hundreds of commands, and Python needs most of a second for each. What is run is the same code in a process of its own,
with the caller's arguments, folder, environment, input and output. What keeps running starts as it does everywhere.
"""

import contextlib
import importlib
import json
import os
import pkgutil
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

_STARTS_ITSELF = ("up", "serve", "worker", "demo")
_MOST = 1 << 20  # bytes of arguments and environment

_COMMAND = """#!{python} -IS
import json, os, signal, socket, sys
if sys.argv[1:2] and sys.argv[1] in {starts_itself}:
    os.execv({real!r}, [{real!r}, *sys.argv[1:]])
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect({address!r})
    what = json.dumps([sys.argv, os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(asked, [len(what).to_bytes(4, "big")], [0, 1, 2])
    asked.sendall(what)
    with asked.makefile("r") as told:
        process = int(told.readline())
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, lambda number, _: os.kill(process, number))
        sys.exit(int(told.readline()))
"""


@contextlib.contextmanager
def commands(folder: Path, real: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """A folder for PATH with such a `footfall`; `real`: the folder with the one it stands for; loaded in `environment`."""
    address = folder / "asked"
    binaries = folder / "bin"
    binaries.mkdir()
    command = binaries / "footfall"
    command.write_text(
        _COMMAND.format(python=sys.executable, starts_itself=_STARTS_ITSELF, real=str(real / "footfall"), address=str(address))
    )
    command.chmod(0o755)
    loaded = subprocess.Popen([sys.executable, __file__, str(address)], env=environment, stdout=subprocess.PIPE)
    loaded.stdout.readline()
    try:
        yield binaries
    finally:
        loaded.terminate()
        loaded.wait()
        loaded.stdout.close()


def _serve(address: str) -> None:
    from footfall import cli  # who only makes the command needs nothing of it

    for module in pkgutil.iter_modules(cli.__path__):
        importlib.import_module(f"footfall.cli.{module.name}")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen()
        sys.stdout.write("loaded\n")
        sys.stdout.flush()
        while True:
            asked, _ = door.accept()
            if os.fork() == 0:
                door.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _answer(asked)
            asked.close()


def _answer(asked: socket.socket) -> None:
    """Run a command in a process of its own, and tell its number and how it ended; does not return."""
    header, files, _, _ = socket.recv_fds(asked, 4, 3)
    with asked.makefile("rb") as sent:
        arguments, folder, environment = json.loads(sent.read(min(int.from_bytes(header, "big"), _MOST)))
    process = os.fork()
    if process == 0:
        for number, file in enumerate(files):
            os.dup2(file, number)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = arguments
        random.seed()
        os._exit(_run())
    for file in files:
        os.close(file)
    asked.sendall(f"{process}\n".encode())
    _, status = os.waitpid(process, 0)
    code = os.waitstatus_to_exitcode(status)
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        asked.sendall(f"{code if code >= 0 else 128 - code}\n".encode())
    os._exit(0)


def _run() -> int:
    from footfall.cli import main

    code = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    with contextlib.suppress(BrokenPipeError):  # as `| head` leaves it
        sys.stdout.flush()
    return code


if __name__ == "__main__":
    _serve(sys.argv[1])
