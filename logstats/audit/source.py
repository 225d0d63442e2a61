"""Stream a source log once, in blocks of whole lines, split at the quote marks.

This is not the tool's parser: it cuts a line at its quotes and takes the first
word, which is all that combined and common logs need. Lines of another shape
are counted, and checks that need more than addresses say so.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from ipaddress import AddressValueError, IPv6Address
from pathlib import Path
from typing import Final

import polars as pl

from logstats.audit.opening import CHUNK_BYTES, HEAD_BYTES, PACKED, sniff, unpacked
from logstats.audit.rules import Limits
from logstats.columns import cut_columns

_PIECES: Final = ("before", "request", "status", "referrer", "gap", "agent", "rest", "more", "yet_more")
# What follows a product's name is its version: the lines' own addresses never stand there.
_QUAD: Final = r"(?:[A-Za-z]/)?\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"
_SIX: Final = r"[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{0,38}:[0-9A-Fa-f:.]{0,20}"
_ADDRESS: Final = r"^(?:\d{1,3}(?:\.\d{1,3}){3}|\[?[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]?)$"
_TIME: Final = r"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]"


_REMEMBERED: Final = 8_000_000  # texts, 8 bytes each; beyond it, some are looked at twice


class SeenTexts:
    """Which texts came in earlier blocks, by a hash of 64 bits."""

    def __init__(self) -> None:
        self._hashes = pl.Series(dtype=pl.UInt64)

    def new(self, texts: pl.Series) -> pl.Series:
        """Return the texts that were not seen before, and remember them."""
        hashes = texts.hash(1)
        fresh = ~hashes.is_in(self._hashes.implode())
        if len(self._hashes) < _REMEMBERED:
            self._hashes = pl.concat([self._hashes, hashes.filter(fresh)])
        return texts.filter(fresh)


@dataclass(frozen=True)
class SourceBlock:
    """Lines of a source, one row each, as they stand between the quote marks; `ordinal` counts blocks."""

    file: str
    pieces: pl.DataFrame
    ordinal: int
    seen: SeenTexts

    @cached_property
    def addresses(self) -> pl.Series:
        """The distinct texts that may be addresses and did not stand in earlier blocks.

        Agent strings are left out: what looks like an address there is a version,
        and one that is none is found in an output without the source.
        """
        every = pl.concat_str(
            [
                pl.col(name).fill_null("")
                for name in ("before", "request", "status", "referrer", "rest", "more", "yet_more")
            ],
            separator=" ",
        )
        text = self.pieces.lazy().select(every.alias("t")).collect()["t"]
        quads = text.str.extract_all(_QUAD).explode(empty_as_null=False)
        quads = quads.filter(~quads.str.contains("^[A-Za-z]"))
        sixes = (
            text.filter(text.str.contains("::|(?:[0-9a-fA-F]{1,4}:){5}"))
            .str.extract_all(_SIX)
            .explode(empty_as_null=False)
        )
        return self.seen.new(pl.concat([quads, sixes]).drop_nulls().unique())

    @cached_property
    def fours(self) -> pl.Series:
        """The IPv4 addresses of `addresses`, as distinct 32-bit numbers."""
        return four_values(self.addresses.filter(~self.addresses.str.contains(":", literal=True)))

    @cached_property
    def sixes(self) -> list[IPv6Address]:
        """The IPv6 addresses of `addresses`."""
        return list(six_values(self.addresses.filter(self.addresses.str.contains(":", literal=True))))

    @cached_property
    def hits(self) -> pl.DataFrame:
        """The lines of combined or common shape, as columns of text."""
        request = pl.col("request").str.splitn(" ", 3)
        target = request.struct.field("field_1")
        words = pl.col("before").str.splitn(" ", 5).struct
        # Behind a virtual host everything stands one word further; identd never answers with an address.
        moved = words.field("field_1").str.contains(_ADDRESS).fill_null(value=False)
        sent = pl.col("status").str.strip_chars().str.splitn(" ", 3)
        frame = self.pieces.lazy().select(
            host=pl.when(moved).then(words.field("field_1")).otherwise(words.field("field_0")),
            user=pl.when(moved).then(words.field("field_3")).otherwise(words.field("field_2")),
            time=pl.col("before").str.extract(_TIME),
            method=request.struct.field("field_0"),
            target=target,
            protocol=request.struct.field("field_2"),
            status=sent.struct.field("field_0").cast(pl.Int64, strict=False),
            sent=sent.struct.field("field_1").cast(pl.Int64, strict=False),
            referrer=pl.col("referrer"),
            agent=pl.col("agent"),
        )
        return frame.filter(pl.col("time").is_not_null() & pl.col("status").is_between(100, 999)).collect()


def source_blocks(path: Path, name: str, limits: Limits) -> Iterator[SourceBlock]:
    """Yield a log in blocks of whole lines; packed logs are unpacked.

    Raises what opening and unpacking raise; the caller says that it is inconclusive.
    """
    with path.open("rb") as raw:
        stream: io.BufferedReader = raw
        size = path.stat().st_size
        while (kind := sniff(stream.peek(HEAD_BYTES)[:HEAD_BYTES])) in PACKED:
            stream = unpacked(stream, kind, size, limits)
        tail, ordinal, seen = b"", 0, SeenTexts()
        while data := stream.read(CHUNK_BYTES):
            block = tail + data if tail else data
            end = block.rfind(b"\n") + 1 or len(block)
            tail = block[end:]
            yield SourceBlock(name, _split(block[:end]), ordinal, seen)
            ordinal += 1
        if tail:
            yield SourceBlock(name, _split(tail), ordinal, seen)


def _split(block: bytes) -> pl.DataFrame:
    """Return the pieces of each line between quote marks: one row a line, whatever the line holds."""
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        block = block.decode("latin-1").encode()
    return cut_columns(block, '"', _PIECES)


def four_values(texts: pl.Series) -> pl.Series:
    """Return the IPv4 addresses among texts as distinct 32-bit numbers."""
    parts = pl.col("text").str.split_exact(".", 3)
    octets = [parts.struct.field(f"field_{i}").cast(pl.UInt32, strict=False) for i in range(4)]
    frame = (
        texts.alias("text")
        .to_frame()
        .lazy()
        .select(*(octet.alias(f"o{i}") for i, octet in enumerate(octets)))
    )
    good = frame.filter(pl.all_horizontal(pl.all().is_not_null() & (pl.all() < 256)))
    value = pl.col("o0") * (1 << 24) + pl.col("o1") * (1 << 16) + pl.col("o2") * (1 << 8) + pl.col("o3")
    return good.select(value.cast(pl.UInt32).alias("value")).unique().collect()["value"]


def six_values(texts: pl.Series) -> Iterator[IPv6Address]:
    """Yield the IPv6 addresses among texts; times and scopes are none."""
    for text in texts:
        try:
            yield IPv6Address(text)
        except AddressValueError:
            continue
