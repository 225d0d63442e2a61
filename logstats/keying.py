"""The keys under which a hit is counted: one a facet, and the visitor's token."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import polars as pl

from logstats import schema
from logstats.batches import AGENT, CLIENT, MINUTE, PROTOCOL, REFERRER, REQUEST, VHOST
from logstats.facets import FAMILY, KEY
from logstats.rollup import (
    ANSWERS,
    FACET_LABELS,
    HOURS,
    KIND_FAMILIES,
    PROFILES,
    REFERRERS,
    REQUESTS,
)
from logstats.summaries import CLIENT_ERROR, PAGE, SERVER_ERROR, STATIC_FILE

if TYPE_CHECKING:
    from logstats.batches import Batch, EnrichedBatch
    from logstats.seeds import Seeds

# The columns of a batch whose values are the labels of a facet.
FACET_CODES: Final[dict[str, list[str]]] = {
    REQUESTS: [REQUEST, schema.STATUS],
    REFERRERS: [REFERRER],
    ANSWERS: [schema.STATUS, REQUEST, PROTOCOL, VHOST],
    HOURS: [MINUTE],
    PROFILES: [AGENT, CLIENT],
}
AGENT_LABELS: Final = (
    schema.BROWSER,
    schema.BROWSER_VERSION,
    schema.SYSTEM,
    schema.SYSTEM_VERSION,
    schema.DEVICE,
    schema.BOT,
)
FIRST_ERROR: Final = 400
FIRST_SERVER_ERROR: Final = 500
STATUS_CODES: Final = 1000


def key_hits(batch: EnrichedBatch, seeds: Seeds) -> pl.DataFrame:
    """Return the hits with day, token, bot, and one key a facet, in a column named as the facet.

    The keys of values that are counted together are joined by exclusive or:
    they are random numbers of different purposes.
    """
    hits, values = batch.hits, batch.values

    def keys(code: str, *columns: str) -> pl.Series:
        labels = values[code].select(pl.struct(columns) if len(columns) > 1 else columns[0]).to_series()
        return seeds.hash_text(labels, code + columns[0]).gather(hits[code])

    status_keys, error_keys = _status_keys(seeds)
    return hits.with_columns(
        values[MINUTE][schema.DAY].gather(hits[MINUTE]).alias(schema.DAY),
        _tokens(batch, seeds).alias(schema.TOKEN),
        values[AGENT][schema.BOT].is_not_null().gather(hits[AGENT]).alias(schema.BOT),
        (keys(REQUEST, schema.PATH) ^ error_keys.gather(hits[schema.STATUS])).alias(REQUESTS),
        keys(REFERRER, schema.REFERRER).alias(REFERRERS),
        (
            status_keys.gather(hits[schema.STATUS])
            ^ keys(REQUEST, schema.METHOD)
            ^ keys(PROTOCOL, schema.PROTOCOL)
            ^ keys(VHOST, schema.VHOST)
        ).alias(ANSWERS),
        keys(MINUTE, schema.HOUR).alias(HOURS),
        (keys(AGENT, *AGENT_LABELS) ^ keys(CLIENT, schema.COUNTRY, schema.NETWORK)).alias(PROFILES),
    )


def name_keys(facet: str, firsts: pl.DataFrame, batch: EnrichedBatch) -> pl.DataFrame:
    """Return key, family and labels of a facet's keys, from the codes they were made of."""
    values = batch.values
    found = [
        values[code][label].gather(firsts[code]).alias(label)
        for code in FACET_CODES[facet]
        if code != schema.STATUS
        for label in values[code].columns
        if label in FACET_LABELS[facet]
    ]
    named = firsts.with_columns(found)
    if schema.STATUS in FACET_CODES[facet]:
        named = named.with_columns(pl.col(schema.STATUS).cast(pl.Int64))
    if facet != REQUESTS:
        return named.with_columns(pl.lit(0, pl.UInt64).alias(FAMILY))
    static = values[REQUEST]["static"].gather(firsts[REQUEST])
    return named.with_columns(_kind_family(static).alias(FAMILY)).with_columns(
        pl.when(pl.col(schema.STATUS) >= FIRST_ERROR).then(schema.STATUS).alias(schema.STATUS)
    )


def _kind_family(static: pl.Series) -> pl.Expr:
    status = pl.col(schema.STATUS)
    family = {kind: pl.lit(number, pl.UInt64) for kind, number in KIND_FAMILIES.items()}
    return (
        pl.when(status >= FIRST_SERVER_ERROR)
        .then(family[SERVER_ERROR])
        .when(status >= FIRST_ERROR)
        .then(family[CLIENT_ERROR])
        .when(static)
        .then(family[STATIC_FILE])
        .otherwise(family[PAGE])
    )


@lru_cache(maxsize=8)
def _status_keys(seeds: Seeds) -> tuple[pl.Series, pl.Series]:
    """Return the keys of all statuses, and those of errors with 0 for all others."""
    every = [seeds.number(schema.STATUS, status) for status in range(STATUS_CODES)]
    errors = [0] * FIRST_ERROR + [seeds.number("error", status) for status in range(FIRST_ERROR, STATUS_CODES)]
    return pl.Series(every, dtype=pl.UInt64), pl.Series(errors, dtype=pl.UInt64)


def _tokens(batch: Batch, seeds: Seeds) -> pl.Series:
    """Return the token of each hit's visitor: a distinct (unwrapped address, agent) on a day."""
    hits, values = batch.hits, batch.values
    by_day = seeds.hash_text(values[MINUTE][schema.DAY], schema.DAY).gather(hits[MINUTE])
    clients = values[CLIENT][schema.TOKEN].gather(hits[CLIENT])
    return by_day ^ clients ^ values[AGENT][schema.TOKEN].gather(hits[AGENT])
