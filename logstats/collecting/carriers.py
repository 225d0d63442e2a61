"""Files that hold logs, read by offsets of their unpacked text, and never changed meanwhile unnoticed.

A file stays open from the first look to the last, so that a rotation in between
renames it and nothing else. What is read twice is compared: a file that
was truncated or rewritten in between raises `Changed`.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Iterable, Iterator
from typing import Final

import zstandard

from logstats import compression
from logstats.errors import InputError
from logstats.frozen import frozen
from logstats.read import MAX_LINE_BYTES
from logstats.sources import PIPE_READ_BYTES, STDIN, RawFile, open_source
from logstats.store.streams import FIRST_MARK, WINDOW_BYTES, Marks, fingerprint

PIECE_BYTES: Final = 1024 * 1024
# What is judged as one: small enough that a stretch holds few days, large enough to be read fast.
STRETCH_BYTES: Final = 4 * 1024 * 1024


class Changed(InputError):
    """A log that was truncated or rewritten while it was read."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: changed while it was read; nothing of this was stored, run it again")


@frozen
class Stretch:
    """Whole lines from one offset to another; a line that is too long stands alone, without its text."""

    start: int
    end: int
    too_long: bool
    digest: int


class Carrier:
    """An open file with a log in it; its length is that of its whole lines, unpacked."""

    def __init__(self, name: str, file: io.FileIO | io.BytesIO, key: bytes = b"") -> None:
        """Take over an open file."""
        self.name = name
        self.inode: tuple[int, int] | None = None
        self.unchanged = b""
        if isinstance(file, io.FileIO):
            status = os.fstat(file.fileno())
            self.inode = (status.st_dev, status.st_ino)
            self.unchanged = _state(status, key)
        self.length = 0
        self.marks: Marks = {}
        self.problem: str | None = None
        self._file = file
        file.seek(0)
        raw = RawFile(file)
        self._kind = compression.detect(raw.peek(compression.HEAD_BYTES))
        self._size = self._text_size = file.seek(0, io.SEEK_END)

    @property
    def is_whole(self) -> bool:
        """Whether nothing stands behind the last whole line."""
        return self.length == self._text_size and not self.problem

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def scan(self, key: bytes, offsets: Iterable[int]) -> None:
        """Find the length and the fingerprints at powers of two, at these offsets, and at the end."""
        if self._kind is not None and self._kind not in compression.SUPPORTED:
            self.problem = f"a {self._kind} archive cannot be read; unpack it first"
            return
        wanted = sorted({*offsets, *(FIRST_MARK << n for n in range(48))})
        windows = self._windows(wanted) if self._kind else self._plain_windows(wanted)
        self.marks = {
            at: fingerprint(key, at, window) for at, window in windows.items() if 0 < at <= self.length
        }

    def mark(self, key: bytes, offset: int) -> bytes | None:
        """Return the fingerprint at an offset within the length; nothing elsewhere."""
        if not 0 < offset <= self.length:
            return None
        if offset not in self.marks:
            windows = self._windows([offset]) if self._kind else {offset: self._window(offset)}
            self.marks[offset] = fingerprint(key, offset, windows[offset])
        return self.marks[offset]

    def _plain_windows(self, offsets: list[int]) -> dict[int, bytes]:
        self.length = self._last_line_end()
        return {at: self._window(at) for at in {*offsets, self.length} if at <= self.length}

    def _last_line_end(self) -> int:
        end = self._size
        while end:
            start = max(0, end - PIECE_BYTES)
            newline = self._at(start, end - start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            end = start
        return 0

    def _window(self, offset: int) -> bytes:
        start = max(0, offset - WINDOW_BYTES)
        return self._at(start, offset - start)

    def _at(self, start: int, size: int) -> bytes:
        """Return bytes of a file that is not packed."""
        if isinstance(self._file, io.BytesIO):
            return bytes(self._file.getbuffer()[start : start + size])
        return os.pread(self._file.fileno(), size, start)

    def _windows(self, offsets: list[int]) -> dict[int, bytes]:
        """Unpack once; return what stands before offsets and before the end of the last line."""
        found: dict[int, bytes] = {}
        before = last = b""
        at = length = 0
        places = iter(sorted(offsets))
        place = next(places, None)
        for piece in self._unpacked(whole=False):
            text = before + piece
            first = at - len(before)
            while place is not None and place <= at + len(piece):
                found[place] = text[max(0, place - first - WINDOW_BYTES) : place - first]
                place = next(places, None)
            if newline := piece.rfind(b"\n") + 1:
                length = at + newline
                last = text[max(0, length - first - WINDOW_BYTES) : length - first]
            at += len(piece)
            before = text[-WINDOW_BYTES:]
        self.length, self._text_size = length, at
        return {**found, length: last}

    def _unpacked(self, *, whole: bool) -> Iterator[bytes]:
        self._file.seek(0)
        try:
            yield from compression.unpack(self._kind or "", RawFile(self._file).read)
        except compression.DamagedArchiveError as error:
            if whole:
                raise Changed(self.name) from None
            self.problem = str(error)
        except OSError:
            raise Changed(self.name) from None

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the text from one offset to another.

        Raises:
            Changed: There is less of it than before.
        """
        at = start
        if self._kind is None:
            while at < stop:
                piece = self._at(at, min(PIECE_BYTES, stop - at))
                if not piece:
                    raise Changed(self.name)
                at += len(piece)
                yield piece
            return
        begin = 0
        # What stands behind `stop` is not looked at: the archive may be damaged there.
        for unpacked in self._unpacked(whole=True):
            end = begin + len(unpacked)
            if end > at:
                piece = unpacked[at - begin : stop - begin]
                at += len(piece)
                yield piece
            if end >= stop:
                return
            begin = end
        raise Changed(self.name)

    def head(self, size: int) -> bytes:
        """Return the first bytes of the whole lines."""
        data = b""
        for piece in self.pieces(0, min(size, self.length)) if self.length else ():
            data += piece
        return data

    def stretches(self, start: int, stop: int) -> Iterator[tuple[Stretch, bytes]]:
        """Yield whole lines between two line ends, in stretches that cover every byte."""
        parts: list[bytes] = []
        size = skipped = 0
        at = start
        for whole in self.pieces(start, stop):
            piece = whole
            if skipped:
                end = piece.find(b"\n") + 1
                skipped += end or len(piece)
                if not end:
                    continue
                yield Stretch(at, at + skipped, too_long=True, digest=0), b""
                at, skipped, piece = at + skipped, 0, piece[end:]
            parts.append(piece)
            size += len(piece)
            if size < STRETCH_BYTES:
                continue
            data = b"".join(parts)
            end = data.rfind(b"\n") + 1
            if not end:
                # A line longer than a stretch is not kept, only measured.
                parts, size, skipped = [], 0, len(data)
                continue
            yield from _cut_long(at, data[:end])
            at, parts, size = at + end, [data[end:]], len(data) - end
        yield from _cut_long(at, b"".join(parts))

    def read_again(self, wanted: Iterable[Stretch]) -> Iterator[bytes]:
        """Yield the text of some stretches, in their order.

        Raises:
            Changed: It is not what it was.
        """
        for run in _runs(wanted):
            pieces = self.pieces(run[0].start, run[-1].end)
            rest = b""
            for stretch in run:
                size = stretch.end - stretch.start
                parts = [rest]
                have = len(rest)
                while have < size:
                    parts.append(next(pieces))
                    have += len(parts[-1])
                data = b"".join(parts)
                data, rest = data[:size], data[size:]
                if hash(data) != stretch.digest:
                    raise Changed(self.name)
                yield data


def _runs(wanted: Iterable[Stretch]) -> Iterator[list[Stretch]]:
    """Yield stretches that follow one another as one run: an archive is unpacked once for each run."""
    run: list[Stretch] = []
    for stretch in wanted:
        if run and run[-1].end != stretch.start:
            yield run
            run = []
        run.append(stretch)
    if run:
        yield run


def _cut_long(at: int, data: bytes) -> Iterator[tuple[Stretch, bytes]]:
    """Yield lines, those over the limit each as a stretch of its own."""
    line = good = 0
    while len(data) - line > MAX_LINE_BYTES:
        end = data.rfind(b"\n", line, line + MAX_LINE_BYTES + 1) + 1
        if not end:
            if good < line:
                yield _stretch(at + good, data[good:line])
            end = data.find(b"\n", line) + 1
            yield Stretch(at + line, at + end, too_long=True, digest=0), b""
            good = end
        line = end
    if good < len(data):
        yield _stretch(at + good, data[good:])


def _stretch(start: int, data: bytes) -> tuple[Stretch, bytes]:
    # Python's hash of bytes is keyed anew in every process: nobody can aim at an equal one.
    return Stretch(start, start + len(data), too_long=False, digest=hash(data)), data


def open_carrier(name: str, key: bytes) -> Carrier:
    """Open a log; a pipe is read to its end and kept packed in memory, for it can be read only once.

    Raises:
        OSError: It cannot be opened or read.
    """
    if name != STDIN:
        descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):
            return Carrier(name, io.FileIO(descriptor, "rb"), key)
        os.close(descriptor)
    with open_source(name) as raw:
        return Carrier(name, _packed(raw))


def _packed(raw: RawFile) -> io.BytesIO:
    kept = io.BytesIO()
    if compression.detect(raw.peek(compression.HEAD_BYTES)) is not None:
        while piece := raw.read(PIPE_READ_BYTES):
            kept.write(piece)
        return kept
    with zstandard.ZstdCompressor(level=1).stream_writer(kept, closefd=False) as packer:
        while piece := raw.read(PIPE_READ_BYTES):
            packer.write(piece)
    return kept


def _state(status: os.stat_result, key: bytes) -> bytes:
    """Return what changes whenever a file is touched, as a keyed digest."""
    facts = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return hashlib.blake2b(repr(facts).encode(), key=key, digest_size=16, person=b"logstats-file").digest()
