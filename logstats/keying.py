"""The keys under which a hit is counted: one a facet, and the visitor's token."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final

import polars as pl

from logstats import schema
from logstats.batches import AGENT, CLIENT, MINUTE, PROTOCOL, REFERRER, REQUEST, VHOST
from logstats.dictionary import Grown
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


# What is made of the values of each code: a number for the labels that are counted together.
_NUMBERED: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    REQUEST: {"of_path": (schema.PATH,), "of_method": (schema.METHOD,)},
    REFERRER: {"of_referrer": (schema.REFERRER,)},
    PROTOCOL: {"of_protocol": (schema.PROTOCOL,)},
    VHOST: {"of_vhost": (schema.VHOST,)},
    MINUTE: {"of_hour": (schema.HOUR,), "of_visits": (schema.DAY,)},
    AGENT: {"of_agent": AGENT_LABELS},
    CLIENT: {"of_place": (schema.COUNTRY, schema.NETWORK)},
    **{name: {f"of_{name}": (name,)} for name in schema.DELIVERY},
}
# What a hit takes from its values beside numbers.
_TAKEN: Final[dict[str, tuple[pl.Expr, ...]]] = {
    MINUTE: (pl.col(schema.DAY), day_number(pl.col(schema.DAY)).alias("of_day")),
    REQUEST: ((pl.col("static").cast(pl.UInt16) * STATUS_CODES).alias("of_static"),),
    AGENT: (pl.col(schema.TOKEN).alias("of_text"), pl.col(schema.BOT).is_not_null().alias("is_bot")),
    CLIENT: (pl.col(schema.TOKEN).alias("of_address"),),
}


class Keyer:
    """Makes the keys of hits from the random numbers of one run; threads may share it."""

    def __init__(self, seeds: Seeds) -> None:
        self._status_keys, self._error_keys = _status_keys(seeds)
        self._seeds = seeds
        self._numbers = {code: Grown(partial(self._number_values, code)) for code in _NUMBERED}

    def key_hits(self, batch: EnrichedBatch) -> pl.DataFrame:
        """Return a row a hit: day, token, bot, bytes_sent, codes, and the cell in each facet (named as it).

        The keys of values that are counted together are joined by exclusive or: they are random
        numbers of different purposes. So is the day, which makes the cell of a key.
        """
        numbers = {
            name: pl.lit(column).gather(pl.col(code))
            for code in batch.values
            for name, column in self._columns(code, batch)
        }
        status = pl.col(schema.STATUS)
        keys = {
            REQUESTS: numbers["of_path"] ^ pl.lit(self._error_keys).gather(status),
            REFERRERS: numbers["of_referrer"],
            ANSWERS: pl.lit(self._status_keys).gather(status + numbers["of_static"])
            ^ numbers["of_method"]
            ^ numbers["of_protocol"]
            ^ numbers["of_vhost"],
            HOURS: numbers["of_hour"],
            PROFILES: numbers["of_agent"] ^ numbers["of_place"],
        }
        for name in schema.DELIVERY:
            if name in batch.values:
                keys[ANSWERS] ^= numbers[f"of_{name}"]
        # A visitor is a distinct (unwrapped address, agent) on a day.
        token = numbers["of_visits"] ^ numbers["of_address"] ^ numbers["of_text"]
        codes = dict.fromkeys(code for facet in FACET_CODES for code in facet_codes(facet, batch))
        return batch.hits.select(
            *codes,
            schema.BYTES_SENT,
            numbers[schema.DAY].alias(schema.DAY),
            token.alias(schema.TOKEN),
            numbers["is_bot"].alias(schema.BOT),
            *((key_number(number) ^ numbers["of_day"]).alias(facet) for facet, number in keys.items()),
        )

    def _columns(self, code: str, batch: EnrichedBatch) -> list[tuple[str, pl.Series]]:
        made = batch.grow(code, self._numbers[code])
        return list(zip(made.columns, made.get_columns(), strict=True))

    def _number_values(self, code: str, values: pl.DataFrame) -> pl.DataFrame:
        numbers = [self._number(code, labels, values).alias(name) for name, labels in _NUMBERED[code].items()]
        return values.select(*numbers, *_TAKEN.get(code, ()))

    def _number(self, code: str, labels: tuple[str, ...], values: pl.DataFrame) -> pl.Series:
        number = pl.struct(labels).hash(self._seeds.number(code, *labels))
        # Without a database of places there is nothing in any row, and one row tells for all.
        if all(values.get_column(name).null_count() == values.height for name in labels):
            return pl.repeat(values.head(1).select(number).item(), values.height, dtype=pl.UInt64, eager=True)
        return values.select(number).to_series()


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
    if facet in (REQUESTS, ANSWERS):
        family = _kind_family(pl.lit(values[REQUEST]["static"]).gather(pl.col(REQUEST)))
    if facet == REQUESTS:
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
    """Return the keys of statuses, of pages and behind them of static files; those of errors, else 0.

    An error has one key, whatever was asked for.
    """
    statuses = range(STATUS_CODES)
    every = [seeds.number(schema.STATUS, status) for status in statuses]
    static = [seeds.number("static", status) for status in statuses[:FIRST_ERROR]] + every[FIRST_ERROR:]
    errors = [0] * FIRST_ERROR + [seeds.number("error", status) for status in statuses[FIRST_ERROR:]]
    return pl.Series(every + static, dtype=pl.UInt64), pl.Series(errors, dtype=pl.UInt64)
