"""Rows per day become groups of a period, without linking anybody across days."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import polars as pl

from logstats import schema
from logstats.frozen import frozen

PEOPLE: Final = "people_hits"  # hits without bots'
BEST: Final = "best_day"  # visitors on the day with most: a lower bound of those of the period
BLOCK: Final = "block"  # rows whose hits together can be known from elsewhere in the report
ROW: Final = "row"

SUMS: Final = (schema.HITS, schema.BOT_HITS, schema.VISITORS, schema.BYTES_SENT, schema.TOP_HITS)


@frozen
class Merged:
    """Several groups seen as one: visitors are those of their union, day by day."""

    groups: int
    hits: int
    bot_hits: int
    visitors: int
    bytes_sent: int
    top_hits: int  # at most this many were made by one visitor
    best_day: int

    @property
    def people_hits(self) -> int:
        """Hits without those of bots."""
        return self.hits - self.bot_hits


@frozen
class Groups:
    """The groups of one table over a period.

    `daily` has a row per day and key, `rows` one per key with `row` as its number, in
    the order to show them. `unite` counts distinct visitors a day of some keys.
    """

    keys: tuple[str, ...]
    daily: pl.DataFrame
    rows: pl.DataFrame
    day_tops: pl.DataFrame
    unite: Callable[[pl.DataFrame], pl.DataFrame]

    def merge(self, rows: pl.DataFrame) -> Merged:
        """Return some of the groups as one."""
        sums = rows.select(pl.col(schema.HITS, schema.BOT_HITS, schema.BYTES_SENT).sum()).row(0)
        if rows.height == 1:
            visitors, best, tops = rows.select(schema.VISITORS, BEST, schema.TOP_HITS).row(0)
            return Merged(1, sums[0], sums[1], visitors, sums[2], tops, best)
        united = self.unite(rows.select(self.keys)) if rows.height else None
        if united is None or united.is_empty():
            return Merged(rows.height, sums[0], sums[1], 0, sums[2], 0, 0)
        visitors = int(united[schema.VISITORS].sum())
        best = int(united.select(pl.col(schema.VISITORS).max()).item())
        return Merged(rows.height, sums[0], sums[1], visitors, sums[2], self._most(rows, united), best)

    def _most(self, rows: pl.DataFrame, united: pl.DataFrame) -> int:
        """The most hits one visitor can have made in a union: no more than in all groups, or that day."""
        if schema.TOP_HITS in united.columns:
            return int(united[schema.TOP_HITS].sum())
        tops = (
            self.daily.join(rows.select(self.keys), on=self.keys, how="semi", nulls_equal=True)
            .group_by(schema.DAY)
            .agg(pl.col(schema.TOP_HITS).sum())
            .join(self.day_tops, on=schema.DAY)
        )
        return int(tops.select(pl.min_horizontal(schema.TOP_HITS, "day_top").sum()).item())


def gather_groups(
    keys: tuple[str, ...],
    daily: pl.DataFrame,
    days: pl.DataFrame,
    unite: Callable[[pl.DataFrame], pl.DataFrame],
    rank: tuple[pl.Expr, ...],
) -> Groups:
    """Return the groups of a period; visitors are daily visitors, added up.

    Args:
        keys: The columns that name a group.
        daily: A row per day and key.
        days: `Summary.days`.
        unite: Keys of groups -> day, visitors of their union.
        rank: What to sort by, the largest first; the keys decide between equals.
    """
    rows = (
        daily.group_by(keys)
        .agg(pl.col(SUMS).sum(), pl.col(schema.VISITORS).max().alias(BEST))
        .with_columns((pl.col(schema.HITS) - pl.col(schema.BOT_HITS)).alias(PEOPLE))
        .sort([*rank, *keys], descending=[True] * len(rank) + [False] * len(keys), nulls_last=True)
        .with_row_index(ROW)
        .with_columns(pl.lit(value="all").alias(BLOCK))
    )
    tops = days.select(schema.DAY, pl.col(schema.TOP_HITS).alias("day_top"))
    return Groups(keys, daily, rows, tops, unite)
