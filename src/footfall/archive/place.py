"""Where the files lie: a folder of this machine, or a bucket of an object store. Paths in it are the ledger's."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyarrow import fs

from footfall.errors import ArchiveFailed

_PIECE = 1 << 20  # bytes read at once


class Place:
    """The archive's folder or bucket, as FOOTFALL_ARCHIVE names it.

    Attributes:
        address: what other engines know it by, without a slash at its end: file:///… or s3://…
        folder: of this machine; None: it is a bucket.
    """

    def __init__(self, named: str) -> None:
        """Raises ArchiveFailed: ``archive_not_set``, ``archive_unreachable``."""
        if not named:
            raise ArchiveFailed("archive_not_set", "FOOTFALL_ARCHIVE names no folder or bucket for the files")
        try:
            if "://" in named:
                files, root = fs.FileSystem.from_uri(named)
                self.folder = None
                self.address = f"{named.partition(':')[0]}://{root}".rstrip("/")
            else:
                self.folder = Path(named).absolute()
                self.folder.mkdir(parents=True, exist_ok=True)
                files, root = fs.LocalFileSystem(), str(self.folder)
                self.address = f"file://{self.folder}"
        except (OSError, ValueError) as error:
            raise ArchiveFailed("archive_unreachable", f"FOOTFALL_ARCHIVE={named}: {error}") from None
        self._files = fs.SubTreeFileSystem(root, files)

    @property
    def files(self) -> fs.FileSystem:
        """The file system that has the folder as its root."""
        return self._files

    @contextmanager
    def writing(self, path: str) -> Iterator[Any]:
        """A new file to write into. When it is left without an error, the file is on disk, and so is its name."""
        with _told(path):
            if self.folder:
                (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            with self._files.open_output_stream(path) as sink:
                yield sink
            if self.folder:
                # the name of a month's folder lies in its layer's, whose name in the archive's
                for one in (self.folder / path, *(self.folder / path).parents[:3]):
                    _sync(one)

    def reading(self, path: str) -> Any:
        """A file, to be read anywhere in it. Raises ArchiveFailed: ``archive_unreachable``; FileNotFoundError."""
        with _told(path):
            return self._files.open_input_file(path)

    def pieces(self, path: str) -> Iterator[bytes]:
        """The bytes of a file, from its beginning on. Raises as `reading` does."""
        with _told(path), self._files.open_input_stream(path) as source:
            while piece := source.read(_PIECE):
                yield piece

    def size(self, path: str) -> int | None:
        """Bytes of a file; None: there is none."""
        with _told(path):
            found = self._files.get_file_info(path)
        return None if found.type == fs.FileType.NotFound else int(found.size)

    def unlink(self, path: str) -> None:
        """Have a file be gone; one that is not there is."""
        with _told(path):
            if self.size(path) is not None:
                self._files.delete_file(path)

    def paths(self, below: str = "") -> Iterator[str]:
        """Every file there is, or of those in a folder."""
        with _told(""):
            for found in self._files.get_file_info(fs.FileSelector(below, recursive=True, allow_not_found=True)):
                if found.type == fs.FileType.File:
                    yield found.path

    def make_folder(self, path: str) -> None:
        """Have a folder, where folders are things of their own."""
        if self.folder:
            with _told(path):
                (self.folder / path).mkdir(parents=True, exist_ok=True)

    def replace(self, path: str, content: bytes) -> None:
        """Have a file be this: who reads it meanwhile reads what it was, or what it is."""
        if not self.folder:
            with self.writing(path) as sink:
                sink.write(content)
            return
        with self.writing(f"{path}.new") as sink:
            sink.write(content)
        with _told(path):
            (self.folder / f"{path}.new").replace(self.folder / path)
            _sync((self.folder / path).parent)


@contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ArchiveFailed("archive_unreachable", f"{path or 'the archive'}: {error}") from None


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
