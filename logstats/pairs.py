"""Pairs of a cell and a visitor as 128-bit numbers: sorted, counted and added up.

Sorting the numbers and taking the runs counts hits and visitors in a third of the time that grouping takes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Final

import polars as pl

from logstats import schema
from logstats.frozen import frozen

CELL: Final = "cell"
_LEN: Final = "len"
_START: Final = "start"
_NUMBER: Final = "number"
# Pairs as they come: one row a hit of a person.
SIGHTINGS_SCHEMA: Final = {CELL: pl.UInt64(), schema.TOKEN: pl.UInt64()}

# Tokens are numbers below this.
TOKENS: Final = 2**64
# So are cells.
CELLS: Final = 2**63
# Rows that are sorted at once: 16 bytes each, several times over.
SLICE_ROWS: Final = 300_000


@frozen
class Pairs:
    """Each pair once, in the order of cells, and within a cell in that of tokens.

    Attributes:
        cells: A row a cell: `cell` (UInt64), and `len` (UInt32), how many pairs it has.
        visitors: A row a pair: `token` (UInt64) and `hits` (UInt32).
    """

    cells: pl.DataFrame
    visitors: pl.DataFrame

    def __len__(self) -> int:
        """How many pairs there are."""
        return self.visitors.height

    @classmethod
    def of_sorted(cls, rows: pl.DataFrame) -> Pairs:
        """Return pairs of sorted rows of cell, token and hits."""
        runs = rows.get_column(CELL).rle().struct.unnest()
        return cls(runs.select(pl.col("value").alias(CELL), _LEN), rows.select(schema.TOKEN, schema.HITS))

    @classmethod
    def join(cls, parts: list[Pairs]) -> Pairs:
        """Return the pairs of all parts; the cells of each come behind those of the one before it."""
        cells = [pl.DataFrame(schema=_CELLS_SCHEMA), *(part.cells for part in parts)]
        visitors = [pl.DataFrame(schema=_VISITORS_SCHEMA), *(part.visitors for part in parts)]
        return cls(pl.concat(cells, rechunk=True), pl.concat(visitors, rechunk=True))

    def rows_of(self, wanted: pl.DataFrame) -> pl.DataFrame:
        """Return the pairs of some cells: the other column of `wanted`, token and hits.

        Args:
            wanted: The column `cell`, each once, and another one.
        """
        found = self._places().join(wanted, on=CELL, maintain_order="left")
        of_rows = each_of(found, *(name for name in wanted.columns if name != CELL))
        if of_rows.height == len(self):
            return of_rows.hstack(self.visitors)
        ranges = pl.int_ranges(_START, pl.col(_START) + pl.col(_LEN), dtype=pl.UInt32)
        rows = found.select(ranges.explode(empty_as_null=False)).to_series()
        return of_rows.hstack(self.visitors[rows])

    def without(self, cells: pl.DataFrame) -> Pairs:
        """Return the pairs of other cells than these."""
        is_other = ~self.cells.get_column(CELL).is_in(cells.get_column(CELL).implode())
        others = self.cells.with_columns(is_other.alias("other"))
        return Pairs(
            others.filter("other").drop("other"), self.visitors.filter(each_of(others, "other")["other"])
        )

    def keep(self, wanted: pl.Expr) -> Pairs:
        """Return the pairs that an expression over `token` and `hits` wants."""
        cells = self.cells.with_columns(self._count(wanted)).filter(pl.col(_LEN) > 0)
        return Pairs(cells, self.visitors.filter(wanted))

    def count_visitors(self, counted: pl.Expr | None = None) -> pl.DataFrame:
        """Return cell, visitors and top_hits, a row a cell with visitors.

        Args:
            counted: Which pairs are visitors to be counted, over `token`; by default all.
        """
        lens = self.cells.get_column(_LEN) if counted is None else self._count(counted)
        visitors = self.cells.select(CELL, lens.cast(pl.Int64).alias(schema.VISITORS))
        return visitors.with_columns(self._top_hits()).filter(pl.col(schema.VISITORS) > 0)

    def _top_hits(self) -> pl.Series:
        """Return the most hits of a pair of each cell."""
        hits = self.visitors.get_column(schema.HITS)
        # Most pairs have one hit; of the others few cells have any.
        several = (hits > 1).arg_true()
        cells = self.cells.get_column(_LEN).cum_sum().search_sorted(several, side="right")
        pairs = pl.DataFrame({CELL: cells, schema.TOP_HITS: hits[several].cast(pl.Int64)})
        most = pairs.group_by(CELL).agg(pl.col(schema.TOP_HITS).max())
        ones = pl.repeat(1, self.cells.height, dtype=pl.Int64, eager=True).alias(schema.TOP_HITS)
        return ones.scatter(most.get_column(CELL), most.get_column(schema.TOP_HITS))

    def between(self, low: int, high: int) -> pl.DataFrame:
        """Return cell, token and hits of the pairs whose cells are in a range, in their order."""
        places = self._places()
        cells = places.get_column(CELL)
        first, last = (cells.search_sorted(cell) if cell < CELLS else len(cells) for cell in (low, high))
        found = places[first:last]
        start = found[_START][0] if found.height else 0
        return each_of(found, CELL).hstack(self.visitors[start : start + found[_LEN].sum()])

    def _places(self) -> pl.DataFrame:
        """Return `cells` and where the pairs of each begin: `start`."""
        length = pl.col(_LEN).cast(pl.UInt64)
        return self.cells.with_columns((length.cum_sum() - length).alias(_START))

    def _count(self, wanted: pl.Expr) -> pl.Series:
        """Return how many pairs of each cell are wanted: `len`."""
        before = self.visitors.select(wanted.cum_sum().cast(pl.UInt32).alias(_LEN)).to_series()
        ends = self.cells.select(pl.col(_LEN).cast(pl.UInt64).cum_sum() - 1).to_series()
        sums = before[ends]
        return sums - sums.shift(fill_value=0)


_CELLS_SCHEMA: Final = {CELL: pl.UInt64(), _LEN: pl.UInt32()}
_VISITORS_SCHEMA: Final = {schema.TOKEN: pl.UInt64(), schema.HITS: pl.UInt32()}


def each_of(cells: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Return columns of cells with a row for each of their pairs."""
    return cells.select(pl.col(columns).repeat_by(_LEN).explode(empty_as_null=False))


class PairMerge:
    """Sightings and pairs that become distinct pairs with their hits; both lists are used up.

    A range of cells at a time, or several: what sorting needs beside its input is then a part of the memory.

    Args:
        pairs: Pairs counted before.
        sightings: Parts of `SIGHTINGS_SCHEMA`.
    """

    def __init__(self, pairs: list[Pairs], sightings: list[pl.DataFrame]) -> None:
        self._pairs = pairs
        self._sightings = sightings
        # All parts as one frame: a query for each of them takes longer than the work.
        self._seen = pl.concat([pl.DataFrame(schema=SIGHTINGS_SCHEMA), *sightings], rechunk=False)
        self._ranges = _ranges(sum(map(len, pairs)) + self._seen.height, CELLS)
        self._lock = threading.Lock()
        self._parts: dict[int, Pairs] = {}
        self._result: Pairs | None = None

    def steps(self) -> list[Callable[[], None]]:
        """Return what is to be done, each once, in any order or at the same time."""
        return [partial(self._merge_range, number) for number in range(len(self._ranges))]

    def result(self) -> Pairs:
        """Return the pairs of all ranges, after all steps.

        Raises:
            ValueError: A step was not done.
        """
        if self._result is None:
            raise ValueError("a range was not merged")
        return self._result

    def _merge_range(self, number: int) -> None:
        low, high = self._ranges[number]
        is_inside = pl.col(CELL).is_between(low, high, closed="left")
        counted = _count_sorted(_numbers(self._seen.filter(is_inside)))
        known = [part for part in (pairs.between(low, high) for pairs in self._pairs) if len(part)]
        parts = [counted, *known] if len(counted) or not known else known
        merged = Pairs.of_sorted(add_pairs(pl.concat(parts)) if len(parts) > 1 else parts[0])
        with self._lock:
            self._parts[number] = merged
            is_last = len(self._parts) == len(self._ranges)
        if is_last:
            # Here and not when it is asked for: those that are merged next need the memory.
            self._pairs.clear()
            self._sightings.clear()
            self._seen = self._seen.clear()
            self._result = Pairs.join([self._parts.pop(number) for number in sorted(self._parts)])


def _count_sorted(numbers: pl.Series) -> pl.DataFrame:
    """Return cell, token and hits, sorted, of the numbers of all sightings, which are used up."""
    runs = numbers.sort(in_place=True).rle().struct.unnest()
    number = pl.col("value")
    return runs.select(
        (number // TOKENS).cast(pl.UInt64).alias(CELL),
        number.cast(pl.UInt64, wrap_numerical=True).alias(schema.TOKEN),
        pl.col("len").alias(schema.HITS),
    )


def _numbers(pairs: pl.DataFrame) -> pl.Series:
    """Return cell and token of each pair as one number that sorts by the one, then the other."""
    cell, token = (pl.col(name).cast(pl.Int128) for name in (CELL, schema.TOKEN))
    return pairs.select((cell * TOKENS + token).alias(_NUMBER)).to_series()


def slices(rows: pl.DataFrame, by: str, end: int) -> Iterator[pl.DataFrame]:
    """Yield the rows in parts of rising, about equal ranges of a column of random numbers below `end`."""
    ranges = _ranges(len(rows), end)
    if len(ranges) == 1:
        yield rows
        return
    for low, high in ranges:
        yield rows.filter(pl.col(by).is_between(low, high, closed="left"))


def _ranges(rows: int, end: int) -> list[tuple[int, int]]:
    """Return ranges of numbers below `end`, so many that few rows are in each."""
    count = -(-rows // SLICE_ROWS) or 1
    return list(pairwise(end * place // count for place in range(count + 1)))


def add_pairs(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return distinct rows of cell and token with the sums of their hits, sorted."""
    ordered = pairs.with_columns(_numbers(pairs).alias(_NUMBER)).sort(_NUMBER)
    # The last row of each run of equal numbers; the sum up to it, less that of the run before.
    ends = ordered.with_columns(pl.col(schema.HITS).cast(pl.Int64).cum_sum().alias("sum")).filter(
        pl.col(_NUMBER).ne_missing(pl.col(_NUMBER).shift(-1))
    )
    hits = (pl.col("sum") - pl.col("sum").shift(fill_value=0)).cast(pl.UInt32)
    return ends.select(CELL, schema.TOKEN, hits.alias(schema.HITS))
