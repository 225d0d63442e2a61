"""Lines of JSON that a server writes by a template: the same names in the same order, the same between them.

Such a block is cut at its quote marks as text formats are, a column a piece. What is no value must be
that of most lines, piece by piece; and where no value holds a backslash, each quote mark begins or ends
a text. A row that differs in anything is odd.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import islice
from operator import and_
from typing import Final

import polars as pl

from logstats.formats import Field, Format
from logstats.pieces import SUBSTITUTE, Ends, cut_at_quotes, find_ends, lengths_of
from logstats.split_json.shapes import NUMBER, Shape, read_shape
from logstats.texts import is_text

# Lines that are looked at for the template, at the beginning of a block and in its middle.
_LOOKED_AT: Final = 16
# One line in so many may differ from it: an odd line costs as much as ten that are told apart by shape.
_ODD_SHARE: Final = 16
_NAME: Final = re.compile(r"[ \t]*:")
_NUMBER: Final = re.compile(NUMBER)
# A line that holds one of these has an escape, or had bytes that are no UTF-8.
_NOT_PLAIN: Final = (b"\\", SUBSTITUTE.encode())


@dataclass(frozen=True, slots=True)
class Template:
    """What the lines have in common.

    Attributes:
        outside: What stands before each text and at the end, each number as 0.
        names: The texts that are names, null for values; the last one is none of both.
    """

    outside: tuple[str, ...]
    names: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """A block cut by a template.

    Attributes:
        pieces: As `cut_at_quotes` has them.
        ok: Which rows are lines of the template, as far as their pieces tell.
        ends: Where the lines end.
        shape: Where the values of fields stand.
        template: What the pieces were compared with.
    """

    pieces: pl.DataFrame
    ok: pl.Series
    ends: Ends
    shape: Shape
    template: Template

    def values(self, number: int, field: Field) -> pl.Series:
        """Return what stands at the place of a field, by its number, in each row."""
        place = self.shape[number]
        if place.word is not None:
            return pl.repeat(place.word, self.pieces.height, dtype=pl.String, eager=True)
        if not place.is_number:
            texts = self.pieces.get_column(f"p{2 * place.piece + 1}")
            # An empty piece is null, and an empty text for all readers but that of plain text, which tells
            # neither from the other.
            return texts if is_text(field) or not texts.null_count() else texts.fill_null("")
        texts = self.pieces.get_column(f"p{2 * place.piece}")
        if place.has_neighbours:
            return texts.str.extract(f"({NUMBER})")
        before, _, behind = self.template.outside[place.piece].partition("0")
        return texts.str.slice(len(before)).str.head(-len(behind))


def find_template(data: bytes) -> Template | None:
    """Return the template of a block's lines, or None if those looked at differ too much."""
    found = [template_of(line) for line in _some_lines(data)]
    template, count = Counter(found).most_common(1)[0] if found else (None, 0)
    return template if (len(found) - count) * _ODD_SHARE <= len(found) else None


def template_of(line: bytes) -> Template | None:
    """Return the template that a line without escapes was written by.

    >>> template_of(b'{"a":"x","b":5}')
    Template(outside=('{', ':', ',', ':0}'), names=('a', None, 'b', None))
    """
    line = line.removesuffix(b"\r")
    try:
        pieces = line.decode().split('"')
    except UnicodeDecodeError:
        return None
    if b"\\" in line or not line.startswith(b"{") or len(pieces) % 2 == 0:
        return None
    outside = tuple(_NUMBER.sub("0", piece) for piece in pieces[::2])
    texts = zip(pieces[1::2], pieces[2::2], strict=True)
    names = (text if _NAME.match(behind) else None for text, behind in texts)
    return Template(outside, (*names, None))


def cut_by_template(data: bytes, template: Template, format_: Format) -> Rows | None:
    r"""Return a block cut by a template, or None if that is not of the format or read_csv drops a sign.

    >>> from logstats.formats import preset
    >>> line = b'{"status":200,"uri":"/a"}'
    >>> rows = cut_by_template(line + b'\n{"status":2,"uri":7}', template_of(line), preset("json"))
    >>> rows.ok.to_list()
    [True, False]
    """
    # read_csv drops a carriage return at the end of a piece; at the end of a line JSON allows one.
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        return None
    shape = read_shape(format_, template.outside, template.names)
    if shape is None:
        return None
    pieces, text = cut_at_quotes(data, 2 * len(template.outside) - 1)
    ok = reduce(and_, _compare(pieces, template)).fill_null(value=False)
    ends = find_ends(_lengths(pieces, ok, template), ok, data)
    ok = ends.ok
    for sign in _NOT_PLAIN:
        if sign in text:
            ok = ok.scatter(ends.rows_with(text, sign), values=False)
    return Rows(pieces, ok, ends, shape, template)


def fits(rows: Rows) -> bool:
    """Whether so few rows are odd that the exact parser may read them."""
    return int((~rows.ok).sum()) * _ODD_SHARE <= rows.pieces.height


def _some_lines(data: bytes) -> Iterator[bytes]:
    """Yield some whole lines of a block."""
    middle = data.find(b"\n", len(data) // 2) + 1
    for start in {0, middle}:
        yield from islice(_lines_from(data, start), _LOOKED_AT)


def _lines_from(data: bytes, start: int) -> Iterator[bytes]:
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        yield data[start:end]
        start = end + 1


def _compare(pieces: pl.DataFrame, template: Template) -> Iterator[pl.Series]:
    """Yield whether the pieces that are no values are those of the template; null is no."""
    for place, (structure, name) in enumerate(zip(template.outside, template.names, strict=True)):
        column = pieces.get_column(f"p{2 * place}")
        yield column.str.contains(_pattern(structure)) if "0" in structure else column == structure
        if name is not None:
            text = pieces.get_column(f"p{2 * place + 1}")
            # read_csv gives null for an empty piece
            yield text == name if name else text.is_null()
    yield pieces.get_column(f"p{2 * len(template.outside) - 1}").is_null()


def _lengths(pieces: pl.DataFrame, ok: pl.Series, template: Template) -> pl.Series:
    """Return what `lengths_of` gives, at once for the rows that are lines of the template."""
    fixed = 0
    names: list[str] = []
    for place, (structure, name) in enumerate(zip(template.outside, template.names, strict=True)):
        if "0" in structure:
            names.append(f"p{2 * place}")
        else:
            fixed += len(structure)
        if name is None:
            names.append(f"p{2 * place + 1}")
        else:
            fixed += len(name.encode())
    lengths = lengths_of(pieces.select(names)) + (fixed + pieces.width - len(names))
    odd = (~ok).arg_true()
    return lengths.scatter(odd, lengths_of(pieces[odd])) if len(odd) else lengths


@lru_cache(maxsize=4096)
def _pattern(structure: str) -> str:
    return f"^{NUMBER.join(map(pl.escape_regex, structure.split('0')))}$"
