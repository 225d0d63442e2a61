"""The keys under which a hit is counted: one a facet, and the visitor's token."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import polars as pl

from logstats import schema
from logstats.batches import AGENT, CLIENT, MINUTE, PROTOCOL, REFERRER, REQUEST, VHOST
from logstats.facets import FAMILY, day_number, key_number
from logstats.rollup import (
    ANSWERS,
    FACET_LABELS,
    HOURS,
    KIND_FAMILIES,
    PROFILES,
    REFERRERS,
    REQUESTS,
)
from logstats.summaries import CLIENT_ERROR, NOT_TOLD, PAGE, SERVER_ERROR, STATIC_FILE

if TYPE_CHECKING:
    from logstats.batches import EnrichedBatch
    from logstats.seeds import Seeds

# The columns of a batch whose values are the labels of a facet.
FACET_CODES: Final[dict[str, list[str]]] = {
    REQUESTS: [REQUEST, schema.STATUS],
    REFERRERS: [REFERRER],
    ANSWERS: [schema.STATUS, REQUEST, PROTOCOL, VHOST],
    HOURS: [MINUTE],
    PROFILES: [AGENT, CLIENT],
}


def facet_codes(facet: str, batch: EnrichedBatch) -> list[str]:
    """Return the columns of a batch whose values are the labels of a facet, with those of its format."""
    told = [name for name in schema.DELIVERY if facet == ANSWERS and name in batch.values]
    return FACET_CODES[facet] + told


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
    """Return a row a hit: day, token, bot, bytes_sent, the codes, and the cell in each facet (named as it).

    The keys of values that are counted together are joined by exclusive or: they are random
    numbers of different purposes. So is the day, which makes the cell of a key.
    """
    values = batch.values

    def value(code: str, texts: pl.Series) -> pl.Expr:
        return pl.lit(texts).gather(pl.col(code))

    def key(code: str, *columns: str) -> pl.Expr:
        labels = pl.struct(columns) if len(columns) > 1 else pl.col(columns[0])
        return value(code, seeds.hash_values(values[code], labels, code + columns[0]))

    status_keys, error_keys = _status_keys(seeds)
    days = values[MINUTE][schema.DAY]
    keys = {
        REQUESTS: key(REQUEST, schema.PATH) ^ value(schema.STATUS, error_keys),
        REFERRERS: key(REFERRER, schema.REFERRER),
        ANSWERS: value(schema.STATUS, status_keys)
        ^ key(REQUEST, schema.METHOD)
        ^ key(PROTOCOL, schema.PROTOCOL)
        ^ key(VHOST, schema.VHOST),
        HOURS: key(MINUTE, schema.HOUR),
        PROFILES: key(AGENT, *AGENT_LABELS) ^ key(CLIENT, schema.COUNTRY, schema.NETWORK),
    }
    for name in facet_codes(ANSWERS, batch)[len(FACET_CODES[ANSWERS]) :]:
        keys[ANSWERS] ^= key(name, name)
    # A visitor is a distinct (unwrapped address, agent) on a day.
    token = (
        key(MINUTE, schema.DAY)
        ^ value(CLIENT, values[CLIENT][schema.TOKEN])
        ^ value(AGENT, values[AGENT][schema.TOKEN])
    )
    of_day = value(MINUTE, days.to_frame().select(day_number(pl.col(schema.DAY))).to_series())
    codes = dict.fromkeys(code for facet in FACET_CODES for code in facet_codes(facet, batch))
    return batch.hits.select(
        *codes,
        schema.BYTES_SENT,
        value(MINUTE, days).alias(schema.DAY),
        token.alias(schema.TOKEN),
        value(AGENT, values[AGENT][schema.BOT].is_not_null()).alias(schema.BOT),
        *((key_number(number) ^ of_day).alias(facet) for facet, number in keys.items()),
    )


def label_cells(facet: str, cells: pl.LazyFrame, batch: EnrichedBatch) -> pl.LazyFrame:
    """Return cells with family and labels, from the codes that they were first made of."""
    values = batch.values
    status = pl.col(schema.STATUS).cast(pl.Int64)
    labels = {
        label: pl.lit(values[code][label]).gather(pl.col(code))
        for code in facet_codes(facet, batch)
        if code != schema.STATUS
        for label in values[code].columns
        if label in FACET_LABELS[facet]
    }
    family = pl.lit(0, pl.UInt64)
    if schema.STATUS in FACET_CODES[facet]:
        labels[schema.STATUS] = status
    if facet == REQUESTS:
        family = _kind_family(pl.lit(values[REQUEST]["static"]).gather(pl.col(REQUEST)))
        labels[schema.STATUS] = pl.when(status >= FIRST_ERROR).then(status)
    labels |= {name: pl.lit(NOT_TOLD) for name in FACET_LABELS[facet] if name not in labels}
    return cells.with_columns(family.alias(FAMILY), *(label.alias(name) for name, label in labels.items()))


def _kind_family(static: pl.Expr) -> pl.Expr:
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
    errors = [0] * FIRST_ERROR + [
        seeds.number("error", status) for status in range(FIRST_ERROR, STATUS_CODES)
    ]
    return pl.Series(every, dtype=pl.UInt64), pl.Series(errors, dtype=pl.UInt64)
