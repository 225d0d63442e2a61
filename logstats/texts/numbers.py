"""Numbers of every row: status, bytes, duration; and whether other numbers are any."""

from __future__ import annotations

from typing import Final

import polars as pl

from logstats import schema
from logstats.batches import encode
from logstats.formats import Field
from logstats.formats.json_lines import plain_number
from logstats.texts.each import read_each
from logstats.texts.plain import EMPTY_TEXTS

NUMBERS: Final = (schema.STATUS, schema.BYTES_SENT, schema.DURATION_US)
_UNITS_US: Final = {"seconds": 1_000_000, "milliseconds": 1000, "microseconds": 1}
# Up to a million of the unit: then a double tells a nanosecond of a second.
_DURATION: Final = r"^[0-9]{1,6}(?:\.[0-9]{1,9})?$"
# How most numbers are written: one look tells that nothing else need be asked.
_USUAL: Final = {
    "status": r"^[1-9][0-9]{2}$",
    **dict.fromkeys(("integer", "digits", "nanoseconds"), r"^[0-9]{1,18}$"),
    **dict.fromkeys(_UNITS_US, _DURATION),
}
# One in so many rows may be written in another way.
_FEW: Final = 16
# What cutting off must not take from a number of nine decimals that a double has a little too low.
_LITTLE: Final = 1e-4
# The exact parser reads at most 18 digits.
_MOST_DIGITS: Final = 18
_LEAST_STATUS, _GREATEST_STATUS, _STATUS_DIGITS = 100, 999, 3


def read_number(one: Field, texts: pl.Series, *, by_name: bool) -> tuple[pl.Series, pl.Series]:
    """Return the number of every row, null for none, and which rows can be trusted."""
    usual = _USUAL.get(one.type)
    if usual is None:
        return _read_any(one, texts, by_name=by_name)
    # Where a line does not have the field, there is no number.
    is_usual = texts.str.contains(usual).fill_null(value=True)
    others = (~is_usual).arg_true()
    if len(others) * _FEW > len(texts):
        return _read_any(one, texts, by_name=by_name)
    number = _cast(one, texts)
    if not len(others):
        return number, is_usual
    some, told = _read_any(one, texts[others], by_name=by_name)
    return number.scatter(others, some), is_usual.scatter(others, told)


def _cast(one: Field, texts: pl.Series) -> pl.Series:
    """Return the number of every row that is written as usual."""
    if one.type in _UNITS_US:
        # As the exact parser does, what is left of a microsecond is cut off.
        us = (texts.cast(pl.Float64, strict=False) * _UNITS_US[one.type] + _LITTLE).floor()
        return us.cast(pl.Int64, strict=False)
    number = texts.cast(pl.Int64, strict=False)
    return number // 1000 if one.type == "nanoseconds" else number


def _read_any(one: Field, texts: pl.Series, *, by_name: bool) -> tuple[pl.Series, pl.Series]:
    """Return what `read_number` does, however numbers are written."""
    if by_name:
        texts = _without_powers(texts)
    if one.type == "status":
        told = _is_status(texts)
    elif one.type in {"integer", "digits", "nanoseconds"}:
        told = _is_integer(texts)
    elif one.type in _UNITS_US:
        told = texts.str.contains(_DURATION).fill_null(value=False)
    else:
        return _each(one, texts, by_name=by_name)
    number = _cast(one, texts)
    empty = texts.is_in(EMPTY_TEXTS)
    if one.column == schema.BYTES_SENT and empty.any():
        # A hyphen is no bytes (mod_log_config, %b), and no other field is asked.
        number = number.zip_with((texts != "-").fill_null(value=True), pl.Series([0], dtype=pl.Int64))
    return number, told | texts.is_null() | empty


def _without_powers(texts: pl.Series) -> pl.Series:
    powers = texts.str.contains_any(["e", "E"]).fill_null(value=False).arg_true()
    if not len(powers):
        return texts
    plain = [plain_number(text) for text in texts[powers].to_list()]
    return texts.scatter(powers, pl.Series(plain, dtype=pl.String))


def _is_status(texts: pl.Series) -> pl.Series:
    number = texts.cast(pl.Int64, strict=False)
    told = number.is_between(_LEAST_STATUS, _GREATEST_STATUS) & (texts.str.len_bytes() == _STATUS_DIGITS)
    return told.fill_null(value=False)


def _is_integer(texts: pl.Series) -> pl.Series:
    number = texts.cast(pl.Int64, strict=False)
    told = (number >= 0) & (texts.str.len_bytes() <= _MOST_DIGITS) & ~texts.str.starts_with("+")
    return told.fill_null(value=False)


def _each(one: Field, texts: pl.Series, *, by_name: bool) -> tuple[pl.Series, pl.Series]:
    codes, distinct = encode(texts)
    hits = read_each(one, distinct.fill_null(""), by_name=by_name)
    ok = pl.Series([hit is not None for hit in hits], dtype=pl.Boolean)[codes]
    if one.column not in NUMBERS:
        return pl.repeat(None, len(texts), dtype=pl.Int64, eager=True), ok
    numbers = [None if hit is None else hit[one.column] for hit in hits]
    return pl.Series(numbers, dtype=pl.Int64)[codes], ok
