"""Summaries merge by day, are checked, and have an empty element."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from logstats.summaries import BadSummary, DayTwice, Summary, empty_summary, merge_summaries, validate_summary
from tests.attacks.site import DAY, Site
from tests.attacks.sites import EXAMPLES, heavy_hits, random_hits


def summary_of(day: int) -> Summary:
    hits = random_hits(day)
    return Site([hit.on(DAY + timedelta(days=day)) for hit in hits]).summary


def assert_same(a: Summary, b: Summary) -> None:
    assert_frame_equal(a.days, b.days)
    assert a.tables.keys() == b.tables.keys()
    for name, frame in a.tables.items():
        assert_frame_equal(frame, b.tables[name])


@settings(max_examples=EXAMPLES // 4)
@given(st.integers(0, 10**9), st.integers(1, 3))
def test_random_sites_have_valid_summaries(seed: int, days: int) -> None:
    """So that the tests which attack them need not look again."""
    validate_summary(Site(random_hits(seed, days=days), check=False).summary)
    validate_summary(Site(heavy_hits(seed), check=False).summary)


def test_merge_is_associative_and_commutative():
    a, b, c = (summary_of(day) for day in range(3))

    assert_same(merge_summaries(merge_summaries(a, b), c), merge_summaries(a, merge_summaries(b, c)))
    assert_same(merge_summaries(a, b), merge_summaries(b, a))
    validate_summary(merge_summaries(a, b, c))


def test_the_empty_summary_changes_nothing():
    a = merge_summaries(summary_of(1))

    assert_same(merge_summaries(a, empty_summary(tuple(a.tables))), a)
    assert_same(merge_summaries(empty_summary(), a), a)
    validate_summary(empty_summary(("pages", "hours")))


def test_a_day_is_never_added_to_itself():
    a = summary_of(1)

    with pytest.raises(DayTwice, match="2026-02-03") as caught:
        merge_summaries(a, a)

    assert caught.value.exit_code == 4


BROKEN = {
    "a count is negative": ("pages", pl.col("bytes_sent") * 0 - 1),
    "more visitors than hits": ("pages", (pl.col("hits") + 1).alias("visitors")),
    "nobody made hits of people": ("pages", (pl.col("visitors") * 0).alias("visitors")),
    "rows do not add up": ("statuses", pl.col("bytes_sent") + 1),
    "bins do not add up": ("hours", pl.col("bytes_sent") + 1),
    "pages are not the kind's": ("pages", pl.col("bytes_sent") + 1),
    "a count is null": ("pages", pl.lit(None, pl.Int64).alias("hits")),
    "a count is no integer": ("pages", pl.col("hits").cast(pl.Float64)),
}


@pytest.mark.parametrize(("table", "change"), BROKEN.values(), ids=BROKEN)
def test_counts_that_no_log_can_give_are_refused_by_table(table, change):
    good = summary_of(1)
    bad = Summary(good.days, good.tables | {table: good.tables[table].with_columns(change)})

    with pytest.raises(BadSummary, match=f"table {table}"):
        validate_summary(bad)


def test_a_group_stands_once_a_day_and_a_table_is_known():
    good = summary_of(1)
    pages = good.tables["pages"]

    with pytest.raises(BadSummary, match="twice"):
        validate_summary(Summary(good.days, good.tables | {"pages": pl.concat([pages, pages])}))
    with pytest.raises(BadSummary, match="no summary has"):
        validate_summary(Summary(good.days, {"visitors": pages}))
