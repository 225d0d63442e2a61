"""Pairs of cells and visitors, held against sets of Python."""

from __future__ import annotations

from collections import Counter
from unittest import mock

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats import pairs as module
from logstats.pairs import CELLS, SIGHTINGS_SCHEMA, TOKENS, PairMerge, Pairs

cells = st.sampled_from([0, 1, 2**40, 2**62, CELLS - 1])
tokens = st.sampled_from([0, 1, 2**32, 2**63, TOKENS - 1])
parts = st.lists(st.lists(st.tuples(cells, tokens), max_size=12), max_size=4)


def sightings(rows: list[tuple[int, int]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SIGHTINGS_SCHEMA, orient="row")


def merge_pairs(before: list[Pairs], parts: list[pl.DataFrame]) -> Pairs:
    merge = PairMerge(before, parts)
    for step in merge.steps():
        step()
    return merge.result()


def merged(parts: list[list[tuple[int, int]]], *, known: int = 0, slice_rows: int = 3) -> Pairs:
    """Merge in two steps: what is known first, then that with the rest, in ranges of few rows."""
    with mock.patch.object(module, "SLICE_ROWS", slice_rows):
        before = merge_pairs([], [sightings(part) for part in parts[:known]])
        return merge_pairs([before], [sightings(part) for part in parts[known:]])


def counts(pairs: Pairs) -> dict[tuple[int, int], int]:
    return {(cell, token): hits for cell, token, hits in pairs.between(0, CELLS).rows()}


@given(parts, st.integers(0, 4), st.integers(1, 50))
def test_a_pair_has_the_hits_of_its_sightings(parts, known, slice_rows):
    pairs = merged(parts, known=known, slice_rows=slice_rows)
    rows = pairs.between(0, CELLS).rows()

    assert counts(pairs) == Counter(row for part in parts for row in part)
    assert [row[:2] for row in rows] == sorted(row[:2] for row in rows)
    assert len(pairs) == len(rows)
    assert pairs.cells["cell"].is_unique().all()


@given(parts, st.integers(0, 4), st.randoms(use_true_random=False))
def test_ranges_may_be_merged_in_any_order(parts, known, random):
    with mock.patch.object(module, "SLICE_ROWS", 3):
        before = [merge_pairs([], [sightings(part) for part in parts[:known]])]
        given_sightings = [sightings(part) for part in parts[known:]]
        merge = PairMerge(before, given_sightings)
        steps = merge.steps()
    random.shuffle(steps)
    for step in steps:
        step()

    assert counts(merge.result()) == counts(merged(parts, known=known))
    assert before == given_sightings == []


@given(parts)
def test_a_merge_of_which_a_step_lacks_has_no_result(parts):
    with mock.patch.object(module, "SLICE_ROWS", 3):
        merge = PairMerge([], [sightings(part) for part in parts])
    for step in merge.steps()[1:]:
        step()

    with pytest.raises(ValueError, match="not merged"):
        merge.result()


@given(parts, st.sets(cells))
def test_the_pairs_of_some_cells_and_those_of_the_others_are_all(parts, some):
    pairs = merged(parts)
    wanted = pl.DataFrame(
        {"cell": list(some), "name": [str(cell) for cell in some]},
        schema={"cell": pl.UInt64, "name": pl.String},
    )
    picked = {(int(name), token): hits for name, token, hits in pairs.rows_of(wanted).rows()}

    assert picked == {pair: hits for pair, hits in counts(pairs).items() if pair[0] in some}
    assert counts(pairs.without(wanted)) == {
        pair: hits for pair, hits in counts(pairs).items() if pair[0] not in some
    }


@given(parts, tokens)
def test_what_is_kept_is_what_was_wanted(parts, least):
    pairs = merged(parts)
    wanted = pl.col("token") >= pl.lit(least, pl.UInt64)
    kept = pairs.keep(wanted)

    assert counts(kept) == {pair: hits for pair, hits in counts(pairs).items() if pair[1] >= least}
    assert (kept.cells["len"] > 0).all()
    assert sum(kept.cells["len"]) == len(kept)


@given(parts, st.none() | tokens)
def test_visitors_of_a_cell_are_its_pairs_and_the_most_hits_are_those_of_one(parts, least):
    pairs = merged(parts)
    wanted = None if least is None else pl.col("token") >= pl.lit(least, pl.UInt64)
    counted = {cell: (visitors, top) for cell, visitors, top in pairs.count_visitors(wanted).rows()}

    expected: dict[int, tuple[int, int]] = {}
    for (cell, token), hits in counts(pairs).items():
        visitors, top = expected.get(cell, (0, 0))
        expected[cell] = visitors + (least is None or token >= least), max(top, hits)
    assert counted == {cell: found for cell, found in expected.items() if found[0]}
