"""Hits become counts; counts of batches, files and threads merge into one.

A hit is counted in five facets: what was asked for, where from, how it was
answered, in which hour, and by what kind of visitor. Every table of a report
is rolled up from one of them. Tokens of visitors stay in `OpenDays`, in
memory; `close` turns them into integers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

from logstats import batches, schema
from logstats.facets import FAMILIES, FAMILY, KEY, FacetCounts
from logstats.keying import FACET_CODES, key_hits, name_keys
from logstats.rollup import (
    ANSWERS,
    FACET_LABELS,
    HOURS,
    KIND_FAMILIES,
    PROFILES,
    REFERRERS,
    REQUESTS,
    close_facets,
    union_of_groups,
)
from logstats.summaries import CLIENT_ERROR, PAGE, SERVER_ERROR, STATIC_FILE

if TYPE_CHECKING:
    from logstats.batches import Batch, EnrichedBatch
    from logstats.seeds import Seeds
    from logstats.summaries import Summary

MAX_KEYS: Final = 500_000
MAX_PAIRS: Final = 6_000_000
FIRST_ERROR: Final = 400
FIRST_SERVER_ERROR: Final = 500
STATUS_CODES: Final = 1000


@dataclass(slots=True)
class OpenDays:
    """The counts of days that are still counted: hits, and visitors as tokens.

    Two of the same run merge; merging is associative and commutative, and one that
    counted nothing changes nothing. Tokens are forgotten with the object.
    """

    seeds: Seeds
    max_keys: int = MAX_KEYS
    max_pairs: int = MAX_PAIRS
    facets: dict[str, FacetCounts] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Start every facet with nothing."""
        self.facets = {name: FacetCounts(labels, self.max_keys) for name, labels in FACET_LABELS.items()}

    def count(self, batch: EnrichedBatch) -> None:
        """Count the hits of a batch."""
        hits = key_hits(batch, self.seeds)
        for name, facet in self.facets.items():
            codes = FACET_CODES[name]
            firsts = facet.count(hits.select(schema.DAY, pl.col(name).alias(KEY), schema.TOKEN, schema.BYTES_SENT, *codes), codes)
            facet.name(name_keys(name, firsts, batch))
            if facet.is_due():
                facet.merge_parts()
        self._keep_bounds()

    def merge(self, other: OpenDays) -> None:
        """Add what another of the same run has counted; the other is used up."""
        for name, facet in self.facets.items():
            facet.add(other.facets[name])
            facet.merge_parts()
        self._keep_bounds()

    def _keep_bounds(self) -> None:
        """Halve the sample of visitors while all pairs together are too many."""
        bits = max(facet.sample_bits for facet in self.facets.values())
        while sum(len(part) for facet in self.facets.values() for part in facet.pairs) > self.max_pairs:
            for facet in self.facets.values():
                facet.merge_parts()
            if sum(len(facet.pairs[0]) for facet in self.facets.values()) <= self.max_pairs * 3 // 4:
                break
            bits += 1
            for facet in self.facets.values():
                facet.halve_sample(bits)
        for facet in self.facets.values():
            facet.halve_sample(bits)

    @property
    def sample_share(self) -> float:
        """The share of visitors that were counted one by one; 1 is all."""
        return 0.5 ** max(facet.sample_bits for facet in self.facets.values())

    @property
    def missed_hits(self) -> int:
        """How many hits any row may lack, because its value was rare before; 0 is none."""
        return max(facet.missed for facet in self.facets.values())

    def close(self, tables: tuple[str, ...]) -> Summary:
        """Return integers only: a row a day and value, for the tables asked for."""
        self._merge_all()
        return close_facets(self.facets, tables)

    def union(self, table: str, groups: pl.DataFrame) -> pl.DataFrame:
        """Return day, visitors and top_hits of all groups together; see `summaries.UnionCount`."""
        self._merge_all()
        return union_of_groups(self.facets, table, groups)

    def _merge_all(self) -> None:
        for facet in self.facets.values():
            if not facet.is_merged():
                facet.merge_parts()
        self._keep_bounds()
