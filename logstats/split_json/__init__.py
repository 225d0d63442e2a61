"""A block of JSON lines as columns: lines of one shape have their values at the same places.

A row whose shape is not that of a line of the format, or whose values are not of their types,
is odd: the exact parser decides.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl

from logstats.dictionary import Dictionaries
from logstats.frozen import frozen
from logstats.split_json.cut import Cut, cut_lines, holds_escapes, restore_escapes
from logstats.split_json.shapes import NUMBER, Place, find_shapes
from logstats.split_json.template import Rows, cut_by_template, find_template
from logstats.texts import Texts, is_needed

if TYPE_CHECKING:
    from logstats.batches import ParsedBatch
    from logstats.formats import Format

__all__ = ["JsonSplit", "split_json"]

_AROUND_NUMBERS = " \t\r:,[]{}"


@frozen
class JsonSplit:
    """A block of JSON lines as hits, and the lines that only the exact parser can read."""

    batch: ParsedBatch | None
    odd_lines: list[bytes]
    parsed: int


def split_json(
    data: bytes, format_: Format, *, keep_query: bool, dictionaries: Dictionaries | None = None
) -> JsonSplit | None:
    """Return a block of JSON lines in columns, or None if none of them is a line of the format.

    Args:
        data: Whole lines.
        format_: Whose fields are looked for.
        keep_query: Whether queries are wanted.
        dictionaries: What was read in other blocks; by default nothing.
    """
    known = dictionaries or Dictionaries()
    template = find_template(data)
    if template is not None:
        rows = cut_by_template(data, template, format_)
        if rows is not None:
            return read_rows(rows, format_, known, keep_query=keep_query)
    return split_by_shapes(data, format_, known, keep_query=keep_query)


def read_rows(rows: Rows, format_: Format, known: Dictionaries, *, keep_query: bool) -> JsonSplit:
    """Return a block that was cut by a template in columns."""
    texts = Texts(format_, rows.pieces.height, by_name=True, keep_query=keep_query, known=known)
    texts.checks.append(rows.ok)
    for number, field in enumerate(format_.fields):
        if number in rows.shape and is_needed(field, keep_query=keep_query):
            texts.add(field, rows.values(number, field))
    batch, ok = texts.read()
    odd_lines = rows.ends.lines_at((~ok).arg_true())
    return JsonSplit(batch, odd_lines, rows.pieces.height - len(odd_lines))


def split_by_shapes(
    data: bytes, format_: Format, known: Dictionaries, *, keep_query: bool
) -> JsonSplit | None:
    """Return a block in columns whose lines may have any names in any order."""
    cut = cut_lines(data)
    if cut is None:
        return None
    codes, shapes = find_shapes(cut, format_)
    fitting = pl.Series([shape is not None for shape in shapes], dtype=pl.Boolean)
    if not fitting.any():
        return None
    texts = Texts(format_, len(cut.rows), by_name=True, keep_query=keep_query, known=known)
    texts.checks.append(fitting[codes])
    for number, field in enumerate(format_.fields):
        if is_needed(field, keep_query=keep_query) and any(number in (shape or {}) for shape in shapes):
            places = [(shape or {}).get(number) for shape in shapes]
            texts.add(field, _values(cut, codes, places, texts))
    batch, ok = texts.read()
    odd = pl.repeat(value=True, n=cut.height, dtype=pl.Boolean, eager=True).scatter(cut.rows, ~ok)
    odd_lines = cut.lines_at(data, odd.arg_true().to_list())
    return JsonSplit(batch, odd_lines, cut.height - len(odd_lines))


def _values(cut: Cut, codes: pl.Series, places: list[Place | None], texts: Texts) -> pl.Series:
    """Return what stands at the places of a field, null in lines that do not have it."""
    told = [place for place in places if place is not None]
    found: list[pl.Series] = []
    if any(place.word is None and not place.is_number for place in told):
        values = cut.inside[_rows(cut, codes, places, numbers=False)]
        found.append(_decode(values, cut.escaped, texts) if len(cut.escaped) else values)
    if any(place.is_number for place in told):
        values = cut.outside[_rows(cut, codes, places, numbers=True)]
        if any(place.has_neighbours for place in told):
            found.append(values.str.extract(f"({NUMBER})"))
        else:
            found.append(values.str.strip_chars(_AROUND_NUMBERS))
    if any(place.word is not None for place in told):
        words = [None if place is None else place.word for place in places]
        found.append(pl.Series(words, dtype=pl.String)[codes])
    return pl.select(pl.coalesce(found)).to_series() if len(found) > 1 else found[0]


def _rows(cut: Cut, codes: pl.Series, places: list[Place | None], *, numbers: bool) -> pl.Series:
    pieces = [
        None if place is None or place.word is not None or place.is_number is not numbers else place.piece
        for place in places
    ]
    if len(pieces) == 1 and pieces[0] is not None:
        return cut.starts + pieces[0]
    return cut.starts + pl.Series(pieces, dtype=pl.Int64)[codes]


def _decode(values: pl.Series, escaped: pl.Series, texts: Texts) -> pl.Series:
    """Return texts without the escapes of JSON; rows with half a pair of surrogates are odd."""
    rows = escaped.filter(holds_escapes(values[escaped]))
    if not len(rows):
        return values
    decoded = pl.Series([_decode_text(text) for text in values[rows].to_list()], dtype=pl.String)
    if decoded.null_count():
        every = pl.repeat(value=True, n=len(values), dtype=pl.Boolean, eager=True)
        texts.checks.append(every.scatter(rows, decoded.is_not_null()))
    return values.scatter(rows, decoded)


def _decode_text(text: str) -> str | None:
    found = str(json.loads(f'"{restore_escapes(text)}"', strict=False))
    try:
        found.encode()
    except UnicodeEncodeError:
        return None
    return found
