"""Counts are exact, merge in any order, and stay within their bounds."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats.aggregate import OpenDays
from logstats.seeds import Seeds
from logstats.summaries import SUMMARY_KEYS, Summary, validate_summary
from tests import hits as made
from tests.hits import TABLES, Hit, enriched_batch, reference, rows_of_summary

SEEDS = Seeds()
few = settings(max_examples=15)
some_hits = st.lists(made.hits, min_size=1, max_size=40)


def count(*parts: list[Hit], **bounds: Any) -> OpenDays:
    days = OpenDays(SEEDS, **bounds)
    for part in parts:
        days.count(enriched_batch(part, SEEDS))
    return days


def close(days: OpenDays) -> Summary:
    return days.close(TABLES)


def cut(wanted: list[Hit], size: int) -> list[list[Hit]]:
    return [wanted[start : start + size] for start in range(0, len(wanted), size)]


@few
@given(some_hits)
def test_every_table_equals_a_count_by_sets_and_dicts(wanted: list[Hit]) -> None:
    summary = close(count(wanted))

    assert rows_of_summary(summary) == reference(wanted)
    validate_summary(summary)


@few
@given(some_hits, st.integers(1, 10))
def test_many_batches_count_as_one(wanted: list[Hit], size: int) -> None:
    assert rows_of_summary(close(count(*cut(wanted, size)))) == reference(wanted)


@few
@given(some_hits, st.integers(1, 10), st.randoms())
def test_open_days_merge_in_any_order(wanted: list[Hit], size: int, random: Any) -> None:
    parts = [count(part) for part in cut(wanted, size)]
    random.shuffle(parts)
    while len(parts) > 1:
        other = parts.pop(random.randrange(1, len(parts)))
        parts[random.randrange(len(parts))].merge(other)

    assert rows_of_summary(close(parts[0])) == reference(wanted)


def test_days_that_counted_nothing_change_nothing() -> None:
    wanted = [Hit(client=1), Hit(client=2, path="/a")]
    left, right = count(wanted), OpenDays(SEEDS)
    left.merge(OpenDays(SEEDS))
    right.merge(count(wanted))

    assert rows_of_summary(close(left)) == rows_of_summary(close(right)) == reference(wanted)


def test_nothing_counted_closes_to_empty_tables() -> None:
    summary = close(OpenDays(SEEDS))

    assert summary.days.is_empty()
    assert all(frame.is_empty() for frame in summary.tables.values())
    validate_summary(summary)


def test_a_closed_day_can_be_counted_further() -> None:
    days = count([Hit(client=1)])
    close(days)
    days.count(enriched_batch([Hit(client=1), Hit(client=2)], SEEDS))

    assert rows_of_summary(close(days)) == reference([Hit(client=1), Hit(client=1), Hit(client=2)])


@few
@given(
    some_hits, st.sampled_from(["pages", "errors", "browsers", "statuses", "referrers", "kinds"]), st.data()
)
def test_the_union_of_groups_counts_each_visitor_once(
    wanted: list[Hit], table: str, data: st.DataObject
) -> None:
    groups = sorted({row[1:] for row in reference(wanted)[table]}, key=repr)
    asked = data.draw(st.lists(st.sampled_from(groups), unique=True) if groups else st.just([]))
    frame = pl.DataFrame(asked, schema=_key_schema(table), orient="row")
    key = made.REFERENCE[table]

    found = count(*cut(wanted, 7)).union(table, frame)

    expected = made.count_rows([hit for hit in wanted if key(hit) in asked], lambda _hit: ())
    assert {row[0]: row[1:] for row in found.select("day", "visitors", "top_hits").rows()} == {
        day: (counts[2], counts[4]) for (day,), counts in expected.items() if counts[2]
    }


def _key_schema(table: str) -> dict[str, pl.DataType]:
    return {key: pl.Int64() if key == "status" else pl.String() for key in SUMMARY_KEYS[table]}


@few
@given(some_hits, st.sampled_from([1, 3, 6]), st.sets(st.integers(0, 23)))
def test_the_union_of_hours_counts_each_visitor_once(wanted: list[Hit], span: int, hours: set[int]) -> None:
    firsts = sorted({hour // span * span for hour in hours})
    frame = pl.DataFrame(
        {"hour": firsts, "span_hours": [span] * len(firsts)},
        schema={"hour": pl.Int64, "span_hours": pl.Int64},
    )
    if not firsts:
        return

    found = count(wanted).union("hours", frame)

    inside = [hit for hit in wanted if hit.hour // span * span in firsts]
    expected = {
        day: counts[2] for (day,), counts in made.count_rows(inside, lambda _hit: ()).items() if counts[2]
    }
    assert dict(found.select("day", "visitors").rows()) == expected


def many_paths() -> list[Hit]:
    """A page that everybody reads, and hundreds that one reads once; more on the second day."""
    often = [
        Hit(client=client, path="/", day=day) for client in range(1, 21) for day in (1, 2) for _ in range(5)
    ]
    rare = [
        Hit(client=number % 50 + 1, path=f"/p/{_word(number)}", day=1 + number % 2) for number in range(400)
    ]
    return [hit for pair in zip(rare, often * 2, strict=True) for hit in pair]


def _word(number: int) -> str:
    """A word that no detector takes for a number or an id."""
    return "".join("abcdefghij"[int(digit)] for digit in str(number)) + "-page"


@pytest.mark.parametrize("size", [50, 800])
def test_with_a_cap_on_values_totals_still_add_up(size: int) -> None:
    wanted = many_paths()
    days = count(max_cells=60)
    for part in cut(wanted, size):
        days.count(enriched_batch(part, SEEDS))
        days._merge_all()
    summary = close(days)
    exact = reference(wanted)
    rows = rows_of_summary(summary)

    validate_summary(summary)
    assert days.missed_hits > 0
    assert rows["days"] == exact["days"]
    assert rows["kinds"] == exact["kinds"]
    assert len(summary.tables["pages"]) <= 62
    for key, counts in rows["pages"].items():
        if key[1] is not None:
            truth = exact["pages"][key]
            assert truth[0] - days.missed_hits <= counts[0] <= truth[0]
            assert counts[2] <= truth[2]


def test_what_the_cap_folded_is_a_row_without_a_name_whose_visitors_can_be_asked_for() -> None:
    wanted = many_paths()
    days = count(wanted, max_cells=60)
    summary = close(days)
    folded = summary.tables["pages"].filter(pl.col("path").is_null())

    union = days.union("pages", pl.DataFrame({"path": [None]}, schema={"path": pl.String}))

    assert folded.height == 2
    assert dict(union.select("day", "visitors").rows()) == dict(folded.select("day", "visitors").rows())


def test_with_a_sample_hits_are_exact_and_few_visitors_are_never_more_than_there_were() -> None:
    wanted = [
        Hit(client=client, path=f"/p/{_word(path)}")
        for client in range(1, 61)
        for path in range(client % 7 + 1)
    ]
    days = count(*cut(wanted, 40), max_pairs=200)
    rows, exact = rows_of_summary(close(days)), reference(wanted)

    assert days.sample_share < 1
    for table, counted in rows.items():
        assert {key: counts[:2] for key, counts in counted.items()} == {
            key: counts[:2] for key, counts in exact[table].items()
        }
        for key, counts in counted.items():
            assert 1 <= counts[2] <= exact[table][key][2]


def test_with_a_sample_many_visitors_are_estimated_well() -> None:
    agents = [made.FIREFOX, made.CHROME]
    wanted = [
        Hit(client=client, agent=agent, day=day, path="/a")
        for client in range(1, 255) for agent in agents for day in (1, 2, 3)
    ]  # fmt: skip
    days = count(*cut(wanted, 200), max_pairs=5000)
    rows = rows_of_summary(close(days))

    assert days.sample_share == 0.5
    for counts in rows["days"].values():
        assert counts[2] == pytest.approx(508, rel=0.25)


def test_a_heavy_visitor_dominates_its_row_even_out_of_the_sample() -> None:
    wanted = [Hit(client=1, path="/a")] * 100 + [Hit(client=client, path="/a") for client in range(2, 200)]
    days = count(wanted, max_pairs=100)

    rows = rows_of_summary(close(days))

    assert days.sample_share < 1
    assert rows["pages"].popitem()[1][4] == 100


def test_the_seeds_of_a_run_decide_nothing_of_its_counts() -> None:
    wanted = [Hit(client=client, path=path) for client in (1, 2, 3) for path in ("/", "/a")]
    summaries = []
    for seeds in (Seeds(), Seeds()):
        days = OpenDays(seeds)
        days.count(enriched_batch(wanted, seeds))
        summaries.append(rows_of_summary(close(days)))

    assert summaries[0] == summaries[1]
