"""A backup in one file: a line of JSON that says what it is, then what pg_dump wrote; all of it encrypted, if asked.

Without Footfall: `tail -n +2 FILE | pg_restore -d URL`, behind `age -d` or `openssl enc -d` where it is encrypted. What is not
encrypted lies on no disk.
"""

import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from footfall.database.programs import failure
from footfall.errors import NotAccepted

_OPENSSL = ("openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-iter", "600000")
_OF_AGE, _OF_OPENSSL, _PLAIN = b"age-encryption.org/", b"Salted__", b'{"footfall_backup"'
_FORMAT = 1
_LONGEST = 1 << 24  # bytes of the first line


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


@contextlib.contextmanager
def writing(file: Path, about: dict[str, Any], sealing: Sealing) -> Iterator[IO[bytes]]:
    """Where pg_dump writes to. The file is there, under its name, when all is well and it is on the disk.

    Raises NotAccepted as `Sealing.encrypting` does, and BackupFailed.
    """
    command = sealing.encrypting()
    half = file.with_name(file.name + ".part")
    try:
        with half.open("wb") as to:
            half.chmod(0o600)
            with _through(command, stdin=subprocess.PIPE, stdout=to) as process:
                sink = process.stdin if process else to
                assert sink is not None  # noqa: S101  it was asked for
                sink.write(json.dumps({"footfall_backup": _FORMAT} | about).encode() + b"\n")
                sink.flush()
                yield sink
        half.replace(file)
    finally:
        half.unlink(missing_ok=True)


@contextlib.contextmanager
def reading(file: Path, sealing: Sealing) -> Iterator[tuple[dict[str, Any], IO[bytes]]]:
    """What a file says of itself, and the dump, for pg_restore to read on from there.

    Raises NotAccepted as `Sealing.decrypting` does, and BackupFailed: the key does not open it, or it was cut off.
    """
    with _readable(file).open("rb", buffering=0) as source:
        command = sealing.decrypting(source.read(len(_OF_AGE)))
        source.seek(0)
        with _through(command, stdin=source, stdout=subprocess.PIPE, bufsize=0) as process:
            dump = process.stdout if process else source
            assert dump is not None  # noqa: S101  it was asked for
            if (about := _about(dump.readline(_LONGEST))) is None:
                raise NotAccepted("backup_unknown", f"{file} is no file that `footfall backup` has made, or its key is another")
            yield about, dump
            while dump.read(1 << 20):  # to the end: only there does who decrypts know that nothing is missing
                pass


@contextlib.contextmanager
def _through(command: list[str], **streams: Any) -> Iterator[subprocess.Popen[bytes] | None]:
    """A program that what is written or read goes through; none for an empty command. Raises BackupFailed when it fails."""
    if not command:
        yield None
        return
    with subprocess.Popen(command, stderr=subprocess.PIPE, **streams) as process:  # noqa: S603  our own command
        yield process
        if process.stdin:
            process.stdin.close()
        assert process.stderr is not None  # noqa: S101  it was asked for
        said = process.stderr.read().decode(errors="replace")
    if process.returncode:
        raise failure(command[0], said)


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
