"""The attack: find out of a table of response times how long one visitor waited, or that one was there."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats import schema
from tests.attacks.site import DEFAULT, Hit
from tests.attacks.sites import EXAMPLES
from tests.attacks.timed import PATHS, Days, TimedSite, TimesSolver, buckets, pages_of, reach, timed_hits

pytest.importorskip("scipy")
K = DEFAULT.disclosure.k
PERCENT = DEFAULT.disclosure.dominance_percent
SOME = EXAMPLES // 2
FOREVER = 10**11
NEW = 10_000  # a visitor the site has not seen
seeds = st.integers(0, 10**9)


def told_times(row: dict[str, Any]) -> list[int]:
    return [row[name] for name in schema.TIMES if row[name] is not None]


def of_people(site: TimedSite) -> Iterator[tuple[str, dict[str, Any], Days]]:
    """Yield the rows that have times of people, and the days of the pages they tell of."""
    rows = site.told()
    for path, row in rows.items():
        days = pages_of(site, path, rows)
        if told_times(row) and any(True for day in days for _ in reach(day)):
            yield path, row, days


def who_waited(days: Days, is_meant: Callable[[int], bool]) -> list[Counter[int | None]]:
    """Return the hits of each visitor with such times, a day and page."""
    found = [
        Counter(hit.visitor for bucket, hits in day.items() if is_meant(bucket) for hit in hits)
        for day in days
    ]
    for visitors in found:
        visitors.pop(None, None)
    return found


def most_visitors(days: Days, time: int, *, longer: bool) -> int:
    """Count those who waited so long or longer, or so long or less, on the day and page with most of them."""
    found = who_waited(days, time.__le__ if longer else time.__ge__)
    return max(map(len, found), default=0)


@pytest.mark.parametrize("days", [1, 3])
@settings(max_examples=SOME)
@given(seed=seeds)
def test_no_time_is_told_that_fewer_than_k_visitors_waited(days: int, seed: int) -> None:
    """Or longer, or less; and at neither side one of them made nearly all hits."""
    site = TimedSite(timed_hits(seed, days=days))
    for path, row, found in of_people(site):
        for time in told_times(row):
            for longer in (True, False):
                assert most_visitors(found, time, longer=longer) >= K, (path, time)

                visitors = who_waited(found, time.__le__ if longer else time.__ge__)
                tops = sum(max(one.values(), default=0) for one in visitors)
                if path in PATHS:
                    assert tops * 100 <= PERCENT * sum(one.total() for one in visitors), (path, time)


@settings(max_examples=SOME)
@given(seeds)
def test_times_beyond_those_that_are_told_change_nothing(seed: int) -> None:
    """Who waited longer than is told may have waited just so long, or for a day: the same is shown."""
    site = TimedSite(timed_hits(seed, days=1 + seed % 3))
    shown = site.told()
    for path, row, _ in of_people(site):
        times = told_times(row)
        if path not in PATHS:
            continue
        for edge, beyond, far in ((max(times), int.__lt__, FOREVER), (min(times), int.__gt__, 0)):
            for to in (edge_time(site.hits, path, edge), far):
                assert moved(site.hits, path, partial(beyond, edge), to).told() == shown


def edge_time(hits: list[Hit], path: str, edge: int) -> int | None:
    """Return a duration in this bucket of a page."""
    found = [hit for hit in hits if hit.path == path]
    numbers = buckets(hit.duration_us for hit in found)
    return next(hit.duration_us for hit, number in zip(found, numbers, strict=True) if number == edge)


def moved(hits: list[Hit], path: str, is_meant: Callable[[int], bool], to: int | None) -> TimedSite:
    numbers = buckets(hit.duration_us for hit in hits)
    return TimedSite(
        replace(hit, duration_us=to) if hit.path == path and is_meant(number) else hit
        for hit, number in zip(hits, numbers, strict=True)
    )


@settings(max_examples=SOME)
@given(seeds)
def test_no_few_hits_are_bound_closer_than_their_number(seed: int) -> None:
    """Of hits that took so long or longer, so long or less, or between two times that are told.

    That one hit took a time which is told is what a percentile says.
    """
    for path, row, days in of_people(TimedSite(timed_hits(seed, days=1 + seed % 3))):
        if row["hits"] is None:
            continue
        solver = TimesSolver(row, days, K)
        told = set(told_times(row))
        for wanted in sets_of(solver.atoms, told):
            visitors = {one for found in who_waited(days, wanted.__contains__) for one in found}
            if 0 < len(visitors) < K:
                size = sum(solver.truth[time] for time in wanted)
                room = min(K - 1, size) - len(wanted & told) - 1e-6

                assert solver.spread(wanted) >= room, (path, sorted(wanted), size)


def sets_of(times: list[int], told: set[int]) -> list[set[int]]:
    """Return the sets of times that a reader can ask for: beyond one, and between two that are told."""
    edges = sorted(told)
    found = [{one for one in times if one > edge} for edge in edges]
    found += [{one for one in times if one >= edge} for edge in times[-12:]]
    found += [{one for one in times if one <= edge} for edge in times[:12]]
    found += [{one for one in times if low < one <= high} for low in edges for high in edges if low < high]
    return [one for one in found if one]


def come(hits: list[Hit], rng: random.Random) -> list[Hit]:
    """A visitor comes who was not there."""
    times = rng.choice(([1], [10**7], [300, 10**7]))
    more = rng.choices(
        [Hit(NEW, path=rng.choice(PATHS), duration_us=time) for time in times], k=rng.choice((1, 2, 30))
    )
    return hits + more


def leave(hits: list[Hit], rng: random.Random) -> list[Hit]:
    """A visitor was never there."""
    gone = rng.choice([hit.visitor for hit in hits if hit.visitor is not None])
    return [hit for hit in hits if hit.visitor != gone]


def wait(hits: list[Hit], rng: random.Random) -> list[Hit]:
    """A visitor waited for another time."""
    slow, time = rng.choice([hit.visitor for hit in hits if hit.visitor is not None]), rng.choice((1, 10**7))
    return [replace(hit, duration_us=time) if hit.visitor == slow else hit for hit in hits]


@settings(max_examples=SOME)
@given(seed=seeds, change=st.sampled_from([come, leave, wait]))
def test_two_reports_that_differ_by_one_visitor_tell_no_time_of_that_visitor_alone(
    seed: int, change: Callable[[list[Hit], random.Random], list[Hit]]
) -> None:
    """A time that one of them tells was waited, or longer, or less, by k - 1 others in both."""
    hits = timed_hits(seed, days=1 + seed % 3)
    sites = TimedSite(hits), TimedSite(change(hits, random.Random(seed)))
    for site in sites:
        for path, row, _ in of_people(site):
            for time in told_times(row) if path in PATHS else []:
                for other in sites:
                    found = pages_of(other, path, ())

                    assert most_visitors(found, time, longer=True) >= K - 1, (path, time)
                    assert most_visitors(found, time, longer=False) >= K - 1, (path, time)
