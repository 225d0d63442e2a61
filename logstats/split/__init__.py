"""A block cut at its quote marks: codes of distinct values, numbers, and which rows to trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from logstats import schema
from logstats.batches import (
    AGENT,
    CLIENT,
    REFERRER,
)
from logstats.delivery import encode_words
from logstats.dictionary import Dictionaries
from logstats.pieces import cut_at_quotes
from logstats.plan import Plan
from logstats.split.numbers import read_between
from logstats.split.rows import Split
from logstats.split.texts import read_head, read_quoted, read_request, read_time

if TYPE_CHECKING:
    from logstats.proxies import Proxies


__all__ = ["Split", "split_block"]


def split_block(
    data: bytes,
    plan: Plan,
    *,
    keep_query: bool,
    proxies: Proxies | None = None,
    dictionaries: Dictionaries | None = None,
) -> Split:
    """Return a block of lines cut by the plan of its format.

    Args:
        data: Whole lines.
        plan: Where values stand.
        keep_query: Whether queries are wanted.
        proxies: Whose word counts about who the client is.
        dictionaries: What was read in other blocks; by default nothing.
    """
    known = dictionaries or Dictionaries()
    split = Split(cut_at_quotes(data, plan.pieces))
    read_time(split)
    read_head(split, plan)
    read_request(split, plan, known, keep_query=keep_query)
    for column in (REFERRER, AGENT):
        read_quoted(split, plan, known, column)
    for piece, tokens in plan.between.items():
        read_between(split, f"p{piece}", tokens, known, last=piece == plan.pieces - 1)
    if not plan.between[plan.pieces - 1]:
        # Where nothing stands in the last field, it may not be there at all.
        split.checks.append(split.pieces[f"p{plan.pieces - 2}"].is_not_null())
    for column, number in plan.delivery:
        split.codes[column], split.values[column] = encode_words(split.pieces[f"p{number}"], column)
    for piece in plan.ignored:
        split.checks.append(~split.pieces[f"p{piece}"].str.ends_with("\\").fill_null(value=False))
    if schema.BYTES_SENT not in split.numbers:
        split.numbers[schema.BYTES_SENT] = pl.repeat(0, pl.len(), dtype=pl.Int64)
    split.ok = _trusted(split, plan)
    split.find_odd(data)
    if proxies is not None and plan.forwarded is not None:
        forwarded = split.pieces[f"p{plan.forwarded}"]
        split.codes[CLIENT], split.values[CLIENT] = proxies.look_behind(
            split.codes[CLIENT], split.values[CLIENT], forwarded
        )
    return split


def _trusted(split: Split, plan: Plan) -> pl.Series:
    checks = [frame["ok"][split.codes[name]] for name, frame in split.values.items() if not frame["ok"].all()]
    checks += split.checks
    checks.append(split.pieces[f"p{plan.pieces}"].is_null())
    ok = pl.DataFrame([check.alias(str(number)) for number, check in enumerate(checks)])
    return ok.select(pl.all_horizontal(pl.all()).fill_null(value=False)).to_series()
