"""Counts of one facet of the hits: of every value, and of every (value, visitor) pair.

A value has a 64-bit key, a visitor a 64-bit token that differs from day to day: keyed hashes
that live as long as the run. A cell is a value on a day; its number is made of both. A pair of
cell and token is one 128-bit number: sorting these and taking the runs counts hits and visitors
in a third of the time that grouping takes.

Memory is bounded twice. At most `max_cells` cells of `max_keys` values are kept; beyond it the rarest
are folded into one of their day and family, and `missed` says how many hits a cell may lack
because its value was folded before (Metwally et al., "Efficient computation of frequent and
top-k elements in data streams", 2005). Of pairs only those are kept whose token is below a
threshold: a visitor is in the sample of every value or of none.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from logstats import schema
from logstats.pairs import CELL, PairMerge, Pairs, add_pairs
from logstats.unions import GROUP, VisitorPairs, count_groups, sort_by_visitor

KEY: Final = "key"
MISSED: Final = "missed"
FAMILY: Final = "family"

CELLS_SCHEMA: Final = {
    CELL: pl.UInt64(),
    schema.DAY: pl.Date(),
    KEY: pl.UInt64(),
    schema.HITS: pl.Int64(),
    schema.BOT_HITS: pl.Int64(),
    schema.BYTES_SENT: pl.Int64(),
    MISSED: pl.Int64(),
}
# Keys below this are those of families.
FAMILIES: Final = 256
# A pair of so many hits is kept out of the sample too: it may be the visitor that dominates a cell.
HEAVY_HITS: Final = 64
# A sample proves as many visitors as are in it. Below this number they are not scaled up, so that no
# group looks large enough to be shown which is not; no policy asks for more.
PROOF: Final = 100

_SUMS: Final = (schema.HITS, schema.BOT_HITS, schema.BYTES_SENT)
_DAY_SEED: Final = secrets.randbits(63)
# Rows of cells that may come before those of the same cell are added up.
CELLS_AT_ONCE: Final = 150_000

_MASK: Final = pl.lit(2**63 - 1, pl.UInt64)


def key_number(key: pl.Expr) -> pl.Expr:
    """Return a key as 63 bits, so that a cell and a token fit into 128 bits with a sign."""
    return key & _MASK


def day_number(day: pl.Expr) -> pl.Expr:
    """Return the number of a day: with a key it makes a cell, with a cell the key."""
    return day.hash(_DAY_SEED) & _MASK


@dataclass(slots=True)
class FacetCounts:
    """What is counted of one facet; facets of the same run add up.

    Attributes:
        labels: The columns of `names` beside key and family.
        max_keys: How many values are kept.
        max_cells: How many cells are kept.
        cells: Parts of `CELLS_SCHEMA`; one, with one row a cell, once merged.
        sightings: Parts of `SIGHTINGS_SCHEMA`; none once merged.
        pairs: Parts; one once merged.
        names: Parts of key, family and labels; one, with one row a key, once merged.
        missed: Hits that a cell may lack because its value was folded before.
        sample_bits: One visitor in 2^sample_bits is in the sample; 0 is all.
    """

    labels: dict[str, pl.DataType]
    max_keys: int
    max_cells: int
    cells: list[pl.DataFrame] = field(default_factory=list)
    sightings: list[pl.DataFrame] = field(default_factory=list)
    pairs: list[Pairs] = field(default_factory=list)
    names: list[pl.DataFrame] = field(default_factory=list)
    missed: int = 0
    sample_bits: int = 0
    _visitors: pl.DataFrame | None = None
    _by_visitor: VisitorPairs | None = None
    _merge: PairMerge | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def plan_cells(self, hits: pl.LazyFrame, codes: list[str]) -> pl.LazyFrame:
        """Return how to count hits: a row a cell with the counts and the codes of its labels.

        Args:
            hits: A row a hit with cell, day, bot, bytes_sent and the codes.
            codes: Which columns are codes of labels.
        """
        cells = hits.group_by(CELL).agg(
            pl.col(schema.DAY, *codes).first(),
            pl.len().cast(pl.Int64).alias(schema.HITS),
            pl.col(schema.BOT).sum().cast(pl.Int64).alias(schema.BOT_HITS),
            pl.col(schema.BYTES_SENT).sum(),
        )
        key = pl.col(CELL) ^ day_number(pl.col(schema.DAY))
        return cells.with_columns(key.alias(KEY))

    def count(self, cells: pl.DataFrame, sightings: pl.DataFrame) -> None:
        """Add counted cells with family and labels, and the cell and token of each hit of a person."""
        missed = pl.Series(MISSED, [self.missed], dtype=pl.Int64).new_from_index(0, cells.height)
        counts = [cells.get_column(name) for name in CELLS_SCHEMA if name != MISSED]
        self.cells.append(pl.DataFrame([*counts, missed]))
        self.names.append(pl.DataFrame([cells.get_column(name) for name in (KEY, FAMILY, *self.labels)]))
        self.sightings.append(sightings.filter(self._in_sample()) if self.sample_bits else sightings)
        self._forget_counts()

    def add(self, other: FacetCounts) -> None:
        """Add the counts of other lines, made with the same keys and tokens."""
        self.cells += other.cells
        self.sightings += other.sightings
        self.pairs += other.pairs
        self.names += other.names
        self.missed += other.missed
        self.sample_bits = max(self.sample_bits, other.sample_bits)
        self._forget_counts()

    @property
    def rows(self) -> int:
        """How many rows of pairs and sightings are held."""
        return sum(map(len, self.sightings)) + sum(map(len, self.pairs))

    @property
    def is_merged(self) -> bool:
        """Whether there is one part of each kind."""
        return not self.sightings and len(self.cells) == len(self.pairs) == len(self.names) == 1

    @property
    def is_full(self) -> bool:
        """Whether there are so many values or cells that the rarest must be folded."""
        cells, names = sum(map(len, self.cells)), sum(map(len, self.names))
        # Half as many again, so that not every block folds some.
        return 2 * cells > 3 * self.max_cells or 2 * names > 3 * self.max_keys

    def merge_steps(self) -> list[Callable[[], None]]:
        """Return what brings the parts of each kind down to one; `end_merge` comes when all of it is done.

        Each is done once, in any order or at the same time.
        """
        self._forget_counts()
        self._merge = PairMerge(self.pairs, self.sightings)
        return [self._merge_cells, *self._merge.steps()]

    def end_merge(self) -> None:
        """Take what the steps have merged, and fold what is beyond the bounds."""
        self._take_merged()
        if len(self.cells[0]) > self.max_cells or len(self.names[0]) > self.max_keys:
            self._fold_rarest()
            for step in self.merge_steps():
                step()
            self._take_merged()

    def _take_merged(self) -> None:
        if self._merge is None:
            raise ValueError("nothing was merged")
        self.pairs = [self._sample(self._merge.result())]
        self._merge = None

    def merge_cells(self) -> None:
        """Bring the parts of cells and names down to one where many have come; most say the same again."""
        if sum(map(len, self.cells[1:])) > CELLS_AT_ONCE or self.is_full:
            self._merge_cells()

    def _merge_cells(self) -> None:
        names = _concat(self.names, {KEY: pl.UInt64(), FAMILY: pl.UInt64(), **self.labels})
        self.names = [names.unique(KEY)]
        cells = _concat(self.cells, CELLS_SCHEMA).group_by(CELL)
        merged = cells.agg(pl.col(schema.DAY, KEY).first(), pl.col(*_SUMS).sum(), pl.col(MISSED).min())
        self.cells = [merged.select(*CELLS_SCHEMA)]

    def halve_sample(self, sample_bits: int) -> None:
        """Keep one visitor in 2^sample_bits; the pairs of the others are forgotten."""
        if sample_bits > self.sample_bits:
            self.sample_bits = sample_bits
            self.pairs = [self._sample(part) for part in self.pairs]
            self.sightings = [part.filter(self._in_sample()) for part in self.sightings]
            self._forget_counts()

    def visitors(self) -> pl.DataFrame:
        """Return cell, visitors (those in the sample) and top_hits, a row a cell that people were in."""
        with self._lock:
            if self._visitors is None:
                self._visitors = self.pairs[0].count_visitors(self._counted())
            return self._visitors

    def regroup(self, groups: pl.DataFrame) -> pl.DataFrame:
        """Return group, visitors (those in the sample) and top_hits of groups of cells.

        A visitor counts once in each group.

        Args:
            groups: Columns cell and group (UInt32); the cells of a group are of one day.
        """
        return count_groups(self.pairs[0].rows_of(groups.select(CELL, GROUP)), self._counted())

    def regroup_all(self, groups: pl.DataFrame) -> pl.DataFrame:
        """Return the same for groups that together have most cells; the first time takes longest."""
        with self._lock:
            if self._by_visitor is None:
                self._by_visitor = sort_by_visitor(self.pairs[0], self._counted())
        return self._by_visitor.count_groups(groups.select(CELL, GROUP))

    def _forget_counts(self) -> None:
        self._visitors = self._by_visitor = None

    def _counted(self) -> pl.Expr | None:
        """Which pairs are visitors to be counted; None: all."""
        return self._in_sample() if self.sample_bits else None

    def estimate(self, visitors: pl.Expr) -> pl.Expr:
        """Return all visitors from those in the sample.

        Where few are in it they are not scaled up: a number below `PROOF` is never more than was seen.
        """
        return pl.when(visitors < PROOF).then(visitors).otherwise(visitors * 2**self.sample_bits)

    def _in_sample(self) -> pl.Expr:
        return pl.col(schema.TOKEN) < 1 << (64 - self.sample_bits)

    def _sample(self, pairs: Pairs) -> Pairs:
        if not self.sample_bits:
            return pairs
        return pairs.keep(self._in_sample() | (pl.col(schema.HITS) >= HEAVY_HITS))

    def _fold_rarest(self) -> None:
        """Fold the rarer half of all cells, or of all values, into one of their day and family."""
        cells, names = self.cells[0], self.names[0]
        rank = pl.col(schema.HITS) + pl.col(MISSED)
        ranked = cells.filter(pl.col(KEY) >= FAMILIES).select(KEY, rank.alias("rank"))
        of_keys = ranked.group_by(KEY).agg(pl.col("rank").max())
        for ranks, most in ((ranked["rank"], self.max_cells), (of_keys["rank"], self.max_keys)):
            if len(ranks) > most:
                self.missed = max(self.missed, ranks.sort(descending=True)[most // 2])
        keep = (rank > self.missed) | (pl.col(KEY) < FAMILIES)
        families = names.select(KEY, pl.col(FAMILY).alias(_NEW_KEY))
        folded = cells.filter(~keep).join(families, on=KEY).with_columns(pl.col(_NEW_KEY).alias(KEY))
        folded = folded.with_columns((pl.col(KEY) ^ day_number(pl.col(schema.DAY))).alias(_NEW_CELL))
        renamed = folded.with_columns(pl.col(_NEW_CELL).alias(CELL), pl.lit(0, pl.Int64).alias(MISSED))
        self.cells = [cells.filter(keep), renamed.select(*CELLS_SCHEMA)]
        moved = self.pairs[0].rows_of(folded.select(CELL, _NEW_CELL)).rename({_NEW_CELL: CELL})
        # A visitor of several folded values has one pair with their family, also where no pair stays.
        self.pairs = [self.pairs[0].without(folded), Pairs.of_sorted(add_pairs(moved))]
        self.names = [names.join(self.cells[0], on=KEY, how="semi"), _family_names(folded, names.schema)]


_NEW_KEY: Final = "new_key"
_NEW_CELL: Final = "new_cell"


def _concat(parts: list[pl.DataFrame], columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.concat(parts) if parts else pl.DataFrame(schema=columns)


def _family_names(folded: pl.DataFrame, columns: pl.Schema) -> pl.DataFrame:
    """Return names of the keys of families: all labels null."""
    names = folded.select(KEY, pl.col(KEY).alias(FAMILY)).unique()
    labels = [pl.lit(None, dtype).alias(name) for name, dtype in columns.items() if name not in (KEY, FAMILY)]
    return names.with_columns(labels).select(columns.names())
