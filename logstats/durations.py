"""How long pages took: hits in buckets of time for each cell of a page on a day.

Cells are those in which `facets` counts requests, so that nobody is counted again: whose hits they are is
known there. Only what was answered as a page counts, neither files nor errors, as in the table of pages. A
log that tells no durations costs one look at a batch.

Memory is bounded: above `MAX_ROWS` the cells with fewest hits lose their buckets to those
of all the rest of their day; their percentiles are then not known, and not told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

from logstats import schema
from logstats.batches import REQUEST
from logstats.buckets import bucket_of
from logstats.facets import FAMILY, KEY, day_number
from logstats.pairs import CELL
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
# Rows that may come before those of the same bucket are added up.
ROWS_AT_ONCE: Final = 250_000
_FIRST_ERROR: Final = 400
_SUMS: Final = (schema.HITS, schema.BOT_HITS)


@dataclass(slots=True)
class PageTimes:
    """Hits a cell and bucket; those of other lines of the same run are added.

    Attributes:
        max_rows: How many are kept.
        parts: Frames of `TIMES_SCHEMA`; one, with one row a cell and bucket, once merged.
    """

    max_rows: int = MAX_ROWS
    parts: list[pl.DataFrame] = field(default_factory=list)

    def count(self, times: pl.DataFrame | None) -> None:
        """Add what `count_times` counted in a batch."""
        if times is not None and times.height:
            self.parts.append(times)
            if sum(map(len, self.parts[1:])) > ROWS_AT_ONCE:
                self.merge_parts()

    def add(self, other: PageTimes) -> None:
        """Add the counts of other lines."""
        self.parts += other.parts

    def merge_parts(self) -> pl.DataFrame:
        """Bring the parts down to one, within the bound, and return it."""
        merged = _add_up(pl.concat(self.parts)) if self.parts else pl.DataFrame(schema=TIMES_SCHEMA)
        if merged.height > self.max_rows:
            merged = _fold_rarest(merged, self.max_rows // 2)
        self.parts = [merged]
        return merged

    def close(self, requests: FacetCounts) -> pl.DataFrame:
        """Return day, path, bucket and counts; the path is null for what was folded.

        Args:
            requests: The facet of requests, merged.
        """
        pages = requests.names[0].filter(pl.col(FAMILY) == KIND_FAMILIES[PAGE]).select(KEY, schema.PATH)
        named = requests.cells[0].select(CELL, KEY).join(pages, on=KEY).select(CELL, schema.PATH)
        times = self.merge_parts().join(named, on=CELL, how="left")
        return add_buckets(times.group_by(schema.DAY, schema.PATH, schema.BUCKET).agg(pl.col(_SUMS).sum()))


def add_buckets(times: pl.DataFrame) -> pl.DataFrame:
    """Return rows of day, path, bucket, hits and bot_hits with all columns of a table of a summary.

    Whose hits they are was not counted: where people were there was one at least.
    """
    one = (pl.col(schema.HITS) > pl.col(schema.BOT_HITS)).cast(pl.Int64)
    counts = {schema.VISITORS: one, schema.BYTES_SENT: pl.lit(0, pl.Int64), schema.TOP_HITS: one}
    columns = table_schema(DURATIONS)
    return times.with_columns(value.alias(name) for name, value in counts.items()).select(
        pl.col(name).cast(kind) for name, kind in columns.items()
    )


def count_times(batch: EnrichedBatch, hits: pl.DataFrame) -> pl.DataFrame | None:
    """Return the pages of a batch as `TIMES_SCHEMA`, None if its lines tell no durations.

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
        pl.lit(durations).alias(schema.DURATION_US),
        (static | (pl.col(schema.STATUS) >= _FIRST_ERROR)).alias("no_page"),
    ).filter(~pl.col("no_page") & pl.col(schema.DURATION_US).is_not_null())
    buckets = timed.with_columns(bucket_of(pl.col(schema.DURATION_US)).alias(schema.BUCKET))
    counted = buckets.group_by(CELL, schema.BUCKET).agg(
        pl.col(schema.DAY).first(),
        pl.len().cast(pl.Int64).alias(schema.HITS),
        pl.col(schema.BOT).sum().cast(pl.Int64).alias(schema.BOT_HITS),
    )
    return counted.select(*TIMES_SCHEMA)


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
