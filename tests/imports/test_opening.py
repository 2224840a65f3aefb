"""Files however they are packed, as far as they are whole."""

import bz2
import gzip
import io
import lzma
from collections.abc import Callable

import pytest
import zstandard

from footfall.imports.logs.opening import LogFile

LINES = [f"line {number}".encode() for number in range(50_000)]
WHOLE = b"\n".join(LINES)
PACKS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
packed = pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
compressed = pytest.mark.parametrize("pack", list(PACKS.values())[1:], ids=list(PACKS)[1:])


def opened(data: bytes) -> tuple[list[bytes], str | None]:
    file = LogFile(io.BytesIO(data))
    return list(file), file.incomplete


@packed
def test_every_line_comes_once(pack: Callable[[bytes], bytes]) -> None:
    assert opened(pack(WHOLE)) == (LINES, None)
    assert opened(pack(WHOLE + b"\n")) == (LINES, None)
    assert opened(pack(b"")) == ([], None)
    assert opened(pack(b"a\r\n\r\nb\r\n")) == ([b"a", b"", b"b"], None)


@compressed
def test_members_follow_each_other(pack: Callable[[bytes], bytes]) -> None:
    half = len(WHOLE) // 2
    assert opened(pack(WHOLE[:half]) + pack(WHOLE[half:])) == (LINES, None)
    assert opened(pack(WHOLE) + bytes(512)) == (LINES, None)  # as tapes pad


@compressed
def test_of_a_file_that_is_cut_off_all_that_is_whole_is_read(pack: Callable[[bytes], bytes]) -> None:
    lines, incomplete = opened(pack(WHOLE)[: int(len(pack(WHOLE)) * 0.8)])
    assert lines == LINES[: len(lines)]
    assert incomplete is not None
    assert "cut off" in incomplete


def test_of_a_damaged_file_what_comes_before_is_read() -> None:
    data = bytearray(gzip.compress(WHOLE) + gzip.compress(WHOLE))
    data[len(data) // 2 + 40_000] ^= 0xFF
    lines, incomplete = opened(bytes(data))
    assert lines[: len(LINES) - 1] == LINES[:-1]
    assert incomplete is not None
    assert "damaged" in incomplete


def test_marks_of_encodings_are_no_text() -> None:
    assert opened(b"\xef\xbb\xbfa\nb") == ([b"a", b"b"], None)
    assert opened("a\nä".encode("utf-16")) == ([b"a", "ä".encode()], None)
