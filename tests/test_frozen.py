"""Classes of values: what a frozen dataclass is, but for its text."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats.frozen import frozen


@frozen
class Ours:
    host: str
    bits: int = 24
    seen: list[str] = field(default_factory=list, compare=False)


@dataclass(frozen=True, slots=True)
class Theirs:
    host: str
    bits: int = 24
    seen: list[str] = field(default_factory=list, compare=False)


@frozen
class Other:
    host: str
    bits: int = 24


VALUES = st.tuples(st.sampled_from("ab"), st.integers(0, 1), st.just([]) | st.just(["x"]))


@given(one=VALUES, other=VALUES)
def test_values_are_equal_where_those_of_a_frozen_dataclass_are(one, other):
    assert (Ours(*one) == Ours(*other)) is (Theirs(*one) == Theirs(*other))
    assert len({Ours(*one), Ours(*other)}) == len({Theirs(*one), Theirs(*other)})


def test_values_of_different_classes_differ():
    values: list[object] = [Ours("a"), Other("a"), "a"]

    assert len({*values}) == 3


def test_a_value_tells_nothing_of_a_log():
    value = Ours("203.0.113.9")

    assert "203.0.113.9" not in f"{value!r} {value} {Ours.__doc__}"


def test_a_value_takes_no_attribute_that_is_no_field():
    with pytest.raises(AttributeError):
        setattr(Ours("a"), "more", 1)  # noqa: B010 - the type checker refuses it otherwise


def test_a_value_is_replaced_by_another():
    value = Ours("a")

    assert replace(value, bits=16) == Ours("a", 16)
    assert value == Ours("a")
