"""Counts of one facet of the hits: of every value, and of every (value, visitor) pair.

A value has a 64-bit key and a visitor a 64-bit token, keyed hashes that live
as long as the run. A pair is told by `key ^ token`: one number to group by. Tokens
of people are even; all bots of a day share one odd token, for nobody counts them apart.

Memory is bounded twice. Of values at most `max_keys` rows are kept; beyond it the
rarest are folded into one row of their family, and `missed` says how many hits a row may
lack because its value was folded before (Metwally et al., "Efficient computation of
frequent and top-k elements in data streams", 2005). Of pairs only those are kept whose
token is below a threshold: a visitor is in the sample of every value or of none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import polars as pl

from logstats import schema

KEY: Final = "key"
PAIR: Final = "pair"
MISSED: Final = "missed"
FAMILY: Final = "family"

COUNTS_SCHEMA: Final = {
    schema.DAY: pl.Date(),
    KEY: pl.UInt64(),
    schema.HITS: pl.Int64(),
    schema.BOT_HITS: pl.Int64(),
    schema.BYTES_SENT: pl.Int64(),
    MISSED: pl.Int64(),
}
PAIRS_SCHEMA: Final = {
    schema.DAY: pl.Date(),
    KEY: pl.UInt64(),
    schema.TOKEN: pl.UInt64(),
    schema.HITS: pl.UInt32(),
}

# Keys below this are those of families.
FAMILIES: Final = 256
# Parts are merged when this many rows have come, or as many as were merged before.
MERGE_ROWS: Final = 400_000
# A pair of so many hits is kept out of the sample too: it may be the visitor that dominates a row.
HEAVY_HITS: Final = 64

IS_BOT: Final = (pl.col(schema.TOKEN) & 1) == 1


@dataclass(slots=True)
class FacetCounts:
    """What is counted of one facet; facets of the same run add up.

    Attributes:
        labels: The columns of `names` beside key and family.
        max_keys: How many rows (of a day and key) are kept.
        counts: Parts of `COUNTS_SCHEMA`; one, with one row a day and key, once merged.
        pairs: Parts of `PAIRS_SCHEMA`; one, with one row a day, key and token, once merged.
        names: Parts of key, family and labels; one, with one row a key, once merged.
        missed: Hits that a row may lack because its value was folded before.
        sample_bits: One visitor in 2^sample_bits is in the sample; 0 is all.
    """

    labels: dict[str, pl.DataType]
    max_keys: int
    counts: list[pl.DataFrame] = field(default_factory=list)
    pairs: list[pl.DataFrame] = field(default_factory=list)
    names: list[pl.DataFrame] = field(default_factory=list)
    missed: int = 0
    sample_bits: int = 0
    _merged: int = 0
    _added: int = 0

    def count(self, hits: pl.DataFrame, codes: list[str]) -> pl.DataFrame:
        """Count hits: a row a hit with day, key, token, bytes_sent and the codes of its labels.

        Returns:
            A row a distinct key with its codes; the caller says their names by `name`.
        """
        firsts = pl.col(schema.DAY, KEY, schema.TOKEN, *codes).first()
        pairs = hits.group_by((pl.col(KEY) ^ pl.col(schema.TOKEN)).alias(PAIR)).agg(
            firsts, pl.len().alias(schema.HITS), pl.col(schema.BYTES_SENT).sum()
        )
        counts = pairs.group_by(schema.DAY, KEY).agg(
            pl.col(codes).first(),
            pl.col(schema.HITS).sum().cast(pl.Int64),
            pl.col(schema.HITS).filter(IS_BOT).sum().cast(pl.Int64).alias(schema.BOT_HITS),
            pl.col(schema.BYTES_SENT).sum(),
            pl.lit(self.missed, pl.Int64).alias(MISSED),
        )
        self.counts.append(counts.select(*COUNTS_SCHEMA))
        self.pairs.append(self._sample(pairs.filter(~IS_BOT).select(*PAIRS_SCHEMA)))
        self._added += len(self.counts[-1]) + len(self.pairs[-1])
        return counts.select(KEY, *codes).unique(KEY)

    def name(self, names: pl.DataFrame) -> None:
        """Say what keys stand for: key, family (a key below 256) and the labels."""
        self.names.append(names.select(KEY, FAMILY, *self.labels))

    def add(self, other: FacetCounts) -> None:
        """Add the counts of other lines, made with the same keys and tokens."""
        self.counts += other.counts
        self.pairs += other.pairs
        self.names += other.names
        self.missed += other.missed
        self.sample_bits = max(self.sample_bits, other.sample_bits)
        self._added += other._merged + other._added

    def is_merged(self) -> bool:
        """Whether there is one part of each kind."""
        return len(self.counts) == len(self.pairs) == len(self.names) == 1

    def is_due(self) -> bool:
        """Whether so many parts have come that they should be merged."""
        return self._added > max(MERGE_ROWS, self._merged)

    def merge_parts(self) -> None:
        """Bring the parts of each kind down to one, within the bounds."""
        self._join_parts()
        if len(self.counts[0]) > self.max_keys:
            self._fold_rarest()
            self._join_parts()
        self._merged, self._added = len(self.counts[0]) + len(self.pairs[0]), 0

    def _join_parts(self) -> None:
        names = _concat(self.names, {KEY: pl.UInt64(), FAMILY: pl.UInt64(), **self.labels})
        self.names = [names.unique(KEY)]
        counts = _concat(self.counts, COUNTS_SCHEMA).group_by(schema.DAY, KEY)
        self.counts = [counts.agg(pl.col(*_SUMS).sum(), pl.col(MISSED).min()).select(*COUNTS_SCHEMA)]
        pairs = _concat(self.pairs, PAIRS_SCHEMA)
        self.pairs = []
        self.pairs = [self._sample(_merge_pairs(pairs))]

    def halve_sample(self, sample_bits: int) -> None:
        """Keep one visitor in 2^sample_bits; the pairs of the others are forgotten."""
        self.sample_bits = max(self.sample_bits, sample_bits)
        self.pairs = [self._sample(part) for part in self.pairs]
        self._merged = sum(map(len, self.pairs)) + sum(map(len, self.counts))

    def cells(self) -> pl.DataFrame:
        """Return day, key, visitors and top_hits, a row a day and key that people asked for."""
        return self.count_visitors(self.pairs[0], schema.DAY, KEY)

    def count_visitors(self, pairs: pl.DataFrame, *by: str) -> pl.DataFrame:
        """Return visitors (of all, estimated from the sample) and top_hits of distinct pairs."""
        visitors = pl.len() if not self.sample_bits else self._in_sample().sum() * 2**self.sample_bits
        return pairs.group_by(by).agg(
            visitors.cast(pl.Int64).alias(schema.VISITORS),
            pl.col(schema.HITS).max().cast(pl.Int64).alias(schema.TOP_HITS),
        )

    def _in_sample(self) -> pl.Expr:
        return pl.col(schema.TOKEN) < 2 ** (64 - self.sample_bits)

    def _sample(self, pairs: pl.DataFrame) -> pl.DataFrame:
        if not self.sample_bits:
            return pairs
        return pairs.filter(self._in_sample() | (pl.col(schema.HITS) >= HEAVY_HITS))

    def _fold_rarest(self) -> None:
        """Fold the rarer half of all rows into one row of their day and family."""
        counts, names = self.counts[0], self.names[0]
        rank = pl.col(schema.HITS) + pl.col(MISSED)
        ranks = counts.filter(pl.col(KEY) >= FAMILIES).select(rank).to_series()
        self.missed = max(self.missed, ranks.sort(descending=True)[self.max_keys // 2])
        keep = (rank > self.missed) | (pl.col(KEY) < FAMILIES)
        families = names.select(KEY, FAMILY)
        folded = counts.filter(~keep).select(schema.DAY, KEY).join(families, on=KEY)
        self.counts = [counts.filter(keep), _rename(counts, folded).with_columns(pl.lit(0, pl.Int64).alias(MISSED))]
        self.pairs = [self.pairs[0].join(folded, on=[schema.DAY, KEY], how="anti"), _rename(self.pairs[0], folded)]
        rest = names.join(self.counts[0], on=KEY, how="semi")
        self.names = [rest, _family_names(folded, names.schema)]


_SUMS: Final = (schema.HITS, schema.BOT_HITS, schema.BYTES_SENT)


def _concat(parts: list[pl.DataFrame], columns: dict[str, pl.DataType]) -> pl.DataFrame:
    return pl.concat(parts) if parts else pl.DataFrame(schema=columns)


def _merge_pairs(pairs: pl.DataFrame) -> pl.DataFrame:
    merged = pairs.group_by((pl.col(KEY) ^ pl.col(schema.TOKEN)).alias(PAIR)).agg(
        pl.col(schema.DAY, KEY, schema.TOKEN).first(), pl.col(schema.HITS).sum()
    )
    return merged.select(*PAIRS_SCHEMA)


def _rename(rows: pl.DataFrame, folded: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of folded keys under the key of their family."""
    found = rows.join(folded, on=[schema.DAY, KEY])
    return found.with_columns(pl.col(FAMILY).alias(KEY)).select(rows.columns)


def _family_names(folded: pl.DataFrame, columns: pl.Schema) -> pl.DataFrame:
    """Return names of family rows: all labels null."""
    names = folded.select(pl.col(FAMILY).alias(KEY), FAMILY).unique()
    labels = [pl.lit(None, dtype).alias(name) for name, dtype in columns.items() if name not in (KEY, FAMILY)]
    return names.with_columns(labels).select(columns.names())
