"""Numbers of a run: the same within it, different in any other, and of each purpose its own."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from logstats.seeds import Seeds


@given(st.lists(st.text(max_size=5), max_size=20))
def test_equal_texts_have_equal_keys_and_different_ones_different_keys(texts: list[str]) -> None:
    keys = Seeds().hash_text(pl.Series(texts, dtype=pl.String), "purpose").to_list()

    assert len(set(zip(texts, keys, strict=True))) == len(set(texts)) == len(set(keys))


def test_two_runs_and_two_purposes_have_nothing_in_common() -> None:
    values = pl.Series([f"/{number}" for number in range(100)])
    one, other = Seeds(), Seeds()
    keys = [
        set(one.hash_text(values, "a")),
        set(one.hash_text(values, "b")),
        set(other.hash_text(values, "a")),
    ]

    assert len(set().union(*keys)) == 300


def test_a_number_has_63_bits_and_belongs_to_its_labels() -> None:
    seeds = Seeds()
    numbers = {seeds.number("status", status) for status in range(1000)} | {seeds.number("status1", 0)}

    assert len(numbers) == 1001
    assert all(0 <= number < 2**63 for number in numbers)
    assert seeds.number("a", 1) == seeds.number("a", 1) != Seeds().number("a", 1)


def test_the_secret_is_never_shown() -> None:
    seeds = Seeds(b"0123456789abcdef0123456789abcdef")

    assert "0123" not in repr(seeds)
