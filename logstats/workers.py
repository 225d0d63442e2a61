"""Python code where polars works with one thread.

polars spreads every query over threads of its own, also one of some rows: waking them and waiting for them
takes longer than the work. A function that the streaming engine calls is at work already, and what it asks
of polars is done there and then. Several such functions at once keep all processors busy with half the
time a small query takes, and a tenth less of the whole.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from operator import length_hint
from typing import Final, Generic, TypeVar

import polars as pl

_T = TypeVar("_T")
_R = TypeVar("_R")

_here: Final = threading.local()


def share(
    function: Callable[[_T], _R],
    items: Iterable[_T],
    *,
    threads: int,
    halt: Callable[[], None] | None = None,
) -> list[_R]:
    """Return what a function makes of each item, in their order; threads take one after the other.

    The caller only waits, so that a signal reaches it at once. After an error no further item is taken.

    Args:
        function: What is done; it may use polars, and `share`, which then does all in the same thread.
        items: What it is done with.
        threads: At most so many at a time, and no more than polars has.
        halt: Called after an error or an interrupt, to end what a function or an item waits for.

    Raises:
        BaseException: What the function raised first.
    """
    if getattr(_here, "is_working", False):
        return [function(item) for item in items]
    count = min(threads, pl.thread_pool_size(), length_hint(items, threads))
    if not count:
        return []
    work = _Work(function, items, halt)
    with ThreadPoolExecutor(count, thread_name_prefix="logstats-wait") as waiting:
        started = [waiting.submit(_run_in_polars, work.do_some) for _ in range(count)]
        try:
            for one in started:
                one.result()
                work.check()
        except BaseException:
            work.stop()
            raise
    return work.results()


class _Work(Generic[_T, _R]):
    """Items that several threads take, and what came of them."""

    def __init__(
        self, function: Callable[[_T], _R], items: Iterable[_T], halt: Callable[[], None] | None
    ) -> None:
        self._function = function
        self._halt = halt
        self._items = enumerate(items)
        self._lock = threading.Lock()
        self._made: dict[int, _R] = {}
        self._error: BaseException | None = None
        self._is_stopped = False

    def do_some(self) -> None:
        """Do what is left, item by item."""
        # If a thread that waits for polars were given a second call like this one, that would come in the
        # midst of the first, which may hold a lock: it must not wait for whole items.
        if getattr(_here, "is_working", False):
            return
        _here.is_working = True
        try:
            for number, item in self._take():
                self._made[number] = self._function(item)
        except BaseException as error:  # noqa: BLE001 - it is raised where the results are wanted, not in polars
            self._error = self._error or error
            self.stop()
        finally:
            _here.is_working = False

    def _take(self) -> Iterator[tuple[int, _T]]:
        while True:
            with self._lock:
                taken = None if self._is_stopped else next(self._items, None)
            if taken is None:
                return
            yield taken

    def stop(self) -> None:
        """Let nobody take a further item, or wait any longer."""
        self._is_stopped = True
        if self._halt is not None:
            self._halt()

    def check(self) -> None:
        """Raise the first error."""
        if self._error is not None:
            raise self._error

    def results(self) -> list[_R]:
        """Return what was made of each item."""
        self.check()
        return [self._made[number] for number in sorted(self._made)]


def _run_in_polars(function: Callable[[], None]) -> None:
    def called(nothing: pl.DataFrame) -> pl.DataFrame:
        function()
        return nothing

    pl.LazyFrame().map_batches(called).collect(engine="streaming")
