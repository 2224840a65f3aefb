"""A backup in one file: a line of JSON that says what it is, what pg_dump wrote, a sum of both; all of it encrypted, if asked.

Without Footfall: `tail -n +2 FILE | pg_restore -d URL`, behind `age -d` or `openssl enc -d` where it is encrypted. What is not
encrypted lies on no disk.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from footfall.errors import BackupFailed, NotAccepted
from footfall.operations.backups.programs import failure

_OPENSSL = ("openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-iter", "600000")
_OF_AGE, _OF_OPENSSL, _PLAIN = b"age-encryption.org/", b"Salted__", b'{"footfall_backup"'
_FORMAT = 1
_LONGEST = 1 << 24  # bytes of the first line
_PIECE = 1 << 20  # bytes
_DIGEST = 65  # bytes: SHA-256 in digits, and the end of the line


@dataclass(frozen=True, slots=True)
class Sealing:
    """How a file is encrypted: for owners of age keys, or by a passphrase; neither: not at all."""

    recipients: tuple[str, ...] = ()
    passphrase_file: Path | None = None
    identity: Path | None = None

    @property
    def is_ours_to_read(self) -> bool:
        """Whether who has made the file can read it, too."""
        return not self.recipients or self.identity is not None

    @property
    def suffix(self) -> str:
        """What the names of such files end in."""
        return ".age" if self.recipients else ".enc" if self.passphrase_file else ""

    def encrypting(self) -> list[str]:
        """The command that encrypts; empty: none. Raises NotAccepted: ``tool_missing``, ``option_invalid``."""
        if self.recipients and self.passphrase_file:
            raise NotAccepted("option_invalid", "encrypt for an age key or by a passphrase, not both")
        if self.recipients:
            return [_tool("age"), *(word for one in self.recipients for word in ("--recipient", one))]
        if self.passphrase_file:
            return [_tool("openssl"), *_OPENSSL[1:], "-salt", "-pass", f"file:{_readable(self.passphrase_file)}"]
        return []

    def decrypting(self, beginning: bytes) -> list[str]:
        """The command that decrypts a file that begins so; empty: it is not encrypted.

        Raises NotAccepted: ``tool_missing``, ``key_missing``, ``backup_unknown``.
        """
        if beginning.startswith(_OF_AGE):
            if not self.identity:
                raise NotAccepted("key_missing", "it is encrypted for an age key: name the file of that key with --identity")
            return [_tool("age"), "--decrypt", "--identity", str(_readable(self.identity))]
        if beginning.startswith(_OF_OPENSSL):
            if not self.passphrase_file:
                raise NotAccepted("key_missing", "it is encrypted by a passphrase: name the file of it with --passphrase-file")
            return [_tool("openssl"), *_OPENSSL[1:], "-d", "-pass", f"file:{_readable(self.passphrase_file)}"]
        if beginning.startswith(_PLAIN):
            return []
        raise NotAccepted("backup_unknown", "it is no file that `footfall backup` has made")


class Dump:
    """What pg_dump writes and pg_restore reads, on its way through a sum that tells at its end whether it is whole."""

    def __init__(self, stream: IO[bytes], line: bytes) -> None:
        self._stream = stream
        self._sum = hashlib.sha256(line)

    def write_from(self, command: list[str], secrets: Mapping[str, str]) -> None:
        """Let a program write it. Raises BackupFailed when that fails."""
        with _through(command, stdout=subprocess.PIPE, env=os.environ | secrets) as process:
            source = _there(process.stdout if process else None)
            while data := source.read(_PIECE):
                self._sum.update(data)
                self._stream.write(data)
        self._stream.write(self._digest())

    def read_into(self, command: list[str], secrets: Mapping[str, str]) -> None:
        """Let a program read it, to its end. Raises BackupFailed when that fails, or it is not as it was written."""
        held = b""  # what may be the sum, and is for no program
        with _through(command, stdin=subprocess.PIPE, env=os.environ | secrets) as process:
            sink = _there(process.stdin if process else None)
            while data := self._stream.read(_PIECE):
                held += data
                piece, held = held[:-_DIGEST], held[-_DIGEST:]
                self._sum.update(piece)
                with contextlib.suppress(BrokenPipeError):  # it says itself why it has ended
                    sink.write(piece)
        if held != self._digest():
            raise BackupFailed("the file was cut off, or changed: what it says at its end is not the sum of what is in it")

    def _digest(self) -> bytes:
        return f"{self._sum.hexdigest()}\n".encode()


@contextlib.contextmanager
def writing(file: Path, about: dict[str, Any], sealing: Sealing) -> Iterator[Dump]:
    """A file for a dump. It is there, under its name, when all is well and it is on the disk.

    Raises NotAccepted as `Sealing.encrypting` does, and BackupFailed.
    """
    command = sealing.encrypting()
    half = file.with_name(file.name + ".part")
    line = json.dumps({"footfall_backup": _FORMAT} | about).encode() + b"\n"
    try:
        with half.open("wb") as to:
            half.chmod(0o600)
            with _through(command, stdin=subprocess.PIPE, stdout=to) as process:
                sink = _there(process.stdin if process else to)
                sink.write(line)
                yield Dump(sink, line)
            to.flush()
            os.fsync(to.fileno())
        half.replace(file)
    finally:
        half.unlink(missing_ok=True)


@contextlib.contextmanager
def reading(file: Path, sealing: Sealing) -> Iterator[tuple[dict[str, Any], Dump]]:
    """What a file says of itself, and its dump.

    Raises NotAccepted as `Sealing.decrypting` does, and BackupFailed: the key does not open it, or it was cut off.
    """
    with _readable(file).open("rb", buffering=0) as source:
        command = sealing.decrypting(source.read(len(_OF_AGE)))
        source.seek(0)
        with _through(command, stdin=source, stdout=subprocess.PIPE) as process:
            stream = _there(process.stdout if process else source)
            line = stream.readline(_LONGEST)
            if (about := _about(line)) is None:
                raise NotAccepted("backup_unknown", f"{file} is no file that `footfall backup` has made, or its key is another")
            yield about, Dump(stream, line)


@contextlib.contextmanager
def _through(command: list[str], **streams: Any) -> Iterator[subprocess.Popen[bytes] | None]:
    """A program that what is written or read goes through; none for an empty command. Raises BackupFailed when it fails."""
    if not command:
        yield None
        return
    with subprocess.Popen(command, stderr=subprocess.PIPE, **streams) as process:  # noqa: S603  our own command
        with contextlib.suppress(BrokenPipeError):  # it has ended, and says itself why
            yield process
        if process.stdin:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
        said = _there(process.stderr).read().decode(errors="replace")
    if process.returncode:
        raise failure(command[0], said)


def _there(stream: IO[bytes] | None) -> IO[bytes]:
    """A stream of a program, which was asked for when it was started."""
    if stream is None:
        raise TypeError
    return stream


def _about(line: bytes) -> dict[str, Any] | None:
    with contextlib.suppress(ValueError):
        about = json.loads(line)
        if isinstance(about, dict) and about.get("footfall_backup") == _FORMAT:
            return about
    return None


def _tool(name: str) -> str:
    if path := shutil.which(name):
        return path
    raise NotAccepted("tool_missing", f"{name} is not installed here: apt-get install {name}")


def _readable(file: Path) -> Path:
    try:
        file.open("rb").close()
    except OSError as error:
        raise NotAccepted("file_unreadable", f"{file} cannot be read: {error.strerror}") from None
    return file
