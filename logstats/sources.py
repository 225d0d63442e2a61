"""The files that names on the command line stand for, and their raw bytes.

What cannot be found or opened becomes a `Problem`, which names the source and the
reason and never what stands in it.
"""

from __future__ import annotations

import errno
import glob
import io
import os
import re
import select
import stat
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from logstats.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STDIN: Final = "-"
# What a pipe holds; asking for more at once brings no more.
PIPE_READ_BYTES: Final = 64 * 1024


@frozen
class Source:
    """A file or stdin, named as the user named it; `size` in raw bytes if it is known."""

    name: str
    size: int | None = None


@frozen
class Problem:
    """A source of which something could not be read, and why; never text of a log."""

    source: str
    reason: str


@frozen
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
        where = name
        try:
            paths = _expand(name)
            for where in paths:
                key, source = _describe(where)
                sources.setdefault(key, source)
        except OSError as error:
            problems.append(Problem(where, reason_of(error)))
        else:
            problems += [] if paths else [Problem(name, _why_nothing(name))]
    return Found(tuple(sources.values()), tuple(problems))


class RawFile:
    """A file read without a buffer of its own, so that a thread waiting for it holds no lock."""

    def __init__(self, file: io.RawIOBase | BinaryIO) -> None:
        self._file = file
        self._ahead = b""
        self.consumed = 0

    def peek(self, size: int) -> bytes:
        """Return the next bytes without using them up: `size`, or fewer at the end."""
        while len(self._ahead) < size and (more := self._read(PIPE_READ_BYTES)):
            self._ahead += more
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, what is there at once; none at the end."""
        data = self._ahead[:size] or self._read(size)
        self._ahead = self._ahead[size:]
        self.consumed += len(data)
        return data

    def read_lines(self, size: int, max_line: int) -> bytes:
        """Return about `size` bytes of a regular file, up to a newline where one is near.

        A look at the end of the stretch tells how much to read, so that nothing is
        copied. A file is not mapped into memory: one that is truncated
        meanwhile would end the process.
        """
        fd = self._file.fileno()
        offset = self._file.tell() - len(self._ahead)
        look_from = offset + max(0, size - max_line - 1)
        end = os.pread(fd, offset + size - look_from, look_from)
        newline = end.rfind(b"\n") + 1 if look_from + len(end) == offset + size else 0
        data = os.pread(fd, look_from + newline - offset if newline else size, offset)
        self._file.seek(offset + len(data))
        self._ahead = b""
        self.consumed += len(data)
        return data

    def is_regular(self) -> bool:
        """Whether this is a file on a disk: no pipe, terminal or device."""
        try:
            return stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)
        except io.UnsupportedOperation:
            return False

    def _read(self, size: int) -> bytes:
        while (data := self._file.read(size)) is None:
            # A pipe that somebody set to be non-blocking has nothing yet.
            select.select([self._file], [], [])
        return data


@contextmanager
def open_source(name: str) -> Iterator[RawFile]:
    """Open a source for reading.

    Raises:
        OSError: It cannot be opened.
    """
    if name != STDIN:
        with Path(name).open("rb", buffering=0) as file:
            yield RawFile(file)
    elif sys.stdin is None:
        raise OSError(errno.EBADF, "stdin is closed")
    else:
        try:
            raw = os.fdopen(sys.stdin.fileno(), "rb", buffering=0, closefd=False)
        except io.UnsupportedOperation:
            # A stdin that is no file, as tests have it.
            yield RawFile(sys.stdin.buffer)
        else:
            with raw:
                yield RawFile(raw)


def reason_of(error: OSError) -> str:
    """Return what the system says, without the path: a problem names the source."""
    return (error.strerror or "cannot be read").lower()


def _expand(name: str) -> list[str]:
    """Return the paths a name stands for; the name itself if it is no directory or pattern."""
    if name != STDIN and Path(name).is_dir():
        return _logs_in(name)
    if glob.has_magic(name) and not Path(name).exists():
        # pathlib's glob wants the fixed part split off, and cannot do absolute patterns.
        found = sorted(glob.glob(name, recursive=True))  # noqa: PTH207
        return [path for path in found if not Path(path).is_dir()]
    return [name]


def _logs_in(directory: str) -> list[str]:
    paths = sorted(path for path in Path(directory).iterdir() if not path.name.startswith("."))
    return [str(path) for path in paths if path.is_file() and not _is_no_log(path.name)]


def _is_no_log(name: str) -> bool:
    """Whether a file of a directory is one that stands beside access logs; where it is named it is read."""
    # Compiled here, for few runs read a directory.
    kinds = (
        "zip|tar|tgz|7z|rar|db|sqlite3?|mmdb|html?|css|js|png|jpe?g|gif|svg|pdf|parquet"
        "|toml|ya?ml|ini|conf|py|sh|md|pid|lock|sw[op]|tmp|bak"
    )
    return re.search(rf"(^|[._-])error([._-]|$)|\.({kinds})$|~$", name, re.IGNORECASE) is not None


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
