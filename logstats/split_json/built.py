"""Which lines of a block are those that were built of their pieces, sign by sign."""

from __future__ import annotations

from typing import Final

import polars as pl

from logstats.frozen import frozen
from logstats.pieces import Ends

# Rows that are built at once: what is compared stays in the processor's memory.
_ROWS: Final = 8192
# How much is compared at once, and how much at the first time behind a difference.
_MOST, _LEAST = 1 << 16, 1 << 12
_NEWLINE: Final = b"\n"


def compare_lines(pieces: pl.DataFrame, line: pl.Expr, data: bytes, *, most: int) -> Ends | None:
    r"""Return where the lines of a block end and which of them are as built; None if too many are not.

    Args:
        pieces: Of what lines are built, a row each.
        line: How they are built, with their newlines.
        data: As many lines; the last one need not end in a newline.
        most: How many lines may differ.

    >>> data = b"a1\nb22\nc3"
    >>> lines = pl.DataFrame({"p": ["a1\n", "b2\n", "c3\n"]})
    >>> found = compare_lines(lines, pl.col("p"), data, most=1)
    >>> found.ok.to_list(), found.ends.to_list()
    ([True, False, True], [3, 7, 10])
    """
    text = data if data.endswith(_NEWLINE) else data + _NEWLINE
    lengths: list[pl.Series] = []
    odd: list[int] = []
    place = 0
    for begin in range(0, pieces.height, _ROWS):
        built = pieces.slice(begin, _ROWS).select(line).to_series()
        compared = _compare(built.str.join("").cast(pl.Binary).item(), text, place)
        sizes = built.str.len_bytes().cast(pl.Int64)
        if compared.starts:
            rows = sizes.cum_sum().search_sorted(pl.Series(compared.starts), side="right")
            sizes = sizes.scatter(rows, compared.lengths)
            odd += (rows + begin).to_list()
        if len(odd) > most:
            return None
        lengths.append(sizes)
        place = compared.place
    if place != len(text):
        # Not a row a line, which nobody has seen; nothing here is to be relied on.
        return None
    ok = pl.repeat(value=True, n=pieces.height, dtype=pl.Boolean, eager=True)
    return Ends(data, pl.concat(lengths).cum_sum(), ok.scatter(odd, values=False) if odd else ok)


@frozen
class _Compared:
    """Where lines begin that differ, as they were built, how long they are in the text, and its next line."""

    starts: list[int]
    lengths: list[int]
    place: int


def _compare(built: bytes, text: bytes, there: int) -> _Compared:
    """Compare whole lines with those from a place of a text on."""
    starts: list[int] = []
    lengths: list[int] = []
    here = 0
    size = _MOST
    while here < len(built):
        one, other = built[here : here + size], text[there : there + size]
        if one != other:
            same = _same(one, other)
            if here + same == len(built):
                return _Compared(starts, lengths, there + same)
            starts.append(built.rfind(_NEWLINE, 0, here + same) + 1)
            begin = text.rfind(_NEWLINE, 0, there + same) + 1
            here = built.find(_NEWLINE, here + same) + 1
            there = text.find(_NEWLINE, there + same) + 1
            lengths.append(there - begin)
            size = _LEAST
        else:
            here, there, size = here + len(one), there + len(one), min(2 * size, _MOST)
    return _Compared(starts, lengths, there)


def _same(one: bytes, other: bytes) -> int:
    """Return how many signs at the beginning of two texts, which differ, are the same."""
    low, high = 0, max(len(one), len(other))
    while high - low > 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low
