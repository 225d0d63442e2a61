"""A block cut at its quote marks: one row a line whatever the line holds, so that row i is line i."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Final

import polars as pl

from logstats.lines import line_lengths, lines_at

_QUOTE: Final = '"'
# Stands for each byte that is no UTF-8 where a block has any; no row that holds it is to be trusted.
SUBSTITUTE: Final = "\x1a"
_PIECE_BYTES: Final = 64 * 1024
# Pieces with other signs than ASCII that are looked at one by one; reading a block is as dear as 100.
_FEW_PIECES: Final = 32
_MENDING: Final = "logstats.substitute"


def cut_at_quotes(data: bytes, pieces: int) -> pl.DataFrame:
    """Return the pieces between quote marks, `p0` first, null where nothing stands, and one column more.

    That column must stay empty: what stands behind it in a longer line is not told.
    """
    # read_csv takes a byte order mark at the start of its input for no text; a block may begin with one.
    if data.startswith(b"\xef\xbb\xbf"):
        data = b"\xef\xbb\xbf" + data
    odd = [] if data.isascii() else [piece for piece in _pieces_of(data) if not data[piece].isascii()]
    if len(odd) <= _FEW_PIECES:
        return _read_csv(_mend(data, odd), pieces)
    # Most pieces of the block hold other signs than ASCII; they are likely to be all right.
    try:
        return _read_csv(data, pieces)
    except pl.exceptions.ComputeError:
        return _read_csv(_mend(data, odd), pieces)


def find_odd(pieces: pl.DataFrame, ok: pl.Series, data: bytes) -> tuple[pl.Series, list[bytes]]:
    """Return which rows to trust and the lines of the others.

    No row is trusted whose line is longer or shorter than its pieces: it lacks its last quote mark or
    has more, which read_csv does not tell. Where a line begins follows from the lengths of the pieces
    before it, far cheaper than looking for every newline.
    """
    texts = pl.sum_horizontal(pl.all().str.len_bytes().fill_null(0)).cast(pl.Int64)
    lengths = pieces.select(texts + pieces.width - 1).to_series()
    ends = lengths.cum_sum()
    found: list[bytes] = []
    drift = 0
    for row in _rows(~ok):
        start = (ends[row - 1] if row else 0) + drift
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        if start and data[start - 1 : start] != b"\n":
            break
        found.append(data[start:end])
        drift = end + 1 - ends[row]
    else:
        # If all lengths together are the block's, no line was longer or shorter than its pieces.
        if not len(ends) or ends[-1] + drift - len(data) == (not data.endswith(b"\n")):
            return ok, found
    ok = ok & (lengths == pl.Series(line_lengths(data), dtype=pl.Int64) + 1)
    return ok, lines_at(data, _rows(~ok))


def _rows(mask: pl.Series) -> list[int]:
    return mask.arg_true().to_list()


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
    return SUBSTITUTE * (error.end - error.start), error.end


codecs.register_error(_MENDING, _substitute)


def _read_csv(data: bytes, pieces: int) -> pl.DataFrame:
    return pl.read_csv(
        data,
        separator=_QUOTE,
        quote_char=None,
        has_header=False,
        schema={f"p{number}": pl.String() for number in range(pieces + 1)},
        missing_columns="insert",
        extra_columns="ignore",
        truncate_ragged_lines=True,
        encoding="utf8",
        low_memory=True,
    )
