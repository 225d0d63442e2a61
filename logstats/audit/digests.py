"""The hashes that people take for anonymous, fast and slow, of one short message."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from typing import Final

_M32: Final = 0xFFFFFFFF
_M64: Final = 0xFFFFFFFFFFFFFFFF
LIBRARY: Final = (
    "md5",
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sha3_256",
    "sha3_512",
    "blake2b",
    "blake2s",
)
SHORT: Final = ("md5", "sha1", "sha256")
_MAKERS: Final = {name: getattr(hashlib, name) for name in LIBRARY}
QUICK: Final = ("md5", "sha1", "sha256", "sha512", "blake2b")


def strong_digests(
    message: bytes, names: tuple[str, ...] = LIBRARY, sizes: tuple[int, ...] = (8, 16, 32)
) -> Iterator[tuple[str, bytes]]:
    """Yield (name, digest) of the cryptographic hashes; a shorter one begins a longer one."""
    for name in names:
        yield name, _MAKERS[name](message).digest()
    for size in sizes:
        yield f"blake2b-{size * 8}", hashlib.blake2b(message, digest_size=size).digest()


def weak_digests(message: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (name, digest) of the hashes of 32, 64 and 128 bits that are made for tables."""
    yield "crc32", zlib.crc32(message).to_bytes(4, "big")
    yield "adler32", zlib.adler32(message).to_bytes(4, "big")
    for bits in (32, 64):
        yield f"fnv1-{bits}", _fnv(message, bits, xor_first=False)
        yield f"fnv1a-{bits}", _fnv(message, bits, xor_first=True)
    yield "murmur3-32", murmur3_32(message).to_bytes(4, "big")
    yield "xxh32", xxh32(message).to_bytes(4, "big")
    yield "xxh64", xxh64(message).to_bytes(8, "big")


def _fnv(message: bytes, bits: int, *, xor_first: bool) -> bytes:
    prime, value, mask = (
        (0x01000193, 0x811C9DC5, _M32) if bits == 32 else (0x100000001B3, 0xCBF29CE484222325, _M64)
    )
    for byte in message:
        value = (value ^ byte) * prime & mask if xor_first else (value * prime & mask) ^ byte
    return value.to_bytes(bits // 8, "big")


def _left(value: int, by: int, bits: int) -> int:
    mask = (1 << bits) - 1
    return (value << by | value >> (bits - by)) & mask


def murmur3_32(message: bytes) -> int:
    """Return MurmurHash3 x86 32 with seed 0 (A. Appleby, public domain description)."""
    value, whole = 0, len(message) & ~3
    for (word,) in struct.iter_unpack("<I", message[:whole]):
        value ^= _left(word * 0xCC9E2D51 & _M32, 15, 32) * 0x1B873593 & _M32
        value = _left(value, 13, 32) * 5 + 0xE6546B64 & _M32
    if rest := int.from_bytes(message[whole:], "little"):
        value ^= _left(rest * 0xCC9E2D51 & _M32, 15, 32) * 0x1B873593 & _M32
    value ^= len(message)
    value = (value ^ value >> 16) * 0x85EBCA6B & _M32
    value = (value ^ value >> 13) * 0xC2B2AE35 & _M32
    return value ^ value >> 16


_P32: Final = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1)
_P64: Final = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)


def xxh32(message: bytes) -> int:
    """Return XXH32 with seed 0 (xxHash specification 0.1.1)."""
    p1, p2, p3, p4, p5 = _P32
    at = 0
    if len(message) >= 16:
        lanes = [p1 + p2 & _M32, p2, 0, -p1 & _M32]
        while at + 16 <= len(message):
            words = struct.unpack_from("<4I", message, at)
            lanes = [_left(v + w * p2 & _M32, 13, 32) * p1 & _M32 for v, w in zip(lanes, words, strict=True)]
            at += 16
        value = sum(_left(v, r, 32) for v, r in zip(lanes, (1, 7, 12, 18), strict=True)) & _M32
    else:
        value = p5
    value = value + len(message) & _M32
    for start in range(at, len(message) - 3, 4):
        value = (
            _left(value + int.from_bytes(message[start : start + 4], "little") * p3 & _M32, 17, 32) * p4
            & _M32
        )
    for byte in message[len(message) & ~3 :]:
        value = _left(value + byte * p5 & _M32, 11, 32) * p1 & _M32
    value = (value ^ value >> 15) * p2 & _M32
    value = (value ^ value >> 13) * p3 & _M32
    return value ^ value >> 16


def _round64(value: int, word: int) -> int:
    return _left(value + word * _P64[1] & _M64, 31, 64) * _P64[0] & _M64


def xxh64(message: bytes) -> int:
    """Return XXH64 with seed 0 (xxHash specification 0.1.1)."""
    p1, p2, p3, p4, p5 = _P64
    at = 0
    if len(message) >= 32:
        lanes = [p1 + p2 & _M64, p2, 0, -p1 & _M64]
        while at + 32 <= len(message):
            lanes = [
                _round64(v, w) for v, w in zip(lanes, struct.unpack_from("<4Q", message, at), strict=True)
            ]
            at += 32
        value = sum(_left(v, r, 64) for v, r in zip(lanes, (1, 7, 12, 18), strict=True)) & _M64
        for lane in lanes:
            value = ((value ^ _round64(0, lane)) * p1 + p4) & _M64
    else:
        value = p5
    value = value + len(message) & _M64
    while at + 8 <= len(message):
        word = int.from_bytes(message[at : at + 8], "little")
        value = (_left(value ^ _round64(0, word), 27, 64) * p1 + p4) & _M64
        at += 8
    if at + 4 <= len(message):
        value ^= int.from_bytes(message[at : at + 4], "little") * p1 & _M64
        value = (_left(value, 23, 64) * p2 + p3) & _M64
        at += 4
    for byte in message[at:]:
        value = _left(value ^ byte * p5 & _M64, 11, 64) * p1 & _M64
    value = (value ^ value >> 33) * p2 & _M64
    value = (value ^ value >> 29) * p3 & _M64
    return value ^ value >> 32
