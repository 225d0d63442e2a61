"""Anonymized lines to where they belong: a file that appears whole, or a stream that flows.

A file is written beside its target and renamed when it is complete. From a pipe
lines are appended as they come, because the server at its other end never says
when it is done; several processes may append to one file (a reload of Apache has two for a while).
"""

from __future__ import annotations

import bz2
import contextlib
import lzma
import os
import signal
import stat
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Protocol, cast

from logstats.errors import OutputError
from logstats.temporary import discard, name_beside, open_new

if TYPE_CHECKING:
    from collections.abc import Iterator

STDOUT: Final = "-"
# isal's middle level: half the size of its fastest, at hundreds of MB a second.
_GZIP_LEVEL: Final = 2


class Unwritable(OutputError):
    """A target that the system does not let us write."""

    def __init__(self, target: str, error: OSError, left: str = "nothing was left there") -> None:
        super().__init__(f"{target}: cannot be written ({error.strerror or type(error).__name__}); {left}")


class _Cut(Unwritable):
    """A stream that was written to, and then could not be."""

    def __init__(self, target: str, error: OSError) -> None:
        super().__init__(target, error, "its end is missing")


class Writer(Protocol):
    """Takes blocks of lines."""

    def write(self, data: bytes) -> None:
        """Write whole lines."""
        ...


class _Stream:
    """Lines handed on block by block, each at once."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()


def is_pipe() -> bool:
    """Whether standard input is a pipe or a socket, of which nobody knows when it ends."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def outlive_signals() -> None:
    """Go on until the end of the input when told to end, so that no line in the pipe is lost.

    Apache sends SIGTERM to a piped logger when it reloads, while its old children still write
    (httpd server/log.c, piped_log_maintenance); then the pipe closes.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


@contextlib.contextmanager
def open_target(name: str, *, append: bool) -> Iterator[Writer]:
    """Open where lines are written to; the suffix chooses how they are packed.

    Args:
        name: A path, or `-` for standard output.
        append: Add to what is there, at once; else the file appears when all is written.

    Raises:
        Unwritable: The system refuses; nothing half-written is left.
    """
    if name == STDOUT:
        with _cut_short("standard output"):
            yield _Stream(sys.stdout.buffer)
    elif append:
        with _opened(name, Path(name)) as raw, _packed(name, raw) as file:
            yield _Stream(file)
    else:
        with _replaced(name) as raw, _packed(name, raw) as file:
            yield _Stream(file)


@contextlib.contextmanager
def _opened(name: str, path: Path) -> Iterator[IO[bytes]]:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    except OSError as error:
        raise Unwritable(name, error) from None
    with _cut_short(name), os.fdopen(descriptor, "ab") as file:
        yield file


@contextlib.contextmanager
def _cut_short(name: str) -> Iterator[None]:
    """Say which stream could not be written to its end; a reader that is gone is no error."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _Cut(name, error) from None


@contextlib.contextmanager
def printing() -> Iterator[None]:
    """Print to standard output.

    Raises:
        Unwritable: The system refuses.
    """
    with _cut_short("standard output"):
        yield
        sys.stdout.flush()


@contextlib.contextmanager
def _replaced(name: str) -> Iterator[IO[bytes]]:
    """Give a file beside the target that takes its place at the end, or none of it."""
    target = Path(os.path.realpath(name))
    if target.exists() and not target.is_file():
        with _opened(name, target) as device:
            yield device
        return
    temporary = name_beside(target)
    try:
        with open_new(temporary) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), _mode(target))
        temporary.rename(target)
    except OSError as error:
        raise Unwritable(name, error) from None
    finally:
        discard(temporary)


def _mode(target: Path) -> int:
    """Return the mode of the file that is replaced, or what the umask gives a new one."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


@contextlib.contextmanager
def _packed(name: str, raw: IO[bytes]) -> Iterator[IO[bytes]]:
    match Path(name).suffix:
        case ".gz":
            from isal import igzip

            how = {"compresslevel": _GZIP_LEVEL, "mtime": 0, "filename": ""}
            with igzip.IGzipFile(fileobj=raw, mode="wb", **how) as packed:
                yield cast("IO[bytes]", packed)
        case ".bz2":
            with bz2.BZ2File(raw, "wb") as file:
                yield file
        case ".xz":
            with lzma.LZMAFile(raw, "wb") as file:
                yield file
        case ".zst":
            import zstandard

            with zstandard.ZstdCompressor().stream_writer(raw, closefd=False) as stream:
                yield stream
        case _:
            yield raw
