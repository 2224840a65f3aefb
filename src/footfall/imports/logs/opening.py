"""A log's lines, however it is packed, as far as it is whole."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

import zstandard

_CHUNK = 1 << 17  # bytes read at once


class _Unpacker(Protocol):
    """What unpacks one member: all of these modules' decompressors do."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


_PACKED: tuple[tuple[bytes, str, Callable[[], _Unpacker]], ...] = (
    (b"\x1f\x8b", "gzip", lambda: zlib.decompressobj(wbits=31)),
    (b"BZh", "bzip2", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\x00", "xz", lzma.LZMADecompressor),
    (b"\x28\xb5\x2f\xfd", "zstd", lambda: zstandard.ZstdDecompressor().decompressobj()),
)


class LogFile:
    """The lines of a file: plain, gzip, bzip2, xz or zstd, of one member or several, one after another.

    Attributes:
        incomplete: after the last line: what is wrong with the file, if it is cut off or damaged; None: it is whole.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.incomplete: str | None = None

    def __iter__(self) -> Iterator[bytes]:
        """Each line once, without its end. Of a file that is cut off, all that is whole."""
        rest = b""
        for chunk in self._chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (line.removesuffix(b"\r") for line in lines)
        # what a damaged file ends with is no line
        if rest and self.incomplete is None:
            yield rest.removesuffix(b"\r")

    def _chunks(self) -> Iterator[bytes]:
        first = self._file.read(_CHUNK)
        for magic, name, unpacker in _PACKED:
            if first.startswith(magic):
                yield from self._unpacked(first, name, unpacker)
                return
        first = first.removeprefix(b"\xef\xbb\xbf")
        if first.startswith((b"\xff\xfe", b"\xfe\xff")):
            yield (first + self._file.read()).decode("utf-16", "replace").encode()
            return
        while first:
            yield first
            first = self._file.read(_CHUNK)

    def _unpacked(self, data: bytes, name: str, unpacker: Callable[[], _Unpacker]) -> Iterator[bytes]:
        member = unpacker()
        try:
            while data:
                yield member.decompress(data)
                if member.eof:
                    # padding between members and behind the last is none
                    data = member.unused_data.lstrip(b"\0") or self._file.read(_CHUNK)
                    if data:
                        member = unpacker()
                else:
                    data = self._file.read(_CHUNK)
        except (zlib.error, OSError, lzma.LZMAError, zstandard.ZstdError) as error:
            self.incomplete = f"the {name} file is damaged, what comes before that is imported ({error})"
            return
        if not member.eof:
            self.incomplete = f"the {name} file is cut off: unexpected end, what is whole is imported"
