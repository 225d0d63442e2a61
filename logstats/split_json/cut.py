r"""Lines of JSON cut at their quote marks: structure, text, structure, text.

Escaped quotes and backslashes are set aside before, so that each quote mark that is left
begins or ends a text. A quote mark more at the end of each line makes the number of its
pieces even: pieces at even places are structure and those at odd places are texts,
through the whole block.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from logstats.columns import cut_columns
from logstats.frozen import frozen
from logstats.lines import lines_at

_QUOTE: Final = '"'
# What stands for \\ and \" in a line that is cut; a line that holds these characters itself is odd.
_SLASH, _MARK = "\x02\x02", "\x03\x03"
# No line that JSON allows without an escape holds it; what follows it makes a line odd.
_SEPARATOR: Final = "\x01"
_ESCAPE: Final = r"\\(?:[/bfnrt]|u[0-9a-fA-F]{4})"
_LOST: Final = "\ufffd"
_COLUMNS: Final = ("line", "rest")


@frozen
class Cut:
    """The pieces of the lines that may be JSON objects.

    Attributes:
        lengths: How many bytes each line of the block has with its end, as far as it was read.
        rows: Which of them were cut; the others are odd.
        starts: For each of these the place of its first piece in the other two.
        outside: What stands before each text: braces, colons, commas, numbers.
        inside: The texts; the last one of each line is none.
        escaped: Which of the rows hold an escape; empty if none does.
        has_blank_names: Whether a blank may stand between a name and its colon.
    """

    lengths: pl.Series
    rows: pl.Series
    starts: pl.Series
    outside: pl.Series
    inside: pl.Series
    escaped: pl.Series
    has_blank_names: bool

    @property
    def height(self) -> int:
        """The number of lines."""
        return len(self.lengths)

    def lines_at(self, data: bytes, rows: list[int]) -> list[bytes]:
        """Return lines of the block by their ascending numbers, found by the lengths of those before them."""
        ends = self.lengths.cum_sum()
        if not rows or ends[-1] - len(data) not in (0, 1):
            return lines_at(data, rows)
        found = []
        for row in rows:
            start = ends[row - 1] if row else 0
            end = ends[row] - 1
            if (start and data[start - 1 : start] != b"\n") or data[end : end + 1] not in (b"\n", b""):
                return lines_at(data, rows)
            found.append(data[start:end])
        return found


def cut_lines(data: bytes) -> Cut | None:
    """Return the pieces of the lines of a block, or None if none of them begins as a JSON object does."""
    lines, ok = _lines(data)
    lengths = lines.str.len_bytes().fill_null(0).cast(pl.Int64)
    if b"\x02" in data or b"\x03" in data:
        ok &= ~lines.str.contains_any([_SLASH[0], _MARK[0]]).fill_null(value=True)
    rows = ok.arg_true()
    if len(rows) < len(ok):
        lines = lines[rows]
    escaped = lines.str.contains("\\", literal=True)
    if escaped.any():
        lines, ok = _set_escapes_aside(lines, escaped.arg_true())
        rows, lines, escaped = rows.filter(ok), lines.filter(ok), escaped.filter(ok)
    pieces = lines.str.split(_QUOTE)
    sizes = pieces.list.len()
    even = sizes % 2 == 0
    if not even.all():
        rows, pieces, sizes, escaped = (some.filter(even) for some in (rows, pieces, sizes, escaped))
    if not len(rows):
        return None
    texts = (sizes // 2).cast(pl.Int64)
    flat = pieces.explode()
    return Cut(
        lengths,
        rows,
        texts.cum_sum() - texts,
        flat.gather_every(2),
        flat.gather_every(2, 1),
        escaped.arg_true(),
        any(lines.str.contains(blank, literal=True).any() for blank in _blank_names(data)),
    )


def _blank_names(data: bytes) -> list[str]:
    """Return what stands in a line of these that has a blank between a name and its colon."""
    others = [f"{_QUOTE}{blank}" for blank in "\t\r" if blank.encode() in data]
    return [f"{_QUOTE} :", f"{_QUOTE}  ", *others]


def _lines(data: bytes) -> tuple[pl.Series, pl.Series]:
    """Return every line with a quote mark more at its end, and whether it may be a JSON object."""
    marked = data if data.endswith(b"\n") else data + b"\n"
    marked = marked.replace(b"\n", b'"\n')
    try:
        frame, lossy = cut_columns(marked, _SEPARATOR, _COLUMNS), False
    except pl.exceptions.ComputeError:
        frame, lossy = cut_columns(marked, _SEPARATOR, _COLUMNS, lossy=True), True
    lines = frame["line"]
    ok = (lines.str.starts_with("{") & frame["rest"].is_null()).fill_null(value=False)
    if lossy:
        ok &= ~lines.str.contains(_LOST, literal=True).fill_null(value=True)
    return lines, ok


def _set_escapes_aside(lines: pl.Series, rows: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the lines without escaped quotes and backslashes, and which have no escape that is none."""
    some = lines[rows].str.replace_many(["\\\\", '\\"'], [_SLASH, _MARK])
    ok = pl.repeat(value=True, n=len(lines), dtype=pl.Boolean, eager=True)
    left = some.str.count_matches("\\", literal=True)
    if (left > 0).any():
        ok = ok.scatter(rows, left == some.str.count_matches(_ESCAPE))
    return lines.scatter(rows, some), ok


def restore_escapes(text: str) -> str:
    """Return a text as it stands in the line."""
    return text.replace(_SLASH, "\\\\").replace(_MARK, '\\"')


def holds_escapes(texts: pl.Series) -> pl.Series:
    """Whether each text holds an escape, set aside or not."""
    return texts.str.contains_any(["\\", _SLASH[0], _MARK[0]]).fill_null(value=False)
