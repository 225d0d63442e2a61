"""The lines of a dump, plain or packed."""

from __future__ import annotations

from collections.abc import Iterator

from logstats import compression
from logstats.errors import InputError
from logstats.sources import PIPE_READ_BYTES, open_source


def read_lines(name: str) -> Iterator[bytes]:
    """Yield the lines of a file or `-`.

    Raises:
        InputError: It is a damaged archive.
        OSError: It cannot be read.
    """
    with open_source(name) as raw:
        kind = compression.detect(raw.peek(compression.HEAD_BYTES))
        pieces = compression.unpack(kind, raw.read) if kind else iter(lambda: raw.read(PIPE_READ_BYTES), b"")
        rest = b""
        try:
            for piece in pieces:
                *lines, rest = (rest + piece).split(b"\n")
                yield from lines
        except compression.DamagedArchiveError as error:
            raise InputError(f"{name}: {error}; nothing was merged") from None
        if rest:
            yield rest
