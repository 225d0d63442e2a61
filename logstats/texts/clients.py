"""Clients: most are plain addresses, which every reader leaves as they are."""

from __future__ import annotations

from typing import Final

import polars as pl

from logstats import schema
from logstats.addresses import DOTTED_QUAD
from logstats.batches import IS_IPV4, encode
from logstats.formats import readers
from logstats.formats.types import TYPES
from logstats.frozen import frozen
from logstats.texts.each import Fields, read_each, read_together
from logstats.texts.plain import EMPTY_TEXTS

# Digits and points, or hexadecimal digits with two colons at least: no port, no bracket, no name.
_PLAIN: Final = r"^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]*)$"
_IPV4: Final = f"^{DOTTED_QUAD}$"
_LEAVE_PLAIN: Final = frozenset({readers.read_text, readers.read_address_port, readers.read_list})


@frozen
class Clients:
    """Codes of rows, clients and whether they are plain IPv4, and which rows can be trusted, None for all."""

    codes: pl.Series
    values: pl.DataFrame
    ok: pl.Series | None = None


def read_clients(fields: Fields, height: int, *, by_name: bool) -> Clients:
    """Return the client of every row."""
    if not fields:
        return Clients(pl.zeros(height, pl.UInt32, eager=True), _hosts(pl.Series([None])))
    # Of several fields the first one is asked where it tells every client, as servers write it.
    one, texts = fields[0]
    alone = len(fields) == 1 or (by_name and not (texts.is_null() | texts.is_in(EMPTY_TEXTS)).any())
    if not alone or TYPES[one.type].read not in _LEAVE_PLAIN:
        codes, values, ok = read_together(fields, height, [schema.HOST], by_name=by_name)
        return Clients(codes, values, ok)
    is_ipv4 = texts.str.contains(_IPV4).fill_null(value=False)
    others = (~is_ipv4).arg_true()
    other_codes, distinct = encode(texts[others])
    odd = (~distinct.str.contains(_PLAIN)).fill_null(value=False).arg_true()
    if len(odd):
        hits = read_each(one, distinct[odd], by_name=by_name)
        read = pl.Series([None if hit is None else hit[schema.HOST] for hit in hits], dtype=pl.String)
        distinct = distinct.scatter(odd, read)
    # There are about as many clients as lines in a block: finding the distinct ones costs more than to look
    # at the same address twice.
    every = pl.concat([_hosts(distinct, is_ipv4=False), _hosts(texts.filter(is_ipv4), is_ipv4=True)])
    codes = (is_ipv4.cum_sum() + len(distinct) - 1).cast(pl.UInt32)
    return Clients(codes.scatter(others, other_codes), every)


def _hosts(texts: pl.Series, *, is_ipv4: bool = False) -> pl.DataFrame:
    hosts = texts.cast(pl.String).alias(schema.HOST).to_frame()
    return hosts.with_columns(pl.lit(value=is_ipv4).alias(IS_IPV4))
