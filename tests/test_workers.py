"""Functions that polars calls, several at a time."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats.workers import share
from tests.conftest import Logstats
from tests.corpus import ROOT


@given(items=st.lists(st.integers()), threads=st.integers(1, 4))
def test_results_come_in_the_order_of_the_items(items: list[int], threads: int) -> None:
    assert share(lambda item: item * 2, items, threads=threads) == [item * 2 for item in items]
    assert share(lambda item: item * 2, iter(items), threads=threads) == [item * 2 for item in items]


@pytest.mark.skipif(pl.thread_pool_size() < 2, reason="polars has one thread")
def test_two_are_at_work_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=60)

    assert sorted(share(lambda _: both.wait(), range(2), threads=2)) == [0, 1]


def test_polars_answers_within() -> None:
    def total(number: int) -> int:
        frame = pl.DataFrame({"key": [number, number, 0], "value": [1, 2, 3]})
        return int(frame.group_by("key").agg(pl.col("value").sum()).sort("key")["value"][-1])

    assert share(total, [1, 2, 3], threads=2) == [3, 3, 3]


def test_what_is_shared_within_is_done_in_the_same_thread() -> None:
    def threads(_: int) -> set[int]:
        return set(share(lambda _: threading.get_ident(), range(4), threads=2))

    assert all(len(found) == 1 for found in share(threads, range(3), threads=2))


class Broken(Exception):
    pass


def test_the_first_error_is_raised_as_it_is_and_nothing_more_is_taken() -> None:
    taken: list[int] = []
    halted: list[bool] = []

    def fail(item: int) -> None:
        taken.append(item)
        raise Broken

    with pytest.raises(Broken):
        share(fail, iter(range(1000)), threads=2, halt=lambda: halted.append(True))
    assert len(taken) <= 2
    assert halted


def test_who_waits_for_another_is_told_that_it_failed() -> None:
    failed = threading.Event()

    def work(item: int) -> None:
        if item:
            raise Broken
        assert failed.wait(timeout=60)

    with pytest.raises(Broken):
        share(work, [0, 1], threads=2, halt=failed.set)


def test_an_error_of_what_hands_out_the_items_is_raised() -> None:
    def items():
        yield 1
        raise Broken

    with pytest.raises(Broken):
        share(lambda item: item, items(), threads=2)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_a_report_is_the_same_with_any_number_of_threads(
    logstats: Logstats, tmp_path: Path, threads: int
) -> None:
    log = str(ROOT / "fixtures/demo/access.log.gz")
    env = {"POLARS_MAX_THREADS": str(threads)}
    done = logstats("report", log, "-o", "report.json", env=env, timeout=60)
    assert done.returncode == 0, done.stderr
    tables = json.loads((tmp_path / "report.json").read_text())["tables"]
    done = logstats("report", log, "-o", "usual.json")
    assert done.returncode == 0, done.stderr

    assert tables == json.loads((tmp_path / "usual.json").read_text())["tables"]
