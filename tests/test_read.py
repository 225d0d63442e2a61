"""Blocks hold every byte of a source except lines that are too long, and those are counted."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import threading
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats.read import (
    Block,
    BlockSize,
    Problem,
    Source,
    has_long_lines,
    looks_binary,
    read_blocks,
    read_sources,
)

if TYPE_CHECKING:
    from pathlib import Path

# Short lines, long lines and line ends, so that a few bytes meet every border.
LINES = st.lists(
    st.sampled_from([b"", b"a", b"bc", b"d" * 7, b"e" * 8, b"f" * 9, b"g" * 40, b"\0\r", b"\xff"])
)


def split(text: bytes, max_line: int) -> tuple[bytes, int]:
    """Return the lines up to a length, and the number of longer ones: the plain reference."""
    lines = text.split(b"\n")
    kept = [line for line in lines if len(line) <= max_line]
    too_long = len(lines) - len(kept)
    last_left_out = len(lines[-1]) > max_line
    data = b"\n".join(kept) + (b"\n" if last_left_out and kept else b"")
    return data, too_long


def blocks_of(items: list[Block | Problem]) -> list[Block]:
    return [item for item in items if isinstance(item, Block)]


def joined(items: list[Block | Problem]) -> tuple[bytes, int]:
    blocks = blocks_of(items)
    return b"".join(block.data for block in blocks), sum(block.lines_too_long for block in blocks)


@given(LINES, st.booleans(), st.integers(1, 60), st.sampled_from([1, 7, 8, 100]))
def test_blocks_of_a_file_hold_all_its_lines(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], ends: bool, size: int, max_line: int
) -> None:
    """Whatever the size of a block, the blocks joined are the file without its long lines."""
    text = b"\n".join(lines) + (b"\n" if ends else b"")
    path = tmp_path_factory.mktemp("read") / "x.log"
    path.write_bytes(text)

    items = list(read_blocks(Source(str(path)), block_size=BlockSize.of(size), max_line=max_line))

    assert joined(items) == split(text, max_line)
    assert all(block.data.endswith(b"\n") for block in blocks_of(items)[:-1] if block.data)


class Trickle(io.RawIOBase):
    """A stream that hands out pieces of given sizes, as a pipe does."""

    def __init__(self, text: bytes, sizes: list[int]) -> None:
        self._text = text
        self._sizes = iter(sizes)

    def read(self, size: int = -1) -> bytes:
        given_size = min(next(self._sizes, 1_000_000), size)
        piece, self._text = self._text[:given_size], self._text[given_size:]
        return piece


class Stdin:
    """What the interpreter calls stdin when it is no file."""

    def __init__(self, buffer: io.RawIOBase) -> None:
        self.buffer = buffer

    def fileno(self) -> int:
        raise io.UnsupportedOperation


@given(LINES, st.booleans(), st.lists(st.integers(1, 30)), st.integers(1, 60), st.booleans())
def test_blocks_of_a_pipe_hold_all_its_lines(
    lines: list[bytes], ends: bool, sizes: list[int], block_bytes: int, early: bool
) -> None:
    """Wherever a pipe cuts its bytes, the blocks joined are the same."""
    text = b"\n".join(lines) + (b"\n" if ends else b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", Stdin(Trickle(text, sizes)))
        items = list(
            read_blocks(Source("-"), block_size=BlockSize.of(block_bytes), max_line=8, flush_early=early)
        )

    assert joined(items) == split(text, 8)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_later_blocks_are_smaller(tmp_path: Path, suffix: str) -> None:
    """What is counted grows with what is read; the blocks of all sources count as one."""
    # Of 4 MiB, and not packed so well that one piece of an archive is a whole block.
    text = b"".join(b"%015x\n" % (number * 0x9E3779B97F4A7C15 % 2**60) for number in range(2**18))
    paths = [tmp_path / f"{number}{suffix}" for number in range(2)]
    for path in paths:
        path.write_bytes(gzip.compress(text) if suffix else text)
    sizes = BlockSize(first=2**20, later=2**19, until=2**22 + 2**20)

    items = list(read_sources([Source(str(path)) for path in paths], block_size=sizes))

    assert joined(items) == (text * 2, 0)
    lengths = [round(len(block.data) / 2**19) for block in blocks_of(items)]
    assert lengths[:5] == [2] * 5
    assert {*lengths[6:-1]} == {1}


@pytest.mark.parametrize(("length", "is_long"), [(300, False), (700, True), (70_000, True)])
def test_long_lines_are_told(length: int, *, is_long: bool) -> None:
    """Their blocks are smaller: a line with many values takes more memory than its bytes when it is cut."""
    assert has_long_lines((b"x" * length + b"\n") * 1000) is is_long
    size = BlockSize(first=2, later=1)
    size.narrow()
    assert size.wanted == 1


def test_a_long_line_takes_no_memory(tmp_path: Path) -> None:
    """A line of 64 MiB is counted while little more than a block is held."""
    path = tmp_path / "x.log"
    with path.open("wb") as file:
        file.write(b"first\n")
        for _ in range(64):
            file.write(b"x" * 2**20)
        file.write(b"\nlast\n")

    tracemalloc.start()
    items = list(read_blocks(Source(str(path)), block_size=BlockSize.of(2**20)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert joined(items) == (b"first\nlast\n", 1)
    assert peak < 8 * 2**20


@pytest.mark.parametrize(("length", "too_long"), [(65536, 0), (65537, 1)], ids=["limit", "over"])
def test_a_line_may_have_64_kib(tmp_path: Path, length: int, too_long: int) -> None:
    """The limit counts the line without its newline."""
    path = tmp_path / "x.log"
    path.write_bytes(b"a\n" + b"x" * length + b"\nb\n")

    items = list(read_blocks(Source(str(path))))

    assert joined(items)[1] == too_long
    assert joined(items)[0].endswith(b"b\n")


def test_an_empty_file_is_no_problem(tmp_path: Path) -> None:
    """No lines are no error."""
    path = tmp_path / "x.log"
    path.touch()

    assert list(read_blocks(Source(str(path)))) == []


def test_the_last_line_stays_as_it_is(tmp_path: Path) -> None:
    """A missing final newline is not made up, and can be seen."""
    path = tmp_path / "x.log"
    path.write_bytes(b"a\nb")

    blocks = blocks_of(list(read_blocks(Source(str(path)))))

    assert blocks[-1].data == b"a\nb"
    assert not blocks[-1].ends_with_newline


def test_offsets_tell_how_far_reading_is(tmp_path: Path) -> None:
    """The last block's offset is the size of the file."""
    path = tmp_path / "x.log"
    path.write_bytes(b"0123456\n" * 1000)

    blocks = blocks_of(list(read_blocks(Source(str(path)), block_size=BlockSize.of(1000), max_line=100)))
    offsets = [block.raw_offset for block in blocks]

    assert offsets == sorted(offsets)
    assert offsets[-1] == path.stat().st_size


def test_a_line_in_a_pipe_is_there_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With `flush_early` a complete line is not held back until a block is full."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin, os.fdopen(writing, "wb", buffering=0) as pipe:
        monkeypatch.setattr(sys, "stdin", stdin)
        blocks = read_blocks(Source("-"), flush_early=True)
        pipe.write(b"one\ntw")
        first = next(blocks)
        pipe.write(b"o\n")
        second = next(blocks)

        assert isinstance(first, Block)
        assert isinstance(second, Block)
        assert (first.data, second.data) == (b"one\n", b"two\n")


def test_stdin_from_a_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`logstats report - < x.log`; what was read before is not read again."""
    path = tmp_path / "x.log"
    path.write_bytes(b"0123456\n" * 1000)
    with path.open("rb") as stdin:
        os.lseek(stdin.fileno(), 8, os.SEEK_SET)
        monkeypatch.setattr(sys, "stdin", stdin)
        items = list(read_blocks(Source("-"), block_size=BlockSize.of(500), max_line=100))

    assert joined(items) == (b"0123456\n" * 999, 0)


def test_a_silent_pipe_does_not_keep_the_process_alive() -> None:
    """The reading thread that waits for it ends with the process, without a word."""
    program = (
        "from logstats.prefetch import prefetch; from logstats.read import Source, read_blocks\n"
        "blocks = prefetch(read_blocks(Source('-'), flush_early=True))\n"
        "print(next(blocks).data, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"a\n")
        process.stdin.flush()
        said = process.stdout.read(), process.stderr.read()
        process.stdin.close()

    assert said == (b"b'a\\n'\n", b"")
    assert process.returncode == 0


def test_a_named_pipe_is_read(tmp_path: Path) -> None:
    """A FIFO, as process substitution makes it, is a source like any other."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"a\nb\n",))
    writer.start()
    items = list(read_blocks(Source(str(path))))
    writer.join()

    assert joined(items) == (b"a\nb\n", 0)


def test_a_missing_file_does_not_stop_the_others(tmp_path: Path) -> None:
    """It is said in its place, and the next source is read."""
    path = tmp_path / "x.log"
    path.write_bytes(b"a\n")
    missing = str(tmp_path / "missing.log")

    items = list(read_sources([Source(missing), Source(str(path))]))

    assert items[0] == Problem(missing, "no such file or directory")
    assert joined(items) == (b"a\n", 0)


def test_closed_stdin_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job without stdin, as cron may start it, is told so."""
    monkeypatch.setattr(sys, "stdin", None)

    assert list(read_blocks(Source("-"))) == [Problem("-", "stdin is closed")]


@pytest.mark.parametrize(
    ("head", "binary"),
    [
        (b'192.0.2.1 - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n', False),
        (b'192.0.2.1 - - [01/Feb/2026:10:00:00 +0000] "\0\0\x16\x03" 400 0\n', False),
        ("192.0.2.1 - - [01/Feb".encode("utf-16"), True),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0", True),
        ("päth/日本語".encode(), False),
        (b"", False),
    ],
    ids=["log", "tls-hello", "utf-16", "elf", "utf-8", "empty"],
)
def test_binary_files_are_told_from_logs(head: bytes, binary: bool) -> None:
    """Many control characters are no log; a few may be."""
    assert looks_binary(head) is binary
