"""Which rows go to `(other)`, and how often visitors of several are counted for it."""

from __future__ import annotations

from datetime import date, timedelta
from unittest import mock

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats.disclose import folding
from logstats.disclose.folding import Folded, Limits, fold_small
from logstats.disclose.groups import PEOPLE, Groups, gather_groups
from logstats.policy import load_policy

RULE = load_policy("default").disclosure
DAYS = [date(2026, 2, 1) + timedelta(days=number) for number in range(3)]
# Visitors of each page on each day, one hit each.
pages = st.lists(
    st.tuples(*([st.sets(st.integers(0, 60), max_size=60)] * len(DAYS))), min_size=2, max_size=12
)


class Visits:
    """Pages with known visitors; counts how often a union is asked for, and tells so many times its visitors."""

    def __init__(self, visitors: list[tuple[set[int], ...]], *, times: int = 1) -> None:
        self.visitors = {f"/{number}": found for number, found in enumerate(visitors)}
        self.times = times
        self.asked = 0

    def groups(self) -> Groups:
        daily = pl.DataFrame(
            [
                (day, page, len(found[place]), 0, len(found[place]), 0, min(1, len(found[place])))
                for page, found in self.visitors.items()
                for place, day in enumerate(DAYS)
                if found[place]
            ],
            schema=["day", "path", "hits", "bot_hits", "visitors", "bytes_sent", "top_hits"],
            orient="row",
        )
        days = pl.DataFrame({"day": DAYS, "top_hits": [60] * len(DAYS)})
        return gather_groups(("path",), daily, days, self.unite, (pl.col(PEOPLE), pl.col("visitors")))

    def unite(self, keys: pl.DataFrame) -> pl.DataFrame:
        self.asked += 1
        wanted = [self.visitors[page] for page in keys["path"]]
        united = [len(set().union(*(found[place] for found in wanted))) for place in range(len(DAYS))]
        return pl.DataFrame({"day": DAYS, "visitors": [self.times * count for count in united]})


def fold(visits: Visits, top: int) -> Folded:
    return fold_small(visits.groups(), Limits(RULE, top, len(DAYS), partition=False))


@settings(max_examples=50)
@given(pages.filter(lambda visitors: any(found for page in visitors for found in page)), st.integers(1, 12))
def test_unions_that_are_not_counted_change_no_row(visitors: list[tuple[set[int], ...]], top: int) -> None:
    found = fold(Visits(visitors), top)
    with mock.patch.object(folding, "_may_hide", return_value=True):
        expected = fold(Visits(visitors), top)

    assert found.shown.rows() == expected.shown.rows()
    assert found.hidden.rows() == expected.hidden.rows()
    assert (found.covers, found.small, found.safe) == (expected.covers, expected.small, expected.safe)


def test_where_many_rows_are_moved_few_unions_are_counted() -> None:
    # Of a sample, several small groups may have more visitors together than each of them says.
    sizes = [1, 1, 1, *range(20, 60), 500]
    pages = [
        tuple({1000 * page + one for one in range(size)} for _ in DAYS) for page, size in enumerate(sizes)
    ]
    visits = Visits(pages, times=2)
    folded = fold(visits, 20)

    assert folded.safe
    moved = folded.hidden.height - (len(sizes) - 20)
    assert moved > 10
    assert 0 < visits.asked < moved // 2
