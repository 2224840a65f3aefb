"""Where questions find the archive's files on this machine: in its folder, or as copies of what lies in an object store.

A copy is called by its store's number and the SHA-256 of its bytes, and is there whole or not at all. No question waits for one:
the tables answer until it has come. What may be copied, and stay, the ledger says every few seconds: of a file that is dead, or
holds what was erased, the copy goes then. Several processes may share the folder.
"""

import fcntl
import hashlib
import logging
import os
import re
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from footfall.database import Connection
from footfall.errors import ArchiveFailed

logger = logging.getLogger(__name__)

_NAME = re.compile(r"((?:\d+-)?[0-9a-f]{64})\.parquet")
_ARRIVING, _LOCK = "arriving.part", "lock"
_MOST_WISHES = 16  # of questions: each asks again for what it still lacks
_PAUSE_SECONDS = 60.0  # before a file is tried again that could not be copied
_STOP_SECONDS = 5.0


class Files(Protocol):
    """The archive's files, as far as they are on this machine."""

    def present(self, path: str, sha256: bytes) -> Path | None:
        """Where the file of the ledger's `path` is; None: it is not here."""

    def want(self, files: Mapping[str, bytes]) -> None:
        """A question would be answered by these files together, by their paths, if all were here."""

    def discard(self, file: Path) -> None:
        """A file that is here has other bytes than those that were written."""


class Folder:
    """The archive's own folder: what is not there has gone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def present(self, path: str, sha256: bytes) -> Path | None:  # noqa: ARG002  its bytes are looked at before it is read
        """Where the file is; None: it has gone."""
        file = self._folder / path
        return file if file.exists() else None

    def want(self, files: Mapping[str, bytes]) -> None:
        """Nothing can be done."""

    def discard(self, file: Path) -> None:
        """It is the only one: `footfall archive verify` says so, and what to do."""


class Copies:
    """Copies of the archive's files in a folder, of `most` bytes at most together: what was read least recently goes first.

    Whoever has them and lasts calls `look_after` every few seconds, for each store, and `close` at its end.
    """

    def __init__(self, archive: str, folder: Path, most: int) -> None:
        self._archive = archive
        self._folder = folder
        self._most = most
        self._lock = threading.Lock()
        self._wishes: deque[dict[str, str]] = deque(maxlen=_MOST_WISHES)  # paths by the names of their copies
        self._granted: deque[tuple[dict[str, str], dict[str, int]]] = deque()  # with the sizes of all that the question reads
        self._coming: set[str] = set()
        self._pauses: dict[str, float] = {}
        self._fetching: threading.Thread | None = None
        self._ended = threading.Event()

    def present(self, path: str, sha256: bytes) -> Path | None:
        """Where the copy is, which is read now; None: there is none yet."""
        file = self._file(_name(path, sha256))
        try:
            # not the time of its last change: by that its proof is known
            os.utime(file, ns=(time.time_ns(), file.stat().st_mtime_ns))
        except OSError:
            return None
        return file

    def want(self, files: Mapping[str, bytes]) -> None:
        """Have copies of these files before long, unless they have no room together."""
        wish, now = {_name(path, sha256): path for path, sha256 in files.items()}, time.monotonic()
        with self._lock:
            self._pauses = {name: until for name, until in self._pauses.items() if now < until}
            is_paused = not self._pauses.keys().isdisjoint(wish)
            if not is_paused and not self._coming.issuperset(wish) and wish not in self._wishes:
                self._wishes.append(wish)

    def discard(self, file: Path) -> None:
        """Have it fetched anew."""
        file.unlink(missing_ok=True)

    def look_after(self, connection: Connection) -> None:
        """Have the copies go that may not be any more, of this store's files, and begin to fetch what is wanted of them."""
        self._tidy()
        with self._lock:
            wishes = list(self._wishes)
        names = sorted({*self._names(), *(name for wish in wishes for name in wish)})
        if not names:
            return
        query = "/* archive.copies */ SELECT c.name, c.bytes FROM archive.copies(%s) c"
        told: dict[str, int | None] = dict(connection.execute(query, (names,)).fetchall())
        for name in (name for name, size in told.items() if size is None):
            self._file(name).unlink(missing_ok=True)
        for wish in wishes:
            if wish.keys() <= told.keys():  # else it is another store's
                self._grant(wish, {name: size for name in wish if (size := told[name]) is not None})

    def close(self) -> None:
        """Fetch nothing more."""
        self._ended.set()
        if fetching := self._fetching:
            fetching.join(_STOP_SECONDS)

    def _grant(self, wish: dict[str, str], sizes: dict[str, int]) -> None:
        with self._lock:
            if wish not in self._wishes:  # newer ones have pushed it out
                return
            self._wishes.remove(wish)
            if sum(sizes.values()) > self._most:
                logger.warning("%d files of a question have no room together in FOOTFALL_ARCHIVE_CACHE", len(sizes))
                self._pauses |= dict.fromkeys(wish, time.monotonic() + _PAUSE_SECONDS)
                return
            self._coming.update(wish)
            self._granted.append((wish, sizes))
            if self._fetching is None or not self._fetching.is_alive():
                self._fetching = threading.Thread(target=self._fetch_granted, name="archive-copies", daemon=True)
                self._fetching.start()

    def _fetch_granted(self) -> None:
        while not self._ended.is_set():
            with self._lock:
                if not self._granted:
                    self._fetching = None
                    return
                wish, sizes = self._granted.popleft()
            try:
                for name in sizes:
                    self._fetch(name, wish[name], sizes)
            finally:
                with self._lock:
                    self._coming.difference_update(wish)

    def _fetch(self, name: str, path: str, beside: Mapping[str, int]) -> None:
        """Have a copy, unless there is one; none of those `beside` it goes for that."""
        if self._ended.is_set() or name in self._pauses:
            return
        arriving = self._folder / _ARRIVING
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked():  # whoever else wanted it has fetched it meanwhile
                if self._file(name).exists():
                    return
                try:
                    self._make_room(beside[name], beside)
                    self._copy(path, arriving, beside[name])
                    if _sha256_of(arriving) != name[-64:]:
                        message = "its bytes are not those that were written: `footfall archive verify`"
                        raise ArchiveFailed("archive_not_proved", message)
                    arriving.replace(self._file(name))
                finally:
                    arriving.unlink(missing_ok=True)
        except (OSError, ArchiveFailed) as error:
            with self._lock:
                self._pauses[name] = time.monotonic() + _PAUSE_SECONDS
            logger.warning("%s is not copied, PostgreSQL answers: %s", path, error)

    def _copy(self, path: str, to: Path, size: int) -> None:
        """The bytes of a file, or as many more than there should be as show that it is another."""
        from footfall.archive.place import Place  # noqa: PLC0415  Arrow: a third of a second, and forty megabytes

        with to.open("wb") as sink:
            for piece in Place(self._archive).pieces(path):
                sink.write(piece)
                if self._ended.is_set() or sink.tell() > size:
                    return

    def _make_room(self, size: int, beside: Mapping[str, int]) -> None:
        there = {name: self._file(name).stat() for name in self._names()}
        total = sum(one.st_size for one in there.values())
        for name in sorted(there.keys() - beside.keys(), key=lambda name: there[name].st_atime_ns):
            if total + size <= self._most:
                return
            self._file(name).unlink(missing_ok=True)
            total -= there[name].st_size

    def _tidy(self) -> None:
        """Half a copy, whose process was killed, may hold what is erased."""
        if (self._folder / _ARRIVING).exists():
            try:
                with self._locked(is_patient=False):
                    (self._folder / _ARRIVING).unlink(missing_ok=True)
            except BlockingIOError:
                pass  # it is arriving

    @contextmanager
    def _locked(self, *, is_patient: bool = True) -> Iterator[None]:
        """As the only one of all processes who adds to the folder. Raises BlockingIOError: somebody else is that."""
        with (self._folder / _LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if is_patient else fcntl.LOCK_NB))
            yield

    def _names(self) -> list[str]:
        return [found[1] for file in self._folder.glob("*.parquet") if (found := _NAME.fullmatch(file.name))]

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.parquet"


def _name(path: str, sha256: bytes) -> str:
    """What a copy is called: the beginning says whose file it is, as `ledger.own_prefix` has it."""
    number, dash, _ = path.rpartition("/")[2].partition("-")
    return f"{number}{dash}{sha256.hex()}" if dash else sha256.hex()


def _sha256_of(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
