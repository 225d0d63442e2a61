"""A block cut at its quote marks: one row a line whatever the line holds, so that row i is line i."""

from __future__ import annotations

import codecs
import contextlib
from collections.abc import Iterator
from typing import Final

import polars as pl

from logstats.columns import cut_columns
from logstats.frozen import frozen
from logstats.lines import line_lengths, split_lines

_QUOTE: Final = '"'
# Stands for each byte that is no UTF-8 where a block has any; no row that holds it is to be trusted.
_SUBSTITUTE: Final = "\x1a"
_PIECE_BYTES: Final = 64 * 1024
# Pieces with other signs than ASCII that are looked at one by one; reading a block is as dear as 100.
_FEW_PIECES: Final = 32
_MENDING: Final = "logstats.substitute"


def cut_at_quotes(data: bytes, pieces: int) -> pl.DataFrame:
    """Return the pieces between quote marks, `p0` first, null where nothing stands, and one column more.

    That column must stay empty: what stands behind it in a longer line is not told. A byte that is no UTF-8
    becomes a control character; all texts keep their lengths.
    """
    odd = _not_ascii(data)
    if len(odd) > _FEW_PIECES:
        # Most pieces of the block hold other signs than ASCII; they are likely to be all right.
        with contextlib.suppress(pl.exceptions.ComputeError):
            return _cut(data, pieces + 1)
    return _cut(_mend(data, odd), pieces + 1)


def cut_out(data: bytes, wanted: list[int]) -> pl.DataFrame:
    """Return some pieces between quote marks, in ascending order, null where nothing stands.

    Bytes that are no UTF-8 are not there as they were.
    """
    odd = _not_ascii(data)
    lossy = len(odd) > _FEW_PIECES or any(_mend_piece(data[piece]) != data[piece] for piece in odd)
    return cut_columns(data, _QUOTE, _names(wanted[-1] + 1), wanted=wanted, lossy=lossy)


@frozen
class Ends:
    """Where the lines of a block end.

    Attributes:
        data: The block.
        ends: For each line the place behind its newline.
        ok: Which rows have pieces that make their line, quote marks and all, of those asked for.
    """

    data: bytes
    ends: pl.Series
    ok: pl.Series

    def lines_at(self, rows: pl.Series) -> list[bytes]:
        """Return lines by their numbers."""
        starts = self.ends.shift(1, fill_value=0)[rows]
        return [
            self.data[start : end - 1]
            for start, end in zip(starts.to_list(), self.ends[rows].to_list(), strict=True)
        ]

    def rows_with(self, sign: bytes) -> pl.Series:
        """Return the numbers of the lines that hold a sign."""
        places = []
        place = self.data.find(sign)
        while place >= 0:
            places.append(place)
            end = self.data.find(b"\n", place)
            place = self.data.find(sign, end) if end >= 0 else -1
        return self.ends.search_sorted(pl.Series(places, dtype=pl.Int64), side="right")


def find_ends(lengths: pl.Series, ok: pl.Series, data: bytes) -> Ends:
    """Return where lines end, and trust no row whose line is longer or shorter than its pieces.

    Such a line lacks its last quote mark or has more, which read_csv does not tell. Where a line begins
    follows from the lengths of the pieces before it, far cheaper than looking for every newline.

    Args:
        lengths: As `lengths_of` has them.
        ok: Which rows may be trusted. The others may have more pieces than are known.
        data: What was cut.
    """
    ends = lengths.cum_sum()
    odd = (~ok).arg_true()
    found: list[int] = []
    drift = 0
    for before, behind in zip(ends[odd] - lengths[odd], ends[odd], strict=True):
        start = before + drift
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        if start and data[start - 1 : start] != b"\n":
            break
        found.append(end + 1 - start)
        drift = end + 1 - behind
    else:
        # If all lengths together are the block's, no line was longer or shorter than its pieces.
        if not len(ends) or ends[-1] + drift - len(data) == (not data.endswith(b"\n")):
            return Ends(data, lengths.scatter(odd, found).cum_sum() if found else ends, ok)
    lines = pl.Series(map(len, split_lines(data)), dtype=pl.Int64) + 1
    return Ends(data, lines.cum_sum(), ok & (lengths == pl.Series(line_lengths(data), dtype=pl.Int64) + 1))


def lengths_of(pieces: pl.DataFrame) -> pl.Series:
    """Return how many bytes the pieces of each row make with the quote marks between them and a newline."""
    texts = pl.sum_horizontal(pl.all().str.len_bytes().fill_null(0)).cast(pl.Int64)
    return pieces.select(texts + pieces.width - 1).to_series()


def _cut(data: bytes, columns: int) -> pl.DataFrame:
    return cut_columns(data, _QUOTE, _names(columns))


def _names(columns: int) -> list[str]:
    return [f"p{number}" for number in range(columns)]


def _not_ascii(data: bytes) -> list[slice]:
    """Return where lines stand that hold other signs than ASCII, some others with them."""
    return [] if data.isascii() else [piece for piece in _pieces_of(data) if not data[piece].isascii()]


def _pieces_of(data: bytes) -> Iterator[slice]:
    """Yield where whole lines of together about 64 KiB stand."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + _PIECE_BYTES) + 1 or len(data)
        yield slice(start, end)
        start = end


def _mend(data: bytes, odd: list[slice]) -> bytes:
    """Return a block with a control character for each byte that is no UTF-8.

    No row that holds a control character is trusted, and all texts keep their lengths.
    """
    mended = [_mend_piece(data[piece]) for piece in odd]
    if all(text == data[piece] for piece, text in zip(odd, mended, strict=True)):
        return data
    parts: list[bytes | memoryview] = []
    done = 0
    for piece, text in zip(odd, mended, strict=True):
        parts += (memoryview(data)[done : piece.start], text)
        done = piece.stop
    return b"".join([*parts, memoryview(data)[done:]])


def _mend_piece(data: bytes) -> bytes:
    return data.decode(errors=_MENDING).encode()


def _substitute(error: UnicodeError) -> tuple[str, int]:
    """Put a control character for each byte that cannot be read; see `codecs.register_error`."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _SUBSTITUTE * (error.end - error.start), error.end


codecs.register_error(_MENDING, _substitute)
