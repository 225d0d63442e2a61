"""Visitors of several cells together, each counted once, with the hits of all cells together."""

from __future__ import annotations

from typing import Final

import polars as pl

from logstats import schema
from logstats.frozen import frozen
from logstats.pairs import CELL, TOKENS, Pairs, each_of, slices

GROUP: Final = "group"
_NUMBER: Final = "number"
_PLACE: Final = "place"
_PAIR: Final = "pair"
_VISITOR: Final = "visitor"
_COUNTED: Final = "counted"
_FIRST: Final = "is_first"
_ONLY: Final = "is_only"
# Hits of a pair, and places of cells, are numbers below these.
_HITS: Final = 2**32
_PLACES: Final = 2**31


@frozen
class VisitorPairs:
    """Pairs in the order of visitors: their cells can be put into groups in one way after the other.

    Who has one pair is in one group, whatever the groups are; only pairs of the others are sorted again.

    Attributes:
        cells: The column `cell`; its rows are the places of cells.
        only: Place, visitors and top_hits of those visitors who have no other pair.
        several: Place, hits, visitor (a number) and `counted` of the other pairs, visitor after visitor.
    """

    cells: pl.DataFrame
    only: pl.DataFrame
    several: pl.DataFrame

    def count_groups(self, groups: pl.DataFrame) -> pl.DataFrame:
        """Return group, visitors and top_hits, a row a group with visitors; a visitor counts once in each.

        Args:
            groups: Columns cell, each once, and group (UInt32).
        """
        found = self.cells.join(groups, on=CELL, how="left", maintain_order="left")
        group = pl.lit(found.get_column(GROUP)).gather(pl.col(_PLACE)).alias(GROUP)
        wanted = pl.col(GROUP).is_not_null()
        only = self.only.select(group, schema.VISITORS, schema.TOP_HITS).filter(wanted)
        several = self.several.select(group, _VISITOR, _COUNTED, schema.HITS).filter(wanted)
        return _add_groups([only, _count_visitors(several)] if several.height else [only])


def _count_visitors(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return group, visitors and top_hits of numbered visitors in groups; there is one at least."""
    columns = (_VISITOR, GROUP, schema.HITS)
    visitors, groups, hits = (int(str(pairs[name].max())) + 1 for name in columns)
    # One number of all four, of 64 bits in nearly every log: sorting it takes half the time.
    kind = pl.UInt64() if 2 * visitors * groups * hits <= TOKENS else pl.Int128()
    visitor, group, made = (pl.col(name).cast(kind) for name in columns)
    is_counted = pl.col(_COUNTED).cast(kind)
    numbers = pairs.select(((visitor * 2 + is_counted) * groups + group) * hits + made).to_series()
    counted = (pl.col(_PAIR) // groups % 2).sum().cast(pl.Int64).alias(schema.VISITORS)
    of_group = _sum_runs(numbers, hits).group_by((pl.col(_PAIR) % groups).cast(pl.UInt32).alias(GROUP))
    return of_group.agg(counted, pl.col(schema.TOP_HITS).max()).collect(engine="in-memory")


def sort_by_visitor(pairs: Pairs, counted: pl.Expr | None = None) -> VisitorPairs:
    """Return pairs in the order of visitors.

    Args:
        pairs: All of a facet.
        counted: Which pairs are visitors to be counted, over `token`; by default all.
    """
    token, is_first = pl.col(schema.TOKEN), pl.col(_FIRST)
    visits = (
        _sort_tokens(pairs)
        .with_columns(token.ne_missing(token.shift()).alias(_FIRST))
        .select(
            _PLACE,
            schema.HITS,
            (pl.lit(value=True) if counted is None else counted).alias(_COUNTED),
            is_first.cum_sum().cast(pl.UInt32).alias(_VISITOR),
            (is_first & is_first.shift(-1, fill_value=True)).alias(_ONLY),
        )
        .collect(engine="in-memory")
    )
    only = visits.filter(_ONLY).group_by(_PLACE)
    visitors = pl.col(_COUNTED).sum().cast(pl.Int64).alias(schema.VISITORS)
    most = pl.col(schema.HITS).max().cast(pl.Int64).alias(schema.TOP_HITS)
    return VisitorPairs(
        pairs.cells.select(CELL), only.agg(visitors, most), visits.filter(~pl.col(_ONLY)).drop(_ONLY)
    )


def _sort_tokens(pairs: Pairs) -> pl.LazyFrame:
    """Return token, place of the cell, and hits, in the order of tokens."""
    rows = each_of(pairs.cells.with_row_index(_PLACE), _PLACE).hstack(pairs.visitors)
    token, place, hits = (pl.col(name).cast(pl.Int128) for name in (schema.TOKEN, _PLACE, schema.HITS))
    numbers = rows.select(((token * _PLACES + place) * _HITS + hits).alias(_NUMBER)).to_series()
    number = pl.col(_NUMBER)
    # The lower half holds place and hits, and one bit of the token.
    low = number.cast(pl.UInt64, wrap_numerical=True)
    return (
        numbers.sort(in_place=True)
        .to_frame()
        .lazy()
        .select(
            (number // (_PLACES * _HITS)).cast(pl.UInt64).alias(schema.TOKEN),
            (low // _HITS % _PLACES).cast(pl.UInt32).alias(_PLACE),
            (low % _HITS).cast(pl.UInt32).alias(schema.HITS),
        )
    )


def count_groups(pairs: pl.DataFrame, counted: pl.Expr | None = None) -> pl.DataFrame:
    """Return group, visitors and top_hits, a row a group with visitors; a visitor counts once in each.

    Args:
        pairs: Rows of group (UInt32), token and hits.
        counted: Which pairs are visitors to be counted, over `token`; by default all.
    """
    return _add_groups([_count_groups(part, counted) for part in slices(pairs, schema.TOKEN, TOKENS)])


def _add_groups(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return counts of groups from those of some visitors each."""
    sums = pl.concat(parts).group_by(GROUP)
    groups = sums.agg(pl.col(schema.VISITORS).sum(), pl.col(schema.TOP_HITS).max())
    return groups.filter(pl.col(schema.VISITORS) > 0)


def _count_groups(pairs: pl.DataFrame, counted: pl.Expr | None) -> pl.DataFrame:
    # Group, token and hits as one number: sorting a single column takes half the time of sorting a frame.
    group, token, hits = (pl.col(name).cast(pl.Int128) for name in (GROUP, schema.TOKEN, schema.HITS))
    sums = _sum_runs(pairs.select((group * TOKENS + token) * _HITS + hits).to_series(), _HITS)
    columns = [(pl.col(_PAIR) // TOKENS).cast(pl.UInt32).alias(GROUP), pl.col(schema.TOP_HITS)]
    visitors = pl.len()
    if counted is not None:
        columns.append((pl.col(_PAIR) % TOKENS).cast(pl.UInt64).alias(schema.TOKEN))
        visitors = counted.sum()
    counts = sums.select(columns).group_by(GROUP)
    return counts.agg(visitors.cast(pl.Int64).alias(schema.VISITORS), pl.col(schema.TOP_HITS).max()).collect(
        engine="in-memory"
    )


def _sum_runs(numbers: pl.Series, hits: int) -> pl.LazyFrame:
    """Return `pair`, each once, and its hits added up as `top_hits`.

    Args:
        numbers: Each is pair * hits + the hits of a row; used up.
        hits: More than any row has.
    """
    rows = numbers.sort(in_place=True).alias(_NUMBER).to_frame().lazy()
    pair, total = pl.col(_PAIR), pl.col("sum")
    sums = rows.select(
        (pl.col(_NUMBER) // hits).alias(_PAIR), (pl.col(_NUMBER) % hits).cast(pl.Int64).cum_sum().alias("sum")
    )
    # The last row of each run of equal pairs; the sum up to it, less that of the run before.
    ends = sums.filter(pair.ne_missing(pair.shift(-1)))
    return ends.select(_PAIR, (total - total.shift(fill_value=0)).alias(schema.TOP_HITS))
