"""Archives are told by their first bytes, and give all they hold up to their damage."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tracemalloc
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from logstats import compression
from logstats.read import Block, BlockSize, Problem, Source, read_blocks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Pack = dict[str, "Callable[[bytes], bytes]"]

PACK: Pack = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstd": zstandard.compress}
KINDS = pytest.mark.parametrize("kind", list(PACK))
TEXT = b"".join(b"line %d of %d\n" % (n, n * n) for n in range(20_000))


def read(path: Path, packed: bytes) -> tuple[bytes, list[Problem]]:
    path.write_bytes(packed)
    items = list(read_blocks(Source(str(path))))
    data = b"".join(item.data for item in items if isinstance(item, Block))
    return data, [item for item in items if isinstance(item, Problem)]


@KINDS
def test_an_archive_gives_what_was_packed(tmp_path: Path, kind: str) -> None:
    """Its name does not matter."""
    assert read(tmp_path / "x.log", PACK[kind](TEXT)) == (TEXT, [])


@KINDS
@given(parts=st.lists(st.binary(max_size=60), min_size=1, max_size=5), step=st.integers(1, 40))
def test_members_follow_one_another(kind: str, parts: list[bytes], step: int) -> None:
    """Concatenated archives are one, wherever the reads cut them, empty members included."""
    packed = b"".join(map(PACK[kind], parts))
    pieces = iter([packed[at : at + step] for at in range(0, len(packed), step)])

    unpacked = b"".join(compression.unpack(kind, lambda _: next(pieces, b"")))

    assert unpacked == b"".join(parts)


@pytest.mark.parametrize("kind", ["gzip", "xz", "bzip2"])
def test_zeros_after_an_archive_are_padding(tmp_path: Path, kind: str) -> None:
    """Tapes and block devices pad; gzip and xz accept it."""
    assert read(tmp_path / "x", PACK[kind](TEXT) + bytes(70_000)) == (TEXT, [])


def test_skippable_frames_are_skipped(tmp_path: Path) -> None:
    """pzstd and seekable zstd files hold frames without content (RFC 8878 section 3.1.2)."""
    skip = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"

    assert read(tmp_path / "x", skip + zstandard.compress(TEXT) + skip) == (TEXT, [])


@KINDS
def test_a_truncated_archive_gives_what_is_there(tmp_path: Path, kind: str) -> None:
    """And a problem that names the file, not what it holds."""
    packed = PACK[kind](TEXT)
    data, problems = read(tmp_path / "x", packed[: len(packed) - 5])

    assert TEXT.startswith(data)
    assert problems == [Problem(str(tmp_path / "x"), "the archive ends too early (truncated)")]


def test_a_truncated_gzip_loses_nothing_that_zlib_can_read(tmp_path: Path) -> None:
    """Every byte up to the cut is used."""
    import zlib

    packed = gzip.compress(TEXT)[:40_000]
    data, _ = read(tmp_path / "x", packed)

    assert data == zlib.decompressobj(31).decompress(packed)


@KINDS
def test_a_damaged_archive_gives_what_stands_before_the_damage(tmp_path: Path, kind: str) -> None:
    """The second member is damaged, the first counts."""
    second = bytearray(PACK[kind](TEXT))
    second[20:60] = b"\xff" * 40
    data, problems = read(tmp_path / "x", PACK[kind](TEXT) + bytes(second))

    assert data.startswith(TEXT)
    assert [problem.reason for problem in problems] == ["the archive is damaged"]


@KINDS
def test_text_after_an_archive_is_said(tmp_path: Path, kind: str) -> None:
    """It is not passed over: lines may be missing from the counts."""
    data, problems = read(tmp_path / "x", PACK[kind](TEXT) + b"192.0.2.1 - - text")

    assert data == TEXT
    assert [problem.reason for problem in problems] == [
        f"bytes that are no {kind} follow the end of the archive"
    ]


@pytest.mark.parametrize(
    ("head", "kind"),
    [(b"PK\x03\x04rest", "zip"), (b"7z\xbc\xaf\x27\x1crest", "7z"), (b"\x1f\x9drest", "compress (.Z)")],
    ids=["zip", "7z", "Z"],
)
def test_other_archives_are_named(tmp_path: Path, head: bytes, kind: str) -> None:
    """What cannot be unpacked is not taken for text."""
    data, problems = read(tmp_path / "x", head)

    assert data == b""
    assert [problem.reason for problem in problems] == [f"a {kind} archive cannot be read; unpack it first"]


def test_a_host_name_is_no_archive(tmp_path: Path) -> None:
    """A line may begin with the first letters of bzip2."""
    line = b'BZh9.example.org - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n'

    assert read(tmp_path / "x", line) == (line, [])


@KINDS
def test_a_bomb_takes_no_memory(tmp_path: Path, kind: str) -> None:
    """128 MiB of lines packed into some kilobytes pass in small blocks."""
    path = tmp_path / "x"
    # Members of 4 MiB for bzip2, which packs slowly and in blocks of 900 kB anyway.
    members = 32 if kind == "bzip2" else 1
    packed = PACK[kind](b"a line of a log\n" * (2**23 // members)) * members
    path.write_bytes(packed)
    del packed

    tracemalloc.start()
    size = 0
    for block in read_blocks(Source(str(path)), block_size=BlockSize.of(2**20)):
        assert isinstance(block, Block)
        size += len(block.data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size == 2**27
    assert peak < 40 * 2**20


@given(st.binary(max_size=12))
def test_no_bytes_are_waited_for_in_vain(head: bytes) -> None:
    """Once more bytes cannot change what an archive is, none are asked for."""
    if not compression.may_begin_archive(head):
        assert compression.detect(head) == compression.detect(head + b"\0" * 20)


def test_real_archives_hold_what_python_unpacks(corpus: Path) -> None:
    """Rotated logs as other projects keep them."""
    unpackers = {".gz": gzip.decompress, ".bz2": bz2.decompress}
    paths = [path for path in (corpus / "real").rglob("*") if path.suffix in unpackers]

    assert paths
    for path in paths:
        blocks = [item for item in read_blocks(Source(str(path))) if isinstance(item, Block)]
        assert not sum(block.lines_too_long for block in blocks)
        assert b"".join(block.data for block in blocks) == unpackers[path.suffix](path.read_bytes())
