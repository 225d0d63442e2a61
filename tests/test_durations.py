"""Response times: within 1 %, added up in any order, of the pages shown and of nobody alone."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logstats import schema
from logstats.buckets import LONGEST_US, bucket_of, time_of
from logstats.summaries import BadSummary, validate_summary
from tests import times
from tests.times import DEFAULT, Timed, by_path, count, crowd, durations, nearest_rank, report, rows

few = settings(max_examples=20)
some_hits = st.lists(times.hits, min_size=1, max_size=60)
COUNTS = ("hits", "bot_hits", "visitors", "bytes_sent")


@given(st.one_of(st.integers(0, 2000), st.integers(0, LONGEST_US)))
def test_a_duration_is_read_from_its_bucket_within_one_percent(duration: int) -> None:
    found = pl.select(time_of(bucket_of(pl.lit(duration, pl.Int64)))).item()

    assert abs(found - duration) * 100 <= duration


@given(st.integers(0, LONGEST_US), st.integers(0, LONGEST_US))
def test_a_longer_duration_is_in_no_lower_bucket(one: int, other: int) -> None:
    low, high = pl.Series("us", sorted([one, other])).to_frame().select(bucket_of(pl.col("us"))).to_series()

    assert low <= high


@few
@given(some_hits)
@example([Timed(duration_us=0, client=1), Timed(duration_us=1, client=0)])
def test_percentiles_are_within_one_percent_of_the_exact_ones(wanted: list[Timed]) -> None:
    """Under `internal` all are told, up to the longest, whoever waited."""
    found = durations(wanted)

    for path, hits in by_path(wanted).items():
        values = [hit.duration_us or 0 for hit in hits]
        assert found[path]["hits"] == len(values)
        exact = {name: nearest_rank(values, percent) for percent, name in schema.PERCENTILES.items()}
        for name, value in {**exact, "max_us": max(values)}.items():
            assert abs(found[path][name] - value) * 100 <= value, (path, name)


@few
@given(some_hits, st.integers(1, 15), st.randoms())
def test_durations_merge_in_any_order(wanted: list[Timed], size: int, random_: Any) -> None:
    parts = [count(wanted[start : start + size]) for start in range(0, len(wanted), size)]
    random_.shuffle(parts)
    while len(parts) > 1:
        other = parts.pop(random_.randrange(1, len(parts)))
        parts[random_.randrange(len(parts))].merge(other)
    whole = count(wanted).close(times.TABLES)

    assert times.buckets(parts[0].close(times.TABLES)) == times.buckets(whole)
    validate_summary(whole)


@few
@given(some_hits)
def test_only_pages_are_timed_and_each_hit_once(wanted: list[Timed]) -> None:
    found: Counter[str] = Counter()
    for _day, path, _bucket, hits, bots in times.buckets(count(wanted).close(times.TABLES)):
        found[path] += hits
        found[f"bots of {path}"] += bots

    pages = by_path(wanted)
    bots_of = {f"bots of {path}": sum(not hit.client for hit in hits) for path, hits in pages.items()}
    assert found == Counter({path: len(hits) for path, hits in pages.items()} | bots_of)


def test_a_log_without_durations_has_no_table_and_keeps_nothing() -> None:
    days = count([Timed(None, client) for client in range(1, 30)])

    assert days.times.parts == []
    assert "durations" not in report(days).tables


def test_a_time_that_few_visitors_waited_is_told_as_the_longest_that_k_did() -> None:
    """Of 200 hits of 200 visitors two took longer than 99 %: these are two visitors' times."""
    found = durations(crowd(), DEFAULT)["/"]

    assert found["p99_us"] == found["max_us"]
    assert found["p95_us"] == pytest.approx(190_000, rel=0.01)
    assert found["max_us"] == pytest.approx(191_000, rel=0.01)


def test_what_one_visitor_may_have_waited_alone_is_not_told() -> None:
    """The slow 30 of 230 hits are one visitor's, and so is every time above those of the others."""
    found = durations([*crowd(), *[Timed(10_000_000, 1)] * 30], DEFAULT)["/"]

    assert found["p95_us"] == found["max_us"] < 200_000


def test_a_time_that_many_hits_of_few_visitors_took_is_not_told() -> None:
    """Nine people who wait a minute each time are nine people."""
    slow = [Timed(60_000_000, client) for client in range(1, 10)] * 20
    found = durations([*crowd(), *slow], DEFAULT)["/"]

    assert found["max_us"] < 200_000
    assert durations([*crowd(), *slow, Timed(60_000_000, 10)], DEFAULT)["/"]["max_us"] > 59_000_000


def test_a_page_has_times_when_it_has_visitors_for_both_ends() -> None:
    """19, as ten waited as long as the tenth or longer and ten as long or less."""
    assert [durations(crowd(size), DEFAULT)["/"]["p50_us"] is None for size in (18, 19)] == [True, False]


def test_a_sample_of_visitors_is_no_larger_than_they_were() -> None:
    wanted = [*crowd(), *crowd(path="/a")]
    days = count(wanted[:300], wanted[300:])
    exact = days.close(times.TABLES).tables["durations"]
    days.times.max_pairs = 250
    sampled = days.close(times.TABLES).tables["durations"]

    for name in ("visitors", "top_hits"):
        assert exact[name].sum() == 400
        assert 0 < sampled[name].sum() <= 250


@few
@given(some_hits)
def test_each_visitor_of_a_page_counts_once_by_the_longest_time_and_by_the_shortest(
    wanted: list[Timed],
) -> None:
    frame = count(wanted[::2], wanted[1::2]).close(times.TABLES).tables.get("durations")
    found = (
        {}
        if frame is None
        else {
            row[:3]: row[3:]
            for row in frame.select("day", "path", "bucket", "visitors", "top_hits").iter_rows()
        }
    )
    exact: dict[Any, list[int]] = {key: [0, 0] for key in found}
    for path, hits in by_path(wanted).items():
        for day, client in {(hit.day, hit.client) for hit in hits if hit.client}:
            own = [hit.duration_us or 0 for hit in hits if (hit.day, hit.client) == (day, client)]
            ends = pl.select(bucket_of(pl.lit(pl.Series([max(own), min(own)])))).to_series().to_list()
            for place, bucket in enumerate(ends):
                exact[date(2026, 2, day), path, bucket][place] += 1

    assert found == {key: tuple(counts) for key, counts in exact.items()}


@few
@given(st.integers(0, 10**6))
def test_every_time_told_was_reached_by_k_hits_and_not_by_one_visitor(seed: int) -> None:
    rng = random.Random(seed)
    wanted = [
        Timed(int(rng.lognormvariate(10, 1)), rng.choice((rng.randint(0, 60), 7)), rng.choice("/ab"))
        for _ in range(rng.randint(50, 400))
    ]
    wanted = [Timed(hit.duration_us, hit.client, f"/{hit.path}", 200, rng.randint(1, 2)) for hit in wanted]
    found = durations(wanted, DEFAULT)

    for path, hits in by_path(wanted).items():
        for name in schema.TIMES:
            time = found.get(path, {}).get(name)
            if time is not None:
                reached = [hit for hit in hits if hit.client and (hit.duration_us or 0) >= time * 0.98]
                assert len(reached) >= 10
                assert len(reached) * 90 >= 100 * max(
                    sum(hit.client == one.client and hit.day == one.day for hit in reached) for one in reached
                )


@few
@given(st.integers(0, 10**6))
def test_durations_tell_of_no_group_of_which_pages_do_not_tell(seed: int) -> None:
    """Each row has the counts of the same page, or none: no equation is added to those of the pages."""
    rng = random.Random(seed)
    lacking = rng.choice((0, 0, 0.02, 0.5))
    wanted = [
        Timed(
            None if rng.random() < lacking else rng.randint(1, 10**6),
            rng.randint(0, rng.choice((3, 25, 60))),
            rng.choice(("/", "/a", "/a", "/b", "/c", "/d", "/s.css")),
            rng.choice((200, 200, 200, 404)),
            rng.randint(1, 2),
        )
        for _ in range(rng.randint(20, 300))
    ]
    whole = report(count(wanted), DEFAULT)
    pages, found = rows(whole, "pages"), rows(whole, "durations")

    for path, row in found.items():
        told = [row[name] for name in COUNTS]
        assert told in ([pages[path][name] for name in COUNTS], [None] * 4)
    if not any(hit.duration_us is None and hit.is_page for hit in wanted):
        assert list(found) == list(pages)


def test_where_some_hits_have_no_duration_no_count_tells_how_many() -> None:
    wanted = [*crowd(), *crowd(path="/a"), *crowd(path="/b"), Timed(None, 3, "/a")]
    whole = report(count(wanted), DEFAULT)
    found = rows(whole, "durations")

    assert found["/"]["hits"] == 200
    assert [found["/a"][name] for name in COUNTS] == [None] * 4
    assert found["/a"]["p50_us"] == pytest.approx(100_000, rel=0.01)
    suppressed = whole.tables["durations"].suppressed
    assert suppressed is not None
    assert "no duration" in suppressed.reason


def test_a_page_of_which_k_visitors_are_not_proven_to_be_timed_has_no_times() -> None:
    untimed = [Timed(None, client, "/a") for client in range(1, 193)]
    found = durations([*crowd(), *untimed, *crowd(9, path="/a")], DEFAULT)

    assert list(found) == ["/"]


def test_buckets_beyond_the_bound_are_folded_and_add_up() -> None:
    """Of pages that lost theirs no time is told."""
    wanted = [*crowd(), *(Timed(1000 * n, n % 50 + 1, f"/p/{n % 40:b}x") for n in range(400))]
    days = count(wanted[:300], wanted[300:], max_times=500)
    found = days.close(times.TABLES)

    assert found.tables["durations"]["hits"].sum() == len(wanted)
    assert len(days.times.parts[0]) <= 500
    told = rows(report(days), "durations")
    assert told["/"]["p50_us"] == pytest.approx(100_000, rel=0.01)
    assert any(row["p50_us"] is None for row in told.values())
    assert sum(row["hits"] for row in told.values()) == len(wanted)


@pytest.mark.parametrize("change", ["bucket", "hits"])
def test_buckets_that_no_log_can_give_are_refused(change: str) -> None:
    summary = count(crowd()).close(times.TABLES)
    wrong = {"bucket": pl.lit(40_000, pl.Int64).alias("bucket"), "hits": pl.col("hits") + 1}[change]
    summary.tables["durations"] = summary.tables["durations"].head(1 if change == "bucket" else 200)
    summary.tables["durations"] = summary.tables["durations"].with_columns(wrong)

    with pytest.raises(BadSummary):
        validate_summary(summary)
