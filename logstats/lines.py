"""Bytes of whole lines: made UTF-8 line by line, and found again by their number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Small enough that one bad byte costs little, large enough that slicing does not count.
CHUNK_BYTES: Final = 64 * 1024


def decode_line(line: bytes) -> str:
    """Return a line as text: UTF-8, or else latin-1, in which every byte is one character."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def to_utf8(data: bytes) -> tuple[bytes, list[int]]:
    r"""Return the same lines in UTF-8, and the numbers of those that were none and count as latin-1.

    >>> data, changed = to_utf8(b"caf\xe9\n\xc3\xa9\n")
    >>> data.decode(), changed
    ('café\né\n', [0])
    """
    if data.isascii():
        return data, []
    chunks: list[bytes] = []
    changed: list[int] = []
    for start, chunk in _line_chunks(data):
        if not _is_utf8(chunk):
            first = data.count(b"\n", 0, start)
            lines = chunk.split(b"\n")
            changed += [first + row for row, line in enumerate(lines) if not _is_utf8(line)]
            chunk = b"\n".join(decode_line(line).encode() for line in lines)  # noqa: PLW2901 - the chunk, mended
        chunks.append(chunk)
    return (b"".join(chunks) if changed else data), changed


def _is_utf8(chunk: bytes) -> bool:
    if chunk.isascii():
        return True
    try:
        chunk.decode()
    except UnicodeDecodeError:
        return False
    return True


def _line_chunks(data: bytes) -> Iterator[tuple[int, bytes]]:
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + CHUNK_BYTES) + 1 or len(data)
        yield start, data[start:end]
        start = end


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

    Newlines are counted a chunk at a time: far cheaper than splitting all when few are wanted.

    >>> lines_at(b"a\nb\nc", [0, 2])
    [b'a', b'c']
    """
    found: list[bytes] = []
    wanted = iter(rows)
    row = next(wanted, None)
    first = 0
    for _, chunk in _line_chunks(data):
        if row is None:
            break
        count = chunk.count(b"\n") + (not chunk.endswith(b"\n"))
        if row < first + count:
            lines = split_lines(chunk)
            while row is not None and row < first + count:
                found.append(lines[row - first])
                row = next(wanted, None)
        first += count
    return found
