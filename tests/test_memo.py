"""A memo gives what its function gives, and calls it once a value as long as memory allows."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats.memo import Memo

blocks = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=12), min_size=1, max_size=8)


class Calls:
    """A function of values that counts how often it saw each."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def __call__(self, values: pl.Series) -> pl.DataFrame:
        self.seen.update(values.to_list())
        return pl.DataFrame({"upper": values.str.to_uppercase(), "length": values.str.len_bytes()})


def texts(values: list[str]) -> pl.Series:
    return pl.Series("value", values, dtype=pl.String)


@given(blocks, st.integers(1, 10))
def test_a_memo_gives_what_its_function_gives_in_the_same_order(parts: list[list[str]], most: int) -> None:
    memo = Memo(Calls(), most=most)

    for part in parts:
        assert memo(texts(part)).rows() == Calls()(texts(part)).rows()


@given(blocks)
def test_a_value_is_made_once(parts: list[list[str]]) -> None:
    calls = Calls()
    memo = Memo(calls)
    for part in parts:
        memo(texts(part))

    assert calls.seen == Counter({value for part in parts for value in part})


@given(blocks, st.integers(1, 10))
def test_no_more_values_are_remembered_than_allowed(parts: list[list[str]], most: int) -> None:
    memo = Memo(Calls(), most=most)
    for part in parts:
        memo(texts(part))
        held = 0 if memo._known is None else memo._known.height

        assert held <= max(most, len(set(part)))


def test_beyond_the_most_all_are_forgotten_at_once() -> None:
    calls = Calls()
    memo = Memo(calls, most=2)
    for value in "abca":
        memo(texts([value]))

    assert calls.seen == {"a": 2, "b": 1, "c": 1}


@pytest.mark.parametrize("values", [[], ["a", "a", "a"]], ids=["none", "repeated"])
def test_no_value_and_a_repeated_one_are_no_special_case(values: list[str]) -> None:
    assert Memo(Calls())(texts(values)).height == len(values)
