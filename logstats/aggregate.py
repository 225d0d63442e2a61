"""Hits become counts; counts of batches, files and threads merge into one.

A hit is counted in five facets: what was asked for, where from, how it was
answered, in which hour, and by what kind of visitor. Every table of a report
is rolled up from one of them. Tokens of visitors stay in `OpenDays`, in
memory; `close` turns them into integers.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Final

import polars as pl

from logstats import schema
from logstats.durations import MAX_ROWS, PageTimes, count_times
from logstats.facets import FacetCounts
from logstats.keying import Keyer, facet_codes, label_cells
from logstats.pairs import CELL
from logstats.process import give_memory_back
from logstats.rollup import (
    FACET_LABELS,
    REQUESTS,
    SPANS,
    Named,
    close_facets,
    union_of_groups,
    widen_hours,
)
from logstats.summaries import DURATIONS
from logstats.workers import share

if TYPE_CHECKING:
    from logstats.batches import EnrichedBatch
    from logstats.seeds import Seeds
    from logstats.summaries import Summary

# Values of a facet: about 150 bytes each with their names.
MAX_KEYS: Final = 100_000
# Cells of a facet, for a value counts anew each day: 50 bytes each.
MAX_CELLS: Final = 250_000
# Pairs of all facets together: 12 bytes each.
MAX_PAIRS: Final = 5_500_000
# Sightings that may come before they are merged: 10 bytes each, for facets share the tokens.
MERGE_ROWS: Final = 9_000_000
# Threads that merge, where nobody else is at work; each needs memory for it.
MERGING_THREADS: Final = 2
# Merging needs pairs twice: fewer sightings may come when there are many pairs, but not less than this.
LEAST_MERGE_ROWS: Final = 1_500_000


@dataclass(slots=True)
class OpenDays:
    """The counts of days that are still counted: hits, and visitors as tokens.

    Two of the same run merge; merging is associative and commutative, and one that
    counted nothing changes nothing. Several threads may count into one. Tokens are
    forgotten with the object.
    """

    seeds: Seeds
    max_keys: int = MAX_KEYS
    max_cells: int = MAX_CELLS
    max_pairs: int = MAX_PAIRS
    max_times: int = MAX_ROWS
    facets: dict[str, FacetCounts] = field(init=False, repr=False)
    times: PageTimes = field(init=False, repr=False)
    _keyer: Keyer = field(init=False, repr=False)
    _merged_rows: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _unions: dict[str, tuple[pl.DataFrame, pl.DataFrame]] = field(default_factory=dict, repr=False)
    _named: Named = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Start every facet with nothing."""
        bounds = self.max_keys, self.max_cells
        self.facets = {name: FacetCounts(labels, *bounds) for name, labels in FACET_LABELS.items()}
        self.times = PageTimes(self.max_times)
        self._keyer = Keyer(self.seeds)

    def count(self, batch: EnrichedBatch) -> None:
        """Count the hits of a batch."""
        self._unions.clear()
        self._named.clear()
        hits = self._keyer.key_hits(batch)
        plans = [
            label_cells(
                name, facet.plan_cells(hits.lazy().rename({name: CELL}), facet_codes(name, batch)), batch
            )
            for name, facet in self.facets.items()
        ]
        people = hits.select(schema.TOKEN, schema.BOT, *self.facets).filter(~pl.col(schema.BOT))
        # The streaming engine, which polars prefers, takes twice as long for so few rows.
        counted = pl.collect_all(plans, engine="in-memory")
        times = count_times(batch, hits)
        with self._lock:
            for (name, facet), cells in zip(self.facets.items(), counted, strict=True):
                facet.count(cells, pl.DataFrame([people[name].alias(CELL), people[schema.TOKEN]]))
            self.times.count(times)
            self._keep_bounds()

    def merge(self, other: OpenDays) -> None:
        """Add what another of the same run has counted; the other is used up."""
        self._unions.clear()
        self._named.clear()
        for name, facet in self.facets.items():
            facet.add(other.facets[name])
        self.times.add(other.times)
        self._keep_bounds()

    def _keep_bounds(self) -> None:
        """Merge what has come when it is too much."""
        for facet in self.facets.values():
            facet.merge_cells()
        is_full = any(facet.is_full for facet in self.facets.values())
        room = max(LEAST_MERGE_ROWS, MERGE_ROWS - 2 * self._merged_rows)
        if is_full or self._rows() - self._merged_rows > room:
            self._merge_all()

    def _merge_all(self) -> None:
        """Merge all parts, and halve the sample of visitors while there are too many pairs."""
        parts = [facet for facet in self.facets.values() if not facet.is_merged]
        if parts:
            give_memory_back()
        # Step by step: if a thread merged whole facets, the others would wait for the one that has the last.
        steps = [step for facet in parts for step in facet.merge_steps()]
        share(lambda step: step(), steps, threads=MERGING_THREADS)
        share(FacetCounts.end_merge, parts, threads=MERGING_THREADS)
        bits = max(facet.sample_bits for facet in self.facets.values())
        while True:
            for facet in self.facets.values():
                facet.halve_sample(bits)
            if self._rows() <= self.max_pairs:
                break
            bits += 1
        self._merged_rows = self._rows()

    def _rows(self) -> int:
        return sum(facet.rows for facet in self.facets.values())

    @property
    def sample_share(self) -> float:
        """The share of visitors that were counted one by one; 1 is all."""
        return 0.5 ** max(facet.sample_bits for facet in self.facets.values())

    @property
    def missed_hits(self) -> int:
        """How many hits any row may lack, because its value was rare before; 0 is none."""
        return max(facet.missed for facet in self.facets.values())

    def close(self, tables: tuple[str, ...], *, wide: bool = True) -> Summary:
        """Return integers only: a row a day and value, for the tables asked for.

        Args:
            tables: Their names.
            wide: Count hours in all spans; else in wider ones only if the summary is asked for them.
        """
        self._merge_all()
        counted = tuple(name for name in tables if name != DURATIONS)
        is_timed = DURATIONS in tables and bool(self.times.parts)
        beside = {DURATIONS: lambda: self.times.close(self.facets[REQUESTS])} if is_timed else {}
        summary = close_facets(self.facets, counted, SPANS if wide else SPANS[:1], beside)
        if wide:
            return summary
        hours = summary.tables["hours"]
        return replace(summary, widen=cache(lambda: widen_hours(self.facets, hours)))

    def union(self, table: str, groups: pl.DataFrame) -> pl.DataFrame:
        """Return day, visitors and top_hits of all groups together; see `summaries.UnionCount`."""
        self._merge_all()
        # Disclosure asks for the same groups first to judge them and then to show them.
        before, answer = self._unions.get(table, (None, groups))
        if before is None or not before.equals(groups):
            answer = union_of_groups(self.facets, table, groups, self._named)
            self._unions[table] = (groups, answer)
        return answer
