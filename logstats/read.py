"""From names on the command line to blocks of whole lines.

Memory is bounded by the size of a block, whatever a file holds and however
well it is packed. What cannot be read becomes a `Problem`, which names the
source and the reason and never what stood in it.
"""

from __future__ import annotations

import errno
import glob
import io
import os
import queue
import re
import select
import stat
import sys
import threading
from collections.abc import Generator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, TypeVar

from logstats import compression

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

STDIN: Final = "-"
# 16 MiB: below glibc's limit of 32 MiB for memory that is used again without new page faults.
BLOCK_BYTES: Final = 16 * 1024 * 1024
# Apache and nginx take at most 8 KiB of request line by default; 64 KiB holds any field they write.
MAX_LINE_BYTES: Final = 64 * 1024
# A pipe holds 64 KiB; several reads of it are joined.
PIPE_READ_BYTES: Final = 256 * 1024

# In a directory these are not read: what a log directory holds beside access logs.
# A file named on the command line is always read.
_NO_LOG: Final = re.compile(
    r"(^|[._-])error([._-]|$)"
    r"|\.(zip|tar|tgz|7z|rar|db|sqlite3?|mmdb|html?|css|js|png|jpe?g|gif|svg|pdf|parquet"
    r"|toml|ya?ml|ini|conf|py|sh|md|pid|lock|sw[op]|tmp|bak)$"
    r"|~$",
    re.IGNORECASE,
)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Source:
    """A file or stdin, named as the user named it; `size` in raw bytes if it is known."""

    name: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A source of which something could not be read, and why; never text of a log."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Found:
    """The sources to read, in order, and the names that lead to none."""

    sources: tuple[Source, ...]
    problems: tuple[Problem, ...]


def find_sources(names: Sequence[str]) -> Found:
    """Return the files that names stand for: files, directories, patterns and `-`.

    A directory stands for the regular files in it, sorted by name, without
    subdirectories, hidden files, and files that are no access logs by their
    name (error logs, archives, pages, settings). A pattern counts where no file
    has that very name. A file that several names lead to is read once.
    """
    sources: dict[object, Source] = {}
    problems: list[Problem] = []
    for name in names:
        paths = _expand(name)
        if not paths:
            problems.append(Problem(name, _why_nothing(name)))
        for path in paths:
            try:
                key, source = _describe(path)
            except OSError as error:
                problems.append(Problem(path, _reason(error)))
            else:
                sources.setdefault(key, source)
    return Found(tuple(sources.values()), tuple(problems))


def read_sources(
    sources: Iterable[Source], *, block_bytes: int = BLOCK_BYTES, flush_early: bool = False
) -> Iterator[Block | Problem]:
    """Yield the blocks of all sources, one source after the other; see `read_blocks`."""
    for source in sources:
        yield from read_blocks(source, block_bytes=block_bytes, flush_early=flush_early)


def read_blocks(
    source: Source,
    *,
    block_bytes: int = BLOCK_BYTES,
    max_line: int = MAX_LINE_BYTES,
    flush_early: bool = False,
) -> Iterator[Block | Problem]:
    """Yield the lines of a source in blocks, then a problem if not all could be read.

    Args:
        source: A file, plain or packed, or stdin.
        block_bytes: About how much one block holds; a block has at most this and 16 MiB more.
        max_line: Lines of more bytes (without the newline) are counted and left out.
        flush_early: Yield as soon as one line is complete, for a pipe that must not wait.
    """
    lines = _Lines(max_line)
    problem = None
    raw = None
    try:
        with _open(source.name) as file:
            raw = _Raw(file)
            for piece in _plain_pieces(raw, block_bytes, max_line):
                lines.add(piece)
                if (flush_early or lines.size >= block_bytes) and (data := lines.take_whole()):
                    yield Block(source.name, data, lines.take_too_long(), raw.consumed)
    except OSError as error:
        problem = Problem(source.name, _reason(error))
    except compression.DamagedArchive as error:
        problem = Problem(source.name, str(error))
    data = lines.take_rest()
    if (too_long := lines.take_too_long()) or data:
        yield Block(source.name, data, too_long, raw.consumed if raw else 0)
    if problem:
        yield problem


def looks_binary(head: bytes) -> bool:
    """Whether the first bytes of a source are no text: over a tenth are control characters.

    A damaged line in a log may hold a few NUL; UTF-16 and binary files hold many.

    >>> looks_binary(b"192.0.2.1 - - [01/Feb/2026"), looks_binary(b"\\x7fELF\\x02\\x01\\x01\\x00")
    (False, True)
    """
    head = head[:4096]
    controls = sum(byte < 0x20 and byte not in b"\t\n\r\x1b" for byte in head)
    return controls * 10 > len(head)


def prefetch(items: Iterable[_T], *, depth: int = 1) -> Iterator[_T]:
    """Yield the same items, which a thread makes while the last one is worked on.

    At most `depth` items wait. An error of the thread is raised here, after
    the items before it. When the iterator is closed the thread ends with the item it is at
    (one that waits for a silent pipe ends with the process).
    """
    ready: queue.Queue[tuple[_T] | BaseException | None] = queue.Queue(depth)
    stop = threading.Event()
    thread = threading.Thread(
        target=_fill, args=(items, ready, stop), name="logstats-read", daemon=True
    )
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item[0]
    finally:
        stop.set()
        # One free place is enough for the thread to leave its last `put`.
        while not ready.empty():
            ready.get_nowait()
        thread.join(timeout=1)


def _fill(
    items: Iterable[_T],
    ready: queue.Queue[tuple[_T] | BaseException | None],
    stop: threading.Event,
) -> None:
    """Put every item, then the error that ended them or None."""
    end: BaseException | None = None
    made = iter(items)
    try:
        for item in made:
            ready.put((item,))
            if stop.is_set():
                break
    except BaseException as error:  # noqa: BLE001 - it is raised again where the items are used
        end = error
    if isinstance(made, Generator):
        made.close()
    if not stop.is_set():
        ready.put(end)


class _Raw:
    """A file read without a buffer of its own, so that a thread waiting for it holds no lock."""

    def __init__(self, file: io.RawIOBase | BinaryIO) -> None:
        self.file = file
        self.consumed = 0
        self.head = b""

    def look(self) -> bytes:
        """Return the first bytes, enough to tell an archive, and keep them for `read`."""
        while compression.may_begin_archive(self.head) and (more := self._read_file(PIPE_READ_BYTES)):
            self.head += more
        return self.head

    def read(self, size: int) -> bytes:
        """Return up to so many bytes, what is there at once; none at the end."""
        data = self.head[:size] or self._read_file(size)
        self.head = self.head[size:]
        self.consumed += len(data)
        return data

    def _read_file(self, size: int) -> bytes:
        while (data := self.file.read(size)) is None:
            # A pipe that somebody set to be non-blocking has nothing yet.
            select.select([self.file], [], [])
        return data


def _plain_pieces(raw: _Raw, block_bytes: int, max_line: int) -> Iterator[bytes]:
    """Yield the bytes of a file, unpacked, in pieces of any length."""
    kind = compression.detect(raw.look())
    if kind in compression.SUPPORTED:
        yield from compression.unpack(kind, raw.read)
    elif kind:
        reason = f"a {kind} archive cannot be read; unpack it first"
        raise compression.DamagedArchive(reason)
    elif _is_regular(raw.file):
        yield from _file_pieces(raw, block_bytes, max_line)
    else:
        while piece := raw.read(PIPE_READ_BYTES):
            yield piece


def _file_pieces(raw: _Raw, block_bytes: int, max_line: int) -> Iterator[bytes]:
    """Yield the bytes of a plain file, cut after a newline where one is near.

    Such a piece becomes a block without being copied: a look at the end of
    the stretch tells how much to read. A file is not mapped into memory, since
    a log that is truncated meanwhile would end the process.
    """
    fd = raw.file.fileno()
    offset = raw.file.tell() - len(raw.head)
    while True:
        look_from = max(offset, offset + block_bytes - max_line - 1)
        end = os.pread(fd, offset + block_bytes - look_from, look_from)
        last = end.rfind(b"\n") + 1 if look_from + len(end) == offset + block_bytes else 0
        piece = os.pread(fd, look_from + last - offset if last else block_bytes, offset)
        if not piece:
            return
        offset += len(piece)
        raw.consumed += len(piece)
        yield piece


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


def _open(name: str) -> AbstractContextManager[io.RawIOBase | BinaryIO]:
    """Open a source unbuffered; a stdin that is no file (in tests) is used as it is."""
    if name != STDIN:
        return Path(name).open("rb", buffering=0)
    if sys.stdin is None:
        raise OSError(errno.EBADF, "stdin is closed")
    try:
        return open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)  # noqa: PTH123 - no path
    except io.UnsupportedOperation:
        return nullcontext(sys.stdin.buffer)


def _is_regular(file: io.RawIOBase | BinaryIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    except io.UnsupportedOperation:
        return False


def _expand(name: str) -> list[str]:
    """Return the paths a name stands for; the name itself if it is no directory or pattern."""
    if name != STDIN and Path(name).is_dir():
        return _logs_in(name)
    if glob.has_magic(name) and not Path(name).exists():
        found = sorted(glob.glob(name, recursive=True))
        return [path for path in found if not Path(path).is_dir()]
    return [name]


def _logs_in(directory: str) -> list[str]:
    names = sorted(os.listdir(directory))
    paths = [Path(directory, name) for name in names if not name.startswith(".")]
    return [str(path) for path in paths if path.is_file() and not _NO_LOG.search(path.name)]


def _why_nothing(name: str) -> str:
    if Path(name).is_dir():
        return "no logs in this directory"
    return "no file fits this pattern"


def _describe(path: str) -> tuple[object, Source]:
    """Return a source and what is the same for two names of one file.

    Raises:
        OSError: There is no such file.
    """
    if path == STDIN:
        return STDIN, Source(STDIN)
    status = Path(path).stat()
    if not stat.S_ISREG(status.st_mode):
        return path, Source(path)
    return (status.st_dev, status.st_ino), Source(path, status.st_size)


def _reason(error: OSError) -> str:
    """Return what the system says, without the path: the problem names the source."""
    return (error.strerror or "cannot be read").lower()
