"""Open a file, unpack what is packed, and stop at the limits.

The audit's own opener: the one of the tool is among what is audited.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from typing import IO, Any, Final

import zstandard

from logstats.audit.rules import Limits

HEAD_BYTES: Final = 1 << 16
CHUNK_BYTES: Final = 24 << 20  # of text at a time: large enough for polars, small enough for two in memory

_MAGIC: Final = (
    (b"\x1f\x8b", "gz"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"%PDF-", "pdf"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
PACKED: Final = ("gz", "bz2", "xz", "zst")


class LimitReached(Exception):
    """A container unpacks to more than the limits allow."""


def sniff(head: bytes) -> str:
    """Return what the first bytes of a file say it is: a packing, a container, text or binary."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[257:262] == b"ustar":
        return "tar"
    return _letters(head)


def _letters(head: bytes) -> str:
    if b"\x00" not in head:
        return "text"
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > len(head) * 0.35 and even < len(head) * 0.02:
        return "utf-16-le"
    if even > len(head) * 0.35 and odd < len(head) * 0.02:
        return "utf-16-be"
    return "binary" if head.count(0) > len(head) * 0.001 or _control(head) else "text"


def _control(head: bytes) -> bool:
    return sum(head.count(bytes([code])) for code in range(1, 9)) > len(head) * 0.01


class Metered(io.RawIOBase):
    """A stream that counts what was unpacked and raises `LimitReached` beyond a number of bytes."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        """Count what is read from `stream`, up to `limit` bytes."""
        super().__init__()
        self._stream = stream
        self._left = limit

    def readable(self) -> bool:
        """Always: there is nothing else to do with it."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer from the stream."""
        data = self._stream.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise LimitReached
        buffer[: len(data)] = data
        return len(data)


def unpacked(stream: IO[bytes], kind: str, packed_bytes: int, limits: Limits) -> io.BufferedReader:
    """Return a reader of what a packed stream holds, metered by ratio and size."""
    reader: Any
    match kind:
        case "gz":
            reader = gzip.GzipFile(fileobj=stream)
        case "bz2":
            reader = bz2.BZ2File(stream)
        case "xz":
            reader = lzma.LZMAFile(stream)  # noqa: SIM115 -- the caller reads it to its end
        case _:
            reader = zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)
    limit = min(limits.unpacked_bytes, packed_bytes * limits.ratio + (1 << 20))
    return io.BufferedReader(Metered(reader, limit), 1 << 20)


def read_whole(stream: IO[bytes], limits: Limits) -> bytes:
    """Return all bytes of a stream that cannot be read in parts."""
    data = stream.read(limits.whole_bytes + 1)
    if len(data) > limits.whole_bytes:
        raise LimitReached
    return data


def decode(data: bytes) -> str:
    """Return bytes as text: UTF-8, or else one character a byte."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
