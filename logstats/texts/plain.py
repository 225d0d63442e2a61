"""Columns of plain text: what a client sent, as it is; what could do harm or is escaped, by the readers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import polars as pl

from logstats.batches import encode
from logstats.formats import Field, readers
from logstats.formats.model import Escape
from logstats.formats.types import TYPES
from logstats.frozen import frozen
from logstats.texts.each import Fields, read_each, read_together

if TYPE_CHECKING:
    from logstats.dictionary import Dictionaries, Era

# As `formats.escapes` has them; surrogates are no text for polars.
HARMFUL: Final = r"\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
# What a text must not hold to be what the client sent.
_ESCAPES: Final = {
    Escape.NONE: "",
    Escape.APACHE: r"\\",
    Escape.NGINX: r"\\",
    Escape.JSON: r"\\",
    Escape.DOUBLED: '"',
    Escape.PLUS: "",
    Escape.PERCENT: "%",
}
# Where values have names, a number in powers of ten becomes digits, whatever it was meant to be.
_POWER: Final = r"^-?[0-9.]+[eE]"
EMPTY_TEXTS: Final = ("", "-")


@frozen
class Values:
    """Codes of rows, what each code stands for, and which rows can be trusted, None for all.

    Codes of an era last from block to block.
    """

    codes: pl.Series
    values: pl.Series
    ok: pl.Series | None = None
    era: Era | None = None


def is_text(one: Field) -> bool:
    """Whether a field's text is its value."""
    return TYPES[one.type].read is readers.read_text


def read_plain(one: Field, texts: pl.Series, *, by_name: bool) -> pl.Series:
    """Return what a field of plain text tells in each of these texts; null for an empty one or a hyphen."""
    if one.escape is Escape.PLUS:
        texts = texts.str.replace_all("+", " ", literal=True)
    values = pl.select(pl.when(~texts.is_in(EMPTY_TEXTS)).then(texts)).to_series()
    odd = texts.str.contains(odd_pattern(one, by_name=by_name)).fill_null(value=False).arg_true()
    if not len(odd):
        return values
    hits = read_each(one, texts[odd], by_name=by_name)
    read = pl.Series([None if hit is None else hit.get(one.column or "") for hit in hits], dtype=pl.String)
    return values.scatter(odd, read)


def odd_pattern(one: Field, *, by_name: bool) -> str:
    """Return the pattern of texts that are not what the client sent."""
    odd = f"[{HARMFUL}{_ESCAPES[one.escape]}]"
    return f"{odd}|{_POWER}" if by_name else odd


def read_values(fields: Fields, height: int, *, by_name: bool) -> Values:
    """Return a column of text that these fields tell; nothing where there are none."""
    if not fields:
        return Values(pl.zeros(height, pl.UInt32, eager=True), pl.Series([None], dtype=pl.String))
    if not _are_alike(fields):
        codes, values, ok = read_together(fields, height, [fields[0][0].column or ""], by_name=by_name)
        return Values(codes, values.to_series(), ok)
    codes, distinct = encode(first_told([texts for _, texts in fields], by_name=by_name))
    return Values(codes, read_plain(fields[0][0], distinct, by_name=by_name))


def read_lasting(fields: Fields, height: int, known: Dictionaries, *, by_name: bool) -> Values:
    """Return the same with codes that last."""
    if not fields or not _are_alike(fields):
        return read_values(fields, height, by_name=by_name)
    one = fields[0][0]
    texts = first_told([texts for _, texts in fields], by_name=by_name)
    name = f"texts of {one.column}, {one.escape}, {by_name}"
    encoded = known.encode(name, texts, partial(_read_table, one, by_name=by_name))
    return Values(encoded.codes, encoded.values.to_series(), era=encoded.era)


def _are_alike(fields: Fields) -> bool:
    return all(is_text(one) and one.escape is fields[0][0].escape for one, _ in fields)


def _read_table(one: Field, texts: pl.Series, *, by_name: bool) -> pl.DataFrame:
    return read_plain(one, texts, by_name=by_name).alias(one.column or "").to_frame()


def first_told(texts: list[pl.Series], *, by_name: bool) -> pl.Series:
    """Return the first text of each row that says something; where values have no names, the last."""
    found, *others = texts if by_name else texts[::-1]
    for other in others:
        told = found.is_not_null() & ~found.is_in(EMPTY_TEXTS)
        found = found.zip_with(told.fill_null(value=False), other)
    return found
