"""Bytes of whole lines: as text, and found again by their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def decode_line(line: bytes) -> str:
    """Return a line as text: UTF-8, or else latin-1, in which every byte is one character."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def split_lines(data: bytes) -> list[bytes]:
    r"""Return the lines without their newlines; the last one need not have one.

    >>> split_lines(b"a\n\nb"), split_lines(b"")
    ([b'a', b'', b'b'], [])
    """
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def lines_at(data: bytes, rows: Sequence[int]) -> list[bytes]:
    r"""Return the lines of these ascending numbers, the first line being 0.

    >>> lines_at(b"a\nb\nc", [0, 2])
    [b'a', b'c']
    """
    if not rows:
        return []
    lines = split_lines(data)
    return [lines[row] for row in rows]


def line_lengths(data: bytes) -> list[int]:
    r"""Return how many bytes each line has, without carriage returns that `read_csv` takes off a piece's end.

    >>> line_lengths(b'a"b"\r\n"c\r"\n'), line_lengths(b"a\n\r")
    ([4, 3], [1, 0])
    """
    lines = split_lines(data)
    if b"\r" not in data:
        return list(map(len, lines))
    return [len(line) - line.count(b'\r"') - line.endswith(b"\r") for line in lines]


def write_apart(write: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Return a `write` that puts a newline behind a source that ends without one, if more lines follow."""
    last = b"\n"

    def write_next(data: bytes) -> None:
        nonlocal last
        if data:
            write(data if last == b"\n" else b"\n" + data)
            last = data[-1:]

    return write_next
