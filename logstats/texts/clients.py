"""Clients: most are plain addresses, which every reader leaves as they are."""

from __future__ import annotations

from typing import Final

import polars as pl

from logstats import schema
from logstats.batches import encode
from logstats.formats import readers
from logstats.formats.types import TYPES
from logstats.texts.each import Fields, read_each, read_together
from logstats.texts.plain import EMPTY_TEXTS, Values

# Digits and points, or hexadecimal digits with two colons at least: no port, no bracket, no name.
_PLAIN: Final = r"^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]*)$"
_LEAVE_PLAIN: Final = frozenset({readers.read_text, readers.read_address_port, readers.read_list})


def read_clients(fields: Fields, height: int, *, by_name: bool) -> Values:
    """Return the client of every row."""
    if not fields:
        return Values(pl.zeros(height, pl.UInt32, eager=True), pl.Series([None], dtype=pl.String))
    # Of several fields the first one is asked where it tells every client, as servers write it.
    one, texts = fields[0]
    codes, distinct = encode(texts)
    alone = len(fields) == 1 or (by_name and not (distinct.is_null() | distinct.is_in(EMPTY_TEXTS)).any())
    if not alone or TYPES[one.type].read not in _LEAVE_PLAIN:
        codes, values, ok = read_together(fields, height, [schema.HOST], by_name=by_name)
        return Values(codes, values.to_series(), ok)
    odd = (~distinct.str.contains(_PLAIN)).fill_null(value=False).arg_true()
    hits = read_each(one, distinct.gather(odd), by_name=by_name)
    read = pl.Series([None if hit is None else hit[schema.HOST] for hit in hits], dtype=pl.String)
    return Values(codes, distinct.scatter(odd, read) if len(odd) else distinct)
