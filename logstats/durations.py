"""How long pages took: hits in buckets of time for each cell of a page on a day.

Cells are those in which `facets` counts requests, so that nobody is counted again: whose hits they are is
known there. Only what was answered as a page counts, neither files nor errors, as in the table of pages. A
log that tells no durations costs one look at a batch.

Which times may be told is a question of visitors. So of each page the visitors are counted by the bucket
of their longest time and of their shortest, each visitor once: how many waited so long or longer is then a
sum of integers, and no token is kept.

Memory is bounded: above `MAX_ROWS` the cells with fewest hits lose their buckets to those
of all the rest of their day; their percentiles are then not known, and not told. Above `MAX_PAIRS` only
visitors are counted whose token lies under a threshold: fewer than there were, never more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

from logstats import schema
from logstats.batches import REQUEST
from logstats.buckets import bucket_of
from logstats.facets import FAMILY, KEY, day_number
from logstats.frozen import frozen
from logstats.pairs import CELL, TOKENS, slices
from logstats.rollup import KIND_FAMILIES, REQUESTS
from logstats.summaries import DURATIONS, PAGE, table_schema

if TYPE_CHECKING:
    from logstats.batches import EnrichedBatch
    from logstats.facets import FacetCounts

TIMES_SCHEMA: Final = {
    CELL: pl.UInt64(),
    schema.DAY: pl.Date(),
    schema.BUCKET: pl.Int16(),
    schema.HITS: pl.Int64(),
    schema.BOT_HITS: pl.Int64(),
}
# Rows of buckets: 30 bytes each, some times over while they are merged.
MAX_ROWS: Final = 1_000_000
# The longest and the shortest time that a visitor waited for a page.
LONGEST: Final = "longest"
SHORTEST: Final = "shortest"
PAIRS_SCHEMA: Final = {
    CELL: pl.UInt64(),
    schema.TOKEN: pl.UInt64(),
    LONGEST: pl.Int16(),
    SHORTEST: pl.Int16(),
}
# Pairs of a page and a visitor: 20 bytes each, some times over while they are merged.
MAX_PAIRS: Final = 1_000_000
# Rows that may come before those of the same bucket are added up.
ROWS_AT_ONCE: Final = 250_000
PAIRS_AT_ONCE: Final = 500_000
_FIRST_ERROR: Final = 400
_BY: Final = (schema.DAY, schema.PATH, schema.BUCKET)
_SPOT: Final = "spot"
# Any number: buckets only have to differ.
_SPOT_SEED: Final = 7
_SUMS: Final = (schema.HITS, schema.BOT_HITS)
# Who waited for a page is counted by these, and once by each.
_VISITS: Final = {schema.VISITORS: LONGEST, schema.TOP_HITS: SHORTEST}


@dataclass(slots=True)
class PageTimes:
    """Hits a cell and bucket; those of other lines of the same run are added.

    Attributes:
        max_rows: How many are kept.
        max_pairs: How many pairs of a page and a visitor.
        parts: Frames of `TIMES_SCHEMA`; one, with one row a cell and bucket, once merged.
        pairs: Frames of `PAIRS_SCHEMA`; one, with one row a cell and visitor, once merged.
        sample_bits: One visitor in so many powers of two is counted.
    """

    max_rows: int = MAX_ROWS
    max_pairs: int = MAX_PAIRS
    parts: list[pl.DataFrame] = field(default_factory=list)
    pairs: list[pl.DataFrame] = field(default_factory=list)
    sample_bits: int = 0

    def count(self, times: TimedHits | None) -> None:
        """Add what `count_times` counted in a batch."""
        if times is None or times.buckets.is_empty():
            return
        self.parts.append(times.buckets)
        self.pairs.append(times.pairs)
        if sum(map(len, self.parts[1:])) > ROWS_AT_ONCE:
            self.merge_parts()
        # As many as there are: each pair is merged few times, however many come.
        if sum(map(len, self.pairs[1:])) > max(PAIRS_AT_ONCE, len(self.pairs[0])):
            self.merge_pairs()

    def add(self, other: PageTimes) -> None:
        """Add the counts of other lines."""
        self.parts += other.parts
        self.pairs += other.pairs
        self.sample_bits = max(self.sample_bits, other.sample_bits)

    def merge_parts(self) -> pl.DataFrame:
        """Bring the parts down to one, within the bound, and return it."""
        merged = _add_up(pl.concat(self.parts)) if self.parts else pl.DataFrame(schema=TIMES_SCHEMA)
        if merged.height > self.max_rows:
            merged = _fold_rarest(merged, self.max_rows // 2)
        self.parts = [merged]
        return merged

    def merge_pairs(self) -> pl.DataFrame:
        """Bring the pairs down to one part, within the bound, and return it."""
        every = self._sample(pl.concat(self.pairs)) if self.pairs else pl.DataFrame(schema=PAIRS_SCHEMA)
        self.pairs = []
        # Some tokens at a time: what grouping needs beside its input is then a part of the memory.
        parts = slices(every, schema.TOKEN, TOKENS >> self.sample_bits)
        merged = pl.concat([_unite_pairs(part) for part in parts])
        while merged.height > self.max_pairs:
            self.sample_bits += 1
            merged = self._sample(merged)
        self.pairs = [merged]
        return merged

    def _sample(self, pairs: pl.DataFrame) -> pl.DataFrame:
        if not self.sample_bits:
            return pairs
        return pairs.filter(pl.col(schema.TOKEN) < pl.lit(TOKENS >> self.sample_bits, pl.UInt64))

    def close(self, requests: FacetCounts) -> pl.DataFrame:
        """Return the table of durations of a summary; the path is null for what was folded.

        Args:
            requests: The facet of requests, merged.
        """
        pages = requests.names[0].filter(pl.col(FAMILY) == KIND_FAMILIES[PAGE]).select(KEY, schema.PATH)
        named = requests.cells[0].select(CELL, KEY).join(pages, on=KEY).select(CELL, schema.PATH)
        times = self.merge_parts().with_columns(_spot(schema.BUCKET).alias(_SPOT))
        pairs = self.merge_pairs()
        for name, wait in _VISITS.items():
            visits = pairs.select(_spot(wait).alias(_SPOT)).group_by(_SPOT).agg(pl.len().alias(name))
            times = times.join(visits, on=_SPOT, how="left")
        # A cell is a page on a day, and a page on a day is one cell.
        times = times.join(named, on=CELL, how="left")
        nameless = times.filter(pl.col(schema.PATH).is_null()).group_by(_BY).agg(pl.col(_SUMS).sum())
        named_times = times.filter(pl.col(schema.PATH).is_not_null())
        return pl.concat([add_buckets(named_times), add_buckets(nameless)])


def add_buckets(times: pl.DataFrame) -> pl.DataFrame:
    """Return rows of day, path, bucket, hits and bot_hits with all columns of a table of a summary.

    Where nobody was counted by the longest and the shortest time there are no visitors of a bucket.
    """
    counts = (schema.VISITORS, schema.BYTES_SENT, schema.TOP_HITS)
    missing = [pl.lit(0).alias(name) for name in counts if name not in times.columns]
    return times.with_columns(missing).select(
        (pl.col(name).fill_null(0) if name in counts else pl.col(name)).cast(kind)
        for name, kind in table_schema(DURATIONS).items()
    )


@frozen
class TimedHits:
    """The pages of a batch: `buckets` as `TIMES_SCHEMA`, and people as `pairs` of `PAIRS_SCHEMA`."""

    buckets: pl.DataFrame
    pairs: pl.DataFrame


def count_times(batch: EnrichedBatch, hits: pl.DataFrame) -> TimedHits | None:
    """Return the times of the pages of a batch, None if its lines tell no durations.

    Args:
        batch: Hits that count.
        hits: What `keying.key_hits` made of them, in the same order.
    """
    if schema.DURATION_US not in batch.hits.columns:
        return None
    durations = batch.hits[schema.DURATION_US]
    if durations.null_count() == len(durations):
        return None
    static = pl.lit(batch.values[REQUEST]["static"]).gather(pl.col(REQUEST))
    timed = hits.select(
        pl.col(REQUESTS).alias(CELL),
        schema.DAY,
        schema.BOT,
        schema.TOKEN,
        pl.lit(durations).alias(schema.DURATION_US),
        (static | (pl.col(schema.STATUS) >= _FIRST_ERROR)).alias("no_page"),
    ).filter(~pl.col("no_page") & pl.col(schema.DURATION_US).is_not_null())
    buckets = timed.with_columns(bucket_of(pl.col(schema.DURATION_US)).alias(schema.BUCKET))
    counted = buckets.group_by(CELL, schema.BUCKET).agg(
        pl.col(schema.DAY).first(),
        pl.len().cast(pl.Int64).alias(schema.HITS),
        pl.col(schema.BOT).sum().cast(pl.Int64).alias(schema.BOT_HITS),
    )
    # One row a hit: grouping them here and again when they are merged takes longer than once.
    bucket = pl.col(schema.BUCKET)
    people = buckets.filter(~pl.col(schema.BOT))
    pairs = people.select(CELL, schema.TOKEN, bucket.alias(LONGEST), bucket.alias(SHORTEST))
    return TimedHits(counted.select(*TIMES_SCHEMA), pairs)


def _spot(bucket: str) -> pl.Expr:
    """Return cell and bucket as one number: grouping by two takes three times the memory."""
    return pl.col(CELL) ^ pl.col(bucket).hash(_SPOT_SEED)


def _unite_pairs(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return one row a cell and visitor: both are random numbers, and so is their exclusive or."""
    united = pairs.group_by((pl.col(CELL) ^ pl.col(schema.TOKEN)).alias("pair")).agg(
        pl.col(CELL, schema.TOKEN).first(), pl.col(LONGEST).max(), pl.col(SHORTEST).min()
    )
    return united.select(*PAIRS_SCHEMA)


def _add_up(times: pl.DataFrame) -> pl.DataFrame:
    summed = times.group_by(CELL, schema.BUCKET).agg(pl.col(schema.DAY).first(), pl.col(_SUMS).sum())
    return summed.select(*TIMES_SCHEMA)


def _fold_rarest(times: pl.DataFrame, rows: int) -> pl.DataFrame:
    """Return cells with most hits, of so many rows together, and the rest of each day as one cell."""
    cells = times.group_by(CELL).agg(pl.col(schema.HITS).sum(), pl.len().alias("rows"))
    most = cells.sort(schema.HITS, CELL, descending=[True, False])
    kept = most.filter(pl.col("rows").cum_sum() <= rows).select(CELL)
    rest = times.join(kept, on=CELL, how="anti").with_columns(day_number(pl.col(schema.DAY)).alias(CELL))
    return pl.concat([times.join(kept, on=CELL, how="semi"), _add_up(rest)])
