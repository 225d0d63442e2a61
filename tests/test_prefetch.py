"""A thread makes the same items, no more ahead than asked for, and does not stay behind."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats.prefetch import prefetch

if TYPE_CHECKING:
    from collections.abc import Iterator


@given(st.lists(st.integers()), st.integers(1, 3))
def test_prefetch_changes_nothing(numbers: list[int], depth: int) -> None:
    """Items made in a thread are the same items in the same order."""
    assert list(prefetch(iter(numbers), depth=depth)) == numbers


@pytest.mark.parametrize("depth", [1, 3])
def test_prefetch_makes_no_more_ahead_than_asked_for(depth: int) -> None:
    """A block is large: one more that waits is as much memory as one that is counted."""
    made: list[int] = []
    was_made = threading.Condition()

    def make() -> Iterator[int]:
        for number in range(10):
            with was_made:
                made.append(number)
                was_made.notify()
            yield number

    def wanted(count: int) -> bool:
        return len(made) >= count

    items = prefetch(make(), depth=depth)
    for taken in range(1, 5):
        next(items)
        with was_made:
            assert was_made.wait_for(partial(wanted, taken + depth), timeout=10)
        time.sleep(0.01)
        assert len(made) == taken + depth
    items.close()  # type: ignore[attr-defined]


def test_what_is_done_meanwhile_is_done_once_while_the_first_item_is_made() -> None:
    is_made, is_done = threading.Event(), threading.Event()
    done: list[bool] = []

    def make() -> Iterator[int]:
        is_made.set()
        assert is_done.wait(timeout=10)
        yield from (1, 2)

    def do() -> None:
        done.append(is_made.wait(timeout=10))
        is_done.set()

    assert list(prefetch(make(), meanwhile=do)) == [1, 2]
    assert done == [True]


def test_prefetch_hands_on_an_error_after_the_items_before_it() -> None:
    """What fails in the thread fails where the items are used."""

    def fail() -> Iterator[int]:
        yield 1
        raise OSError(5, "input/output error")

    items = prefetch(fail())

    assert next(items) == 1
    with pytest.raises(OSError, match="input/output"):
        next(items)


def reading_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "logstats-read"]


@pytest.mark.parametrize("used", [0, 1, 5], ids=["unused", "one", "some"])
def test_prefetch_leaves_no_thread_behind(used: int) -> None:
    """Closing early ends the thread, and closes the generator it reads from."""
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    items = prefetch(endless())
    for _ in range(used):
        next(items)
    items.close()  # type: ignore[attr-defined]

    assert not reading_threads()
    assert closed.is_set() or not used
