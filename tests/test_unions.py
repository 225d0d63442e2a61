"""Visitors of several cells, held against counters of Python."""

from __future__ import annotations

from collections import Counter
from unittest import mock

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from logstats import pairs as module
from logstats.pairs import CELLS, SIGHTINGS_SCHEMA, TOKENS, Pairs, add_pairs
from logstats.unions import count_groups, sort_by_visitor

cells = st.sampled_from([0, 1, 2**40, 2**62, CELLS - 1])
tokens = st.sampled_from([0, 1, 2**32, 2**63, TOKENS - 1])


@given(
    st.lists(st.tuples(st.integers(0, 3), tokens, st.integers(1, 2**20)), max_size=30),
    st.none() | tokens,
    st.integers(1, 50),
)
def test_a_visitor_counts_once_in_a_group_with_all_hits(rows, least, slice_rows):
    frame = pl.DataFrame(
        rows, schema={"group": pl.UInt32, "token": pl.UInt64, "hits": pl.UInt32}, orient="row"
    )
    wanted = None if least is None else pl.col("token") >= pl.lit(least, pl.UInt64)
    with mock.patch.object(module, "SLICE_ROWS", slice_rows):
        counted = {
            group: (visitors, top)
            for group, visitors, top in count_groups(frame, wanted)
            .select("group", "visitors", "top_hits")
            .rows()
        }

    sums: Counter[tuple[int, int]] = Counter()
    for group, token, hits in rows:
        sums[group, token] += hits
    expected = {
        group: (
            sum(1 for one, token in sums if one == group and (least is None or token >= least)),
            max(hits for (one, _), hits in sums.items() if one == group),
        )
        for group in {group for group, _ in sums}
    }
    assert counted == {group: found for group, found in expected.items() if found[0]}


@given(
    st.lists(st.tuples(cells, tokens, st.sampled_from([1, 2, 2**31])), max_size=30),
    st.dictionaries(cells, st.integers(0, 2)),
    st.none() | tokens,
)
def test_one_order_of_visitors_serves_every_grouping_of_cells(rows, groups, least):
    frame = pl.DataFrame(rows, schema={**SIGHTINGS_SCHEMA, "hits": pl.UInt32}, orient="row")
    pairs = Pairs.of_sorted(add_pairs(frame.unique(["cell", "token"])))
    wanted = None if least is None else pl.col("token") >= pl.lit(least, pl.UInt64)
    by_visitor = sort_by_visitor(pairs, wanted)
    grouped = pl.DataFrame(list(groups.items()), schema={"cell": pl.UInt64, "group": pl.UInt32}, orient="row")
    one = grouped.with_columns(pl.lit(0, pl.UInt32).alias("group"))

    for asked in (grouped, one):
        expected = count_groups(pairs.rows_of(asked), wanted)
        assert sorted(by_visitor.count_groups(asked).rows()) == sorted(expected.rows())
