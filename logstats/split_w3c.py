"""Lines of a W3C log as columns: cut at blanks or tabs, from one `#Fields:` line to the next.

A line is odd, and the exact parser decides, where a value is in quotes or empty, where two
blanks stand together, or where there are more or fewer values than fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from logstats.columns import cut_columns
from logstats.dictionary import Dictionaries
from logstats.formats.delimited import follow
from logstats.formats.undated import is_undated
from logstats.frozen import frozen
from logstats.lines import decode_line, split_lines
from logstats.texts import Texts, is_needed

if TYPE_CHECKING:
    from logstats.batches import ParsedBatch
    from logstats.formats import Format

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_LOST: Final = "\ufffd"
# What `str.split` takes for a blank beside the blank itself (Unicode White_Space, and C0 separators).
_OTHER_BLANKS: Final = r"[\t\x0b\x0c\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"


# What is put behind the last value of each line: a line that ends anywhere else has too few or too many.
_END: Final = "|"


@frozen
class W3cSplit:
    """Lines of a block as hits, and those that only the exact parser can read, headers too, in order."""

    batch: ParsedBatch | None
    odd_lines: list[bytes]
    parsed: int


def split_w3c(
    data: bytes, format_: Format, *, keep_query: bool, dictionaries: Dictionaries | None = None
) -> W3cSplit | None:
    """Return the longest run of lines under one header in columns, or None if that tells no time or client.

    Args:
        data: Whole lines, `#Fields:` lines among them.
        format_: What the last header before them announced.
        keep_query: Whether queries are wanted.
        dictionaries: What was read in other blocks; by default nothing.
    """
    start, end, known = max(_runs(data, format_), key=lambda run: run[1] - run[0])
    run = data[start:end].replace(b"\r\n", b"\n")
    if not run.strip() or not {"time", "host"} <= {*known.columns} or _BYTE_ORDER_MARK + b"#" in data[1:]:
        return None
    if is_undated(known):
        # Of which day a line is, those before it tell.
        return None
    lines = split_lines(run)
    first = next((line for line in lines if line.strip() and not line.startswith(b"#")), b"")
    values, whole = _cut(run, "\t" if b"\t" in first else " ", len(known.fields))
    texts = Texts(
        known, len(whole), by_name=False, keep_query=keep_query, known=dictionaries or Dictionaries()
    )
    texts.checks.append(whole)
    for number, one in enumerate(known.fields):
        if is_needed(one, keep_query=keep_query):
            texts.add(one, values[f"v{number}"])
    batch, ok = texts.read()
    odd = [lines[row] for row in (~ok).arg_true().to_list()]
    others = (*split_lines(data[:start]), *odd, *split_lines(data[end:]))
    return W3cSplit(batch, list(others), len(ok) - len(odd))


def _runs(data: bytes, format_: Format) -> list[tuple[int, int, Format]]:
    """Return where the lines under each header begin and end, those of the same columns joined."""
    runs = [(0, len(data), format_)]
    place = 0
    while place >= 0:
        end = data.find(b"\n", place)
        announced = follow(decode_line(data[place : end if end >= 0 else len(data)]))
        if announced is not None and announced.tokens != runs[-1][2].tokens:
            runs[-1] = (runs[-1][0], place, runs[-1][2])
            runs.append((place, len(data), announced))
        found = data.find(b"\n#", place)
        place = found + 1 if found >= 0 else -1
    return runs


def _cut(data: bytes, separator: str, fields: int) -> tuple[pl.DataFrame, pl.Series]:
    """Return the values of every line, and which lines have one for each field and nothing odd."""
    data = data.removesuffix(b"\n").replace(b"\n", f"{separator}{_END}\n".encode())
    data += f"{separator}{_END}\n".encode()
    names = [f"v{number}" for number in range(fields)]
    columns = [*names, f"v{fields}", "rest"]
    try:
        frame = cut_columns(data, separator, columns)
    except pl.exceptions.ComputeError:
        frame = cut_columns(data, separator, columns, lossy=True)
    odd = '"|' + _LOST + ("" if separator == "\t" else f"|{_OTHER_BLANKS}")
    whole = pl.all_horizontal(pl.col(name).is_not_null() & ~pl.col(name).str.contains(odd) for name in names)
    # The first value of a comment begins with its sign.
    good = (
        whole & (pl.col(f"v{fields}") == _END) & pl.col("rest").is_null() & ~pl.col("v0").str.starts_with("#")
    )
    return frame, frame.select(good.fill_null(value=False)).to_series()
