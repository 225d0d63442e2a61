"""Lines of JSON that a server writes by a template: the same names in the same order, the same between them.

Such a block is cut at its quote marks as text formats are, and only the pieces with values are read. Put
into the template they must make the line again, sign by sign; and where no value holds a backslash,
each quote mark begins or ends a text. A row that differs in anything is odd.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache, reduce
from itertools import islice
from operator import and_
from typing import Final

import polars as pl

from logstats.formats import Field, Format
from logstats.frozen import frozen
from logstats.pieces import Ends, cut_out
from logstats.split_json.built import compare_lines
from logstats.split_json.shapes import NUMBER, Shape, read_shape
from logstats.texts import is_text

# Lines that are looked at for the template, at the beginning of a block and in its middle.
_LOOKED_AT: Final = 16
# One line in so many may differ from it: an odd line costs as much as ten that are told apart by shape.
_ODD_SHARE: Final = 16
_NAME: Final = re.compile(r"[ \t]*:")
_NUMBER: Final = re.compile(NUMBER)
_ESCAPE: Final = b"\\"


@frozen
class Template:
    """What the lines have in common.

    Attributes:
        outside: What stands before each text and at the end, each number as 0.
        names: The texts that are names, null for values; the last one is none of both.
    """

    outside: tuple[str, ...]
    names: tuple[str | None, ...]


@frozen
class Rows:
    """A block cut by a template.

    Attributes:
        pieces: Those with values, as `cut_out` has them.
        ok: Which rows are lines of the template, as far as their pieces tell.
        ends: Where the lines end.
        shape: Where the values of fields stand.
        template: By which it was cut.
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

    >>> template = template_of(b'{"a":"x","b":5}')
    >>> template.outside, template.names
    (('{', ':', ',', ':0}'), ('a', None, 'b', None))
    """
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


def cut_by_template(
    data: bytes, template: Template, format_: Format, *, most: int | None = None
) -> Rows | None:
    r"""Return a block cut by a template, or None if too many lines are not of it.

    Args:
        data: Whole lines.
        template: What they have in common; none of the format is None, too.
        format_: Whose fields are looked for.
        most: How many lines may differ; by default so many that the exact parser may read them.

    >>> from logstats.formats import preset
    >>> line = b'{"status":200,"uri":"/a"}'
    >>> rows = cut_by_template(line + b'\n{"status":2,"uri":7}', template_of(line), preset("json"), most=1)
    >>> rows.ok.to_list()
    [True, False]
    """
    shape = read_shape(format_, template.outside, template.names)
    parts = list(_parts(template))
    wanted = [part for part in parts if isinstance(part, int)]
    if shape is None or not wanted:
        return None
    pieces = cut_out(data, wanted)
    most = pieces.height // _ODD_SHARE if most is None else most
    line = pl.concat_str(
        (pl.col(f"p{part}") if isinstance(part, int) else pl.lit(part) for part in (*parts, "\n")),
        ignore_nulls=True,
    )
    ends = compare_lines(pieces, line, data, most=most)
    if ends is None:
        return None
    checks = [ends.ok, *_are_numbers(pieces, template)]
    ok = reduce(and_, checks).fill_null(value=False)
    if _ESCAPE in data:
        ok = ok.scatter(ends.rows_with(_ESCAPE), values=False)
    return Rows(pieces, ok, ends, shape, template) if int((~ok).sum()) <= most else None


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


def _parts(template: Template) -> Iterator[str | int]:
    """Yield of what a line is made: what stands in all of them, and the numbers of pieces with values."""
    fixed = ""
    last = len(template.outside) - 1
    for place, (structure, name) in enumerate(zip(template.outside, template.names, strict=True)):
        if "0" in structure:
            yield fixed
            yield 2 * place
            fixed = ""
        else:
            fixed += structure
        if name is not None:
            fixed += f'"{name}"'
        elif place < last:
            yield f'{fixed}"'
            yield 2 * place + 1
            fixed = '"'
    yield fixed


def _are_numbers(pieces: pl.DataFrame, template: Template) -> Iterator[pl.Series]:
    """Yield whether the numbers outside of texts are any, and stand as they do in the template."""
    for place, structure in enumerate(template.outside):
        if "0" in structure:
            yield pieces.get_column(f"p{2 * place}").str.contains(_pattern(structure))


@lru_cache(maxsize=4096)
def _pattern(structure: str) -> str:
    return f"^{NUMBER.join(map(pl.escape_regex, structure.split('0')))}$"
