"""From sources to blocks of whole lines.

Memory is bounded by the size of a block, whatever a file holds and however
well it is packed. What cannot be read becomes a `Problem`, which names the
source and the reason and never what stood in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from logstats import compression
from logstats.frozen import frozen
from logstats.sources import (
    PIPE_READ_BYTES,
    STDIN,
    Found,
    Problem,
    RawFile,
    Source,
    find_sources,
    open_source,
    reason_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "STDIN",
    "Block",
    "BlockSize",
    "Found",
    "Problem",
    "Source",
    "find_sources",
    "has_long_lines",
    "looks_binary",
    "read_blocks",
    "read_sources",
]

# A block ends with the piece that makes it at least so long. Larger ones hold each distinct value fewer
# times: a twelfth less work than blocks of 16 MiB, and 60 MB more.
FIRST_BLOCK_BYTES: Final = 24 * 1024 * 1024
# What is counted grows with what is read, and must find room beside the blocks.
LATER_BLOCK_BYTES: Final = 12 * 1024 * 1024
LATER_FROM: Final = 512 * 1024 * 1024
# Each value takes room of its own when a line is cut. Combined lines have 200 to 300 bytes, JSON with all
# headers of a request 700.
LONG_LINE_BYTES: Final = 512
# Apache and nginx take at most 8 KiB of request line by default; 64 KiB holds any field they write.
MAX_LINE_BYTES: Final = 64 * 1024
# Below this a byte is a control character; these four are no sign of a binary file.
_FIRST_PRINTABLE: Final = 0x20
_TEXT_CONTROLS: Final = b"\t\n\r\x1b"


@frozen
class Block:
    """Whole lines of one source, byte for byte.

    Only the last line of a source may lack its newline. Lines over the
    limit are not in `data`; `lines_too_long` says how many were left out.
    `raw_offset` is how many bytes of the file, packed or not, are used up.
    """

    source: str
    data: bytes
    lines_too_long: int = 0
    raw_offset: int = 0

    @property
    def ends_with_newline(self) -> bool:
        """False for the last block of a source whose last line is not completed."""
        return not self.data or self.data.endswith(b"\n")


@dataclass(slots=True)
class BlockSize:
    """About how many bytes the next block of a run is to hold; threads may share it.

    Attributes:
        first: At the beginning.
        later: When `until` bytes have been read.
    """

    first: int = FIRST_BLOCK_BYTES
    later: int = LATER_BLOCK_BYTES
    until: int = LATER_FROM
    _read: int = 0

    @property
    def wanted(self) -> int:
        """The bytes of the next block."""
        return self.first if self._read < self.until else self.later

    def add(self, size: int) -> None:
        """Take note of bytes that were read, unpacked."""
        self._read += size

    def narrow(self) -> None:
        """Let no further block be larger than later ones."""
        self.first = min(self.first, self.later)

    @classmethod
    def of(cls, size: int) -> BlockSize:
        """Return a size that stays the same."""
        return cls(size, size)


def read_sources(
    sources: Iterable[Source], *, block_size: BlockSize | None = None, flush_early: bool = False
) -> Iterator[Block | Problem]:
    """Yield the blocks of all sources, one source after the other; see `read_blocks`."""
    block_size = block_size or BlockSize()
    for source in sources:
        yield from read_blocks(source, block_size=block_size, flush_early=flush_early)


def read_blocks(
    source: Source,
    *,
    block_size: BlockSize | None = None,
    max_line: int = MAX_LINE_BYTES,
    flush_early: bool = False,
) -> Iterator[Block | Problem]:
    """Yield the lines of a source in blocks, then a problem if not all could be read.

    Args:
        source: A file, plain or packed, or stdin.
        block_size: About how much one block holds; a block has at most this and 16 MiB more.
        max_line: Lines of more bytes (without the newline) are counted and left out.
        flush_early: Yield as soon as one line is complete, for a pipe that must not wait.
    """
    block_size = block_size or BlockSize()
    lines = _Lines(max_line)
    problem = None
    consumed = 0
    try:
        with open_source(source.name) as raw:
            for piece in _plain_pieces(raw, block_size, max_line):
                lines.add(piece)
                block_size.add(len(piece))
                # What was handed on is not held here while the next block is read: it may be a whole block.
                del piece
                consumed = raw.consumed
                if (flush_early or lines.size >= block_size.wanted) and (data := lines.take_whole()):
                    yield Block(source.name, data, lines.take_too_long(), consumed)
                    del data
    except OSError as error:
        problem = Problem(source.name, reason_of(error))
    except compression.DamagedArchiveError as error:
        problem = Problem(source.name, str(error))
    data = lines.take_rest()
    if (too_long := lines.take_too_long()) or data:
        yield Block(source.name, data, too_long, consumed)
    if problem:
        yield problem


def has_long_lines(head: bytes) -> bool:
    """Whether lines are so long that they hold many values, as JSON with all headers does."""
    head = head[:MAX_LINE_BYTES]
    return len(head) > LONG_LINE_BYTES * (head.count(b"\n") + 1)


def looks_binary(head: bytes) -> bool:
    r"""Whether the first bytes of a source are no text: over a tenth are control characters.

    A damaged line in a log may hold a few NUL; UTF-16 and binary files hold many.

    >>> looks_binary(b"192.0.2.1 - - [01/Feb/2026"), looks_binary(b"\x7fELF\x02\x01\x01\x00")
    (False, True)
    """
    head = head[:4096]
    controls = sum(byte < _FIRST_PRINTABLE and byte not in _TEXT_CONTROLS for byte in head)
    return controls * 10 > len(head)


def _plain_pieces(raw: RawFile, block_size: BlockSize, max_line: int) -> Iterator[bytes]:
    """Yield the bytes of a file, unpacked, in pieces of any length."""
    kind = _compression_of(raw)
    if kind in compression.SUPPORTED:
        yield from compression.unpack(kind, raw.read)
    elif kind:
        reason = f"a {kind} archive cannot be read; unpack it first"
        raise compression.DamagedArchiveError(reason)
    elif raw.is_regular():
        # So long that one piece is a block: what needs not be joined is not copied.
        while piece := raw.read_lines(block_size.wanted + max_line, max_line):
            yield piece
            del piece
    else:
        while piece := raw.read(PIPE_READ_BYTES):
            yield piece


def _compression_of(raw: RawFile) -> str | None:
    """Return the kind of archive; look at no more bytes than needed, since a pipe may hold few."""
    size = 1
    while compression.may_begin_archive(raw.peek(size)) and len(raw.peek(size)) == size:
        size += 1
    return compression.detect(raw.peek(size))


class _Lines:
    """Pieces of bytes gathered until they are whole lines, without those that are too long."""

    def __init__(self, max_line: int) -> None:
        self.size = 0
        self._max_line = max_line
        self._pieces: list[bytes] = []
        self._too_long = 0
        # In the middle of a line that is too long and already counted.
        self._skipping = False

    def add(self, piece: bytes) -> None:
        """Take the next bytes."""
        if self._skipping:
            end = piece.find(b"\n") + 1
            if not end:
                return
            piece = piece[end:]
            self._skipping = False
        if piece:
            self._pieces.append(piece)
            self.size += len(piece)

    def take_whole(self) -> bytes:
        """Return the lines that are complete; keep what follows the last newline."""
        whole, rest = _split_after_last_newline(self._pieces)
        if len(rest) > self._max_line:
            self._too_long += 1
            self._skipping = True
            rest = b""
        self._pieces = [rest] if rest else []
        self.size = len(rest)
        return self._leave_out_long(whole)

    def take_rest(self) -> bytes:
        """Return all there is at the end of the source."""
        rest = b"".join(self._pieces)
        self._pieces, self.size = [], 0
        return self._leave_out_long(rest)

    def take_too_long(self) -> int:
        """Return how many lines were left out since the last call."""
        count, self._too_long = self._too_long, 0
        return count

    def _leave_out_long(self, data: bytes) -> bytes:
        """Return the data without lines over the limit, and count these.

        Every step goes to the last newline within one line's length, so
        that only a small part of the data is looked at.
        """
        kept: list[bytes] = []
        good_from = line = 0
        while len(data) - line > self._max_line:
            end = data.rfind(b"\n", line, line + self._max_line + 1) + 1
            if not end:
                kept.append(data[good_from:line])
                end = data.find(b"\n", line) + 1 or len(data)
                good_from = end
                self._too_long += 1
            line = end
        return b"".join([*kept, data[good_from:]]) if good_from else data


def _split_after_last_newline(pieces: list[bytes]) -> tuple[bytes, bytes]:
    """Return the joined pieces as two parts; a single whole piece is not copied."""
    for at in range(len(pieces) - 1, -1, -1):
        cut = pieces[at].rfind(b"\n") + 1
        if cut:
            rest = b"".join([pieces[at][cut:], *pieces[at + 1 :]])
            return b"".join([*pieces[:at], pieces[at][:cut]]), rest
    return b"", b"".join(pieces)
