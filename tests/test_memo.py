"""A memo gives what its function gives, and calls it once a value."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from logstats.memo import Memo

texts = st.lists(st.one_of(st.none(), st.sampled_from("abcdefgh"), st.text(max_size=3)), max_size=15)


def double(values: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"twice": values + values, "length": values.str.len_chars()})


@given(st.lists(texts, max_size=6), st.integers(1, 10))
def test_a_memo_of_any_size_gives_what_its_function_gives(calls: list[list[str | None]], most: int) -> None:
    memo = Memo(double, most=most)
    for values in calls:
        series = pl.Series(values, dtype=pl.String)

        assert memo(series).equals(double(series))


def test_a_value_is_made_once() -> None:
    made: list[str] = []

    def note(values: pl.Series) -> pl.DataFrame:
        made.extend(values)
        return values.alias("value").to_frame()

    memo = Memo(note)
    for values in (["a", "b", "a"], ["b", "c"], ["a", "c"]):
        memo(pl.Series(values))

    assert sorted(made) == ["a", "b", "c"]


def test_threads_may_share_a_memo() -> None:
    memo = Memo(double, most=50)
    calls = [pl.Series([f"{number % 7}-{value}" for value in range(20)]) for number in range(60)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(memo, calls))

    assert all(answer.equals(double(values)) for answer, values in zip(answers, calls, strict=True))
