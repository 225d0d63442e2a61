"""Compressed bytes in, plain bytes out, in pieces of bounded size.

What a file is is told by its first bytes, never by its name. Everything that
could be unpacked is handed on before an archive's damage is raised.
"""

from __future__ import annotations

import bz2
import lzma
from typing import TYPE_CHECKING, Final, Protocol, cast

import zstandard
from isal import igzip_lib

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

# isal's stubs call its class an instance; bz2 and lzma have OSError, EOFError and LZMAError.
_ERRORS: Final = (
    cast("type[Exception]", igzip_lib.IsalError),
    zstandard.ZstdError,
    lzma.LZMAError,
    OSError,
    EOFError,
)
# Little compressed input at a time: what is lost before a damaged spot is at most this much. Less of it
# costs more steps, at each of which the reading thread may wait for one that counts.
RAW_BYTES: Final = 16 * 1024
PIECE_BYTES: Final = 1024 * 1024
# A zstd block of 4 bytes can stand for 128 KiB: 512 bytes of input are at most 16 MiB of output.
ZSTD_STEP_BYTES: Final = 512
# `zstd --long=27` is the largest window that zstd itself opens without being told to.
ZSTD_WINDOW_BYTES: Final = 2**27
# `xz -9` needs 65 MiB to unpack; a header may demand 4 GiB.
XZ_MEMORY_BYTES: Final = 256 * 1024 * 1024


_DAMAGED: Final = "the archive is damaged"
_TRUNCATED: Final = "the archive ends too early (truncated)"

_MAGIC: Final[dict[bytes, str]] = {
    b"\x1f\x8b": "gzip",
    # With the start of a block or of the end: a host name may begin with BZh too.
    **{
        b"BZh%d%s" % (level, mark): "bzip2"
        for level in range(1, 10)
        for mark in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
    },
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    # A skippable frame; `pzstd` begins its files with one (RFC 8878 section 3.1.2).
    **{bytes([0x50 + n]) + b"\x2a\x4d\x18": "zstd" for n in range(16)},
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\x1f\x9d": "compress (.Z)",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"\x04\x22\x4d\x18": "lz4",
    b"Rar!\x1a\x07": "rar",
}
# How many first bytes tell.
HEAD_BYTES: Final = max(len(magic) for magic in _MAGIC)
SUPPORTED: Final = frozenset({"gzip", "bzip2", "xz", "zstd"})


class DamagedArchiveError(Exception):
    """An archive that ends too early or does not hold what it should; the text is the reason."""


class _Member(Protocol):
    """One member of an archive; `bz2`, `lzma` and isal agree on this."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


class _ZstdMember:
    """A zstd frame behind the interface of the others, unpacked in small steps.

    zstandard's own object has no limit for its output, so its input is limited.
    """

    def __init__(self) -> None:
        unpacker = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)
        self._frame = unpacker.decompressobj()
        self._input = memoryview(b"")

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        del max_length  # bounded by the step
        if data:
            self._input = memoryview(data)
        step, self._input = self._input[:ZSTD_STEP_BYTES], self._input[ZSTD_STEP_BYTES:]
        return self._frame.decompress(step)

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def needs_input(self) -> bool:
        return not self._input

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data + bytes(self._input)


def detect(head: bytes) -> str | None:
    """Return the name of the compression that begins with these bytes, or None.

    >>> detect(b"BZh91AY&SY"), detect(b"192.0.2.1 - -")
    ('bzip2', None)
    """
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)


def may_begin_archive(head: bytes) -> bool:
    """Whether more bytes are needed to tell; a pipe may deliver one byte at a time."""
    return any(len(head) < len(magic) and magic.startswith(head) for magic in _MAGIC)


def unpack(kind: str, read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield what all members of an archive hold, in pieces of at most 16 MiB.

    Args:
        kind: One of `SUPPORTED`.
        read: Returns up to n raw bytes, and none at the end.

    Raises:
        DamagedArchiveError: After everything that could be unpacked.
    """
    raw = read(RAW_BYTES)
    while raw:
        raw = yield from _unpack_member(_open_member(kind), raw, read)
        raw = _next_member(raw, read)
        if raw and detect(raw) != kind:
            reason = f"bytes that are no {kind} follow the end of the archive"
            raise DamagedArchiveError(reason)


def _unpack_member(
    member: _Member, raw: bytes, read: Callable[[int], bytes]
) -> Generator[bytes, None, bytes]:
    """Yield one member; the generator's value is the raw bytes after it."""
    while True:
        try:
            piece = member.decompress(raw, PIECE_BYTES)
        except _ERRORS:
            raise DamagedArchiveError(_DAMAGED) from None
        if piece:
            yield piece
        if member.eof:
            return member.unused_data
        raw = read(RAW_BYTES) if member.needs_input else b""
        if member.needs_input and not raw:
            raise DamagedArchiveError(_TRUNCATED)


def _next_member(raw: bytes, read: Callable[[int], bytes]) -> bytes:
    """Return the raw bytes of the next member; zeros between and after members are padding."""
    while True:
        raw = raw.lstrip(b"\0")
        if len(raw) >= HEAD_BYTES or not (more := read(RAW_BYTES)):
            return raw
        raw += more


def _open_member(kind: str) -> _Member:
    match kind:
        case "gzip":
            return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        case "bzip2":
            return bz2.BZ2Decompressor()
        case "xz":
            return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY_BYTES)
        case _:
            return _ZstdMember()
